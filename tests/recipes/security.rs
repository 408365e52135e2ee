//! What `docs/security.md` says: that the tests which it names exist, and what no other test holds.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::certificates;
use crate::engine::binary;
use crate::engine::docker;
use crate::workspace::Workspace;

/// Runs the binary in front of a command, as root, in a container with these options.
fn start(image: &str, options: &[&str], command: &[&str]) -> crate::engine::Run {
    let volume = format!("--volume={}:/ca-entrypoint:ro", binary());
    let always = ["run", "--rm", "--network=none", "--entrypoint=/ca-entrypoint", &volume];
    docker(&[&always[..], options, &[image], command].concat())
}

#[test]
fn the_tests_that_the_page_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/security.md")).expect("the project has it");
    let rows = page.lines().filter(|line| line.contains("| `tests/"));
    let mut count = 0;
    for row in rows {
        let cell = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        let mut text = String::new();
        for word in cell.split('`').skip(1).step_by(2) {
            if word.starts_with("tests/") {
                let path = root.join(word);
                text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{word}: {error}"));
            } else {
                assert!(text.contains(&format!("fn {word}()")), "no test {word}: {row}");
                count += 1;
            }
        }
    }
    assert!(count > 30, "the page has a table of tests: {count}");
}

/// Programs and libraries that a job brings leave no trace, but for the command.
#[test]
fn nothing_of_a_job_s_is_run_or_loaded() {
    let workspace = Workspace::new();
    for name in
        ["update-ca-certificates", "run-parts", "certutil", "keytool", "openssl", "sh", "true"]
    {
        workspace.program(&format!("evil/{name}"), "echo \"$0\" >>/tmp/marks; exec /bin/true");
    }
    workspace.write("evil/library.so", "not a library\n");
    let mounts = [
        format!("--volume={}:/evil:ro", workspace.path("evil")),
        format!("--volume={}:/etc/gitlab-runner/certs/ca.crt:ro", workspace.path("ca.crt")),
    ];
    let variables = [
        "--env=PATH=/evil:/usr/bin:/bin",
        "--env=LD_PRELOAD=/evil/library.so",
        "--env=LD_LIBRARY_PATH=/evil",
        "--env=ENV=/evil/sh",
        "--env=BASH_ENV=/evil/sh",
        "--env=TMPDIR=/evil",
        "--env=JAVA_HOME=/evil",
        "--env=HOME=/evil",
    ];
    for image in
        ["ca-entrypoint-test:clients", "ca-entrypoint-test:alpine", "ca-entrypoint-test:fedora"]
    {
        let options: Vec<&str> = mounts.iter().map(String::as_str).chain(variables).collect();
        let run = start(image, &options, &["/bin/cat", "/tmp/marks"]);
        assert_eq!(run.code, 1, "something left a mark in {image}: {run}");
        assert!(run.stderr.contains("1 added"), "{image} {run}");
        // The loader complains for each program that it starts with the job's library: the command.
        let complaints = run.stderr.lines().filter(|line| line.contains("LD_PRELOAD")).count();
        assert!(complaints <= 1, "{image} {run}");
        // The trap works: the command is found there, and leaves a mark.
        start(image, &options, &["true"]).expect_success();
        let run = start(image, &options, &["/bin/sh", "-c", "/evil/true; cat /tmp/marks"]);
        assert!(run.stdout().contains("/evil/true"), "{image} {run}");
    }
}

#[test]
fn no_file_s_content_is_told() {
    let workspace = Workspace::new();
    let key =
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXNlY3JldC1zZWNyZXQ=\n-----END PRIVATE KEY-----\n";
    let secrets = [
        ("password", "root:$6$secret-secret:20000:0:99999:7:::\n".to_owned()),
        ("key", key.to_owned()),
        ("both", format!("secret-secret\n{key}{}", certificates::text("root.crt"))),
        (
            "broken",
            "-----BEGIN CERTIFICATE-----\nsecret-secret\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ];
    for (name, content) in secrets {
        workspace.write(&format!("files/{name}"), content);
    }
    let mount = format!("--volume={}:/files:ro", workspace.path("files"));
    for name in ["password", "key", "both", "broken"] {
        let path = format!("--env=CA_CERTIFICATES_PATH=/files/{name}");
        let level = "--env=CA_ENTRYPOINT_LOG=trace";
        let script =
            "grep -rlE 'secret-secret|c2VjcmV0' /etc /usr/local/share /tmp /run /dev/shm || true";
        let run =
            start("ca-entrypoint-test:bookworm", &[&mount, &path, level], &["sh", "-c", script]);
        assert_eq!(run.stdout(), "", "{name}: {run}");
        assert!(run.stderr.contains(&format!("/files/{name}")), "{name}: {run}");
        assert!(!run.stderr.contains("secret-secret") && !run.stderr.contains("c2VjcmV0"), "{run}");
    }
}

/// Seen by the kernel, on the host, with an unpacked image's root.
#[test]
fn no_socket_is_opened() {
    let workspace = Workspace::new();
    let root = workspace.directory("root");
    workspace.write("root/etc/ssl/certs/ca-certificates.crt", certificates::text("others.crt"));
    workspace.write("root/ca.crt", certificates::text("root.crt"));
    let output = Command::new("strace")
        .args(["-f", "-e", "trace=network", "-o", &workspace.path("calls"), binary()])
        .args(["--root", &root, "--ca", "/ca.crt"])
        .env_clear()
        .output()
        .expect("'strace' can't be run: apt-get install strace, or make recipes");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.contains("1 added"), "{stderr}");
    let calls = fs::read_to_string(workspace.file("calls")).expect("strace wrote it");
    let calls: Vec<&str> =
        calls.lines().filter(|line| !line.contains("+++ exited with 0")).collect();
    assert!(calls.is_empty(), "{calls:?}");
}
