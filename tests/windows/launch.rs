//! A process that another Windows program starts, the way `CreateProcess` has it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::command::Command;
use crate::command::Outcome;
use crate::command::Running;
use crate::machine::Machine;
use crate::seen::Units;

/// What `programs/launch.c` is told to do.
pub(crate) struct Launch<'a> {
    command: Command<'a>,
    entries: Vec<Units>,
    order: PathBuf,
}

impl<'a> Launch<'a> {
    pub(crate) fn new(machine: &'a Machine, line: &[u16]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"C:\windows-tests\launch-{number}");
        let command = machine.program("launch", &[&name]);
        let order = machine.at(&name);
        let launch = Self { command, entries: Vec::new(), order };
        launch.entry("line", line)
    }

    /// Puts a variable, `NAME=value`, into the environment block, in place of one of that name.
    pub(crate) fn variable(self, variable: &str) -> Self {
        self.text("variable", variable)
    }

    /// Leaves a variable out of the environment block.
    pub(crate) fn without(self, name: &str) -> Self {
        self.text("without", name)
    }

    /// The working directory.
    pub(crate) fn in_directory(self, path: &str) -> Self {
        self.text("directory", path)
    }

    /// By a user who isn't an administrator.
    pub(crate) fn restricted(self) -> Self {
        self.text("restricted", "")
    }

    /// Sends what Control-C sends, to all of a console of its own, when the file `mark` is there.
    pub(crate) fn control_c(self, mark: &str) -> Self {
        self.text("console", "").text("after", mark).text("event", "0")
    }

    /// Ends the process from outside when the file `mark` is there.
    pub(crate) fn terminate(self, mark: &str, code: u32) -> Self {
        self.text("after", mark).text("terminate", &code.to_string())
    }

    /// As [`Command::unheard`].
    pub(crate) fn unheard(mut self) -> Self {
        self.command = self.command.unheard();
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        let units: Units = value.encode_utf16().collect();
        self.entry(key, &units)
    }

    fn entry(mut self, key: &str, value: &[u16]) -> Self {
        self.entries.push(
            key.encode_utf16().chain([u16::from(b'=')]).chain(value.iter().copied()).collect(),
        );
        self
    }

    #[track_caller]
    pub(crate) fn run(self) -> Outcome<'a> {
        self.spawn().end()
    }

    #[track_caller]
    pub(crate) fn spawn(self) -> Launched<'a> {
        let units = self.entries.iter().flat_map(|entry| entry.iter().copied().chain([0]));
        let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        fs::create_dir_all(self.order.parent().unwrap()).unwrap();
        fs::write(&self.order, bytes).unwrap();
        let shown: Vec<_> =
            self.entries.iter().map(|entry| String::from_utf16_lossy(entry)).collect();
        Launched { running: self.command.spawn(), shown: shown.join("\n"), order: self.order }
    }
}

/// A launched process between its start and its end.
pub(crate) struct Launched<'a> {
    running: Running<'a>,
    shown: String,
    order: PathBuf,
}

impl<'a> Launched<'a> {
    /// Waits for its end. The code is the process's own, all 32 bits of it.
    #[track_caller]
    pub(crate) fn end(self) -> Outcome<'a> {
        let mut outcome = self.running.end();
        outcome.command = self.shown;
        outcome.assert(outcome.code == Some(0), "that it can be launched");
        let mut exit = self.order.into_os_string();
        exit.push(".exit");
        let digits = fs::read_to_string(exit).unwrap();
        outcome.code = Some(u32::from_str_radix(&digits, 16).unwrap());
        outcome
    }
}
