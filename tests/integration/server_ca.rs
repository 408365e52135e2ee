//! The CA of the GitLab server, in the file where GitLab Runner looks for it.

use std::fs;

use crate::collections::RHEL;
use crate::collections::roots;
use crate::command::Command;
use crate::container::CA;
use crate::container::USER;
use crate::container::corp;
use crate::skeletons::copy_program;
use crate::skeletons::debian;
use crate::skeletons::scratch;
use crate::skeletons::with_programs;
use crate::util::BINARY;
use crate::util::Root;
use crate::x509::Certificate;

const DIRECTORY: &str = "/etc/gitlab-runner/certs";

const FILE: &str = "/etc/gitlab-runner/certs/gitlab.example.com.crt";

/// Debian with a CA of the server `gitlab.example.com`, and no other.
fn with_server_ca() -> Root {
    let root = debian();
    with_programs(&root, &["/usr/bin/env"]);
    root.write(FILE, server_ca().pem());
    root
}

fn server_ca() -> Certificate {
    Certificate::ca("GitLab's own CA")
}

/// What the command has for `CI_SERVER_TLS_CA_FILE`, as root.
#[track_caller]
fn ca_file(root: &Root, given: &[(&str, &str)]) -> Option<String> {
    value(given.iter().fold(Command::inside(root, &["/bin/env"]), |command, (name, value)| {
        command.env(name, value)
    }))
}

#[track_caller]
fn value(command: Command) -> Option<String> {
    let out = command.run().ok().out();
    out.lines().find_map(|line| Some(line.strip_prefix("CI_SERVER_TLS_CA_FILE=")?.to_owned()))
}

#[track_caller]
fn of_host(root: &Root, host: &str) -> Option<String> {
    ca_file(root, &[("CI_SERVER_HOST", host)])
}

#[test]
fn it_is_named_where_no_other_ca_is() {
    let root = with_server_ca();
    let before = root.tree();
    assert_eq!(of_host(&root, "gitlab.example.com").as_deref(), Some(FILE));
    assert_eq!(root.tree(), before, "it is nobody else's to trust");
}

#[test]
fn it_comes_before_the_mounted_ca_as_the_runner_has_it() {
    let root = with_server_ca();
    root.write(CA, corp().pem());
    assert_eq!(of_host(&root, "gitlab.example.com").as_deref(), Some(FILE));
    assert_eq!(of_host(&root, "other.example.com").as_deref(), Some(CA));
    assert_eq!(ca_file(&root, &[]).as_deref(), Some(CA));
}

#[test]
fn a_port_is_no_part_of_the_host() {
    let root = with_server_ca();
    assert_eq!(of_host(&root, "gitlab.example.com:8443").as_deref(), Some(FILE));
}

#[test]
fn a_value_that_is_there_stays() {
    let root = with_server_ca();
    let given =
        [("CI_SERVER_HOST", "gitlab.example.com"), ("CI_SERVER_TLS_CA_FILE", "/builds/not-yet")];
    assert_eq!(ca_file(&root, &given).as_deref(), Some("/builds/not-yet"));
    let given = [("CI_SERVER_HOST", "gitlab.example.com"), ("CI_SERVER_TLS_CA_FILE", "")];
    assert_eq!(ca_file(&root, &given).as_deref(), Some(FILE));
}

#[test]
fn the_runner_itself_is_given_none() {
    let root = with_server_ca();
    let command = Command::inside(&root, &[]).env("CI_SERVER_HOST", "gitlab.example.com");
    assert_eq!(value(command.env("CA_ENTRYPOINT_PREFIX", "/bin/env")), None);
}

#[test]
fn another_user_has_files_at_home() {
    let root = with_server_ca();
    let file = "/home/ci/.gitlab-runner/certs/gitlab.example.com.crt";
    root.write(file, server_ca().pem());
    let command = |home: &str| {
        let command = Command::inside(&root, &["/bin/env"]).by(USER);
        command.env("HOME", home).env("CI_SERVER_HOST", "gitlab.example.com")
    };
    assert_eq!(value(command("/home/ci")).as_deref(), Some(file));
    assert_eq!(value(command("/home/other")), None, "root's file is root's");
    // Nobody but this user reads it, and nobody else is the command.
    root.owner(file, USER).mode(file, 0o400);
    assert_eq!(value(command("/home/ci")).as_deref(), Some(file));
    root.owner(file, 0);
    assert_eq!(value(command("/home/ci")), None, "unreadable");
}

#[test]
fn without_a_home_the_working_directory_has_them() {
    let root = with_server_ca();
    root.write("/certs/gitlab.example.com.crt", server_ca().pem());
    let command = Command::inside(&root, &["/bin/env"]).by(USER);
    let value = value(command.env("CI_SERVER_HOST", "gitlab.example.com"));
    assert_eq!(value.as_deref(), Some("/certs/gitlab.example.com.crt"));
}

