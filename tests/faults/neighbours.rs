//! What the author of a job can set, plant or swap, and another user of the same container: the
//! command runs, nothing is written where it shouldn't be, and nothing is waited for.

use std::fs;
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
use crate::races::Over;
use crate::rootfs::Rootfs;
use crate::rootfs::USER;
use crate::skeletons::BUNDLE;
use crate::skeletons::public_bundle;
use crate::witness::WITNESS;
use crate::witness::alarm;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::device;
use crate::witness::rounds;

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
const PLACES: [&str; 16] = [
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
];

#[test]
fn nothing_in_a_file_s_place_keeps_a_command_from_running() {
    let rootfs = container();
    for place in PLACES {
        for (what, put) in THINGS {
            for user in [0, USER] {
                rootfs.reset();
                clear(&rootfs, place);
                put(&rootfs, place);
                let what = format!("{what} in the place of {place}, by {user}");
                assert_nothing_elsewhere(&what, &rootfs, user);
            }
        }
    }
}

/// Makes a place for something, with the directory above it.
fn clear(rootfs: &Rootfs, place: &str) {
    rootfs.root.directory("/mnt").directory(place.rsplit_once('/').unwrap().0);
    let path = rootfs.root.at(place);
    if path.is_dir() {
        fs::remove_dir_all(&path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).unwrap();
    }
}

/// The command runs, the public roots are there if they were, and nothing but the store and files of
/// ours is another.
#[track_caller]
fn assert_nothing_elsewhere(what: &str, rootfs: &Rootfs, user: u32) {
    let before = rootfs.tree();
    let command = Command::inside(&rootfs.root, &["-v", WITNESS]).before_exec(|| {
        alarm();
        Ok(())
    });
    let outcome = if user == 0 { command } else { command.by(user) }.run();
    let assert =
        |is_so: bool, expected: &str| outcome.assert(is_so, &format!("{what}: {expected}"));
    assert(outcome.status_code() == Some(42), "the command to run");
    assert(!outcome.err().contains("panicked"), "no panic");
    let after = rootfs.tree();
    for path in before.differing(&after) {
        let message = format!("nothing to happen to {}", path.display());
        let path = path.to_str().unwrap();
        assert(MAY_CHANGE.iter().any(|own| path.starts_with(own)), &message);
        let is_temporary = path.contains("/.ca-entrypoint-") && !path.ends_with("-unfinished");
        assert(!is_temporary, &message);
    }
    let has_roots = |bundle: &[u8]| bundle.starts_with(public_bundle().as_bytes());
    if before.file(BUNDLE).is_some_and(has_roots) {
        assert(after.file(BUNDLE).is_some_and(has_roots), "the public roots");
    }
}

/// The store, and what is the user's own.
const MAY_CHANGE: [&str; 5] = [
    "etc/ssl",
    "usr/local/share/ca-certificates",
    "run/ca-entrypoint",
    "tmp/ca-entrypoint-",
    "dev/shm/ca-entrypoint-",
];

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
                if is_hard { fs::hard_link(victim, path) } else { symlink("/mnt/victim", path) }
                    .unwrap();
            }
        }
        let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
        outcome.code(42);
        let mode = fs::metadata(rootfs.root.at("/mnt/victim")).unwrap().permissions().mode();
        assert_eq!(
            (rootfs.root.read("/mnt/victim"), mode & 0o7777),
            (b"precious".to_vec(), 0o600),
            "{is_hard} {new:?}"
        );
        fs::remove_file(rootfs.root.at("/mnt/victim")).unwrap();
        // A file with a hash for its name keeps its number, whatever is in it.
        if !is_hard {
            assert_mended("links in all places", &rootfs);
        }
    }
}

/// Somebody who can move away what is in the directory above swaps the user's own directory for a link
/// all the while.
#[test]
fn a_directory_that_is_swapped_all_the_while_leads_nowhere() {
    for (user, mode, name) in [
        (USER, 0o700, "/tmp/ca-entrypoint-12345"),
        (USER, 0o700, "/dev/shm/ca-entrypoint-12345"),
        (0, 0o755, "/run/ca-entrypoint"),
    ] {
        let rootfs = container();
        let root = &rootfs.root;
        root.mode(name.rsplit_once('/').unwrap().0, 0o777);
        for directory in ["/mnt", "/mnt/victim", "/mnt/theirs"] {
            root.directory(directory).owner(directory, user).mode(directory, mode);
        }
        let is_over = AtomicBool::new(false);
        let (at, theirs, link) = (root.at(name), root.at("/mnt/theirs"), root.at("/mnt/link"));
        let swap = || {
            while !is_over.load(Ordering::Relaxed) {
                // Each may fail where a start made something of that name.
                let _ = fs::rename(&theirs, &at);
                let _ = fs::rename(&at, &theirs);
                let _ = symlink("/mnt/victim", &link);
                let _ = fs::rename(&link, &at);
                let _ = fs::remove_file(&at);
            }
        };
        thread::scope(|scope| {
            scope.spawn(swap);
            let _over = Over(&is_over);
            for _ in 0..rounds() * 20 {
                let command = Command::inside(root, &["--placement=private", WITNESS]);
                let outcome = if user == 0 { command } else { command.by(user) }.run();
                let written = root.names("/mnt/victim");
                let message = format!("nothing to be written there: {written:?}");
                outcome.code(42).assert(written.is_empty(), &message);
                // Where anybody can do this, nothing is even tried.
                outcome.says_nothing_of(&format!("'{name}'"));
            }
        });
    }
}
