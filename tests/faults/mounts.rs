//! Mounts that nobody sees but the thread that made them and what it starts.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use nix::mount::MntFlags;
use nix::mount::MsFlags;
use nix::mount::mount;
use nix::mount::umount2;
use nix::sched::CloneFlags;
use nix::sched::unshare;

/// Gone when it is dropped.
pub(crate) struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// An empty file system in memory.
    pub(crate) fn tmpfs(at: PathBuf, options: &str) -> Self {
        Self::new("tmpfs".as_ref(), at, Some("tmpfs"), MsFlags::empty(), Some(options))
    }

    /// A file or a directory at another place too.
    pub(crate) fn bind(from: &Path, at: PathBuf) -> Self {
        Self::new(from, at, None, MsFlags::MS_BIND, None)
    }

    /// What is there, for reading alone.
    pub(crate) fn read_only(at: PathBuf) -> Self {
        let mounted = Self::bind(&at.clone(), at);
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        let path = &mounted.at;
        mount(None::<&str>, path, None::<&str>, flags, None::<&str>).unwrap();
        mounted
    }

    fn new(
        from: &Path,
        at: PathBuf,
        kind: Option<&str>,
        flags: MsFlags,
        options: Option<&str>,
    ) -> Self {
        leave_mount_namespace();
        mount(Some(from), &at, kind, flags, options)
            .unwrap_or_else(|e| panic!("mount {}: {e}: be root", at.display()));
        Self { at }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = umount2(&self.at, MntFlags::MNT_DETACH);
    }
}

/// Where this thread doesn't have a namespace of its own yet.
fn leave_mount_namespace() {
    let namespace = |of: &str| fs::read_link(format!("/proc/{of}/ns/mnt")).unwrap();
    if namespace("thread-self") == namespace("self") {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(None::<&str>, "/", None::<&str>, flags, None::<&str>).unwrap();
    }
}
