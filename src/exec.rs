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
use crate::sys;

/// Replaces this process by `command`. Returns only when that can't be done, with the reason.
pub(crate) fn exec(command: &OsStr, arguments: &[OsString], environment: &Environment) -> Error {
    let has_path = command.as_encoded_bytes().contains(&b'/');
    let candidates = if has_path {
        vec![PathBuf::from(command)]
    } else {
        search(command, environment)
    };
    let mut refusal = None;
    for path in candidates {
        let cause = exec_file(&path, command, arguments, environment);
        match cause.kind() {
            io::ErrorKind::NotFound if has_path => return not_found(command, cause),
            // Gone since it was found, or a script whose interpreter isn't there; perhaps a later
            // directory has a better one.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            io::ErrorKind::PermissionDenied => refusal = Some(cause),
            _ => {
                return Error::ExecRefused {
                    command: command.to_owned(),
                    cause,
                };
            }
        }
    }
    match refusal.or_else(|| {
        if has_path {
            None
        } else {
            unusable(command, environment)
        }
    }) {
        Some(cause) => Error::ExecRefused {
            command: command.to_owned(),
            cause,
        },
        None => Error::ExecNotFound {
            command: command.to_owned(),
            cause: None,
        },
    }
}

fn not_found(command: &OsStr, cause: io::Error) -> Error {
    Error::ExecNotFound {
        command: command.to_owned(),
        cause: Some(cause),
    }
}

/// The files that PATH has under this name and that may be executed.
fn search(command: &OsStr, environment: &Environment) -> Vec<PathBuf> {
    let directory = env::current_dir().unwrap_or_default();
    which::which_in_all(command, Some(path_of(environment)), directory)
        .map(Iterator::collect)
        .unwrap_or_default()
}

/// The reason why a file of this name in PATH, which [`search`] doesn't find, isn't executed.
fn unusable(command: &OsStr, environment: &Environment) -> Option<io::Error> {
    let is_there = env::split_paths(path_of(environment)).any(|directory| {
        match directory.join(command).metadata() {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        }
    });
    (is_there && !command.is_empty()).then(|| io::ErrorKind::PermissionDenied.into())
}

fn path_of(environment: &Environment) -> &OsStr {
    environment
        .value("PATH")
        .unwrap_or_else(|| OsStr::new(sys::DEFAULT_PATH))
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