#[test]
fn a_client_certificate_is_no_ca() {
    let root = with_server_ca();
    let path = format!("{DIRECTORY}/gitlab.example.com.auth.crt");
    root.write(&path, Certificate::ca("The runner").pem());
    let other = format!("{DIRECTORY}/gitlab.example.com.AUTH.crt");
    root.write(&other, Certificate::ca("The runner").pem());
    for host in ["gitlab.example.com.auth", "gitlab.example.com.AUTH"] {
        assert_eq!(of_host(&root, host), None);
    }
    root.write(&format!("{DIRECTORY}/gitlab.example.com.auth.key"), "a key");
    let outcome = Command::inside(&root, &["--ca", DIRECTORY, "/bin/env"]).run();
    outcome.ok().says("1 added");
    let outcome = Command::inside(&root, &["--ca", DIRECTORY, "--dry-run"]).run();
    outcome.ok().assert(!outcome.out().contains("The runner"), "no client certificate");
}

#[test]
fn a_name_that_leads_elsewhere_is_no_host() {
    let root = with_server_ca();
    root.write("/etc/gitlab-runner/secret.crt", server_ca().pem());
    root.write("/etc/gitlab-runner/certs/.crt", server_ca().pem());
    root.write("/etc/gitlab-runner/certs/sub/x.crt", server_ca().pem());
    for host in
        ["../secret", "/etc/gitlab-runner/secret", "sub/x", "", ".", "..", ":443", "\n", "x/"]
    {
        assert_eq!(of_host(&root, host), None, "{host:?}");
    }
    assert_eq!(of_host(&root, &"x".repeat(100_000)), None);
}

#[test]
fn what_the_runner_could_not_use_is_not_named() {
    let with = |prepare: &dyn Fn(&Root)| {
        let root = scratch();
        with_programs(&root, &["/usr/bin/env"]);
        prepare(&root);
        let command = Command::inside(&root, &["/bin/env"]);
        let outcome = command.env("CI_SERVER_HOST", "gitlab.example.com").run();
        outcome.ok().assert_stderr("");
        outcome.assert(!outcome.out().contains("CI_SERVER_TLS_CA_FILE"), "no value");
    };
    let server_ca = server_ca();
    with(&|_| {});
    with(&|root| _ = root.write(FILE, ""));
    with(&|root| _ = root.write(FILE, "no certificate"));
    with(&|root| _ = root.write(FILE, server_ca.der()));
    with(&|root| _ = root.write(FILE, server_ca.pem()).mode(FILE, 0o600));
    with(&|root| _ = root.directory(FILE));
    with(&|root| _ = root.link(FILE, "/dev/zero"));
    with(&|root| {
        let key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        root.write(FILE, server_ca.pem() + key);
    });
}

#[test]
fn what_an_administrator_blocks_is_not_named() {
    let root = RHEL.image(&roots());
    with_programs(&root, &["/usr/bin/env"]);
    root.write(FILE, server_ca().pem());
    assert_eq!(of_host(&root, "gitlab.example.com").as_deref(), Some(FILE));
    root.write("/etc/pki/ca-trust/source/blocklist/gitlab.pem", server_ca().pem());
    assert_eq!(of_host(&root, "gitlab.example.com"), None);
}

#[test]
fn a_program_with_more_rights_than_its_caller_takes_no_host_of_his() {
    let root = with_server_ca();
    root.write("/home/ci/.gitlab-runner/certs/gitlab.example.com.crt", server_ca().pem());
    // Not the one that all tests share.
    root.remove("/bin/ca-entrypoint");
    copy_program(BINARY.as_ref(), &root.at("/bin/ca-entrypoint"));
    let value_with = |mode| {
        root.mode("/bin/ca-entrypoint", mode);
        let command = Command::inside(&root, &["/bin/env"]).by(USER);
        value(command.env("CI_SERVER_HOST", "gitlab.example.com").env("HOME", "/home/ci"))
    };
    assert!(value_with(0o755).is_some());
    assert_eq!(value_with(0o4755), None);
}

#[test]
fn it_is_printed_for_a_shell_too() {
    let root = with_server_ca();
    let command = Command::inside(&root, &["--print-env"]);
    let outcome = command.env("CI_SERVER_HOST", "gitlab.example.com").run();
    outcome.ok().prints(format!("export CI_SERVER_TLS_CA_FILE='{FILE}'\n"));
    fs::remove_file(root.at(FILE)).unwrap();
    Command::inside(&root, &["--print-env"])
        .env("CI_SERVER_HOST", "gitlab.example.com")
        .run()
        .ok()
        .is_silent();
}
