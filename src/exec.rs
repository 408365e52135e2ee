//! Becoming the command, by the rules of execvp(3), env(1) and the shells.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::error::Error;
use crate::error::Missing;
use crate::sys;

/// Replaces this process by `command`. Returns only when that can't be done, with the reason.
pub(crate) fn exec(command: &OsStr, arguments: &[OsString], environment: &Environment) -> Error {
    if command.as_encoded_bytes().contains(&b'/') {
        let path = Path::new(command);
        return failure(command, path, exec_file(path, command, arguments, environment));
    }
    let mut reason = None;
    for path in search(command, environment) {
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
        if is_unusable(&command, environment) {
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

/// The files that PATH has under this name and that may be executed.
fn search(command: &OsStr, environment: &Environment) -> Vec<PathBuf> {
    let directory = env::current_dir().unwrap_or_default();
    which::which_in_all(command, Some(path_of(environment)), directory)
        .map(Iterator::collect)
        .unwrap_or_default()
}

/// Whether PATH has a file of this name that [`search`] leaves out, since it may not be executed.
fn is_unusable(command: &OsStr, environment: &Environment) -> bool {
    !command.is_empty()
        && env::split_paths(path_of(environment)).any(|directory| {
            match directory.join(command).metadata() {
                Ok(_) => true,
                Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
            }
        })
}

fn path_of(environment: &Environment) -> &OsStr {
    environment.value("PATH").unwrap_or_else(|| OsStr::new(sys::DEFAULT_PATH))
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
