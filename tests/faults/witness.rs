//! A command that tells what it was given, and what must be so after each start, whatever the world
//! is like: the command ran, with what it would have been given without us; the store is the old one
//! or the new one; nothing else was written; and the next start makes up for what this one could not.

use std::env;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::sync::OnceLock;

use nix::libc;
use nix::sys::stat;
use nix::sys::stat::Mode;
use nix::sys::stat::SFlag;

use crate::command::Command;
use crate::command::Outcome;
use crate::rootfs::CA;
use crate::rootfs::Rootfs;
use crate::rootfs::USER;
use crate::rootfs::debian;
use crate::skeletons::BUNDLE;
use crate::skeletons::copy_program;
use crate::skeletons::public_bundle;
use crate::tree::Tree;
use crate::util::Root;
use crate::x509::Certificate;

/// Debian's store, a CA, and the command that tells.
pub(crate) fn container() -> Rootfs {
    let mut rootfs = Rootfs::new(&debian());
    rootfs.root.write(CA, corp().pem()).remove("/dev/null");
    copy_program(&witness(), &rootfs.root.at(WITNESS));
    device(&rootfs.root, "/dev/null", 1, 3);
    rootfs.keep();
    rootfs
}

/// The certificate that is to be installed.
pub(crate) fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

/// A character device for everybody.
pub(crate) fn device(root: &Root, path: &str, major: u64, minor: u64) {
    let device = stat::makedev(major, minor);
    stat::mknod(&root.at(path), SFlag::S_IFCHR, Mode::empty(), device).unwrap();
    root.mode(path, 0o666);
}

/// What a start of the command in `root` is like where `prepare` says what the world is like.
pub(crate) struct Start<'a> {
    pub(crate) rootfs: &'a Rootfs,
    /// Of ours.
    pub(crate) options: &'a [&'a str],
    /// Of the command, after its first one.
    pub(crate) arguments: &'a [&'a str],
    pub(crate) prepare: &'a dyn Fn(Command) -> Command,
}

impl<'a> Start<'a> {
    pub(crate) fn new(rootfs: &'a Rootfs, prepare: &'a dyn Fn(Command) -> Command) -> Self {
        Self { rootfs, options: &[], arguments: &[], prepare }
    }

    fn run(&self, program: &[&str]) -> io::Result<Outcome> {
        let [program, options @ ..] = program else { panic!("no program") };
        let arguments = [options, &[REPORT], self.arguments].concat();
        let command = Command::of(program, &arguments).before_exec(|| {
            // Whatever becomes of stdout, the command has a way to tell. A start that never ends has
            // an end.
            alarm();
            report_to_stdout()
        });
        Ok((self.prepare)(command.enter(&self.rootfs.root)).try_spawn()?.end())
    }

    /// Runs the command with us and without us. `None` where it can't be run without us either.
    #[track_caller]
    pub(crate) fn check(&self, what: &str) -> Option<Outcome> {
        let direct = self.run(&[WITNESS]).ok().filter(|end| end.status_code() == Some(RAN))?;
        let before = self.rootfs.tree();
        let outcome = self.run(&[&[OURS], self.options, &[WITNESS]].concat());
        let outcome = outcome.unwrap_or_else(|e| panic!("{what}: {e}"));
        outcome.assert(outcome.status_code() == Some(RAN), &format!("{what}: the command to run"));
        outcome.assert(!outcome.err().contains("panicked"), &format!("{what}: no panic"));
        assert_same_report(what, &direct, &outcome);
        assert_unharmed(what, self.rootfs, &before, &outcome);
        Some(outcome)
    }
}

/// What a start's world is like.
pub(crate) type World = (String, Box<dyn Fn(Command) -> Command>);

/// In each of these worlds the command runs, for root and for a user without rights, and nothing is
/// harmed by it. At least so many of them are such that the command runs without us.
#[track_caller]
pub(crate) fn survives(least: usize, worlds: impl IntoIterator<Item = World>) {
    let rootfs = container();
    let mut count = 0;
    for (what, prepare) in worlds {
        for user in [0, USER] {
            rootfs.reset();
            let what = format!("{what}, by {user}");
            let prepare = |command| {
                let command = prepare(command);
                if user == 0 { command } else { command.by(user) }
            };
            if Start::new(&rootfs, &prepare).check(&what).is_some() {
                count += 1;
                assert_mended(&what, &rootfs);
            }
        }
    }
    assert!(count >= least, "{count} of at least {least}");
}

/// Rounds of each race, and how far the rest goes: `CA_ENTRYPOINT_ROUNDS`, which `make faults` sets.
pub(crate) fn rounds() -> usize {
    let rounds = env::var("CA_ENTRYPOINT_ROUNDS").ok();
    rounds.map_or(2, |rounds| rounds.parse().expect("CA_ENTRYPOINT_ROUNDS is a number"))
}

/// Whether all is to be tried that can be.
pub(crate) fn is_exhaustive() -> bool {
    rounds() >= 100
}

/// The command was given what it would have been given without us, and variables of ours.
#[track_caller]
fn assert_same_report(what: &str, direct: &Outcome, ours: &Outcome) {
    let (direct, with_us) = (Report::of(direct), Report::of(ours));
    assert!(!direct.process.is_empty(), "{what}: no report");
    let added: Vec<_> = with_us.variables.iter().skip(direct.variables.len()).collect();
    let is_of_memory = |descriptor: &str| {
        let name = format!("/fd/{descriptor}");
        added.iter().any(|variable| variable.ends_with(name.as_bytes()))
    };
    for (direct, with_us) in direct.process.iter().zip(&with_us.process) {
        let with_us: Vec<_> = with_us.split(' ').filter(|word| !is_of_memory(word)).collect();
        ours.assert(*direct == with_us.join(" "), &format!("{what}: {direct:?}, not {with_us:?}"));
    }
    ours.assert(direct.arguments == with_us.arguments, &format!("{what}: the same arguments"));
    let variables = direct.variables.iter().zip(&with_us.variables);
    let is_kept = with_us.variables.len() >= direct.variables.len()
        && variables.into_iter().all(|(direct, with_us)| direct == with_us || is_free(direct));
    ours.assert(is_kept, &format!("{what}: the same variables, and ours behind them"));
}

