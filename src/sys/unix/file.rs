//! Files, directories, links and locks.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::fchown;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use nix::fcntl::AT_FDCWD;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::stat;
use nix::sys::stat::Mode;
use nix::unistd;
use nix::unistd::AccessFlags;
use rustix::fs::FlockOperation;
use rustix::fs::OFlags;
use rustix::fs::flock;
use rustix::io::Errno;

use super::permission_denied;
use super::reading::open;
use super::signals::ignore_write_signals;

/// The running system's own root.
pub(crate) fn system_root() -> PathBuf {
    PathBuf::from("/")
}

pub(crate) fn is_system_root(path: &Path) -> bool {
    path == Path::new("/")
}

/// Whether a component of a path is nothing but a name.
pub(crate) fn is_name(_component: &OsStr) -> bool {
    true
}

/// All paths begin at the root.
pub(crate) const HAS_ONE_TREE: bool = true;

/// A path from the system's root, whole.
pub(crate) fn full_path(path: &Path) -> PathBuf {
    path.to_owned()
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

/// Makes a directory for this user's files, or takes the one that is there, if nobody else can put
/// anything into it or in its place.
///
/// # Errors
/// `PermissionDenied` when somebody else could.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    // Made with all of its mode: another start shall not see it with less, and take it for unfit.
    let umask = stat::umask(Mode::empty());
    let made = DirBuilder::new().mode(private_mode()).create(path);
    stat::umask(umask);
    match made {
        // The directory above may have given it more.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(private_mode()))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    if is_private_directory(path)? { Ok(()) } else { Err(permission_denied()) }
}

/// Whether nobody but this user and root can put anything into a directory, or in the place of it
/// or of one on the way to it. The path has no links in it.
pub(crate) fn is_safe_directory(path: &Path) -> bool {
    let is_closed = fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_dir() && permissions(&metadata) & 0o022 == 0);
    is_closed && keeps_way(path)
}

/// Whether nobody but this user and root can put another directory in the place of one, or of one on
/// the way to it. The path has no links in it.
pub(crate) fn keeps_way(path: &Path) -> bool {
    path.ancestors().all(|directory| keeps_entries(directory).is_ok_and(|keeps| keeps))
}

/// Whether a directory is this user's own, and only this user can put anything into it or in its
/// place. A link to one isn't one.
pub(crate) fn is_private_directory(path: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    Ok(metadata.is_dir()
        && metadata.uid() == unistd::geteuid().as_raw()
        && permissions(&metadata) & 0o777 == private_mode()
        && keeps_entries(parent(path))?)
}

/// Whether nobody but the owner of its entries, its own owner (this user or root) and root can move
/// them away.
pub(crate) fn keeps_entries(directory: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(directory)?;
    let is_trusted = [0, unistd::geteuid().as_raw()].contains(&metadata.uid());
    let mode = permissions(&metadata);
    Ok(is_trusted && (mode & 0o022 == 0 || mode & STICKY != 0))
}

/// Of the directory of a user's own files. What root makes is for the users that its processes
/// become, too.
pub(crate) fn private_mode() -> u32 {
    if is_root() { 0o755 } else { 0o700 }
}

/// Tells why this user may not write to a file or a directory, as far as that can be told without
/// doing so.
pub(crate) fn writable(path: &Path) -> io::Result<()> {
    Ok(unistd::faccessat(AT_FDCWD, path, AccessFlags::W_OK, AtFlags::AT_EACCESS)?)
}

/// The directories that this user's files may be in, the best first.
pub(crate) fn private_directories(name: &str, user_directory: Option<&Path>) -> Vec<PathBuf> {
    let own = format!("{name}-{}", unistd::geteuid());
    let shared = ["/dev/shm", "/tmp"].map(|parent| Path::new(parent).join(&own));
    [Some(Path::new("/run").join(name)), user_directory.map(|path| path.join(name))]
        .into_iter()
        .flatten()
        .chain(shared)
        .collect()
}

/// Where GitLab Runner looks for the CAs of GitLab servers (commands/config_unix.go), as a path from
/// the working directory.
pub(crate) fn runner_directory(home: Option<&Path>) -> PathBuf {
    if is_root() {
        PathBuf::from("/etc/gitlab-runner/certs")
    } else {
        home.map_or_else(PathBuf::new, |home| home.join(".gitlab-runner")).join("certs")
    }
}

pub(crate) fn is_root() -> bool {
    unistd::geteuid().is_root()
}

/// What tells a file from the one that was under its name before, without a look at the content:
/// size in bytes, time of the last change in nanoseconds since 1970, and inode.
pub(crate) fn identity(metadata: &Metadata) -> [u64; 3] {
    let time = metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec());
    [metadata.len(), time.cast_unsigned(), metadata.ino()]
}

/// Puts a file in the place of `path` in one step: no reader sees a part of it. `temporary` is its
/// name until then, beside `path`: nobody else uses it at the same time, and what an earlier start
/// left under it goes.
///
/// A file that can't be replaced because it is mounted is written where it is, in one write from
/// where it differs: no reader misses what stands before that. Where there is no room for all of it,
/// it is as it was.
pub(crate) fn write_file(
    path: &Path,
    content: &[u8],
    mode: u32,
    temporary: &OsStr,
) -> io::Result<()> {
    ignore_write_signals();
    let temporary = parent(path).join(temporary);
    opening(parent(path), &|| replace_file(path, content, mode, &temporary))
}

