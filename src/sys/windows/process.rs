//! The process itself: what it was started with, and the command that it stands for.
//!
//! Windows has no exec. The command is a child with our handles, in a job that ends with us; we wait
//! for it, and end as it ends.

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::mem::size_of_val;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Command;
use std::process::Stdio;
use std::ptr;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::ERROR_ACCESS_DENIED;
use windows_sys::Win32::Foundation::FALSE;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Foundation::TRUE;
use windows_sys::Win32::System::Console::CTRL_BREAK_EVENT;
use windows_sys::Win32::System::Console::CTRL_C_EVENT;
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::JobObjects::AssignProcessToJobObject;
use windows_sys::Win32::System::JobObjects::CreateJobObjectW;
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_LIMIT_BREAKAWAY_OK;
use windows_sys::Win32::System::JobObjects::JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
use windows_sys::Win32::System::JobObjects::JOBOBJECT_EXTENDED_LIMIT_INFORMATION;
use windows_sys::Win32::System::JobObjects::JobObjectExtendedLimitInformation;
use windows_sys::Win32::System::JobObjects::SetInformationJobObject;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::core::BOOL;

use super::command_line;
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

/// A word that every shell of POSIX reads as just this text, whatever units are in it.
pub(crate) fn quote(text: &OsStr) -> OsString {
    let mut quoted = vec![u16::from(b'\'')];
    for unit in text.encode_wide() {
        if unit == u16::from(b'\'') {
            quoted.extend(r"'\''".encode_utf16());
        } else {
            quoted.push(unit);
        }
    }
    quoted.push(u16::from(b'\''));
    OsString::from_wide(&quoted)
}

/// No file gives a program rights that its caller lacks.
pub(crate) fn is_privileged_by_file() -> bool {
    false
}

/// The files that a command may mean, the best first: with an extension of `PATHEXT` where it has
/// none. A name is looked for in `PATH`, and then in the working directory, where Docker and cmd.exe
/// look first: what a job's author has put there takes no system program's place.
pub(crate) fn search(command: &OsStr, paths: &OsStr, extensions: Option<&OsStr>) -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let find = |command: &OsStr, paths: Option<&OsStr>| -> Vec<PathBuf> {
        which::which_in_all(command, paths, &here).map(Iterator::collect).unwrap_or_default()
    };
    if Path::new(command).components().count() > 1 {
        let found = find(command, None);
        // What can't be run is to be tried, so that the system tells why.
        return if found.is_empty() { vec![here.join(command)] } else { found };
    }
    let mut names = vec![command.to_owned()];
    if extensions.is_none() {
        names.push([command, OsStr::new(".exe")].join(OsStr::new("")));
    }
    let in_paths = names.iter().flat_map(|name| find(name, Some(paths)));
    let here = names.iter().flat_map(|name| find(name, Some(here.as_os_str())));
    in_paths.chain(here).collect()
}

/// Runs the command in our place, and ends as it ends. Returns only the reason why it did not run.
pub(crate) fn exec(path: &Path, arguments: &[OsString], environment: &[OsString]) -> io::Error {
    match run(path, arguments, environment) {
        Ok(code) => process::exit(code),
        Err(error) => error,
    }
}

fn run(path: &Path, arguments: &[OsString], environment: &[OsString]) -> io::Result<i32> {
    let mut command = Command::new(path);
    let arguments = arguments.get(1..).unwrap_or_default();
    if is_batch(path) {
        // cmd.exe takes such a line apart once more. std quotes for it, or refuses.
        command.args(arguments);
    } else {
        command.raw_arg(command_line::tail(arguments.len()));
    }
    command.env_clear();
    command.envs(environment.iter().filter_map(|entry| name_and_value(entry)));
    leave_events_to_the_command();
    let job = Job::of_this_process();
    let mut child = command.spawn()?;
    // From here on it is the command's start, whatever fails: nobody shall try another.
    let code = child.wait().ok().and_then(|status| status.code());
    // What the command has left running goes on, as it would without us.
    if let Err(error) = job.and_then(|job| job.release()) {
        log::debug!("job: {error}");
    }
    Ok(code.unwrap_or_else(|| OWN_FAILURE.into()))
}

fn is_batch(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["bat", "cmd"].iter().any(|batch| extension.eq_ignore_ascii_case(batch))
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

/// What ends all processes in it with the last handle to it, which is ours.
struct Job(HANDLE);

impl Job {
    /// A job with this process in it, and with what that will start.
    #[expect(unsafe_code, reason = "the calls for jobs")]
    fn of_this_process() -> io::Result<Self> {
        // SAFETY: neither rights nor a name are asked for.
        let job = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        let job = Self(job);
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        // SAFETY: both handles are good.
        if unsafe { AssignProcessToJobObject(job.0, GetCurrentProcess()) } == FALSE {
            return Err(io::Error::last_os_error());
        }
        Ok(job)
    }

    /// Lets what is still in it go on without us.
    fn release(&self) -> io::Result<()> {
        self.limit(0)
    }

    #[expect(unsafe_code, reason = "the calls for jobs")]
    fn limit(&self, flags: u32) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // Who asks to be out of a job is to be let out, as without ours.
        limits.BasicLimitInformation.LimitFlags = flags | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        // SAFETY: the handle is good, and the structure is of the kind that is named.
        let is_set = unsafe {
            SetInformationJobObject(
                self.0,
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        };
        if is_set == FALSE { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// `ERROR_ACCESS_DENIED`.
pub(crate) fn permission_denied() -> io::Error {
    io::Error::from_raw_os_error(ERROR_ACCESS_DENIED.cast_signed())
}

/// No shell runs files of a format that the system doesn't know.
pub(crate) fn is_unknown_format(_error: &io::Error) -> bool {
    false
}

/// Runs a program in `directory` without input, and sends what it prints to stderr. No row of this
/// system's has one that reads.
pub(crate) fn run_program(program: &Program, _input: &[u8]) -> Result<(), Error> {
    let Program { path, arguments, directory, environment } = program;
    let mut command = Command::new(path);
    command.args(arguments).current_dir(directory).envs(environment.iter().copied());
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    match status.map_err(|cause| Error::Run { path: path.clone(), cause })? {
        status if status.success() => Ok(()),
        status => Err(Error::RunFailed { path: path.clone(), status: status.to_string() }),
    }
}

/// Where a command is looked for when PATH isn't set.
pub(crate) const DEFAULT_PATH: &str = r"C:\Windows\System32;C:\Windows";
