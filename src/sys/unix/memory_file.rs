//! Files in memory.

#![forbid(unsafe_code)]

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::IntoRawFd;
use std::path::Path;
use std::path::PathBuf;
use std::process;

use nix::fcntl::FcntlArg;
use nix::fcntl::SealFlag;
use nix::fcntl::fcntl;
use nix::sys::memfd::MFdFlags;
use nix::sys::memfd::memfd_create;
use nix::unistd;

use super::signals::ignore_write_signals;

/// A file in memory that this process and what it becomes hold open: its path is good for every
/// process of this user, as long as this one lives.
pub(crate) fn memory_file(content: &[u8]) -> io::Result<PathBuf> {
    ignore_write_signals();
    let file = memfd_create(c"ca-entrypoint", MFdFlags::MFD_ALLOW_SEALING)?;
    let mut file = File::from(file);
    file.write_all(content)?;
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals | SealFlag::F_SEAL_SEAL))?;
    // Scripts and shells use the low numbers as they like.
    let descriptor = match fcntl(&file, FcntlArg::F_DUPFD(MEMORY_DESCRIPTOR_MIN)) {
        Ok(descriptor) => descriptor,
        // Beyond the limit of open files.
        Err(_) => file.into_raw_fd(),
    };
    let path = PathBuf::from(format!("/proc/{}/fd/{descriptor}", process::id()));
    // Without /proc there is no way to it.
    match fs::metadata(&path) {
        Ok(_) => Ok(path),
        Err(error) => {
            unistd::close(descriptor)?;
            Err(error)
        }
    }
}

/// Whether a path is that of such a file, made by some start. One that can't be looked at, as its
/// process is gone or another user's, is told by its number from a descriptor that a script opened.
pub(crate) fn is_memory_file(path: &Path) -> bool {
    let numbers = path.to_str().and_then(|path| path.strip_prefix("/proc/")?.split_once("/fd/"));
    let Some((Ok(_), Ok(descriptor))) =
        numbers.map(|(process, descriptor)| (process.parse::<u32>(), descriptor.parse::<i32>()))
    else {
        return false;
    };
    match fs::read_link(path) {
        Ok(target) => target.to_str().is_some_and(|target| target.starts_with(MEMORY_TARGET)),
        Err(_) => descriptor >= MEMORY_DESCRIPTOR_MIN,
    }
}

const MEMORY_DESCRIPTOR_MIN: i32 = 100;

/// How the link in /proc to such a file begins.
const MEMORY_TARGET: &str = "/memfd:ca-entrypoint";