/// Whether a variable may get a value: it has none, or one that ours is added to.
fn is_free(variable: &[u8]) -> bool {
    let has = |name: &str| variable.starts_with(name.as_bytes());
    variable.ends_with(b"=") || has("GIT_CONFIG_") || has("JAVA_TOOL_OPTIONS=")
}

/// What the command told.
#[derive(Default)]
struct Report {
    process: Vec<String>,
    arguments: Vec<Vec<u8>>,
    variables: Vec<Vec<u8>>,
}

impl Report {
    fn of(outcome: &Outcome) -> Self {
        let mut report = Self::default();
        for field in outcome.stdout.split(|&byte| byte == 0) {
            if let Some(argument) = field.strip_prefix(b"argument=") {
                report.arguments.push(argument.to_vec());
            } else if let Some(variable) = field.strip_prefix(b"variable=") {
                report.variables.push(variable.to_vec());
            } else {
                report.process.push(String::from_utf8_lossy(field).into_owned());
            }
        }
        report
    }
}

/// The store is the old one or the new one, and nothing else was written.
#[track_caller]
fn assert_unharmed(what: &str, rootfs: &Rootfs, before: &Tree, outcome: &Outcome) {
    let after = rootfs.tree();
    for path in before.differing(&after) {
        let is_ours = OWN_PATHS.iter().any(|own| path.to_str().is_some_and(|p| p.starts_with(own)));
        outcome.assert(is_ours, &format!("{what}: nothing to happen to {}", path.display()));
        let is_temporary = path.to_str().is_some_and(|path| {
            path.contains("/.ca-entrypoint-") && !path.ends_with("-unfinished")
        });
        outcome.assert(!is_temporary, &format!("{what}: {} to be removed", path.display()));
    }
    // What a hash or a name leads to, it leads to still.
    for (path, entry) in &before.0 {
        let is_kept =
            !path.starts_with("etc/ssl/certs") || BUNDLE.ends_with(path.to_str().unwrap());
        let message = format!("{what}: {} to stay", path.display());
        outcome.assert(is_kept || after.0.get(path) == Some(entry), &message);
    }
    let bundle = after.file(BUNDLE).unwrap_or_default();
    let is_old = bundle == public_bundle().as_bytes();
    let is_new = bundle == (public_bundle() + &corp().pem()).as_bytes();
    outcome.assert(is_old || is_new, &format!("{what}: the old bundle or the new one"));
}

/// The next start that nothing is in the way of ends with the store that one start makes.
#[track_caller]
pub(crate) fn assert_mended(what: &str, rootfs: &Rootfs) {
    static INSTALLED: OnceLock<Tree> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let rootfs = container();
        Command::inside(&rootfs.root, &[]).run().ok();
        rootfs.tree()
    });
    let next = Command::inside(&rootfs.root, &[]).run();
    next.assert(next.status_code() == Some(0), &format!("{what}: the next start to succeed"));
    let tree = rootfs.tree();
    let is_store = |path: &&Path| STORE.iter().any(|store| path.starts_with(store));
    let differing: Vec<_> = installed.differing(&tree).filter(is_store).collect();
    next.assert(differing.is_empty(), &format!("{what}: a store in order: {differing:?}"));
}

/// Compiled once.
pub(crate) fn witness() -> PathBuf {
    static WITNESS: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/witness.c");
        let program =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("witness-{}", process::id()));
        let mut compiler = process::Command::new("cc");
        let compiler = compiler.args(COMPILER_OPTIONS).arg("-o");
        let status = compiler.arg(&program).arg(source).status();
        assert!(status.is_ok_and(|status| status.success()), "cc: apt-get install gcc ");
        program
    };
    WITNESS.get_or_init(make).clone()
}

/// Gives the witness's descriptor what stdout is.
#[expect(unsafe_code, reason = "the C library's call")]
fn report_to_stdout() -> io::Result<()> {
    // SAFETY: nothing of this process is at that number yet.
    match unsafe { libc::dup2(1, REPORT_DESCRIPTOR) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Ends the process, or what it becomes, by a signal after what is an eternity here.
#[expect(unsafe_code, reason = "the C library's call")]
pub(crate) fn alarm() {
    // SAFETY: it changes nothing but the timer.
    unsafe { libc::alarm(120) };
}

pub(crate) const OURS: &str = "/bin/ca-entrypoint";
pub(crate) const WITNESS: &str = "/bin/witness";

/// The descriptor that the witness reports to: beyond those of this process.
const REPORT: &str = "1000";
const REPORT_DESCRIPTOR: i32 = 1000;

/// The witness's exit code.
const RAN: i32 = 42;

const COMPILER_OPTIONS: [&str; 8] = [
    "-static",
    "-nostdlib",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-Os",
    "-Wall",
    "-Werror",
];

const STORE: [&str; 2] = ["etc/ssl", "usr/local/share/ca-certificates"];

/// All that the program may write, in any case. A directory of the system's may be made.
const OWN_PATHS: [&str; 6] = [
    "etc/ssl/certs/",
    "usr/local/share/ca-certificates/",
    "run/ca-entrypoint",
    "dev/shm/ca-entrypoint-",
    "tmp/ca-entrypoint",
    // Where tests have what they mount elsewhere.
    "mnt/",
];
