//! The search of the command in `PATH`, as execvp(3) has it.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use which::WhichConfig;
use which::sys::Sys;
use which::sys::SysMetadata;

/// The files that a command may mean, the best first: itself where it is a path, else those that
/// `PATH` may have under this name.
pub(crate) fn search(command: &OsStr, paths: &OsStr, _extensions: Option<&OsStr>) -> Vec<PathBuf> {
    if command.as_bytes().contains(&b'/') {
        return vec![command.into()];
    }
    if command.is_empty() {
        return Vec::new();
    }
    WhichConfig::new_with_sys(Unseen)
        .binary_name(command.to_owned())
        .custom_path_list(paths.to_owned())
        .custom_cwd(PathBuf::new())
        .all_results()
        .map(Iterator::collect)
        .unwrap_or_default()
}

/// A system in which every file is there, and may be executed: execve(2) alone can tell, and to ask
/// before is two system calls for each directory. Nor is there a home: execvp(3) expands no `~` in
/// `PATH`, and to ask for the user's would bring the C library's reader of /etc/passwd.
#[derive(Clone, Copy)]
struct Unseen;

impl Sys for Unseen {
    type ReadDirEntry = DirEntry;
    type Metadata = Self;

    fn is_windows(&self) -> bool {
        false
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        Ok(PathBuf::new())
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

    fn metadata(&self, _path: &Path) -> io::Result<Self> {
        Ok(*self)
    }

    fn symlink_metadata(&self, _path: &Path) -> io::Result<Self> {
        Ok(*self)
    }

    fn read_dir(&self, _path: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<DirEntry>>>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_valid_executable(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

impl SysMetadata for Unseen {
    fn is_symlink(&self) -> bool {
        false
    }

    fn is_file(&self) -> bool {
        true
    }
}
