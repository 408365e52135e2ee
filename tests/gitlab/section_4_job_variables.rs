//! Section 4.1: every variable of a job is in the helper's environment, and a job's author writes
//! what he likes. The command runs, nothing is trusted that was not mounted, and stdout is clean.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::certificates;
use crate::executor::CA_FILE;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::executor::helper;
use crate::executor::host_directory;

/// Starts it with a stage, asserts what holds in any case, and returns what was said on stderr.
#[track_caller]
fn stderr_with(setup: &Setup, trusted: &[&str]) -> String {
    let container = setup.create();
    let run = container.stage("echo from the command; exit 7").expect_code(7);
    assert_eq!(run.stdout(), "from the command\n", "{run}");
    assert_eq!(container.trusted(), trusted, "{run}");
    run.stderr
}

/// The same for another user on a read-only root file system, whose store stays as it is.
#[track_caller]
fn stderr_of_user_with(setup: &Setup) -> String {
    stderr_with(&setup.clone().options(&["--user=1000", "--read-only"]), &[])
}

/// A file that the helper's user can read and the job's author may not see, and files that never
/// end, never answer or aren't files.
#[test]
fn s4_1_a_path_that_is_no_ca_file() {
    let directory = host_directory("paths");
    let fifo = Command::new("mkfifo").arg(format!("{directory}/fifo")).status();
    assert!(fifo.is_ok_and(|status| status.success()), "'mkfifo' is a part of coreutils");
    fs::create_dir(format!("{directory}/empty")).expect("it was just made");
    let volume = format!("--volume={directory}:/paths");
    for (path, is_told) in [
        ("/etc/shadow", true),
        ("/dev/zero", true),
        ("/dev/stdin", true),
        ("/proc/self/fd/0", true),
        ("/proc/self/environ", true),
        ("/proc/kmsg", true),
        ("/paths/fifo", true),
        ("/etc/gitlab-runner", true),
        ("/paths/empty", true),
        ("/no/such/file", false),
        ("relative", false),
    ] {
        let variable = format!("--env=CA_CERTIFICATES_PATH={path}");
        let setup = helper().ca("root.crt").option(&volume).option(variable);
        let stderr = stderr_with(&setup, &[]);
        assert_eq!(!stderr.is_empty(), is_told, "{path}: {stderr}");
        // Nothing of what is in it is shown.
        let is_ours =
            |line: &str| line.starts_with("ca-entrypoint: ") || line.starts_with("hint: ");
        assert!(stderr.lines().all(is_ours) && !stderr.contains("root:"), "{path}: {stderr}");
        if ["/etc/shadow", "/dev/zero", "/paths/fifo"].contains(&path) {
            let stderr = stderr_of_user_with(&setup);
            assert!(
                stderr.starts_with(&format!("ca-entrypoint: cannot read CA file '{path}': ")),
                "{stderr}"
            );
        }
    }
}

/// A list of nothing is as good as none.
#[test]
fn s4_1_a_list_of_empty_paths() {
    let setup = helper().ca("root.crt").option("--env=CA_CERTIFICATES_PATH=:::");
    assert_eq!(stderr_with(&setup, &["root.crt"]), ONE_ADDED);
}

/// What an author writes there is the author's own choice of a CA, as with the script; an
/// administrator's --ca leaves none.
#[test]
fn s4_1_another_path_can_be_ruled_out() {
    let setup = helper().ca("root.crt").fixtures();
    let variables = ["CA_CERTIFICATES_PATH", "ADDITIONAL_CA_CERT_BUNDLE"]
        .map(|name| format!("--env={name}=/fixtures/second.crt"));
    let chosen = setup.options(&[&variables[0], &variables[1]]);
    assert_eq!(stderr_with(&chosen, &["second.crt"]), ONE_ADDED);
    let command = ["/entrypoint", "--ca", CA_FILE, "gitlab-runner-build"];
    let ruled_out = chosen.option("--entrypoint=/usr/bin/dumb-init").command(&command);
    assert_eq!(stderr_with(&ruled_out, &["root.crt"]), ONE_ADDED);
}

