//! Section 2: `CI_SERVER_TLS_CA_FILE`, who reads it, and who else reads what.

use std::fs;

use crate::certificates;
use crate::executor::CA_FILE;
use crate::executor::ROOTS;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::REFUSAL;
use crate::site::STORAGE;
use crate::site::STRANGER;
use crate::site::Site;

/// The two ways in which a helper gets the CA: root's store, and another user's own files.
fn users() -> [Setup; 2] {
    let options =
        ["--user=1000", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp", "--env=HOME=/tmp"];
    [helper(), helper().options(&options)]
}

/// The runner's own client adds the file to the system's roots: clean PEM, whatever was mounted.
#[test]
fn s2_the_file_is_one_that_the_runner_can_append() {
    let upload = format!(
        "env -i CI_SERVER_TLS_CA_FILE=\"$CI_SERVER_TLS_CA_FILE\" SSL_CERT_FILE=/nowhere SSL_CERT_DIR=/nowhere \
            gitlab-runner-helper artifacts-uploader --url {GITLAB} --id 1 --file /etc/hostname
        echo $CI_SERVER_TLS_CA_FILE"
    );
    for setup in users() {
        for (mounted, is_the_source) in [("chain.crt", true), ("root.der", false)] {
            let run = setup.clone().ca(mounted).on_site().stage(&upload).expect_success();
            assert_eq!(run.stdout() == format!("{CA_FILE}\n"), is_the_source, "{run}");
        }
        // Without the variable the same client refuses.
        let refused =
            upload.replace("env -i CI_SERVER_TLS_CA_FILE=\"$CI_SERVER_TLS_CA_FILE\"", "env -i");
        let run = setup.ca("chain.crt").on_site().stage(&refused).expect_code(1);
        assert!(run.stderr.contains(REFUSAL), "{run}");
    }
}

/// What else is in the mounted file is for nobody to read.
#[test]
fn s2_the_file_has_certificates_alone() {
    let directory = host_directory("certs");
    let content = certificates::text("root.key") + &certificates::text("root.crt");
    fs::write(format!("{directory}/ca.crt"), content).expect("it was just made");
    for setup in users() {
        let body = "cat $CI_SERVER_TLS_CA_FILE $NODE_EXTRA_CA_CERTS $SSL_CERT_FILE";
        let run = setup.ca_directory(&directory).stage(body).expect_success();
        assert_eq!(run.stdout().matches(certificates::text("root.crt").trim()).count(), 3);
        assert!(!run.stdout().contains("PRIVATE KEY"));
        assert!(run.stderr.contains("private key"), "{run}");
    }
}

/// With an https GitLab, containers start with the path of a file that the first stage will write.
#[test]
fn s2_a_preset_file_that_is_not_there_yet_stays() {
    let path = "/builds/group/project.tmp/CI_SERVER_TLS_CA_FILE";
    let preset = format!("--env=CI_SERVER_TLS_CA_FILE={path}");
    for setup in users() {
        let body = "echo $CI_SERVER_TLS_CA_FILE; ls /builds 2>&1 || true";
        let run = setup.ca("root.crt").option(&preset).stage(body).expect_success();
        let expected = format!("{path}\nls: cannot access '/builds': No such file or directory\n");
        assert_eq!(run.stdout(), expected, "{run}");
        assert!(run.stderr.contains("1 added"), "{run}");
    }
}

/// Each stage writes the chain of GitLab's own certificate and exports its path.
#[test]
fn s2_a_stage_s_own_export_is_the_last_word() {
    let chain = certificates::text("second.crt");
    let body = format!(
        "mkdir -p /tmp/project.tmp
        printf %s \"{chain}\" >/tmp/project.tmp/CI_SERVER_TLS_CA_FILE
        export CI_SERVER_TLS_CA_FILE=/tmp/project.tmp/CI_SERVER_TLS_CA_FILE
        echo content >/tmp/file
        gitlab-runner-helper artifacts-uploader --url {STORAGE} --id 2 --file /tmp/file
        gitlab-runner-helper artifacts-uploader --url {GITLAB} --id 2 --file /tmp/file
        gitlab-runner-helper artifacts-uploader --url {STRANGER} --id 2 --file /tmp/file"
    );
    for setup in users() {
        // The chain's server by the file, the other one by the store or its like, and no third.
        let run = setup.ca("root.crt").on_site().stage(&body).expect_code(1);
        assert!(run.stderr.contains(&format!("{STRANGER}/api")), "{run}");
        assert!(run.stderr.contains(REFUSAL), "{run}");
    }
}

/// The runner tells git of the chain for its own server's URL; others are looked up in the store.
#[test]
fn s2_git_takes_the_chain_for_its_server_and_the_store_for_others() {
    let body = format!(
        "git config --global http.{GITLAB}.sslCAInfo /fixtures/CHAIN
        git ls-remote --quiet {STORAGE}/module.git HEAD
        git ls-remote --quiet {GITLAB}/project.git HEAD"
    );
    let [root, user] = users().map(|setup| setup.ca("chain.crt").fixtures().on_site());
    let start = |setup: &Setup, chain: &str| setup.stage(&body.replace("CHAIN", chain));
    start(&root, "root.crt").expect_success();
    start(&user, "root.crt").expect_success();
    // The chain of another server: what we tell git yields to what the runner tells it.
    // (bash makes 1 of git's 128 here.)
    let run = start(&user, "twin-a.crt").expect_code(1);
    assert!(run.stderr.contains("/project.git"), "{run}");
    assert_eq!(run.stdout().lines().count(), 1, "{run}");
    // Debian's libcurl reads the store's hash links besides any file.
    start(&root, "twin-a.crt").expect_success();
}

/// Caches are fetched by a client that nobody tells of a file: this is what the entrypoint is for.
#[test]
fn s2_caches_have_the_system_s_roots_alone() {
    for (number, setup) in users().into_iter().enumerate() {
        let name = format!("roots-{number}");
        let setup = setup.fixtures().on_site();
        let upload = format!(
            "echo content >/tmp/file
            gitlab-runner-helper cache-archiver --file /tmp/file --url {STORAGE}/cache/{name}"
        );
        let request = format!("4432 PUT /cache/{name}");
        let told = setup.clone().option("--env=CI_SERVER_TLS_CA_FILE=/fixtures/second.crt");
        let refused = told.stage(&upload).expect_code(1);
        assert!(refused.stderr.contains(REFUSAL), "{refused}");
        assert!(!Site::shared().has_seen(&request));
        setup.ca("chain.crt").stage(&upload).expect_success();
        assert!(Site::shared().has_seen(&request));
    }
}

/// Variables that replace a program's roots name a bundle with the public ones in it.
#[test]
fn s2_no_variable_takes_public_roots_away() {
    let body = "for name in $(compgen -e); do
            case ${!name} in
            *.crt | *.pem) echo $name $(grep -c BEGIN \"${!name}\") ;;
            esac
        done | sort";
    let adds = ["CI_SERVER_TLS_CA_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];
    for setup in users() {
        let run = setup.ca("root.crt").stage(body).expect_success();
        let stdout = run.stdout();
        for line in stdout.lines() {
            let (name, count) = line.split_once(' ').expect("two words were printed");
            let expected = if adds.contains(&name) { 1 } else { ROOTS + 1 };
            assert_eq!(count, expected.to_string(), "{line}\n{run}");
        }
        for name in adds.iter().chain(&["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"]) {
            assert!(stdout.contains(&format!("{name} ")), "{name}\n{run}");
        }
    }
}

/// A variable with that name in the environment of `register` ends up in its configuration, and with
/// that in every job.
#[test]
fn s2_register_writes_no_file_of_ours() {
    let register = ["register", "--non-interactive", "--url", GITLAB, "--token", "secret"];
    let setup = Setup::of(Image::Runner.ours()).ca("root.crt").on_site();
    let configuration = |variable: &str, command: &[&str]| {
        let container = setup.clone().option(variable).command(command).create();
        container.start(b"").expect_success();
        container.read("/etc/gitlab-runner/config.toml")
    };
    let expected = format!("[[runners]]\n  url = \"{GITLAB}\"\n  token = \"secret\"\n");
    assert_eq!(configuration("--env=UNRELATED=1", &register), expected);
    // As the same image would without its variable.
    let command = [&["gitlab-runner"], &register[..]].concat();
    let written = configuration("--env=CA_ENTRYPOINT_PREFIX=", &command);
    assert_eq!(written, format!("{expected}  tls-ca-file = \"{CA_FILE}\"\n"));
    // Whoever sets the variable means it.
    let set = configuration(&format!("--env=CI_SERVER_TLS_CA_FILE={CA_FILE}"), &register);
    assert_eq!(set, written);
}
