//! A program on a machine, and what it did.

use std::io::Write as _;
use std::process;
use std::process::Child;
use std::process::Stdio;
use std::thread;

use crate::machine::Machine;
use crate::seen::Seen;
use crate::session;

/// A program that begins with the machine's own environment.
pub(crate) struct Command<'a> {
    machine: &'a Machine,
    inner: process::Command,
    stdin: Vec<u8>,
    is_heard: bool,
}

impl<'a> Command<'a> {
    pub(crate) fn new(machine: &'a Machine, program: &str, arguments: &[&str]) -> Self {
        let mut inner = session::wine(&machine.prefix);
        inner.arg(program).args(arguments).current_dir(machine.at(r"C:\"));
        // The search path of the command begins with it.
        inner.env("WINEPATH", r"C:\programs");
        Self { machine, inner, stdin: Vec::new(), is_heard: true }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.inner.env(name, value);
        self
    }

    /// The directory that it runs in.
    pub(crate) fn in_directory(mut self, path: &str) -> Self {
        self.inner.current_dir(self.machine.at(path));
        self
    }

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// Reads nothing of what it prints. A process that it leaves behind may have its streams, and
    /// would be waited for.
    pub(crate) fn unheard(mut self) -> Self {
        self.is_heard = false;
        self
    }

    #[track_caller]
    pub(crate) fn run(self) -> Outcome<'a> {
        self.spawn().end()
    }

    #[track_caller]
    pub(crate) fn spawn(mut self) -> Running<'a> {
        let shown = format!("{:?}", self.inner);
        let stream = || if self.is_heard { Stdio::piped() } else { Stdio::null() };
        self.inner.stdin(Stdio::piped()).stdout(stream()).stderr(stream());
        let child = self.inner.spawn().unwrap_or_else(|e| panic!("{shown}: {e}"));
        Running { machine: self.machine, command: shown, child, stdin: self.stdin }
    }
}

/// A program between its start and its end.
pub(crate) struct Running<'a> {
    machine: &'a Machine,
    command: String,
    child: Child,
    stdin: Vec<u8>,
}

impl<'a> Running<'a> {
    /// Ends its process as the host can, which leaves it no time for anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Gives it what is on its stdin, and waits.
    pub(crate) fn end(mut self) -> Outcome<'a> {
        let mut stdin = self.child.stdin.take().unwrap();
        let bytes = self.stdin;
        // Beside the reading of what it prints, of which a pipe holds only so much. Who doesn't read
        // gets a broken pipe, as it should.
        let writer = thread::spawn(move || _ = stdin.write_all(&bytes));
        let output = self.child.wait_with_output().unwrap();
        writer.join().unwrap();
        Outcome {
            machine: self.machine,
            command: self.command,
            code: output.status.code().and_then(|code| u32::try_from(code).ok()),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }
}

/// What a program did. Its assertions show all that is needed to see why they fail.
pub(crate) struct Outcome<'a> {
    machine: &'a Machine,
    pub(crate) command: String,
    /// The last eight bits of the exit code, which is what the host gets of it; all 32 of a process
    /// that was launched; none when the host killed it.
    pub(crate) code: Option<u32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Outcome<'_> {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// What the tests' own `echo` saw.
    #[track_caller]
    pub(crate) fn seen(&self) -> Seen {
        Seen::parse(&self.ok().stdout)
    }

    #[track_caller]
    pub(crate) fn assert(&self, is_true: bool, expected: &str) -> &Self {
        assert!(
            is_true,
            "expected {expected}\n--- command\n{}\n--- code\n{:?}\n--- stdout\n{}\n--- stderr\n{}\
             --- store\n{}--- tree\n{}",
            self.command,
            self.code,
            String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(8000)]),
            self.err(),
            self.store(),
            self.machine.tree(),
        );
        self
    }

    /// What there is besides the machine's own. No assertion of its own may hide the one that failed.
    fn store(&self) -> String {
        let list = session::wine(&self.machine.prefix)
            .args([r"C:\programs\store.exe", "list", "Root", "CA"])
            .output();
        let store = crate::store::Store::parse(&list.map(|list| list.stdout).unwrap_or_default());
        store.without(&session::original().store).to_string()
    }

    #[track_caller]
    pub(crate) fn code(&self, code: u32) -> &Self {
        self.assert(self.code == Some(code), &format!("exit code {code:#x}"))
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

    #[track_caller]
    pub(crate) fn assert_stderr(&self, stderr: &str) -> &Self {
        self.assert(self.err() == stderr, &format!("on stderr just {stderr:?}"))
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
