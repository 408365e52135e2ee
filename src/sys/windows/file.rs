//! Files, directories, links and locks.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::os::windows::fs::MetadataExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use windows_sys::Win32::Foundation::ERROR_CANT_RESOLVE_FILENAME;
use windows_sys::Win32::Foundation::ERROR_SHARING_VIOLATION;
use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS;
use windows_sys::Win32::Storage::FileSystem::FILE_TYPE_DISK;
use windows_sys::Win32::Storage::FileSystem::FILE_TYPE_PIPE;
use windows_sys::Win32::Storage::FileSystem::GetFileType;
use windows_sys::Win32::Storage::FileSystem::SECURITY_ANONYMOUS;
use windows_sys::Win32::System::SystemInformation::GetSystemWindowsDirectoryW;

use super::wide::filled;
use crate::error::FileKind;

/// The root of the drive that the running system is on.
#[expect(unsafe_code, reason = "no variable tells it that a job's author can't set")]
pub(crate) fn system_root() -> PathBuf {
    // SAFETY: the function writes into the buffer, as far as it is told that it reaches.
    let windows = filled(|buffer, size| unsafe { GetSystemWindowsDirectoryW(buffer, size) });
    // `C:\`: a prefix, and the root.
    Path::new(&windows).components().take(2).collect()
}

/// Whether a path, in the form that [`fs::canonicalize`] gives it, is the running system's own root.
pub(crate) fn is_system_root(path: &Path) -> bool {
    fs::canonicalize(system_root()).is_ok_and(|root| root == path)
}

/// Whether a component of a path is nothing but a name: one with a drive in it leads there, and one
/// with a colon behind the name to a part of a file that no listing shows.
pub(crate) fn is_name(component: &OsStr) -> bool {
    !component.as_encoded_bytes().contains(&b':')
}

/// Each drive and each share has a tree of its own, and only the system can follow all links.
pub(crate) const HAS_ONE_TREE: bool = false;

/// A path from the system's root, with the drive.
pub(crate) fn full_path(path: &Path) -> PathBuf {
    // What begins with `\\?\` is taken as it is.
    match path.components().next() {
        Some(Component::Prefix(prefix)) if prefix.kind().is_verbatim() => path.to_owned(),
        _ => system_root().join(path).components().collect(),
    }
}

/// Opens a file for reading, and tells of it what its name would tell, or what it is instead of a
/// regular one. Who
/// serves a pipe of this name learns nothing of who we are.
#[expect(unsafe_code, reason = "std's metadata fails for what is no file")]
pub(crate) fn open_regular(path: &Path) -> io::Result<Result<(File, Metadata), FileKind>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .security_qos_flags(SECURITY_ANONYMOUS)
        .open(path)?;
    // SAFETY: the handle is open.
    match unsafe { GetFileType(file.as_raw_handle()) } {
        FILE_TYPE_DISK => {}
        FILE_TYPE_PIPE => return Ok(Err(FileKind::Fifo)),
        _ => return Ok(Err(FileKind::Device)),
    }
    let metadata = file.metadata()?;
    Ok(if metadata.is_dir() { Err(FileKind::Directory) } else { Ok((file, metadata)) })
}

/// The bytes of a file from `start` on, `length` at most.
pub(crate) fn read_at(mut file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    file.seek(SeekFrom::Start(start))?;
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a directory, in no order.
pub(crate) fn names(path: &Path) -> io::Result<Vec<OsString>> {
    fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// There are no permission bits: those that say that everybody may read.
pub(crate) fn permissions(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

/// Whether anybody may execute it.
pub(crate) fn is_executable(metadata: &Metadata) -> bool {
    metadata.is_file()
}

pub(crate) fn too_many_links() -> io::Error {
    io::Error::from_raw_os_error(ERROR_CANT_RESOLVE_FILENAME.cast_signed())
}

/// Makes a directory and those above it that are missing, with the rights that the next one above
/// hands down.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Where GitLab Runner looks for the CAs of GitLab servers (commands/config_windows.go), as a path
/// from the working directory.
pub(crate) fn runner_directory(_home: Option<&Path>) -> PathBuf {
    PathBuf::from("certs")
}

/// What tells a file from the one that was under its name before, without a look at the content:
/// size in bytes, and the times of the last change and of its making.
pub(crate) fn identity(metadata: &Metadata) -> [u64; 3] {
    [metadata.len(), metadata.last_write_time(), metadata.creation_time()]
}

/// A file in memory has no path here.
pub(crate) fn memory_file(_content: &[u8]) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn is_memory_file(_path: &Path) -> bool {
    false
}

/// Puts a file in the place of `path` in one step: no reader sees a part of it. Its rights are those
/// that its directory hands down.
pub(crate) fn write_file(
    path: &Path,
    content: &[u8],
    _mode: u32,
    _temporary: &OsStr,
) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(parent(path))?;
    file.write_all(content)?;
    match file.persist(path) {
        Ok(_) => Ok(()),
        // What only says that nobody is to change it by mistake.
        Err(error) if clear_read_only(path).unwrap_or(false) => {
            error.file.persist(path).map(drop).map_err(|error| error.error)
        }
        Err(error) => Err(error.error),
    }
}

/// Takes the read-only mark off a file; false where there is none.
#[expect(clippy::permissions_set_readonly_false, reason = "it changes no rights on Windows")]
fn clear_read_only(path: &Path) -> io::Result<bool> {
    let mut permissions = fs::metadata(path)?.permissions();
    let is_marked = permissions.readonly();
    if is_marked {
        permissions.set_readonly(false);
        fs::set_permissions(path, permissions)?;
    }
    Ok(is_marked)
}

/// Puts a symbolic link in the place of `path`.
pub(crate) fn write_link(path: &Path, target: &Path, _temporary: &OsStr) -> io::Result<()> {
    remove(path)?;
    std::os::windows::fs::symlink_file(target, path)
}

/// Removes a file or a link; one that isn't there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// An exclusive lock, held until dropped.
pub(crate) type Lock = File;

/// Locks a directory against other starts of this program, by a file in it that one alone can have
/// open, waiting for them `patience` long at most.
///
/// # Errors
/// `WouldBlock` when it is still locked then; otherwise when the file can't be made.
pub(crate) fn lock_directory(path: &Path, patience: Duration) -> io::Result<Lock> {
    let deadline = Instant::now() + patience;
    let path = path.join(".ca-entrypoint-lock");
    loop {
        let opened =
            OpenOptions::new().write(true).create(true).truncate(false).share_mode(0).open(&path);
        match opened.as_ref().map_err(io::Error::raw_os_error) {
            Err(Some(code)) if code == ERROR_SHARING_VIOLATION.cast_signed() => {}
            _ => return opened,
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// How the names of files begin that aren't in their place yet.
pub(crate) const TEMPORARY_PREFIX: &str = ".ca-entrypoint-";

/// Here each file has a name of its own until it is in its place.
pub(crate) const TEMPORARY_NAME: &str = ".ca-entrypoint-new";

/// As there.
pub(crate) fn unique_temporary_name() -> OsString {
    TEMPORARY_NAME.into()
}