/// The loader would load it into any program that isn't static.
#[test]
fn s4_1_ld_preload() {
    let directory = host_directory("preload");
    let source = r#"
        #include <stdio.h>
        #include <unistd.h>
        __attribute__((constructor)) static void loaded(void) {
            char name[256] = {0};
            readlink("/proc/self/exe", name, sizeof name - 1);
            FILE *log = fopen("/preload/log", "a");
            if (log) { fprintf(log, "%s\n", name); fclose(log); }
        }"#;
    fs::write(format!("{directory}/evil.c"), source).expect("it was just made");
    fs::write(format!("{directory}/evil.sh"), "echo sourced >>/preload/log\n").expect("the same");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "evil.so", "evil.c"])
        .current_dir(&directory)
        .status()
        .expect("'cc' can't be run: apt-get install gcc libc6-dev");
    assert!(compiled.success());
    let hook = format!("{directory}/hook");
    fs::write(&hook, "#!/bin/bash\nenv | sort >/tmp/hook\n").expect("it was just made");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("it was just made");
    let setup = helper().ca("root.crt").options(&[
        &format!("--volume={directory}:/preload"),
        &format!("--volume={hook}:/etc/ca-certificates/update.d/hook:ro"),
        "--env=LD_PRELOAD=/preload/evil.so",
        "--env=LD_LIBRARY_PATH=/preload",
        "--env=BASH_ENV=/preload/evil.sh",
        "--env=BASH_FUNC_env%%=() { echo evil; }",
        "--env=SECRET=1",
    ]);
    let container = setup.command(&["true"]).create();
    container.start(b"").expect_success();
    assert_eq!(container.trusted(), ["root.crt"]);
    // The init and the command, which are the image's and the job's; not the hook that root runs.
    let log = fs::read_to_string(format!("{directory}/log")).expect("dumb-init was preloaded");
    let programs: Vec<&str> = log.lines().filter(|line| !line.ends_with("dumb-init")).collect();
    assert_eq!(programs, ["/usr/bin/true"], "{log}");
    let environment = container.read("/tmp/hook");
    assert!(environment.contains("PATH=/"), "{environment}");
    for name in ["LD_", "BASH_", "SECRET", "preload", "CI_SERVER"] {
        assert!(!environment.contains(name), "{environment}");
    }
}

/// Only the command is looked for in PATH. The script looks there for its tools too, as root.
#[test]
fn s4_1_path_with_programs_of_the_job_s() {
    let directory = host_directory("path");
    let tools = [
        "cmp",
        "cp",
        "update-ca-certificates",
        "openssl",
        "sh",
        "bash",
        "env",
        "run-parts",
        "certutil",
        "keytool",
        "ldconfig",
    ];
    for tool in tools {
        let path = format!("{directory}/{tool}");
        fs::write(&path, "#!/bin/dash\necho ran $0 >>/evil/log\nexit 1\n")
            .expect("it was just made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it was just made");
    }
    let options =
        [&format!("--volume={directory}:/evil"), "--env=PATH=/evil:/usr/sbin:/usr/bin:/sbin:/bin"];
    let log = || fs::read_to_string(format!("{directory}/log")).unwrap_or_default();
    let run = |image: String| {
        let container =
            Setup::of(image).ca("root.crt").options(&options).command(&["/bin/bash"]).create();
        let run = container.start(b"echo from the command; exit 7\n").expect_code(7);
        (run.stdout(), container.trusted())
    };
    let ours = run(crate::images::Image::Helper.ours());
    assert_eq!(ours, ("from the command\n".to_owned(), vec!["root.crt"]));
    assert_eq!(log(), "");
    let theirs = run(crate::images::Image::Helper.theirs());
    assert!(theirs.1.is_empty());
    assert_eq!(log(), "ran /evil/cmp\nran /evil/cp\nran /evil/update-ca-certificates\n");
}

/// Directories for temporary and private files are chosen by what they are.
#[test]
fn s4_1_directories_of_the_job_s() {
    let directory = host_directory("directories");
    let mut setup = helper().ca("root.crt").option(format!("--volume={directory}:/builds"));
    for name in
        ["TMPDIR", "TMP", "TEMP", "XDG_RUNTIME_DIR", "HOME", "JAVA_HOME", "XDG_CONFIG_HOME", "PWD"]
    {
        setup = setup.option(format!("--env={name}=/builds"));
    }
    assert_eq!(stderr_with(&setup, &["root.crt"]), ONE_ADDED);
    let said = stderr_of_user_with(&setup);
    assert!(said.contains(" 1 added in '/dev/shm/ca-entrypoint-1000'"), "{said}");
    let made: Vec<_> = fs::read_dir(&directory).expect("it was made here").flatten().collect();
    assert!(made.is_empty(), "{made:?}");
    for value in ["/no/such/directory", "relative", "/dev/null", "/proc/self/root"] {
        let mut setup = helper().ca("root.crt");
        for name in ["TMPDIR", "HOME", "XDG_RUNTIME_DIR", "JAVA_HOME"] {
            setup = setup.option(format!("--env={name}={value}"));
        }
        assert_eq!(stderr_with(&setup, &["root.crt"]), ONE_ADDED, "{value}");
    }
}

/// What a job sets is its own: ours come beside it, and lead no program away from it.
#[test]
fn s4_1_variables_of_the_job_s_stay() {
    let names = [
        "CI_SERVER_TLS_CA_FILE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "GIT_SSL_CAINFO",
    ];
    let mut setup = helper().ca("root.crt");
    for name in names {
        setup = setup.option(format!("--env={name}=/builds/{name}.pem"));
    }
    for setup in [setup.clone(), setup.options(&["--user=1000", "--read-only"])] {
        let run = setup.stage(&format!("printenv {} NODE_EXTRA_CA_CERTS", names.join(" ")));
        let expected: String = names.iter().map(|name| format!("/builds/{name}.pem\n")).collect();
        assert_eq!(run.expect_success().stdout(), expected + "/etc/gitlab-runner/certs/ca.crt\n");
    }
}

