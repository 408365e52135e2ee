//! A fake root, and what else the tests share; the command in it is in `command`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

use crate::command::Command;
use crate::command::Outcome;

/// A directory that stands for `/`. Paths begin there.
pub(crate) struct Root {
    directory: TempDir,
}

impl Root {
    /// An image with nothing in it. [`crate::skeletons`] has the others.
    pub(crate) fn new() -> Self {
        Self::new_in(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    /// The same below this directory.
    pub(crate) fn new_in(parent: &Path) -> Self {
        let directory = TempDir::new_in(parent).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The path in the real file system of a path in this root.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path().join(path.trim_start_matches('/'))
    }

    /// A file of mode 0644, with the directories above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        self.make_parent(path);
        fs::write(self.at(path), content).unwrap();
        self.mode(path, 0o644)
    }

    pub(crate) fn link(&self, path: &str, target: &str) -> &Self {
        self.make_parent(path);
        std::os::unix::fs::symlink(target, self.at(path)).unwrap();
        self
    }

    /// A directory of mode 0755, with those above it.
    pub(crate) fn directory(&self, path: &str) -> &Self {
        if !self.at(path).is_dir() {
            self.make_parent(path);
            fs::create_dir(self.at(path)).unwrap();
            self.mode(path, 0o755);
        }
        self
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Gives it to a user, and to the group of the same number. A link isn't followed.
    pub(crate) fn owner(&self, path: &str, user: u32) -> &Self {
        require_root("chown");
        std::os::unix::fs::lchown(self.at(path), Some(user), Some(user)).unwrap();
        self
    }

    pub(crate) fn remove(&self, path: &str) -> &Self {
        fs::remove_file(self.at(path)).unwrap();
        self
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.at(path)).unwrap_or_else(|e| panic!("{path}: {e}\n{}", self.tree()))
    }

    /// The names in a directory, sorted.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(path)).map_or(Vec::new(), Iterator::collect);
        let mut names: Vec<_> = entries
            .into_iter()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// All there is, as text: type, mode, path, and a link's target or a file's size and digest.
    pub(crate) fn tree(&self) -> String {
        self.manifest(|_| String::new())
    }

    /// The tree, and what a write would change even when it writes the same.
    pub(crate) fn tree_with_inodes(&self) -> String {
        self.manifest(|file| {
            format!(" inode {} mtime {}.{}", file.ino(), file.mtime(), file.mtime_nsec())
        })
    }

    fn manifest(&self, more: impl Fn(&fs::Metadata) -> String) -> String {
        let mut lines = String::new();
        for path in walk(self.path()) {
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.mode() & 0o7777;
            let shown = path.strip_prefix(self.path()).unwrap().display();
            let line = if metadata.is_symlink() {
                format!("l      /{shown} -> {}", path.read_link().unwrap().display())
            } else if metadata.is_dir() {
                format!("d {mode:04o} /{shown}")
            } else if metadata.is_file() && metadata.len() < DIGEST_MAX {
                let content = fs::read(&path).unwrap_or_default();
                let digest = Sha256::digest(&content);
                let digest: String = digest[..8].iter().map(|b| format!("{b:02x}")).collect();
                format!("f {mode:04o} /{shown} {} bytes, {digest}", content.len())
            } else if metadata.is_file() {
                format!("f {mode:04o} /{shown} {} bytes", metadata.len())
            } else {
                format!("? {mode:04o} /{shown}")
            };
            writeln!(lines, "{line}{}", more(&metadata)).unwrap();
        }
        lines
    }

    fn make_parent(&self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/')
            && !parent.is_empty()
        {
            self.directory(parent);
        }
    }

    /// Runs the program on this root, as root is given to it: from outside.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).run()
    }

    /// The program with `--root` and these arguments, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&[]);
        command.inner.arg("--root").arg(self.path()).args(arguments);
        command.with_root(self)
    }
}

/// All below a directory, parents first, sorted. Links aren't followed.
pub(crate) fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .map_or(Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
    entries.sort_unstable();
    entries
        .into_iter()
        .flat_map(|path| {
            let is_directory = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            let below = if is_directory { walk(&path) } else { Vec::new() };
            [vec![path], below].concat()
        })
        .collect()
}

/// Tests that need another user, another root or a mount are no tests without root's rights.
#[track_caller]
pub(crate) fn require_root(what: &str) {
    assert!(
        fs::metadata("/proc/self").unwrap().uid() == 0,
        "this test needs {what}, which only root may: run it with sudo, or in a container"
    );
}

/// Whether `part` stands somewhere in `whole`.
pub(crate) fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// As many as there are in `text`.
pub(crate) fn count_pem(text: &[u8]) -> usize {
    let begin = b"-----BEGIN CERTIFICATE-----";
    text.windows(begin.len()).filter(|window| *window == begin).count()
}

/// Bytes of the largest file whose content is told apart in a tree: no store has a larger one, and
/// the programs in a root have.
const DIGEST_MAX: u64 = 1 << 20;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ca-entrypoint");
