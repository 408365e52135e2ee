//! Section 1.3: the entrypoint of GitLab Runner's own image, which puts `gitlab-runner` before the
//! arguments.

use crate::engine::docker;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::images::Image;
use crate::site::GITLAB;

fn runner() -> Setup {
    Setup::of(Image::Runner.ours())
}

/// In flavour ubi-fips the user is 1001, who can't write the store.
const PRIVATE: &str = "ca-entrypoint: trust store cannot be written (Permission denied): \
    1 added in '/dev/shm/ca-entrypoint-1001', for programs that read variables\n";

#[test]
fn s1_3_the_image_keeps_its_metadata() {
    let template = "{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Config.StopSignal}} \
        {{json .Config.Volumes}} {{.Config.User}}";
    for (image, user) in [(Image::Runner, "0"), (Image::RunnerUbi, "1001")] {
        let [ours, theirs] = [image.ours(), image.theirs()].map(|reference| {
            let arguments = ["image", "inspect", "--format", template, &reference];
            docker(&arguments).expect_success().stdout()
        });
        assert_eq!(ours, theirs);
        assert!(ours.ends_with(&format!(" {user}\n")), "{ours}");
    }
}

/// What the script makes of the same arguments is the judge.
#[test]
fn s1_3_all_arguments_are_those_of_gitlab_runner() {
    let vectors: [&[&str]; 4] = [
        &["--version"],
        &["show", "--user=gitlab-runner", "two words", "", "*", "é"],
        &["show", "--", "--ca", "/nowhere"],
        &["show", "--help", "--dry-run", "-q"],
    ];
    for image in [Image::Runner, Image::RunnerUbi] {
        for vector in vectors {
            let [ours, theirs] = [image.ours(), image.theirs()].map(|reference| {
                let run = Setup::of(reference).command(vector).start(b"").expect_success();
                assert_eq!(run.stderr, "", "{run}");
                let stdout = run.stdout();
                let lines = stdout.lines().filter(|line| !line.starts_with("variable: "));
                lines.map(str::to_owned).collect::<Vec<_>>()
            });
            assert_eq!(ours, theirs);
            assert_eq!(ours.len(), 1, "{ours:?}");
        }
    }
    let help = runner().command(&["--help"]).start(b"").expect_code(1);
    assert_eq!(help.stderr, "FATAL: no command \"--help\"\n", "{help}");
}

/// The command of the image itself; and docker stop sends the image's signal, by which running jobs
/// may end first.
#[test]
fn s1_3_the_runner_runs_until_it_is_asked_to_end() {
    for (image, message) in [(Image::Runner, ONE_ADDED), (Image::RunnerUbi, PRIVATE)] {
        let container = Setup::of(image.ours()).ca("root.crt").create();
        let mut attached = container.attach();
        attached.expect_line("running");
        docker(&["stop", container.name()]).expect_success();
        let run = attached.end().expect_success();
        let expected = "arguments: [\"gitlab-runner\" \"run\" \"--user=gitlab-runner\" \
            \"--working-directory=/home/gitlab-runner\"]\n";
        assert!(run.stdout().starts_with(expected), "{run}");
        assert!(run.stdout().ends_with("running\nended by quit\n"), "{run}");
        assert_eq!(run.stderr, message, "{run}");
    }
}

/// The script sets CONFIG_FILE and keeps it to itself.
#[test]
fn s1_3_the_script_s_own_variables_are_not_exported() {
    let run = runner().ca("root.crt").command(&["show"]).start(b"").expect_success();
    for name in ["CONFIG_FILE", "CA_CERTIFICATES_PATH", "LOCAL_CA_PATH", "DATA_DIR"] {
        assert!(!run.stdout().contains(&format!("variable: {name}=")), "{run}");
    }
}

/// `docker run IMAGE register` asks its questions on stdin.
#[test]
fn s1_3_stdin_is_gitlab_runner_s() {
    let container = runner().ca("root.crt").on_site().command(&["register"]).create();
    container.start(format!("{GITLAB}\n").as_bytes()).expect_success();
    let configuration = container.read("/etc/gitlab-runner/config.toml");
    assert!(configuration.contains(&format!("url = \"{GITLAB}\"")), "{configuration}");
}
