//! What is mounted for one process alone, to make a root look like a container's.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use nix::libc;

use crate::command::Command;
use crate::util::Root;
use crate::util::require_root;

/// Paths begin in the root, but for the source of a bind mount.
#[derive(Clone)]
pub(crate) enum Mount {
    Bind {
        from: PathBuf,
        to: &'static str,
    },
    Proc,
    /// As `docker run --read-only` has it.
    ReadOnlyRoot,
    Tmpfs {
        to: &'static str,
        options: &'static str,
    },
}

impl Command {
    /// Makes `root` with these mounts, in their order, the process's own.
    pub(crate) fn enter_with(self, root: &Root, mounts: &[Mount]) -> Self {
        require_root("mount");
        let (path, mounts) = (root.path().to_owned(), mounts.to_owned());
        let prepared = self.before_exec(move || {
            leave_mount_namespace()?;
            mounts.iter().try_for_each(|mount| mount.make(&path))
        });
        prepared.enter(root)
    }
}

impl Mount {
    fn make(&self, root: &Path) -> io::Result<()> {
        let inside = |path: &str| root.join(path.trim_start_matches('/'));
        match self {
            Self::Bind { from, to } => mount(from, &inside(to), "", libc::MS_BIND, ""),
            Self::Proc => mount(Path::new("proc"), &inside("/proc"), "proc", 0, ""),
            Self::ReadOnlyRoot => {
                mount(root, root, "", libc::MS_BIND, "")?;
                let flags = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY;
                mount(root, root, "", flags, "")
            }
            Self::Tmpfs { to, options } => {
                mount(Path::new("tmpfs"), &inside(to), "tmpfs", 0, options)
            }
        }
    }
}

/// Nothing that is mounted from here on is seen by anybody else.
#[expect(unsafe_code, reason = "the C library's call")]
fn leave_mount_namespace() -> io::Result<()> {
    // SAFETY: the process is a fork with one thread, and shares no memory by it.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    mount(Path::new("none"), Path::new("/"), "", libc::MS_REC | libc::MS_PRIVATE, "")
}

#[expect(unsafe_code, reason = "the C library's call")]
fn mount(from: &Path, to: &Path, kind: &str, flags: u64, options: &str) -> io::Result<()> {
    let from = CString::new(from.as_os_str().as_bytes())?;
    let to = CString::new(to.as_os_str().as_bytes())?;
    let (kind, options) = (CString::new(kind)?, CString::new(options)?);
    let data = options.as_ptr().cast();
    // SAFETY: all pointers lead to C strings that outlive the call.
    match unsafe { libc::mount(from.as_ptr(), to.as_ptr(), kind.as_ptr(), flags, data) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
