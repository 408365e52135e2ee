//! Containers as GitLab Runner's executors make and start them.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::certificates;
use crate::engine::Run;
use crate::engine::docker;
use crate::engine::docker_with_input;
use crate::engine::spawn;
use crate::engine::unique_name;
use crate::images::Image;
use crate::site::Site;

/// What a container is made of: an image, options and a command.
#[derive(Clone)]
pub(crate) struct Setup {
    image: String,
    options: Vec<String>,
    command: Vec<String>,
}

/// The helper of ours with the command that the runner gives it.
pub(crate) fn helper() -> Setup {
    Setup::of(Image::Helper.ours()).command(&["gitlab-runner-build"])
}

impl Setup {
    /// Of an image's reference, with the image's own command.
    pub(crate) fn of(image: impl Into<String>) -> Self {
        Self { image: image.into(), options: Vec::new(), command: Vec::new() }
    }

    pub(crate) fn command(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// With an option of `docker create`.
    pub(crate) fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    pub(crate) fn options(self, options: &[&str]) -> Self {
        options.iter().fold(self, |setup, &option| setup.option(option))
    }

    /// With one of the certificates where the entrypoint looks for it.
    pub(crate) fn ca(self, certificate: &str) -> Self {
        self.option(format!("--volume={}/{certificate}:{CA_FILE}:ro", certificates::directory()))
    }

    /// With a directory of the host's in the place of that of the certificate.
    pub(crate) fn ca_directory(self, directory: &str) -> Self {
        self.option(format!("--volume={directory}:/etc/gitlab-runner/certs:ro"))
    }

    /// With all certificates in `/fixtures`.
    pub(crate) fn fixtures(self) -> Self {
        self.option(format!("--volume={}:/fixtures:ro", certificates::directory()))
    }

    /// Where it reaches the site's servers.
    pub(crate) fn on_site(self) -> Self {
        self.option(Site::shared().network())
    }

    /// Makes the container: without a network, unless an option names one.
    pub(crate) fn create(&self) -> Container {
        let name = unique_name("gitlab");
        let mut arguments = vec!["create", "--interactive", "--name", &name];
        if !self.options.iter().any(|option| option.starts_with("--network")) {
            arguments.push("--network=none");
        }
        arguments.extend(self.options.iter().map(String::as_str));
        arguments.push(&self.image);
        arguments.extend(self.command.iter().map(String::as_str));
        docker(&arguments).expect_success();
        Container { name }
    }

    /// Makes a container, and starts it once.
    pub(crate) fn start(&self, input: &[u8]) -> Run {
        self.create().start(input)
    }

    /// Makes a container, and starts it once for a stage of a job.
    pub(crate) fn stage(&self, body: &str) -> Run {
        self.create().stage(body)
    }
}

/// A container that isn't running: it is started for each of a job's stages.
pub(crate) struct Container {
    name: String,
}

impl Container {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Attaches, starts it with this input, and waits for its end, which comes by a signal where it
    /// doesn't come by itself.
    pub(crate) fn start(&self, input: &[u8]) -> Run {
        let (running, end) = mpsc::channel::<()>();
        let name = self.name.clone();
        let watch = thread::spawn(move || {
            if end.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
                docker(&["kill", &name]);
            }
        });
        let run = docker_with_input(&["start", "--attach", "--interactive", &self.name], input);
        drop(running);
        watch.join().expect("it doesn't panic");
        run
    }

    /// Starts it for a stage of a job.
    pub(crate) fn stage(&self, body: &str) -> Run {
        self.start(&script(body))
    }

    /// Attaches, starts it and comes back while it runs.
    pub(crate) fn attach(&self) -> Attached {
        Attached::to(&["start", "--attach", "--interactive", &self.name])
    }

    /// Runs another process in it.
    pub(crate) fn exec(&self, command: &[&str]) -> Run {
        docker(&[&["exec", &self.name], command].concat())
    }

    /// What `docker inspect` tells by this template.
    pub(crate) fn inspect(&self, template: &str) -> String {
        let run = docker(&["inspect", "--format", template, &self.name]).expect_success();
        run.stdout().trim().to_owned()
    }

    /// What differs from the image.
    pub(crate) fn diff(&self) -> BTreeSet<String> {
        let run = docker(&["diff", &self.name]).expect_success();
        run.stdout().lines().map(str::to_owned).collect()
    }

