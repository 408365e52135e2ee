//! Section 1: what the helper's entrypoint is and does.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::certificates;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::executor::CA_FILE;
use crate::executor::Container;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::images::Image;

/// Prints to both streams, and ends with a code of its own.
const COMMAND: &str = "echo from the command; exit 7";

/// Starts it for a stage, and returns what was said on stderr.
#[track_caller]
fn stderr_of(container: &Container) -> String {
    let run = container.stage(COMMAND).expect_code(7);
    assert_eq!(run.stdout(), "from the command\n", "{run}");
    run.stderr
}

#[test]
fn s1_1_the_image_keeps_the_entrypoint_and_the_command() {
    for image in [Image::Helper, Image::HelperUbi] {
        let template = "{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{json .Config.User}}";
        let [ours, theirs] = [image.ours(), image.theirs()].map(|reference| {
            docker(&["image", "inspect", "--format", template, &reference]).expect_success()
        });
        assert_eq!(ours.stdout(), theirs.stdout());
        assert!(
            ours.stdout().starts_with(r#"["/usr/bin/dumb-init","/entrypoint"] ["sh"]"#),
            "{ours}"
        );
    }
}

/// dumb-init has the command itself for a child: nothing of ours stays in between.
#[test]
fn s1_1_the_command_takes_the_place_of_the_entrypoint() {
    let body = "cat /proc/1/comm /proc/$PPID/comm
        echo $PPID
        readlink /proc/$$/exe
        readlink /proc/[0-9]*/exe | grep -c entrypoint";
    let run = helper().ca("root.crt").start(body.as_bytes()).expect_code(1);
    assert_eq!(run.stdout(), "dumb-init\ndumb-init\n1\n/usr/bin/bash\n0\n", "{run}");
    assert_eq!(run.stderr, ONE_ADDED);
}

/// The runner imports helpers from archives, which hold files alone, and gives them the entrypoint
/// and nothing else: no variable, no command, no user.
#[test]
fn s1_1_an_imported_image_needs_nothing_but_its_entrypoint() {
    let source = helper().create();
    let reference = unique_name("imported");
    let import = format!(
        "docker export {} | docker import --change 'ENTRYPOINT [\"/usr/bin/dumb-init\", \"/entrypoint\"]' - {reference}",
        source.name()
    );
    let output = Command::new("sh").args(["-euc", &import]).output().expect("a shell is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let container = Setup::of(&reference).command(&["gitlab-runner-build"]).ca("root.crt").create();
    let outcome = (container.inspect("{{.Config.Env}}"), stderr_of(&container));
    let trusted = container.trusted();
    drop(container);
    docker(&["rmi", &reference]).expect_success();
    assert_eq!(outcome, ("[]".to_owned(), ONE_ADDED.to_owned()));
    assert_eq!(trusted, ["root.crt"]);
}

#[test]
fn s1_2_an_empty_variable_is_as_good_as_none() {
    let unset = helper().ca("root.crt");
    for setup in [unset.clone(), unset.option("--env=CA_CERTIFICATES_PATH=")] {
        let container = setup.create();
        assert_eq!(stderr_of(&container), ONE_ADDED);
        assert_eq!(container.trusted(), ["root.crt"]);
    }
}

#[test]
fn s1_2_the_variable_names_another_file() {
    let variable = "--env=CA_CERTIFICATES_PATH=/fixtures/second.crt";
    let container = helper().ca("root.crt").fixtures().option(variable).create();
    assert_eq!(stderr_of(&container), ONE_ADDED);
    assert_eq!(container.trusted(), ["second.crt"]);
}

/// It means the source on Windows, and in the script the destination.
#[test]
fn s1_2_local_ca_path_has_no_meaning() {
    let variable = "--env=LOCAL_CA_PATH=/fixtures/second.crt";
    let container = helper().ca("root.crt").fixtures().option(variable).create();
    assert_eq!(stderr_of(&container), ONE_ADDED);
    assert_eq!(container.trusted(), ["root.crt"]);
}

/// A link that leads nowhere is passed over by the script; somebody has meant something by it.
#[test]
fn s1_2_links_are_followed_and_what_is_not_there_is_passed_over() {
    let directory = host_directory("certs");
    fs::copy(format!("{}/root.crt", certificates::directory()), format!("{directory}/real.pem"))
        .expect("both were made here");
    let start = |link: Option<&str>| {
        let path = format!("{directory}/ca.crt");
        let _ = fs::remove_file(&path);
        if let Some(target) = link {
            symlink(target, &path).expect("it was just removed");
        }
        let container = helper().ca_directory(&directory).create();
        (stderr_of(&container), container.trusted())
    };
    assert_eq!(start(None), (String::new(), vec![]));
    let (stderr, trusted) = start(Some("nowhere"));
    assert!(stderr.contains("hint: it is a link to a file that is not there"), "{stderr}");
    assert!(trusted.is_empty());
    assert_eq!(start(Some("real.pem")), (ONE_ADDED.to_owned(), vec!["root.crt"]));
}

/// The script passes it over in silence. Docker makes one of a mount whose file is missing, which is
/// worth a word.
#[test]
fn s1_2_a_directory_in_its_place_is_told_of() {
    let directory = host_directory("certs");
    let container = helper().option(format!("--volume={directory}:{CA_FILE}:ro")).create();
    let stderr = stderr_of(&container);
    assert!(stderr.contains(CA_FILE) && stderr.contains("directory"), "{stderr}");
    assert!(container.trusted().is_empty());
}

#[test]
fn s1_2_an_unchanged_file_changes_nothing() {
    let container = helper().ca("chain.crt").create();
    let first = stderr_of(&container);
    assert_eq!(first, "ca-entrypoint: trust store updated: 3 added, 0 removed\n");
    let state = || (container.diff(), container.read("/etc/ssl/certs/ca-certificates.crt"));
    let before = state();
    for _ in 0..2 {
        assert_eq!(stderr_of(&container), "");
        assert!(state() == before, "{:?}", container.diff());
    }
}

#[test]
fn s1_2_a_changed_file_takes_the_place_of_the_earlier_one() {
    let directory = host_directory("certs");
    let container = helper().ca_directory(&directory).create();
    let put = |name: &str| {
        fs::copy(format!("{}/{name}", certificates::directory()), format!("{directory}/ca.crt"))
            .expect("both were made here")
    };
    put("root.crt");
    assert_eq!(stderr_of(&container), ONE_ADDED);
    put("second.crt");
    let said = "ca-entrypoint: trust store updated: 1 added, 1 removed\n";
    assert_eq!(stderr_of(&container), said);
    assert_eq!(container.trusted(), ["second.crt"]);
    // A CA that isn't mounted any more stays, as with the script.
    fs::remove_file(format!("{directory}/ca.crt")).expect("it was just put there");
    assert_eq!(stderr_of(&container), "");
    assert_eq!(container.trusted(), ["second.crt"]);
}

/// Of dumb-init there is an argument at least, so Docker can't be asked for none.
#[test]
fn s1_2_without_a_command_it_installs_and_ends() {
    let setup = helper().option("--entrypoint=/usr/bin/dumb-init").command(&["/entrypoint"]);
    let container = setup.clone().ca("root.crt").create();
    let run = container.start(b"echo never read\n").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("", ONE_ADDED), "{run}");
    assert_eq!(container.trusted(), ["root.crt"]);
    let run = setup.start(b"").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("", ""), "{run}");
}

