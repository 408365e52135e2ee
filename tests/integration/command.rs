//! The program as a command, and what it did.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process;
use std::process::Child;
use std::process::ExitStatus;
use std::process::Stdio;

use nix::unistd;

use crate::util::BINARY;
use crate::util::Root;
use crate::util::require_root;
use crate::util::walk;

/// The program as a process that begins with nothing but its arguments.
pub(crate) struct Command {
    pub(crate) inner: process::Command,
    stdin: Vec<u8>,
    root: Option<PathBuf>,
}

impl Command {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self::of(BINARY, arguments)
    }

    /// Another program, which is to start ours.
    pub(crate) fn of(program: &str, arguments: &[&str]) -> Self {
        let mut inner = process::Command::new(program);
        inner.env_clear().args(arguments);
        Self { inner, stdin: Vec::new(), root: None }
    }

    /// The program inside of `root`, which [`crate::skeletons::with_programs`] prepared.
    pub(crate) fn inside(root: &Root, arguments: &[&str]) -> Self {
        Self::of("/bin/ca-entrypoint", arguments).enter(root)
    }

    /// Makes `root` the process's own.
    pub(crate) fn enter(mut self, root: &Root) -> Self {
        require_root("chroot");
        self.root = Some(root.path().to_owned());
        let path = root.path().to_owned();
        self.before_exec(move || {
            std::os::unix::fs::chroot(&path)?;
            std::env::set_current_dir("/")
        })
    }

    /// `root` is what a failure shows the tree of.
    pub(crate) fn with_root(mut self, root: &Root) -> Self {
        self.root = Some(root.path().to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.inner.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// As this user, inside of the root that [`Self::enter`] made the process's own.
    pub(crate) fn by(self, user: u32) -> Self {
        require_root("setuid");
        self.before_exec(move || {
            unistd::setgroups(&[])?;
            unistd::setgid(user.into())?;
            Ok(unistd::setuid(user.into())?)
        })
    }

    /// As the user `nobody`, whom modes stop.
    pub(crate) fn by_nobody(mut self) -> Self {
        require_root("setuid");
        self.inner.uid(65534).gid(65534);
        self
    }

    /// Runs `prepare` in the new process, before the program.
    #[expect(unsafe_code, reason = "the C library's calls between fork and exec")]
    pub(crate) fn before_exec(
        mut self,
        prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        // SAFETY: what the tests hand over makes system calls, and allocates at most.
        unsafe { self.inner.pre_exec(prepare) };
        self
    }

    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.spawn().end()
    }

    #[track_caller]
    pub(crate) fn spawn(self) -> Running {
        let shown = format!("{:?}", self.inner);
        self.try_spawn().unwrap_or_else(|e| panic!("{shown}: {e}"))
    }

    /// Tells when the system doesn't even start it.
    pub(crate) fn try_spawn(mut self) -> io::Result<Running> {
        let shown = format!("{:?}", self.inner);
        self.inner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.inner.spawn()?;
        Ok(Running { command: shown, child, stdin: self.stdin, root: self.root })
    }
}

/// The program between its start and its end.
pub(crate) struct Running {
    command: String,
    child: Child,
    stdin: Vec<u8>,
    root: Option<PathBuf>,
}

impl Running {
    /// The next line of its stdout, waited for.
    pub(crate) fn line(&mut self) -> String {
        let stdout = self.child.stdout.as_mut().unwrap();
        let (mut bytes, mut byte) = (Vec::new(), [0]);
        // One by one: what follows is for the end.
        while stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            bytes.extend(byte);
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Gives it what is on its stdin, and waits.
    pub(crate) fn end(mut self) -> Outcome {
        let mut stdin = self.child.stdin.take().unwrap();
        // Who doesn't read gets a broken pipe, as it should.
        let _ = stdin.write_all(&self.stdin);
        drop(stdin);
        let output = self.child.wait_with_output().unwrap();
        Outcome {
            command: self.command,
            root: self.root,
            status: output.status,
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }
}

/// What a command did. Its assertions show all that is needed to see why they fail.
pub(crate) struct Outcome {
    command: String,
    root: Option<PathBuf>,
    status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn assert_stderr(&self, stderr: &str) -> &Self {
        self.assert(self.err() == stderr, &format!("on stderr just {stderr:?}"))
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// `None` where a signal ended it.
    #[allow(dead_code, reason = "the tests of faults ask")]
    pub(crate) fn status_code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    #[track_caller]
    pub(crate) fn assert(&self, is_true: bool, expected: &str) -> &Self {
        if is_true {
            return self;
        }
        let tree = self.root.as_ref().map_or(String::new(), |root| {
            let entries = walk(root).into_iter().map(|path| path.display().to_string());
            entries.take(100).collect::<Vec<_>>().join("\n")
        });
        panic!(
            "expected {expected}\n--- command\n{}\n--- {}\n--- stdout\n{}\n--- stderr\n{}\n--- tree\n{tree}",
            self.command,
            self.status,
            String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(8000)]),
            self.err(),
        );
    }

    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        self.assert(self.status.code() == Some(code), &format!("exit code {code}"))
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        self.code(0)
    }

    #[track_caller]
    pub(crate) fn prints(&self, stdout: impl AsRef<[u8]>) -> &Self {
        let stdout = stdout.as_ref();
        let shown = format!("on stdout {:?}", String::from_utf8_lossy(stdout));
        self.assert(self.stdout == stdout, &shown)
    }

    /// On stderr, among other things.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> &Self {
        self.assert(self.err().contains(part), &format!("on stderr {part:?}"))
    }

    #[track_caller]
    pub(crate) fn says_nothing_of(&self, part: &str) -> &Self {
        self.assert(!self.err().contains(part), &format!("no {part:?} on stderr"))
    }

    #[track_caller]
    pub(crate) fn is_silent(&self) -> &Self {
        self.assert(self.stdout.is_empty() && self.stderr.is_empty(), "no output at all")
    }

    /// One message with its hint on stderr, nothing else.
    #[track_caller]
    pub(crate) fn complains_once_of(&self, path: &str) -> &Self {
        let err = self.err();
        let lines: Vec<&str> = err.lines().collect();
        let is_one = matches!(lines[..], [message, hint]
            if message.starts_with("ca-entrypoint: ") && message.contains(path)
                && hint.starts_with("hint: "));
        self.assert(is_one && self.stdout.is_empty(), &format!("one message on {path}, and a hint"))
    }
}
