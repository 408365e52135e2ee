//! What the author of a job can set, plant or swap, and another user of the same container: the
//! command runs, nothing is written where it shouldn't be, and nothing is waited for.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::command::Command;
use crate::random::Random;
use crate::rootfs::CA;
use crate::rootfs::Rootfs;
use crate::rootfs::USER;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::public_bundle;
use crate::tree::Tree;
use crate::witness::OURS;
use crate::witness::Start;
use crate::witness::WITNESS;
use crate::witness::World;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::corp;
use crate::witness::device;
use crate::witness::is_exhaustive;
use crate::witness::rounds;
use crate::witness::survives;

/// Somebody else in the same container.
const STRANGER: u32 = 4242;

/// What may stand in the place of a file that is read or written.
type Thing = (&'static str, fn(&Rootfs, &str));

const THINGS: [Thing; 9] = [
    ("a FIFO", |rootfs, path| mkfifo(&rootfs.root.at(path), Mode::S_IRWXU).unwrap()),
    ("a socket", |rootfs, path| drop(UnixListener::bind(rootfs.root.at(path)).unwrap())),
    ("a device that never ends", |rootfs, path| device(&rootfs.root, path, 1, 5)),
    ("a device that is full", |rootfs, path| device(&rootfs.root, path, 1, 7)),
    ("a terminal", |rootfs, path| device(&rootfs.root, path, 5, 0)),
    ("a directory", |rootfs, path| _ = rootfs.root.directory(path)),
    ("a link to itself", |rootfs, path| symlink(path, rootfs.root.at(path)).unwrap()),
    ("a link to a FIFO", |rootfs, path| {
        mkfifo(&rootfs.root.at("/mnt/fifo"), Mode::S_IRWXU).unwrap();
        symlink("/mnt/fifo", rootfs.root.at(path)).unwrap();
    }),
    ("nothing that can be read", |rootfs, path| {
        rootfs.root.write(path, "").mode(path, 0);
    }),
];

/// Whatever the program reads or writes, or looks whether it is there.
const PLACES: [&str; 17] = [
    "/etc/os-release",
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/java",
    "/etc/ssl/certs/java/cacerts",
    "/etc/gitlab-runner/certs/ca.crt",
    "/etc/ca-certificates/update.d",
    "/etc/ca-certificates/update.d/hook",
    "/usr/local/share/ca-certificates",
    "/usr/local/share/ca-certificates/.ca-entrypoint-unfinished",
    "/usr/local/share/ca-certificates/theirs.crt",
    "/usr/lib/jvm",
    "/usr/share/ca-certificates/mozilla/Public_Root_A.crt",
    "/run/ca-entrypoint",
    "/dev/shm/ca-entrypoint-12345",
    "/tmp/ca-entrypoint-12345",
    "/dev/null",
];

#[test]
fn nothing_in_a_file_s_place_keeps_a_command_from_running() {
    for place in PLACES {
        for (what, put) in THINGS {
            for user in [0, USER] {
                let rootfs = container();
                let path = rootfs.root.at(place);
                rootfs.root.directory("/mnt").directory(place.rsplit_once('/').unwrap().0);
                if path.is_dir() {
                    fs::remove_dir_all(&path).unwrap();
                } else if path.symlink_metadata().is_ok() {
                    fs::remove_file(&path).unwrap();
                }
                put(&rootfs, place);
                let before = rootfs.tree();
                let command = Command::inside(&rootfs.root, &["-v", WITNESS]);
                let command = command.before_exec(|| { crate::witness::alarm(); Ok(()) });
                let outcome = if user == 0 { command } else { command.by(user) }.run();
                let what = format!("{what} in the place of {place}, by {user}");
                outcome.assert(outcome.status_code() == Some(42), &format!("{what}: the command to run"));
                outcome.assert(!outcome.err().contains("panicked"), &format!("{what}: no panic"));
                let after = rootfs.tree();
                // What nobody can have asked for is as it was.
                for path in before.differing(&after) {
                    let is_ours = ["etc/ssl", "usr/local/share/ca-certificates", "run/ca-entrypoint", "tmp/ca-", "dev/shm/ca-"].iter().any(|own| path.starts_with(own) || path.to_str().unwrap().starts_with(own));
                    outcome.assert(is_ours, &format!("{what}: nothing to happen to {}", path.display()));
                    outcome.assert(!path.to_str().unwrap().contains("/.ca-entrypoint-") || path.to_str().unwrap().ends_with("unfinished"), &format!("{what}: temp {}", path.display()));
                }
                if place != BUNDLE && place != CERTS {
                    let bundle = rootfs.root.read(BUNDLE);
                    outcome.assert(bundle.starts_with(public_bundle().as_bytes()), &format!("{what}: roots"));
                }
                if std::env::var_os("SHOW").is_some() { eprintln!("{what}: {}", outcome.err()); }
            }
        }
    }
}

/// Hard links and links in the place of all that is made, to what must stay as it is.
#[test]
fn what_is_linked_from_the_place_of_our_files_stays_as_it_is() {
    for is_hard in [false, true] {
        let rootfs = container();
        // The names are no secret.
        let other = container();
        Command::inside(&other.root, &[WITNESS]).run().code(42);
        rootfs.root.write("/mnt/victim", "precious").mode("/mnt/victim", 0o600);
        let new = rootfs.tree().differing(&other.tree()).map(Path::to_owned).collect::<Vec<_>>();
        for path in &new {
            let path = rootfs.root.path().join(path);
            if path.symlink_metadata().is_err() {
                let victim = rootfs.root.at("/mnt/victim");
                if is_hard { fs::hard_link(victim, path) } else { symlink("/mnt/victim", path) }.unwrap();
            }
        }
        let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
        outcome.code(42);
        let mode = fs::metadata(rootfs.root.at("/mnt/victim")).unwrap().permissions().mode();
        assert_eq!((rootfs.root.read("/mnt/victim"), mode & 0o7777), (b"precious".to_vec(), 0o600), "{is_hard} {new:?}");
        fs::remove_file(rootfs.root.at("/mnt/victim")).unwrap();
        assert_mended("links in all places", &rootfs);
    }
}

/// A stranger who can write the directory, and swaps it for a link all the time.
#[test]
fn a_directory_that_is_swapped_all_the_while_leads_nowhere() {
    for (user, name) in [(USER, "/tmp/ca-entrypoint-12345"), (USER, "/dev/shm/ca-entrypoint-12345"), (0, "/run/ca-entrypoint")] {
        let rootfs = container();
        let root = &rootfs.root;
        let parent = name.rsplit_once('/').unwrap().0;
        // Anybody may move anything away here.
        root.mode(parent, 0o777);
        root.directory("/mnt").directory("/mnt/victim").owner("/mnt/victim", user);
        root.directory(&format!("{name}.real")).owner(&format!("{name}.real"), user);
        root.mode(&format!("{name}.real"), if user == 0 { 0o755 } else { 0o700 });
        let is_over = AtomicBool::new(false);
        let swap = || {
            let (real, link, at) = (root.at(&format!("{name}.real")), root.at(&format!("{name}.link")), root.at(name));
            while !is_over.load(Ordering::Relaxed) {
                let _ = fs::rename(&real, &at);
                let _ = fs::rename(&at, &real);
                let _ = symlink("/mnt/victim", &link);
                let _ = fs::rename(&link, &at);
                let _ = fs::remove_file(&at);
            }
        };
        thread::scope(|scope| {
            scope.spawn(swap);
            for _ in 0..rounds() * 20 {
                let options = ["--placement=private", WITNESS];
                let command = Command::inside(root, &options);
                let outcome = if user == 0 { command } else { command.by(user) }.run();
                outcome.code(42);
                let written = root.names("/mnt/victim");
                outcome.assert(written.is_empty(), &format!("nothing to be written there: {written:?}"));
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }
}

/// Variables that the program, or a library in it, might listen to.
const NAMES: [&str; 33] = [
    "ADDITIONAL_CA_CERT_BUNDLE",
    "CA_CERTIFICATES_PATH",
    "CA_ENTRYPOINT_LOG",
    "CA_ENTRYPOINT_ON_ERROR",
    "CA_ENTRYPOINT_PLACEMENT",
    "CI_SERVER_HOST",
    "CI_SERVER_TLS_CA_FILE",
    "CURL_CA_BUNDLE",
    "DENO_TLS_CA_STORE",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_0",
    "HOME",
    "IFS",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LANG",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOCAL_CA_PATH",
    "MALLOC_CONF",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "PATH",
    "PWD",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
    "XDG_RUNTIME_DIR",
];

fn values(random: &mut Random) -> Vec<OsString> {
    let bytes = |random: &mut Random, count: usize| {
        let bytes = (0..count).map(|_| 1 + random.below(255) as u8).collect();
        OsString::from_vec(bytes)
    };
    let mut values: Vec<OsString> = [
        "", "/", ".", "..", "relative/path", "/nonexistent", "/tmp", "/etc/shadow", "/dev/zero",
        "/proc/self/mem", "-1", "0", "99999999999999999999", "a:b:c", ":::", "%s%n%s", "$(id)", "~",
        "trace", "auto", "system", "private", "warn", "/etc/ssl/certs/ca-certificates.crt",
    ]
    .map(OsString::from)
    .to_vec();
    values.push(bytes(random, 1));
    values.push(bytes(random, 300));
    values.push(bytes(random, 100_000));
    values.push("/..".repeat(2000).into());
    values.push("x".repeat(120_000).into());
    values
}

fn with(command: Command, variables: &[(&str, OsString)]) -> Command {
    let mut command = command;
    for (name, value) in variables {
        command.inner.env(name, value);
    }
    command
}

#[test]
fn no_variable_keeps_a_command_from_running_or_has_anything_written_elsewhere() {
    let mut random = Random(11);
    let mut worlds: Vec<World> = Vec::new();
    let count = if is_exhaustive() { 3000 } else { 100 };
    let values = values(&mut random);
    for number in 0..count {
        let variables: Vec<(&str, OsString)> = NAMES
            .into_iter()
            .filter_map(|name| (random.below(3) == 0).then(|| (name, values[random.below(values.len())].clone())))
            .collect();
        let size: usize = variables.iter().map(|(_, value)| value.len()).sum();
        if size > 1_500_000 { continue; }
        worlds.push((format!("variables {number}"), Box::new(move |command| with(command, &variables))));
    }
    survives(count, worlds);
}

#[test]
fn a_fifo_that_a_variable_names_is_not_waited_for() {
    let rootfs = container();
    mkfifo(&rootfs.root.directory("/mnt").at("/mnt/fifo"), Mode::S_IRWXU).unwrap();
    for name in NAMES {
        let prepare = |command| with(command, &[(name, "/mnt/fifo".into())]);
        Start::new(&rootfs, &prepare).check(name).expect("it runs without us");
    }
}