fn replace_file(path: &Path, content: &[u8], mode: u32, temporary: &Path) -> io::Result<()> {
    let present = fs::symlink_metadata(path).ok();
    // Where a bundle is a link to /dev/null, that is everybody's.
    if present.as_ref().is_some_and(is_special) {
        return Err(io::Error::from_raw_os_error(libc::EEXIST));
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let mut file = anew(temporary, &|| open(temporary, flags))?;
    let replaced =
        fill(&mut file, content, mode, present.as_ref()).and_then(|()| fs::rename(temporary, path));
    let Err(error) = replaced else {
        return Ok(());
    };
    // Before what is written in place, which a start that ends there leaves for the next to do.
    let _ = fs::remove_file(temporary);
    if error.raw_os_error() == Some(libc::EBUSY) {
        write_in_place(path, content)
    } else {
        Err(error)
    }
}

/// Makes an entry, in the place of one that a start left which was cut short.
fn anew<T>(path: &Path, make: &dyn Fn() -> io::Result<T>) -> io::Result<T> {
    match make() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            make()
        }
        result => result,
    }
}

/// A name for such a file that no other start uses, wherever it runs.
pub(crate) fn unique_temporary_name() -> OsString {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("{TEMPORARY_PREFIX}{}-{time}", process::id()).into()
}

/// Gives a file what the one is to have that takes the place of `present`.
fn fill(file: &mut File, content: &[u8], mode: u32, present: Option<&Metadata>) -> io::Result<()> {
    file.write_all(content)?;
    // Whose file it was, his it is. Who may not give it away is mostly its owner.
    if let Some(present) = present
        && present.uid() != unistd::geteuid().as_raw()
    {
        let _ = fchown(&*file, Some(present.uid()), Some(present.gid()));
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// A device, a FIFO or a socket.
fn is_special(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    !(kind.is_file() || kind.is_dir() || kind.is_symlink())
}

fn write_in_place(path: &Path, content: &[u8]) -> io::Result<()> {
    let present = fs::read(path)?;
    let start = present.iter().zip(content).take_while(|(old, new)| old == new).count();
    let file = OpenOptions::new().write(true).open(path)?;
    let put = |content: &[u8]| {
        file.write_all_at(&content[start..], start as u64)?;
        file.set_len(content.len() as u64)
    };
    // A part of a certificate at its end costs OpenSSL the whole bundle. For what was there, there
    // is room.
    put(content).inspect_err(|_| _ = put(&present))
}

/// Puts a symbolic link in the place of `path` in one step, with the name `temporary` until then, as
/// [`write_file`] does.
pub(crate) fn write_link(path: &Path, target: &Path, temporary: &OsStr) -> io::Result<()> {
    let temporary = parent(path).join(temporary);
    opening(parent(path), &|| replace_link(path, target, &temporary))
}

fn replace_link(path: &Path, target: &Path, temporary: &Path) -> io::Result<()> {
    // Most links are new, and need no temporary one.
    match symlink(target, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result,
    }
    anew(temporary, &|| symlink(target, temporary))?;
    let replaced = fs::rename(temporary, path);
    if replaced.is_err() {
        let _ = fs::remove_file(temporary);
    }
    replaced
}

/// Removes a file or a link; one that isn't there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match opening(parent(path), &|| fs::remove_file(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Does something in a directory that may be closed to its own owner: p11-kit gives its directories
/// mode 0555, and root without `CAP_DAC_OVERRIDE` is kept out by that. It has its mode back after.
fn opening(directory: &Path, act: &dyn Fn() -> io::Result<()>) -> io::Result<()> {
    let error = match act() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => error,
        result => return result,
    };
    // By its descriptor: nobody can put another directory in its place meanwhile.
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let directory = OpenOptions::new().read(true).custom_flags(flags).open(directory)?;
    let metadata = directory.metadata()?;
    let mode = permissions(&metadata);
    if metadata.uid() != unistd::geteuid().as_raw() || mode & OWNER_WRITES == OWNER_WRITES {
        return Err(error);
    }
    directory.set_permissions(Permissions::from_mode(mode | OWNER_WRITES))?;
    let result = act();
    directory.set_permissions(Permissions::from_mode(mode))?;
    result
}

/// An exclusive lock, held until dropped: the directory's descriptor, with which it ends.
pub(crate) type Lock = File;

/// Locks a directory against other starts of this program, waiting for them `patience` long at
/// most.
///
/// # Errors
/// `WouldBlock` when it is still locked then; otherwise when the directory can't be opened.
pub(crate) fn lock_directory(path: &Path, patience: Duration) -> io::Result<Lock> {
    let deadline = Instant::now() + patience;
    let directory = open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    loop {
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(directory),
            Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < deadline => {}
            Err(errno) => return Err(errno.into()),
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// On a directory: its owner can make entries in it and remove them.
const OWNER_WRITES: u32 = 0o300;

/// On a directory: what is in it can be moved away by its owner alone.
const STICKY: u32 = 0o1000;

/// How the names of files begin that aren't in their place yet.
pub(crate) const TEMPORARY_PREFIX: &str = ".ca-entrypoint-";

/// The name of such a file where no other start writes: one that is cut short leaves one file at
/// most, which the next takes away by using the name again.
pub(crate) const TEMPORARY_NAME: &str = ".ca-entrypoint-new";
