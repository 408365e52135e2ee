//! Section 4.3: what Helm's chart does with the runner's image. Its own script runs in front, which
//! calls `/entrypoint` as often as it takes, without dumb-init.

use std::fs;

use crate::certificates;
use crate::engine::docker;
use crate::executor::Container;
use crate::executor::Setup;
use crate::executor::host_directory;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::STRANGER;

/// In essence the chart's /configmaps/entrypoint: it registers until that succeeds, then becomes the
/// runner.
const CHART: &str = "#!/bin/bash
set -e
for i in 1 2 3; do
    if /entrypoint register --non-interactive --url $CI_SERVER_URL --token secret; then
        break
    fi
    echo \"attempt $i of 3 failed\"
    [ $i -lt 3 ] || exit 1
done
exec /entrypoint run --user=gitlab-runner --working-directory=/home/gitlab-runner
";

/// The users that the chart runs it as, each with the flavour that suits it, and its configuration.
const USERS: [(Image, &[&str], &str); 4] = [
    (Image::Runner, &[], "/etc/gitlab-runner/config.toml"),
    (Image::RunnerUbi, &[], "/home/gitlab-runner/.gitlab-runner/config.toml"),
    (
        Image::Runner,
        &["--user=1001:0", "--env=HOME=/tmp", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"],
        "",
    ),
    // OpenShift's: no such user, in root's group.
    (
        Image::RunnerUbi,
        &["--user=1000650000:0", "--security-opt=no-new-privileges"],
        "/home/gitlab-runner/.gitlab-runner/config.toml",
    ),
];

fn chart(image: Image, options: &[&str], url: &str) -> Setup {
    let directory = host_directory("configmaps");
    fs::write(format!("{directory}/entrypoint"), CHART).expect("it was just made");
    Setup::of(image.ours())
        .on_site()
        .options(options)
        .options(&[
            &format!("--volume={directory}:/configmaps:ro"),
            &format!("--env=CI_SERVER_URL={url}"),
            "--entrypoint=/bin/bash",
        ])
        .command(&["/configmaps/entrypoint"])
}

fn ended_by_docker(container: &Container) -> crate::engine::Run {
    let mut attached = container.attach();
    attached.expect_line("running");
    docker(&["stop", container.name()]).expect_success();
    attached.end()
}

#[test]
fn s4_3_the_chart_registers_and_runs() {
    for (image, options, configuration) in USERS {
        let setup = chart(image, options, GITLAB);
        // Without the CA it fails three times.
        let run = setup.start(b"").expect_code(1);
        assert!(run.stdout().ends_with("attempt 3 of 3 failed\n"), "{run}");
        let container = setup.ca("root.crt").create();
        let run = ended_by_docker(&container).expect_success();
        let stdout = run.stdout();
        assert!(stdout.starts_with("arguments: [\"gitlab-runner\" \"run\" "), "{run}");
        assert!(!stdout.contains("attempt"), "{run}");
        assert!(!stdout.contains("variable: CI_SERVER_TLS_CA_FILE="), "{run}");
        // Both runs were ours, and the second found all done.
        assert_eq!(run.stderr.matches("ca-entrypoint: ").count(), 1, "{options:?} {run}");
        if !configuration.is_empty() {
            let written = container.read(configuration);
            assert!(!written.contains("tls-ca-file"), "{written}");
        }
    }
}

/// A registration that can't succeed is tried again and again; each is as quiet as the second.
#[test]
fn s4_3_attempts_that_fail_are_gitlab_runner_s_to_tell_of() {
    for (image, options, _) in USERS {
        let run = chart(image, options, STRANGER).ca("root.crt").start(b"").expect_code(1);
        assert_eq!(run.stderr.matches("FATAL: ").count(), 3, "{run}");
        assert_eq!(run.stderr.matches("ca-entrypoint: ").count(), 1, "{run}");
    }
}

/// The chart's certsSecretName is mounted where gitlab-runner looks for a server's own certificate;
/// a ca.crt there is at no path of ours.
#[test]
fn s4_3_the_chart_s_secret_is_gitlab_runner_s() {
    let directory = host_directory("secret");
    for (from, to) in [("root.crt", "localhost.crt"), ("second.crt", "ca.crt")] {
        fs::write(format!("{directory}/{to}"), certificates::text(from)).expect("it was just made");
    }
    let mount = format!("--volume={directory}:/home/gitlab-runner/.gitlab-runner/certs:ro");
    // The directory above would be root's, made by Docker.
    let above = "--tmpfs=/home/gitlab-runner/.gitlab-runner:uid=1001";
    let container = chart(Image::RunnerUbi, &[above, &mount], GITLAB).create();
    let run = ended_by_docker(&container).expect_success();
    assert_eq!(run.stderr, "", "{run}");
    assert!(container.bundle(Image::RunnerUbi.bundle()).0.is_empty());
}
