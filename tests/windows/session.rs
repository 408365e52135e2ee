//! What one run of the suite makes once: a directory of its own, and the machine that all others are
//! copies of.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::process::Command;
use std::sync::OnceLock;

use crate::certificates;
use crate::programs;
use crate::store::Store;

/// The directory of this run.
pub(crate) fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("windows");
        remove_old(&parent);
        let directory = parent.join(process::id().to_string());
        fs::create_dir_all(&directory).expect("the target directory can be written");
        directory
    })
}

/// Nothing runs at the end of a suite, so each removes what those before it left. Their machines have
/// ended by themselves.
fn remove_old(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A machine as Wine makes it, switched off, with the binary, the tests' own programs and the
/// certificates on it.
pub(crate) struct Original {
    pub(crate) prefix: PathBuf,
    /// What is in its stores.
    pub(crate) store: Store,
}

/// The machine that all others are copies of.
pub(crate) fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let binary = binary();
        let prefix = directory().join("original");
        fs::create_dir_all(prefix.join("home")).expect("the run's directory can be written");
        run(wine(&prefix).args(["wineboot", "--init"]));
        run(wineserver(&prefix).arg("--wait"));
        let drive = prefix.join("drive_c");
        fs::copy(binary, drive.join("ca-entrypoint.exe")).expect("the binary can be read");
        let programs = drive.join("programs");
        fs::create_dir(&programs).expect("the prefix was just made");
        programs::compile(&programs);
        let library = format!("{}.dll", programs::LIBRARY);
        let system = drive.join("windows/system32");
        if !system.join(&library).exists() {
            fs::rename(programs.join(&library), system.join(&library)).expect("it was just made");
        }
        std::os::unix::fs::symlink(certificates::directory(), drive.join("fixtures"))
            .expect("the prefix was just made");
        // Wine fills the store of roots from the host's when it is first opened.
        let output = run(wine(&prefix).args([r"C:\programs\store.exe", "list", "Root", "CA"]));
        run(wineserver(&prefix).arg("--wait"));
        Original { prefix, store: Store::parse(&output) }
    })
}

/// Wine with nothing of this process's environment, in a prefix that has its home directory.
pub(crate) fn wine(prefix: &Path) -> Command {
    let loader = ["/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine"];
    let loader = loader.into_iter().find(|path| Path::new(path).exists());
    // Wine wants memory at addresses of its own, which Linux now and then gives to something else
    // when it chooses them at random.
    let mut command = in_prefix("setarch", prefix);
    command.arg("--addr-no-randomize");
    // Every process that opens the store of roots has Wine read the host's, of which a few will do.
    let script = "mount --bind \"$0\" /etc/ssl/certs && exec \"$@\"";
    command
        .args(["unshare", "--mount", "sh", "-c", script])
        .arg(roots())
        .arg(loader.expect(INSTALL_WINE));
    // Neither .NET nor a browser is asked for when the prefix is made.
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env("WINEDEBUG", "-all");
    // By which arguments and variables become UTF-16.
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// The process that is a prefix's kernel, for as long as it is switched on.
pub(crate) fn wineserver(prefix: &Path) -> Command {
    in_prefix("wineserver", prefix)
}

fn in_prefix(program: &str, prefix: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.env("HOME", prefix.join("home")).env("WINEPREFIX", prefix);
    command
}

/// What stands for the host's own roots: the directory with the files of [`PUBLIC_ROOTS`].
fn roots() -> &'static Path {
    static ROOTS: OnceLock<PathBuf> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let roots = directory().join("roots");
        fs::create_dir(&roots).expect("the run's directory was just made");
        for name in PUBLIC_ROOTS {
            fs::write(roots.join(name), certificates::text(name)).expect("it was just made");
        }
        roots
    })
}

/// Runs what has to succeed, and gives its stdout.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}: {INSTALL_WINE}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The binary under test.
fn binary() -> PathBuf {
    let path = env::var_os("CA_ENTRYPOINT_BIN")
        .expect("CA_ENTRYPOINT_BIN isn't set to the binary's path: make windows");
    let path = PathBuf::from(path);
    assert!(
        path.is_absolute() && path.is_file(),
        "CA_ENTRYPOINT_BIN is '{}', which is no absolute path of a file: make windows",
        path.display()
    );
    path
}

/// Roots that each machine has in its store from the start.
pub(crate) const PUBLIC_ROOTS: [&str; 3] = ["for-all.crt", "for-servers.crt", "rsa.crt"];

const INSTALL_WINE: &str = "Wine can't be run: apt-get install --no-install-recommends wine64 wine libgnutls30, or make windows";
