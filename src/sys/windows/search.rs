//! The search for a command, by the rules of Docker and cmd.exe with one exception.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

/// The files that a command may mean, the best first: with an extension of `PATHEXT` where it has
/// none. A name is looked for in `PATH`, and then in the working directory, where the others look
/// first: what a job's author has put there takes no system program's place.
pub(crate) fn search(command: &OsStr, paths: &OsStr, extensions: Option<&OsStr>) -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let extensions = known(extensions);
    if Path::new(command).components().count() > 1 {
        let path = here.join(command);
        let mut found = with_extension(&path, &extensions);
        // What can't be run is to be tried, so that the system tells why.
        found.push(path);
        return found;
    }
    let directories = env::split_paths(paths).filter(|path| !path.as_os_str().is_empty());
    let directories: Vec<PathBuf> =
        directories.map(|path| here.join(path)).chain([here.clone()]).collect();
    let files = || directories.iter().map(|directory| directory.join(command));
    let found = files().flat_map(|path| with_extension(&path, &extensions));
    // One without an extension is somebody's script most of the time.
    let bare = files().filter(|path| !has_one_of(path, &extensions) && path.is_file());
    found.chain(bare).collect()
}

/// The files of this name: itself where it has one of the extensions, and with each of them.
fn with_extension(path: &Path, extensions: &[OsString]) -> Vec<PathBuf> {
    let itself = has_one_of(path, extensions).then(|| path.to_owned());
    let extended = extensions
        .iter()
        .map(|extension| PathBuf::from([path.as_os_str(), extension].join(OsStr::new(""))));
    itself.into_iter().chain(extended).filter(|path| path.is_file()).collect()
}

fn has_one_of(path: &Path, extensions: &[OsString]) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    let ends = |extension: &OsString| {
        let extension = extension.as_encoded_bytes();
        name.len() > extension.len()
            && name[name.len() - extension.len()..].eq_ignore_ascii_case(extension)
    };
    extensions.iter().any(ends)
}

/// Of `PATHEXT` what the system can start by itself, which scripts of other kinds are not; all of
/// that where nothing is said.
fn known(extensions: Option<&OsStr>) -> Vec<OsString> {
    let given = extensions.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let given = given.split(';').filter(|extension| STARTABLE.contains(extension));
    let given: Vec<OsString> = given.map(OsString::from).collect();
    if given.is_empty() { STARTABLE.map(OsString::from).to_vec() } else { given }
}

/// As CreateProcess has it, in cmd.exe's order.
const STARTABLE: [&str; 4] = [".com", ".exe", ".bat", ".cmd"];
