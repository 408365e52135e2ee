//! Becoming the command, by the rules of execvp(3), env(1) and the shells.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::environment::Environment;
use crate::error::Error;
use crate::error::Missing;
use crate::sys;

/// Replaces this process by `command`. Returns only when that can't be done, with the reason.
pub(crate) fn exec(command: &OsStr, arguments: &[OsString], environment: &Environment) -> Error {
    let mut reason = None;
    let paths = environment.value("PATH").unwrap_or_else(|| OsStr::new(sys::DEFAULT_PATH));
    for path in sys::search(command, paths, environment.value("PATHEXT")) {
        let cause = exec_file(&path, command, arguments, environment);
        match cause.kind() {
            // A later directory may have a better one. Of the reasons, a refusal tells most.
            io::ErrorKind::PermissionDenied => reason = Some(failure(command, &path, cause)),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                reason.get_or_insert_with(|| failure(command, &path, cause));
            }
            _ => return failure(command, &path, cause),
        }
    }
    reason.unwrap_or_else(|| {
        let command = command.to_owned();
        if is_unusable(&command, paths) {
            Error::ExecRefused { command, cause: sys::permission_denied() }
        } else {
            Error::ExecNotFound { command, what: Missing::Command }
        }
    })
}

fn failure(command: &OsStr, path: &Path, cause: io::Error) -> Error {
    let command = command.to_owned();
    match cause.kind() {
        io::ErrorKind::NotFound if path.exists() => {
            Error::ExecNotFound { command, what: Missing::Interpreter }
        }
        io::ErrorKind::NotFound => Error::ExecNotFound { command, what: Missing::File },
        _ => Error::ExecRefused { command, cause },
    }
}

/// Whether PATH has a file of this name that [`sys::search`] leaves out, since it may not be
/// executed.
fn is_unusable(command: &OsStr, paths: &OsStr) -> bool {
    !command.is_empty()
        && env::split_paths(paths).any(|directory| match directory.join(command).metadata() {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        })
}

fn exec_file(
    path: &Path,
    command: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    let with_name = [&[command.to_owned()], arguments].concat();
    let cause = sys::exec(path, &with_name, environment.entries());
    if !sys::is_unknown_format(&cause) {
        return cause;
    }
    // A script without an interpreter line. execvp(3) and every shell give it to sh.
    let shell = Path::new("/bin/sh");
    let with_script = [&[shell.into(), path.into()], arguments].concat();
    sys::exec(shell, &with_script, environment.entries());
    cause
}
