//! The process itself: what it was started with, and what it becomes.

use std::ffi::CStr;
use std::ffi::CString;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::io::Seek;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::signal::killpg;
use nix::unistd;
use nix::unistd::Pid;

use super::signals::heed_children;
use super::signals::ignore_write_signals;
use super::signals::restore_signals;
use crate::change::Program;
use crate::error::Error;

/// The environment as it was given: every entry, in order, with bytes that are no text, without
/// `=`, or given twice.
#[expect(unsafe_code, reason = "std leaves entries out that it can't split")]
pub(crate) fn environment() -> Vec<OsString> {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    let mut entries = Vec::new();
    // SAFETY: `environ` ends with a null pointer, its entries are C strings, and no other thread
    // exists that could change it.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let bytes = CStr::from_ptr(*entry).to_bytes();
            entries.push(OsString::from_vec(bytes.to_vec()));
            entry = entry.add(1);
        }
    }
    entries
}

/// This program's file, whatever is at its path by now.
pub(crate) fn own_program() -> io::Result<Vec<u8>> {
    fs::read("/proc/self/exe")
}

/// The value in an entry `NAME=value` of this name.
pub(crate) fn value_of<'a>(entry: &'a OsStr, name: &str) -> Option<&'a OsStr> {
    let value = entry.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    Some(OsStr::from_bytes(value))
}

/// Whether the program was given rights that its caller lacks (set-user-ID, file capabilities): its
/// variables are then an attacker's.
#[expect(unsafe_code, reason = "the C library's call")]
pub(crate) fn is_privileged_by_file() -> bool {
    // SAFETY: getauxval reads a table that the kernel gave to the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// What another program is given.
pub(crate) struct Invocation {
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Invocation {
    /// # Errors
    /// When there is a NUL in it.
    pub(crate) fn new(arguments: Vec<OsString>, environment: &[OsString]) -> io::Result<Self> {
        let arguments = arguments.into_iter().map(|argument| CString::new(argument.into_vec()));
        let environment = environment.iter().map(|entry| CString::new(entry.as_bytes()));
        Ok(Self {
            arguments: arguments.collect::<Result<_, _>>()?,
            environment: environment.collect::<Result<_, _>>()?,
        })
    }

    /// Becomes this program in the same process. Returns only the reason why it did not.
    pub(crate) fn exec(&self, path: &Path) -> io::Error {
        let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
            return io::ErrorKind::InvalidInput.into();
        };
        restore_signals();
        let Err(errno) = unistd::execve(&path, &self.arguments, &self.environment);
        errno.into()
    }
}

/// Whether execve(2) means that there is no such file. What is there may lack its interpreter.
pub(crate) fn leads_nowhere(error: &io::Error) -> bool {
    let errors = [libc::ENOENT, libc::ENOTDIR, libc::ENAMETOOLONG, libc::ELOOP, libc::ESTALE];
    error.raw_os_error().is_some_and(|error| errors.contains(&error))
}

/// `EACCES`.
pub(crate) fn permission_denied() -> io::Error {
    io::Error::from_raw_os_error(libc::EACCES)
}

/// Whether execve(2) means that a file isn't of a format that it knows: a shell runs such a file as
/// a script.
pub(crate) fn is_unknown_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOEXEC)
}

/// Runs a program in `directory`, gives it `input`, and sends what it prints to stderr. It has a
/// fixed PATH and no variable of ours, and is killed with its children when it takes too long.
pub(crate) fn run_program(program: &Program, input: &[u8]) -> Result<(), Error> {
    let Program { path, arguments, directory, environment, patience } = program;
    let failed = |cause| Error::Run { path: path.clone(), cause };
    let stderr = io::stderr().as_fd().try_clone_to_owned().map_err(failed)?;
    heed_children();
    let mut child = Command::new(path)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", DEFAULT_PATH)
        .envs(environment.iter().copied())
        .stdin(program_stdin(directory, input).map_err(failed)?)
        .stdout(stderr)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let status = wait(&mut child, *patience).map_err(failed)?;
    let (status, has_hung) = match status {
        Some(status) if status.success() => return Ok(()),
        Some(status) => (status.to_string(), false),
        None => (format!("killed, as it ran for more than {} s", patience.as_secs()), true),
    };
    Err(Error::RunFailed { path: path.clone(), status, has_hung })
}

/// A file without a name, since a program that doesn't read would block the writer of a pipe.
fn program_stdin(directory: &Path, input: &[u8]) -> io::Result<Stdio> {
    if input.is_empty() {
        return Ok(Stdio::null());
    }
    ignore_write_signals();
    let mut file = tempfile::tempfile_in(directory)?;
    file.write_all(input)?;
    file.rewind()?;
    Ok(file.into())
}

fn wait(child: &mut Child, patience: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    // Gone in the meantime is as good as killed.
    let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    child.wait()?;
    Ok(None)
}

/// Where a command is looked for when PATH isn't set: what Docker gives to containers.
pub(crate) const DEFAULT_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
