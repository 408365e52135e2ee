//! Becoming the command, by the rules of execvp(3), env(1) and the shells.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::path::is_separator;

use crate::environment::Environment;
use crate::error::Error;
use crate::error::Missing;
use crate::sys;
use crate::sys::Invocation;

/// Replaces this process by `command`. Returns only when that can't be done, with the reason.
pub(crate) fn exec(command: &OsStr, arguments: &[OsString], environment: &Environment) -> Error {
    let paths = environment.value("PATH").unwrap_or_else(|| OsStr::new(sys::DEFAULT_PATH));
    let candidates = sys::search(command, paths, environment.value("PATHEXT"));
    let with_name = [&[command.to_owned()], arguments].concat();
    let invocation = match Invocation::new(with_name, environment.entries()) {
        Ok(invocation) => invocation,
        Err(cause) => return refused(command, cause),
    };
    let mut refusal = None;
    for path in &candidates {
        let cause = exec_file(path, &invocation, arguments, environment);
        // A later directory may have a better one. Of the reasons, a refusal tells most.
        if cause.kind() == io::ErrorKind::PermissionDenied {
            refusal = Some(cause);
        } else if is_path(command) || !sys::leads_nowhere(&cause) {
            return failure(command, &candidates, cause);
        }
    }
    match refusal {
        Some(cause) => refused(command, cause),
        None => failure(command, &candidates, io::ErrorKind::NotFound.into()),
    }
}

/// Whether it can't be done because of how long the arguments and the variables are.
pub(crate) fn had_no_room(error: &Error) -> bool {
    let kind = io::ErrorKind::ArgumentListTooLong;
    matches!(error, Error::ExecRefused { cause, .. } if cause.kind() == kind)
}

fn refused(command: &OsStr, cause: io::Error) -> Error {
    Error::ExecRefused { command: command.to_owned(), cause }
}

fn failure(command: &OsStr, candidates: &[PathBuf], cause: io::Error) -> Error {
    if cause.kind() != io::ErrorKind::NotFound {
        return refused(command, cause);
    }
    let what = if candidates.iter().any(|path| path.exists()) {
        Missing::Interpreter
    } else if is_path(command) {
        Missing::File
    } else {
        Missing::Command
    };
    Error::ExecNotFound { command: command.to_owned(), what }
}

/// Whether a command names its file, which isn't looked for in PATH then.
fn is_path(command: &OsStr) -> bool {
    command.as_encoded_bytes().iter().any(|&byte| is_separator(char::from(byte)))
}

fn exec_file(
    path: &Path,
    invocation: &Invocation,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    let cause = invocation.exec(path);
    if !sys::is_unknown_format(&cause) {
        return cause;
    }
    // A script without an interpreter line. execvp(3) and every shell give it to sh.
    let shell = Path::new("/bin/sh");
    let with_script = [&[shell.into(), path.into()], arguments].concat();
    match Invocation::new(with_script, environment.entries()) {
        Ok(invocation) => _ = invocation.exec(shell),
        Err(cause) => return cause,
    }
    cause
}