#[test]
fn s1_2_every_failure_is_told_of_and_the_command_runs() {
    let directory = host_directory("certs");
    let text = certificates::text("root.crt");
    let key = certificates::text("root.key");
    let cases: [(&str, &[u8]); 4] = [
        ("empty", b""),
        ("garbage", b"no certificate\n\0\xff"),
        ("a key alone", key.as_bytes()),
        ("a broken block", &text.as_bytes()[..text.len() / 2]),
    ];
    for (what, content) in cases {
        fs::write(format!("{directory}/ca.crt"), content).expect("it was just made");
        let container = helper().ca_directory(&directory).create();
        let stderr = stderr_of(&container);
        assert!(
            stderr.starts_with("ca-entrypoint: ") && stderr.contains(CA_FILE),
            "{what}: {stderr}"
        );
        assert!(container.trusted().is_empty(), "{what}");
    }
}

#[test]
fn s1_7_gitlab_runner_build_reads_the_script_and_sets_the_umask() {
    let container = helper().ca("root.crt").create();
    let run = container.stage("umask; touch /tmp/made; stat -c %a /tmp/made").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("0000\n666\n", ONE_ADDED), "{run}");
    // With FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR it is the container's own.
    let container = helper().ca("root.crt").command(&["/bin/bash"]).create();
    let run = container.stage("umask").expect_success();
    assert_eq!(run.stdout(), "0022\n", "{run}");
}
