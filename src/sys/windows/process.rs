//! The process itself: what it was started with, and the command that it stands for.
//!
//! Windows has no exec. The command is a child with our handles, in a job that ends with us; we wait
//! for it, and end as it ends.

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process;
use std::process::Command;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_ACCESS_DENIED;
use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Foundation::TRUE;
use windows_sys::Win32::System::Console::CTRL_BREAK_EVENT;
use windows_sys::Win32::System::Console::CTRL_C_EVENT;
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::core::BOOL;

use super::command_line;
use super::job::Job;
use crate::change::Program;
use crate::error::Error;
use crate::error::OWN_FAILURE;

/// The environment as it was given, with the entries that begin with `=`.
pub(crate) fn environment() -> Vec<OsString> {
    env::vars_os()
        .map(|(mut entry, value)| {
            entry.push("=");
            entry.push(value);
            entry
        })
        .collect()
}

/// This program's file.
pub(crate) fn own_program() -> io::Result<Vec<u8>> {
    fs::read(env::current_exe()?)
}

/// The value in an entry `NAME=value` of this name, however it is capitalized.
pub(crate) fn value_of<'a>(entry: &'a OsStr, name: &str) -> Option<&'a OsStr> {
    let (present, value) = name_and_value(entry)?;
    present.eq_ignore_ascii_case(name).then_some(value)
}

#[expect(unsafe_code, reason = "std has no way to split a string of Windows'")]
fn name_and_value(entry: &OsStr) -> Option<(&OsStr, &OsStr)> {
    let bytes = entry.as_encoded_bytes();
    // The name of a drive's working directory begins with the sign itself.
    let end = bytes.iter().skip(1).position(|&byte| byte == b'=')? + 1;
    // SAFETY: both are cut off at an ASCII character.
    Some(unsafe {
        (
            OsStr::from_encoded_bytes_unchecked(&bytes[..end]),
            OsStr::from_encoded_bytes_unchecked(&bytes[end + 1..]),
        )
    })
}

/// No file gives a program rights that its caller lacks.
pub(crate) fn is_privileged_by_file() -> bool {
    false
}

/// What another program is given.
pub(crate) struct Invocation {
    arguments: Vec<OsString>,
    environment: Vec<OsString>,
}

impl Invocation {
    /// # Errors
    /// There are none.
    pub(crate) fn new(arguments: Vec<OsString>, environment: &[OsString]) -> io::Result<Self> {
        Ok(Self { arguments, environment: environment.to_vec() })
    }

    /// Runs the program in our place, and ends as it ends. Returns only the reason why it did not
    /// run.
    pub(crate) fn exec(&self, path: &Path) -> io::Error {
        match run(path, &self.arguments, &self.environment) {
            Ok(code) => process::exit(code),
            Err(error) => error,
        }
    }
}

/// Whether there is no such file.
pub(crate) fn leads_nowhere(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn run(path: &Path, arguments: &[OsString], environment: &[OsString]) -> io::Result<i32> {
    // As Windows has it, which passes over dots and blanks at the end of a name.
    let path = std::path::absolute(path)?;
    if is_ambiguous(&path) {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    let mut command = Command::new(&path);
    let arguments = arguments.get(1..).unwrap_or_default();
    if has_extension(&path, &["bat", "cmd"]) {
        // cmd.exe takes such a line apart once more. std quotes for it, or refuses.
        command.args(arguments);
    } else if !arguments.is_empty() {
        command.raw_arg(command_line::tail(arguments.len()));
    }
    command.env_clear();
    // Of a name that is given twice, Windows finds the first.
    command.envs(environment.iter().rev().filter_map(|entry| name_and_value(entry)));
    leave_events_to_the_command();
    let job = Job::of_this_process();
    let child = command.spawn();
    // Once it runs it is the command's start, whatever fails: nobody shall try another.
    let code = child.map(|mut child| child.wait().ok().and_then(|status| status.code()));
    // What the command has left running goes on, as it would without us.
    if let Err(error) = job.and_then(|job| job.release()) {
        log::debug!("job: {error}");
    }
    Ok(code?.unwrap_or_else(|| OWN_FAILURE.into()))
}

/// Whether std would run another file than this one: it takes `x.bat.exe` for `x.bat` where there is
/// such, and what a name's end is that Windows passes over isn't told the same by all.
fn is_ambiguous(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let with_exe = [path.as_os_str(), OsStr::new(".exe")].join(OsStr::new(""));
    name.ends_with(b".")
        || name.ends_with(b" ")
        || !has_extension(path, &["exe"]) && Path::new(&with_exe).is_file()
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default();
    extensions.iter().any(|wanted| extension.eq_ignore_ascii_case(wanted))
}

/// The command gets the console's events as we do, and decides what comes of them.
#[expect(unsafe_code, reason = "the console's call")]
fn leave_events_to_the_command() {
    // SAFETY: the handler is a function, and there as long as the process.
    let is_set = unsafe { SetConsoleCtrlHandler(Some(handle), TRUE) };
    if is_set == FALSE {
        log::debug!("console events: {}", io::Error::last_os_error());
    }
}

/// Windows calls it on a thread of its own, and ends the process when it comes back from an event
/// that closes the console or the system (HandlerRoutine): the command may need its time until then.
#[expect(unsafe_code, reason = "its type is Windows'")]
unsafe extern "system" fn handle(event: u32) -> BOOL {
    if event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT {
        loop {
            thread::sleep(Duration::MAX);
        }
    }
    TRUE
}

/// `ERROR_ACCESS_DENIED`.
pub(crate) fn permission_denied() -> io::Error {
    io::Error::from_raw_os_error(ERROR_ACCESS_DENIED.cast_signed())
}

/// No shell runs files of a format that the system doesn't know.
pub(crate) fn is_unknown_format(_error: &io::Error) -> bool {
    false
}

/// No row of this system's has programs to be run, and none of another's is to be looked for here.
pub(crate) fn run_program(program: &Program, _input: &[u8]) -> Result<(), Error> {
    let cause = io::ErrorKind::Unsupported.into();
    Err(Error::Run { path: program.path.clone(), cause })
}

/// Where a command is looked for when PATH isn't set.
pub(crate) const DEFAULT_PATH: &str = r"C:\Windows\System32;C:\Windows";
