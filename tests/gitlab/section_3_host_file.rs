//! Section 3: the file that GitLab Runner has for the server of a job, by the server's name.

use std::fs;

use crate::certificates;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::REFUSAL;

const SHOW: &str = "echo \"${CI_SERVER_TLS_CA_FILE-unset}\"";

/// A directory with certificates by these names.
fn directory(files: &[(&str, &str)]) -> String {
    let directory = host_directory("certs");
    for (name, certificate) in files {
        let path = format!("{directory}/{name}");
        fs::write(path, certificates::text(certificate)).expect("it was just made");
    }
    directory
}

fn upload(environment: &str) -> String {
    format!(
        "{environment} gitlab-runner-helper artifacts-uploader --url {GITLAB} --id 3 --file /etc/hostname"
    )
}

/// The runner's own programs find the file by themselves; the variable leads all others to the same.
#[test]
fn s3_the_variable_names_what_the_runner_finds() {
    let directory = directory(&[("localhost.crt", "root.crt"), ("ca.crt", "second.crt")]);
    let setup = helper().ca_directory(&directory).on_site();
    let without = setup.clone().option("--entrypoint=/usr/bin/dumb-init");
    without.stage(&upload("env -u CI_SERVER_TLS_CA_FILE")).expect_success();
    let host = setup.clone().option("--env=CI_SERVER_HOST=localhost");
    let container = host.create();
    let run = container.stage(&format!("{SHOW}; {}", upload(""))).expect_success();
    assert_eq!(run.stdout(), "/etc/gitlab-runner/certs/localhost.crt\n", "{run}");
    assert_eq!(run.stderr, ONE_ADDED);
    // It vouches for that server alone, and is in no store.
    assert_eq!(container.trusted(), ["second.crt"]);
    // Of another server there is no file, and what is mounted isn't its own.
    let run = setup.option("--env=CI_SERVER_HOST=gitlab.example.com").stage(SHOW).expect_success();
    assert_eq!(run.stdout(), "/etc/gitlab-runner/certs/ca.crt\n", "{run}");
}

/// Where no other CA is mounted, nothing is said or written.
#[test]
fn s3_the_file_alone() {
    let setup = helper().ca_directory(&directory(&[("localhost.crt", "root.crt")]));
    let container = setup.option("--env=CI_SERVER_HOST=localhost").create();
    let run = container.stage(SHOW).expect_success();
    assert_eq!(run.stdout(), "/etc/gitlab-runner/certs/localhost.crt\n", "{run}");
    assert_eq!(run.stderr, "");
    assert!(container.trusted().is_empty());
}

/// Another user's are below HOME, and without one in the working directory.
#[test]
fn s3_each_user_has_a_directory() {
    let directory = directory(&[("localhost.crt", "root.crt")]);
    let user = helper().options(&["--user=1000", "--env=CI_SERVER_HOST=localhost"]).on_site();
    let with_home = user.clone().option("--env=HOME=/home/user");
    // The engine would give it one.
    let without_home = user.options(&["--workdir=/work", "--entrypoint=/usr/bin/env"]);
    let without_home = without_home.command(&["-u", "HOME", "/entrypoint", "gitlab-runner-build"]);
    for (setup, path) in
        [(with_home, "/home/user/.gitlab-runner/certs"), (without_home, "/work/certs")]
    {
        let setup = setup.option(format!("--volume={directory}:{path}:ro"));
        let run = setup.stage(SHOW).expect_success();
        assert_eq!(run.stdout(), format!("{path}/localhost.crt\n"), "{run}");
        let environment = "env -i CI_SERVER_TLS_CA_FILE=$CI_SERVER_TLS_CA_FILE";
        setup.stage(&upload(environment)).expect_success();
        let run = setup.stage(&upload("env -i")).expect_code(1);
        assert!(run.stderr.contains(REFUSAL), "{run}");
    }
    // Root's directory is root's, whatever HOME says.
    let volume = format!("--volume={directory}:/home/user/.gitlab-runner/certs:ro");
    let setup =
        helper().options(&[&volume, "--env=HOME=/home/user", "--env=CI_SERVER_HOST=localhost"]);
    assert_eq!(setup.stage(SHOW).expect_success().stdout(), "unset\n");
}

/// The runner's own certificate isn't a CA, and no name leads out of the directory.
#[test]
fn s3_names_that_are_no_server_s() {
    let directory = directory(&[("localhost.auth.crt", "root.crt"), ("sub.crt", "root.crt")]);
    fs::create_dir(format!("{directory}/sub")).expect("it was just made");
    let setup = helper().ca_directory(&directory).fixtures();
    for host in [
        "localhost.auth",
        "../certs/sub",
        "sub/../sub",
        "/fixtures/root",
        "../../../fixtures/root",
        ".",
        "",
    ] {
        let run = setup.clone().option(format!("--env=CI_SERVER_HOST={host}")).stage(SHOW);
        let run = run.expect_success();
        assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("unset\n", ""), "{host}: {run}");
    }
}

/// A variable that the job was started with stays; and `register` is told of none.
#[test]
fn s3_what_is_set_stays() {
    let directory = directory(&[("localhost.crt", "root.crt")]);
    let setup = helper().ca_directory(&directory).options(&[
        "--env=CI_SERVER_HOST=localhost",
        "--env=CI_SERVER_TLS_CA_FILE=/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE",
    ]);
    let run = setup.stage(SHOW).expect_success();
    assert_eq!(run.stdout(), "/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE\n", "{run}");
    let runner = Setup::of(Image::Runner.ours()).ca_directory(&directory).command(&["show"]);
    let run = runner.option("--env=CI_SERVER_HOST=localhost").start(b"").expect_success();
    assert!(!run.stdout().contains("CI_SERVER_TLS_CA_FILE"), "{run}");
}
