//! Files, directories, links and locks.

#![forbid(unsafe_code)]

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use nix::fcntl::Flock;
use nix::fcntl::FlockArg;
use nix::libc;

use crate::error::FileKind;

/// Opens without waiting for a FIFO's writer, without touching a device, and without becoming a
/// terminal's owner.
pub(crate) fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// What a file is when it isn't regular.
pub(crate) fn irregular_kind(metadata: &Metadata) -> Option<FileKind> {
    let file_type = metadata.file_type();
    if file_type.is_file() {
        None
    } else if file_type.is_dir() {
        Some(FileKind::Directory)
    } else if file_type.is_fifo() {
        Some(FileKind::Fifo)
    } else if file_type.is_socket() {
        Some(FileKind::Socket)
    } else {
        Some(FileKind::Device)
    }
}

/// The mode's permission bits.
pub(crate) fn permissions(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

/// Whether anybody may execute it.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    metadata.is_file() && permissions(metadata) & 0o111 != 0
}

/// `ELOOP`.
pub(crate) fn too_many_links() -> io::Error {
    io::Error::from_raw_os_error(libc::ELOOP)
}

/// Makes a directory and those above it that are missing, with mode 0755 whatever the umask: a
/// store is for everybody.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(0o755)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => match path.parent() {
            Some(parent) if error.kind() == io::ErrorKind::NotFound => {
                create_directory(parent)?;
                create_directory(path)
            }
            _ => Err(error),
        },
    }
}

/// Puts a file in the place of `path` in one step: no reader sees a part of it.
///
/// A file that can't be replaced because it is mounted is written where it is: what only grows in
/// one appending write, so that no reader misses what was there before; what shrinks or moves in
/// one write from the start.
pub(crate) fn write_file(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let directory = parent(path);
    // The dot keeps it out of the sight of tools that read every file of the anchors directory.
    let mut file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    match file.persist(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.raw_os_error() == Some(libc::EBUSY) => {
            write_in_place(path, content)
        }
        Err(error) => Err(error.error),
    }
}

fn write_in_place(path: &Path, content: &[u8]) -> io::Result<()> {
    let present = fs::read(path)?;
    if let Some(rest) = content.strip_prefix(present.as_slice()) {
        return OpenOptions::new().append(true).open(path)?.write_all(rest);
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)
}

/// Puts a symbolic link in the place of `path` in one step.
pub(crate) fn write_link(path: &Path, target: &Path) -> io::Result<()> {
    // Most links are new, and need no temporary one.
    match std::os::unix::fs::symlink(target, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result,
    }
    let directory = parent(path);
    let link = tempfile::Builder::new()
        .prefix(TEMPORARY_PREFIX)
        .make_in(directory, |temporary| std::os::unix::fs::symlink(target, temporary))?;
    link.into_temp_path().persist(path).map_err(|error| error.error)
}

/// Removes a file or a link; one that isn't there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// An exclusive lock, held until dropped.
pub(crate) type Lock = Flock<File>;

/// Locks a directory against other starts of this program, waiting for them `patience` long at
/// most.
///
/// # Errors
/// `WouldBlock` when it is still locked then; otherwise when the directory can't be opened.
pub(crate) fn lock_directory(path: &Path, patience: Duration) -> io::Result<Lock> {
    let deadline = Instant::now() + patience;
    let mut directory = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path)?;
    loop {
        directory = match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((directory, nix::errno::Errno::EWOULDBLOCK)) if Instant::now() < deadline => {
                directory
            }
            Err((_, errno)) => return Err(errno.into()),
        };
        thread::sleep(Duration::from_millis(2));
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

const TEMPORARY_PREFIX: &str = ".ca-entrypoint-";
