//! A Windows machine: a prefix of Wine, with a kernel of its own.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::command::Command;
use crate::launch::Launch;
use crate::session;
use crate::store::Store;

/// A copy of [`session::original`], switched on. It ends with this value.
pub(crate) struct Machine {
    pub(crate) prefix: PathBuf,
}

impl Machine {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = session::directory().join(format!("machine-{number}"));
        let original = &session::original().prefix;
        fs::create_dir(&prefix).unwrap();
        fs::create_dir(prefix.join("home")).unwrap();
        // Files that nobody writes to are shared, as there are hundreds of megabytes.
        let copy = |options: &str, names: &[&str]| {
            let mut cp = process::Command::new("cp");
            cp.arg(options).args(names.iter().map(|name| original.join(name))).arg(&prefix);
            session::run(&mut cp);
        };
        copy("-al", &["drive_c"]);
        copy("-a", &["dosdevices", "system.reg", "user.reg", "userdef.reg", ".update-timestamp"]);
        let machine = Self { prefix };
        machine.switch_on();
        machine
    }

    /// One that the tests share which change nothing.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Machine>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let machine = Arc::new(Self::new());
            *shared = Arc::downgrade(&machine);
            machine
        })
    }

    fn switch_on(&self) {
        // Should this process be killed, the machine goes within a minute of its last program.
        let mut server = session::wineserver(&self.prefix);
        server.arg("--persistent=60");
        // The first program starts the machine's services.
        let mut first = session::wine(&self.prefix);
        first.args([&program("exit"), "0"]);
        for mut command in [server, first] {
            // They keep what they inherit, which may be no pipe that somebody reads to its end.
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(command.status().unwrap().success(), "{command:?}");
        }
    }

    /// Switches it off in good order and on again.
    pub(crate) fn restart(&self) {
        session::run(session::wineserver(&self.prefix).arg("--kill"));
        session::run(session::wineserver(&self.prefix).arg("--wait"));
        self.switch_on();
    }

    /// The program under test with these arguments.
    pub(crate) fn ca_entrypoint(&self, arguments: &[&str]) -> Command<'_> {
        Command::new(self, CA_ENTRYPOINT, arguments)
    }

    /// One of the tests' own programs.
    pub(crate) fn program(&self, name: &str, arguments: &[&str]) -> Command<'_> {
        Command::new(self, &program(name), arguments)
    }

    /// A process with this command line, to the last unit.
    pub(crate) fn launch(&self, line: impl AsRef<str>) -> Launch<'_> {
        Launch::new(self, &line.as_ref().encode_utf16().collect::<Vec<_>>())
    }

    /// The host's path of one on this machine, of its drive C.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        let below = path.strip_prefix(r"C:\").unwrap_or_else(|| panic!("{path}: not on drive C"));
        self.prefix.join("drive_c").join(below.replace('\\', "/"))
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        // What is there may be another machine's too.
        let _ = fs::remove_file(&at);
        fs::write(at, content).unwrap();
        self
    }

    pub(crate) fn directory(&self, path: &str) -> &Self {
        fs::create_dir_all(self.at(path)).unwrap();
        self
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.at(path)).unwrap_or_else(|e| panic!("{path}: {e}\n{}", self.tree()))
    }

    /// Looks for a file until it is there, for ten seconds at most.
    #[track_caller]
    pub(crate) fn soon_has(&self, path: &str) {
        soon(&format!("{path} is there"), || self.at(path).exists());
    }

    /// Looks for a file until it is gone, for ten seconds at most.
    #[track_caller]
    pub(crate) fn soon_lacks(&self, path: &str) {
        soon(&format!("{path} is gone"), || !self.at(path).exists());
    }

    /// Puts a certificate into a store, as any other program does.
    #[track_caller]
    pub(crate) fn add(&self, store: &str, der: &[u8], name: Option<&str>) {
        self.write(r"C:\added.der", der);
        let arguments: Vec<&str> =
            ["add", store, r"C:\added.der"].into_iter().chain(name).collect();
        self.program("store", &arguments).run().ok();
    }

    /// Takes a certificate out of a store, as any other program does.
    #[track_caller]
    pub(crate) fn delete(&self, store: &str, fingerprint: &str) {
        self.program("store", &["delete", store, fingerprint]).run().ok();
    }

    /// All that is in the stores.
    #[track_caller]
    pub(crate) fn store(&self) -> Store {
        let outcome = self.program("store", &["list", "Root", "CA"]).run();
        Store::parse(&outcome.ok().stdout)
    }

    /// What the stores have besides the machine's own certificates, all of which have to be there.
    #[track_caller]
    pub(crate) fn added(&self) -> Store {
        let store = self.store();
        let original = &session::original().store;
        let lost = original.without(&store);
        assert!(lost.entries.is_empty(), "the machine's own certificates are gone:\n{lost}");
        store.without(original)
    }

    /// When each key of the stores was last written, as the registry has it.
    #[track_caller]
    pub(crate) fn written(&self) -> String {
        // The first program after the start that looks has Wine copy the host's roots there.
        self.store();
        self.program("store", &["written", "Root", "CA"]).run().ok().out()
    }

    /// All files that the machine's drive has besides the original's: path, size, and what a write
    /// would change even when it writes the same.
    pub(crate) fn tree(&self) -> String {
        let mut lines = String::new();
        list(&self.at(r"C:\"), &session::original().prefix.join("drive_c"), "C:", &mut lines);
        lines
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // In good order, since its processes go on otherwise. It takes the better part of a second,
        // for which no test need wait.
        let prefix = self.prefix.clone();
        let kill = session::wineserver(&prefix).arg("--kill").spawn();
        thread::spawn(move || {
            let _ = kill.and_then(|mut kill| kill.wait());
            let _ = fs::remove_dir_all(prefix);
        });
    }
}

#[track_caller]
fn soon(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "not within ten seconds: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn list(path: &Path, original: &Path, shown: &str, lines: &mut String) {
    let metadata = path.symlink_metadata().unwrap();
    if metadata.is_dir() {
        if !original.is_dir() {
            writeln!(lines, r"{shown}\").unwrap();
        }
        for below in sorted(path) {
            let name = below.file_name().unwrap();
            let shown = format!(r"{shown}\{}", name.to_string_lossy());
            list(&below, &original.join(name), &shown, lines);
        }
    } else if metadata.is_file() && metadata.nlink() == 1 {
        let (size, inode) = (metadata.len(), metadata.ino());
        let time = (metadata.mtime(), metadata.mtime_nsec());
        writeln!(lines, "{shown} {size} bytes, inode {inode}, written {}.{}", time.0, time.1)
            .unwrap();
    }
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths
}

/// The path of one of the tests' own programs.
pub(crate) fn program(name: &str) -> String {
    format!(r"C:\programs\{name}.exe")
}

pub(crate) const CA_ENTRYPOINT: &str = r"C:\ca-entrypoint.exe";
