//! Files and directories, as far as they are only read.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RawDir;
use rustix::io::Errno;
use rustix::io::retry_on_intr;

use crate::error::FileKind;

/// Opens a file for reading, and tells of it what its name would tell, or what it is instead of a
/// regular one: without waiting for a FIFO's writer, without touching a device, and without becoming
/// a terminal's owner.
pub(crate) fn open_regular(path: &Path) -> io::Result<Result<(File, Metadata), FileKind>> {
    let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let metadata = file.metadata()?;
    Ok(match irregular_kind(&metadata) {
        Some(kind) => Err(kind),
        None => Ok((file, metadata)),
    })
}

/// The bytes of a file from `start` on, `length` at most.
pub(crate) fn read_at(file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut end = 0;
    while end < length {
        match file.read_at(&mut bytes[end..], start + end as u64) {
            Ok(0) => break,
            Ok(count) => end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(end);
    Ok(bytes)
}

/// Opens a file; a new one is for this user alone. The C library's function makes a second system call
/// on each, for kernels that don't know `O_CLOEXEC`.
pub(super) fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let (flags, mode) = (flags | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR);
    Ok(retry_on_intr(|| rustix::fs::open(path, flags, mode))?.into())
}

/// The names in a directory, in no order, without the two that every directory has.
pub(crate) fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let directory = open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    // Larger than any entry, and so than what no call returns.
    let mut buffer = [MaybeUninit::uninit(); 2048];
    let mut entries = RawDir::new(directory, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Err(Errno::INTR) => continue,
            entry => entry?,
        };
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}

fn irregular_kind(metadata: &Metadata) -> Option<FileKind> {
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
