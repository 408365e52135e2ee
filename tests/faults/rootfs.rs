//! An image that the release binary is started in by chroot(2), in memory, and brought back to what
//! it was within a few milliseconds.

use std::env;
use std::path::Path;
use std::path::PathBuf;

use nix::sys::statvfs::FsFlags;
use nix::sys::statvfs::statvfs;

use crate::command::Command;
use crate::skeletons;
use crate::skeletons::EXTRACTED;
use crate::skeletons::copy_program;
use crate::tree::Tree;
use crate::util::Root;

/// Where the mounted CA is.
pub(crate) const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

/// A command that can be run in any rootfs: a copy of the program itself, under another name. What
/// it prints with `--version` shows that it ran.
pub(crate) const COMMAND: [&str; 2] = ["/bin/command", "--version"];

/// The user who can't write the system's store.
pub(crate) const USER: u32 = 12345;

/// Debian with its package: a bundle, hash links, links to the files of `/usr/share`.
pub(crate) fn debian() -> Root {
    skeletons::debian()
}

/// Alpine with its package.
pub(crate) fn alpine() -> Root {
    skeletons::alpine()
}

/// RHEL 9, with all that p11-kit extracts, a Java keystore among it.
pub(crate) fn rhel() -> Root {
    extracted("rhel")
}

/// Fedora 43: hash directories besides.
pub(crate) fn fedora() -> Root {
    extracted("fedora")
}

fn extracted(name: &str) -> Root {
    let (_, make) = EXTRACTED.iter().find(|(known, _)| *known == name).unwrap();
    make(&skeletons::extracted::public())
}

/// A root file system of its own: what a container's has besides its store, the program as
/// `/bin/ca-entrypoint`, and [`COMMAND`]. No `/proc`.
pub(crate) struct Rootfs {
    /// Its files; `crate::command::Command::inside` starts the program in it.
    pub(crate) root: Root,
    tree: Tree,
}

impl Rootfs {
    /// With the content of an image.
    pub(crate) fn new(image: &Root) -> Self {
        let root = Root::new_in(&memory());
        for directory in ["/bin", "/dev/shm", "/proc", "/run", "/tmp", "/root"] {
            root.directory(directory);
        }
        root.mode("/tmp", 0o1777).mode("/dev/shm", 0o1777);
        // A real image has it, and Rust's runtime opens it.
        root.write("/dev/null", "").mode("/dev/null", 0o666);
        copy_program(&binary(), &root.at("/bin/ca-entrypoint"));
        std::fs::hard_link(root.at("/bin/ca-entrypoint"), root.at(COMMAND[0])).unwrap();
        let mut tree = Tree::of(root.path());
        tree.0.extend(Tree::of(image.path()).0);
        tree.restore(root.path());
        Self { root, tree }
    }

    /// A start of the program by a user, or root, which becomes [`COMMAND`] or what is named in its
    /// place.
    pub(crate) fn start(&self, options: &[&str], command: &[&str], user: Option<u32>) -> Command {
        let arguments = [options, &["--"], command].concat();
        let start = Command::inside(&self.root, &arguments).env("PATH", "/bin");
        match user {
            Some(user) => start.by(user),
            None => start,
        }
    }

    /// What it is brought back to from here on: what it is now.
    pub(crate) fn keep(&mut self) -> &Tree {
        self.tree = self.tree();
        &self.tree
    }

    /// Brings it back.
    pub(crate) fn reset(&self) {
        self.tree.restore(self.root.path());
    }

    /// All of it but `/bin`.
    pub(crate) fn tree(&self) -> Tree {
        Tree::of(self.root.path())
    }
}

/// The release binary.
pub(crate) fn binary() -> PathBuf {
    let path = env::var_os("CA_ENTRYPOINT_BIN").map(PathBuf::from);
    let path = path.expect("CA_ENTRYPOINT_BIN isn't set to the binary's path: make faults");
    assert!(path.is_absolute() && path.is_file(), "{} is no file: make build", path.display());
    path
}

/// A directory of a file system in memory, where one is that programs can be run from.
pub(crate) fn memory() -> PathBuf {
    let shm = Path::new("/dev/shm");
    let is_fit = statvfs(shm).is_ok_and(|shm| !shm.flags().contains(FsFlags::ST_NOEXEC));
    if is_fit { shm.to_owned() } else { PathBuf::from(env!("CARGO_TARGET_TMPDIR")) }
}

#[test]
fn a_rootfs_is_brought_back_to_what_it_was() {
    use crate::x509::Certificate;

    for image in [debian(), alpine(), rhel(), fedora()] {
        let mut rootfs = Rootfs::new(&image);
        rootfs.root.write(CA, Certificate::ca("Corp CA").pem());
        let before = rootfs.keep().clone();
        let arguments = [&["--"], COMMAND.as_slice()].concat();
        Command::inside(&rootfs.root, &arguments)
            .run()
            .ok()
            .says("1 added")
            .prints("ca-entrypoint 0.1.0\n");
        assert!(rootfs.tree() != before);
        rootfs.reset();
        assert!(rootfs.tree() == before);
        Command::inside(&rootfs.root, &arguments)
            .by(USER)
            .run()
            .ok()
            .says("for programs that read");
        rootfs.reset();
        assert!(rootfs.tree() == before);
    }
}
