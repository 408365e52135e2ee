//! The Docker engine, and what the suite needs besides.

use std::env;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// How a command ended, and what it printed.
pub(crate) struct Run {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Panics with all that is known unless the command exited with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        self.expect_code(0)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "command: {}\ncode: {}\nstdout:\n{}\nstderr:\n{}",
            self.command,
            self.code,
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        )
    }
}

/// Starts `docker` with these arguments and pipes to all of its streams.
pub(crate) fn spawn(arguments: &[&str]) -> Child {
    Command::new("docker")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("'docker' can't be run: run this suite by its target of the Makefile")
}

/// Runs `docker` with these arguments and this input.
pub(crate) fn docker_with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = spawn(arguments);
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // The inputs fit into a pipe's buffer, or are read before anything is printed. A command that
    // reads nothing may be gone by now.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("docker was started");
    Run {
        command: format!("docker {}", arguments.join(" ")),
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `docker` with these arguments.
pub(crate) fn docker(arguments: &[&str]) -> Run {
    docker_with_input(arguments, b"")
}

/// The binary under test, with the engine checked once.
pub(crate) fn binary() -> &'static str {
    static BINARY: OnceLock<String> = OnceLock::new();
    BINARY.get_or_init(|| {
        let path = env::var("CA_ENTRYPOINT_BIN")
            .expect("CA_ENTRYPOINT_BIN isn't set to the binary's path: make compliance");
        let path = PathBuf::from(path);
        assert!(
            path.is_absolute() && path.is_file(),
            "CA_ENTRYPOINT_BIN is '{}', which is no absolute path of a file: make build",
            path.display()
        );
        let version = docker(&["version", "--format", "{{.Server.Version}}"]);
        assert_eq!(version.code, 0, "no Docker engine answers: make compliance\n{version}");
        path.into_os_string().into_string().expect("a mount takes a path in UTF-8")
    })
}

/// A name that no other container or image has.
pub(crate) fn unique_name(what: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("ca-entrypoint-test-{what}-{}-{number}", process::id())
}