/// Our own options are a job's too, as far as an option doesn't rule: the worst that they do is what
/// they are for, in that job.
#[test]
fn s4_1_our_own_variables() {
    for (variable, said) in [
        ("CA_ENTRYPOINT_PLACEMENT=nonsense", "CA_ENTRYPOINT_PLACEMENT"),
        ("CA_ENTRYPOINT_ON_ERROR=nonsense", "CA_ENTRYPOINT_ON_ERROR"),
        ("CA_ENTRYPOINT_ON_ERROR=fail", ""),
        ("CA_ENTRYPOINT_LOG=trace", "platform debian"),
        ("CA_ENTRYPOINT_LOG=!?=,,[", ""),
        ("CA_ENTRYPOINT_PREFIX=", ""),
        ("ADDITIONAL_CA_CERT_BUNDLE=/etc/shadow", "/etc/shadow"),
        ("ADDITIONAL_CA_CERT_BUNDLE=no certificate", ""),
    ] {
        let setup = helper().ca("root.crt").option(format!("--env={variable}"));
        let container = setup.create();
        let run = container.stage("echo from the command; exit 7").expect_code(7);
        assert_eq!(run.stdout(), "from the command\n", "{variable}: {run}");
        assert_eq!(container.trusted(), ["root.crt"], "{variable}: {run}");
        assert!(run.stderr.contains(said), "{variable}: {run}");
        assert!(!run.stderr.contains("root:"), "{variable}: {run}");
    }
    // In private placement the store stays as it is.
    let setup = helper().ca("root.crt").option("--env=CA_ENTRYPOINT_PLACEMENT=private");
    stderr_with(&setup, &[]);
    // A job may want to end with a CA that can't be used.
    let setup = helper().ca("root.key").option("--env=CA_ENTRYPOINT_ON_ERROR=fail");
    let run = setup.stage("echo from the command").expect_code(125);
    assert_eq!(run.stdout(), "", "{run}");
}

/// With a program of the job's in front, it is that which runs, and the installation is over by then.
#[test]
fn s4_1_a_prefix_of_the_job_s() {
    let setup = helper().ca("root.crt").option("--env=CA_ENTRYPOINT_PREFIX=echo");
    let container = setup.create();
    let run = container.start(b"").expect_success();
    assert_eq!((run.stdout().as_str(), run.stderr.as_str()), ("gitlab-runner-build\n", ONE_ADDED));
    assert_eq!(container.trusted(), ["root.crt"]);
}

/// As much as the kernel takes: 1 MB in all, 100 KB in one, and what no program expects.
#[test]
fn s4_1_many_and_odd_variables() {
    let mut setup = helper().ca("root.crt");
    for number in 0..9 {
        setup = setup.option(format!("--env=LARGE_{number}={}", "x".repeat(100_000)));
    }
    for number in 0..2000 {
        setup = setup.option(format!("--env=CI_VARIABLE_{number}=value {number}"));
    }
    let setup = setup.options(&[
        "--env=ODD=é \u{fffd} $(touch /evil) `touch /evil` ; '\"\\\n=\t\u{1b}[31m",
        "--env=9-.STRANGE-NAME=1",
        "--env=9_EMPTY=",
    ]);
    let command = [
        "sh",
        "-c",
        "tr '\\0' '\\n' </proc/self/environ | grep -E '^(LARGE|CI_V|ODD|9)' | sort | sha256sum",
    ];
    let with = setup.clone().command(&command).start(b"").expect_success();
    assert_eq!(with.stderr, ONE_ADDED);
    let without = setup.option("--entrypoint=/usr/bin/dumb-init").command(&command).start(b"");
    assert_eq!(with.stdout(), without.expect_success().stdout());
}

/// A job may put the CA into a variable of type file, whose path is that of a file not written yet.
#[test]
fn s4_1_a_file_variable_that_is_not_written_yet() {
    let path = "/builds/group/project.tmp/CA_CERTIFICATES_PATH";
    let setup = helper().ca("root.crt").option(format!("--env=CA_CERTIFICATES_PATH={path}"));
    let container = setup.create();
    let chain = certificates::text("second.crt");
    let write = format!("mkdir -p /builds/group/project.tmp; printf %s \"{chain}\" >{path}");
    let run = container.stage(&write).expect_success();
    assert_eq!(run.stderr, "", "{run}");
    assert!(container.trusted().is_empty());
    // From the second stage on it is there.
    let run = container.stage("true").expect_success();
    assert_eq!(run.stderr, ONE_ADDED, "{run}");
    assert_eq!(container.trusted(), ["second.crt"]);
}