    /// The content of a file, from outside.
    pub(crate) fn read(&self, path: &str) -> String {
        let from = format!("{}:{path}", self.name);
        let archive = docker(&["cp", "--follow-link", &from, "-"]).expect_success().stdout;
        // The size stands at 124, in octal digits, and the content after the header's 512 bytes.
        let size = String::from_utf8_lossy(&archive[124..135]).into_owned();
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8);
        let size = size.expect("a size in an archive is octal");
        String::from_utf8_lossy(&archive[512..512 + size]).into_owned()
    }

    /// Which of the tests' CAs are in a bundle, and how many certificates there are in all.
    pub(crate) fn bundle(&self, path: &str) -> (Vec<&'static str>, usize) {
        let bundle = self.read(path);
        let is_there = |name: &&str| bundle.contains(certificates::text(name).trim_end());
        let names = CAS.iter().copied().filter(is_there).collect();
        (names, bundle.matches("-----BEGIN CERTIFICATE-----").count())
    }

    /// Which of the tests' CAs the helper of Debian trusts.
    pub(crate) fn trusted(&self) -> Vec<&'static str> {
        let (names, count) = self.bundle("/etc/ssl/certs/ca-certificates.crt");
        assert_eq!(count, ROOTS + names.len(), "certificates that no test has made");
        names
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", "--volumes", &self.name]);
    }
}

/// What runs with its input and output held, so that it can be talked to.
pub(crate) struct Attached {
    command: String,
    child: Child,
    lines: Receiver<String>,
    seen: String,
    stderr: Option<JoinHandle<String>>,
}

impl Attached {
    fn to(arguments: &[&str]) -> Self {
        let mut child = spawn(arguments);
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut stderr = child.stderr.take().expect("stderr is a pipe");
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let command = format!("docker {}", arguments.join(" "));
        Self { command, child, lines, seen: String::new(), stderr: Some(stderr) }
    }

    pub(crate) fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(text.as_bytes()).expect("somebody reads it");
    }

    /// Waits for a line on stdout.
    #[track_caller]
    pub(crate) fn expect_line(&mut self, expected: &str) {
        let deadline = Instant::now() + DEADLINE;
        while let Ok(line) = self.lines.recv_timeout(deadline - Instant::now()) {
            self.seen += &format!("{line}\n");
            if line == expected {
                return;
            }
        }
        panic!("no line '{expected}' comes from {}: {}", self.command, self.seen);
    }

    /// Closes the input, and waits for the end.
    pub(crate) fn end(mut self) -> Run {
        drop(self.child.stdin.take());
        // The channel closes with the output.
        while let Ok(line) = self.lines.recv_timeout(DEADLINE) {
            self.seen += &format!("{line}\n");
        }
        let status = self.child.wait().expect("it was started");
        let stderr = self.stderr.take().map(JoinHandle::join);
        Run {
            command: self.command.clone(),
            code: status.code().unwrap_or(-1),
            stdout: self.seen.clone().into_bytes(),
            stderr: stderr.and_then(Result::ok).unwrap_or_default(),
        }
    }
}

/// What the runner writes to a container's stdin for a stage.
pub(crate) fn script(body: &str) -> Vec<u8> {
    let quoted = body.replace('\'', "'\\''");
    format!(
        "#!/usr/bin/env bash\n\ntrap exit 1 TERM\n\nif set -o | grep pipefail > /dev/null; then set -o pipefail; fi; \
         set -o errexit\nset +o noclobber\n: | eval '{quoted}'\nexit 0\n"
    )
    .into_bytes()
}

/// A directory of the host's that every user may write to, made for one test.
pub(crate) fn host_directory(what: &str) -> String {
    let path = format!("{}/{}", certificates::directory(), unique_name(what));
    fs::create_dir(&path).expect("the target directory can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("it was just made");
    path
}

pub(crate) const CA_FILE: &str = "/etc/gitlab-runner/certs/ca.crt";

/// What is said at the start that puts one CA into the store.
pub(crate) const ONE_ADDED: &str = "ca-entrypoint: trust store updated: 1 added, 0 removed\n";

/// Those that tests mount, and others.
const CAS: [&str; 6] =
    ["root.crt", "second.crt", "intermediate.crt", "other-1.crt", "other-2.crt", "twin-a.crt"];

/// Public CAs in Debian 12's bundle.
pub(crate) const ROOTS: usize = 142;

/// For what takes a moment.
const DEADLINE: Duration = Duration::from_secs(60);
