//! The search of the command in `PATH`, as execvp(3) has it.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::DirEntry;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use nix::unistd;
use nix::unistd::AccessFlags;
use which::WhichConfig;
use which::sys::Sys;

/// The files that a command may mean, the best first: itself where it is a path, else those that
/// `PATH` has under this name and that may be executed.
pub(crate) fn search(command: &OsStr, paths: &OsStr, _extensions: Option<&OsStr>) -> Vec<PathBuf> {
    if command.as_bytes().contains(&b'/') {
        return vec![command.into()];
    }
    WhichConfig::new_with_sys(Process)
        .binary_name(command.to_owned())
        .custom_path_list(paths.to_owned())
        .custom_cwd(env::current_dir().unwrap_or_default())
        .all_results()
        .map(Iterator::collect)
        .unwrap_or_default()
}

/// The system as this process sees it, but for a home: execvp(3) expands no `~` in `PATH`, and to ask
/// for the user's home would bring the C library's reader of /etc/passwd.
#[derive(Clone, Copy)]
struct Process;

impl Sys for Process {
    type ReadDirEntry = DirEntry;
    type Metadata = Metadata;

    fn is_windows(&self) -> bool {
        false
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        env::current_dir()
    }

    fn home_dir(&self) -> Option<PathBuf> {
        None
    }

    fn env_split_paths(&self, paths: &OsStr) -> Vec<PathBuf> {
        env::split_paths(paths).collect()
    }

    fn env_path(&self) -> Option<OsString> {
        None
    }

    fn env_path_ext(&self) -> Option<OsString> {
        None
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::metadata(path)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<DirEntry>>>> {
        Ok(Box::new(fs::read_dir(path)?))
    }

    fn is_valid_executable(&self, path: &Path) -> io::Result<bool> {
        Ok(unistd::access(path, AccessFlags::X_OK).is_ok())
    }
}
