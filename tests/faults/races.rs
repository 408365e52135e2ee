//! Starts at the same time as each other, as readers, as whoever rotates the CA, and as processes that
//! hold the lock and don't let go.

use std::fs;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process;
use std::process::Child;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use nix::sys::signal;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use nix::unistd::mkfifo;
use rustix::fs::FlockOperation;
use rustix::fs::flock;

use crate::command::Command;
use crate::command::Running;
use crate::interleaving::until_it_waits;
use crate::rootfs::CA;
use crate::rootfs::Rootfs;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::public_bundle;
use crate::tree::Tree;
use crate::witness::WITNESS;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::corp;
use crate::witness::is_exhaustive;
use crate::witness::rounds;
use crate::x509::Certificate;

/// Ends what other threads do when it is dropped: an assertion that fails, too, is waited for by none.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts all of them before any is waited for, while somebody reads the bundle over and over, who
/// always finds the public roots and never a part of a certificate. Tells what was said.
#[track_caller]
fn race(rootfs: &Rootfs, starts: impl IntoIterator<Item = Command>) -> Vec<String> {
    let is_over = AtomicBool::new(false);
    let path = rootfs.root.at(BUNDLE);
    let read = || {
        let mut reads = 0;
        while !is_over.load(Ordering::Relaxed) {
            assert_whole(&fs::read_to_string(&path).expect("there is a bundle at all times"));
            reads += 1;
        }
        reads
    };
    let (said, reads) = thread::scope(|scope| {
        let reader = scope.spawn(read);
        let over = Over(&is_over);
        let running: Vec<Running> = starts.into_iter().map(Command::spawn).collect();
        let ends = running.into_iter().map(|running| running.end());
        let said = ends
            .map(|end| {
                let is_done = matches!(end.status_code(), Some(0 | 42));
                end.assert(is_done, "the command to run")
                    .assert(end.stdout.is_empty(), "no output");
                end.err()
            })
            .collect();
        drop(over);
        (said, reader.join())
    });
    assert!(reads.unwrap_or_else(|e| std::panic::resume_unwind(e)) > 0);
    said
}

/// The public roots, and whole certificates behind them.
#[track_caller]
fn assert_whole(bundle: &str) {
    let rest = bundle.strip_prefix(&public_bundle());
    let rest = rest.unwrap_or_else(|| panic!("not all public roots: {bundle:?}"));
    let certificates = [corp(), second()].map(|certificate| certificate.pem());
    let is_whole = certificates.iter().fold(rest.to_owned(), |rest, pem| rest.replacen(pem, "", 1));
    assert!(is_whole.is_empty(), "a part of a certificate: {bundle:?}");
}

/// What somebody else mounts.
fn second() -> Certificate {
    Certificate::ca("Second CA")
}

/// A start with this command, or with none.
fn start(rootfs: &Rootfs, arguments: &[&str]) -> Command {
    Command::inside(&rootfs.root, arguments)
}

fn talkative(said: &[String]) -> Vec<&String> {
    said.iter().filter(|said| !said.is_empty()).collect()
}

#[test]
fn starts_at_the_same_time_install_once() {
    let rootfs = container();
    for _ in 0..rounds() {
        rootfs.reset();
        let said = race(&rootfs, (0..STARTS).map(|_| start(&rootfs, &[WITNESS])));
        assert_eq!(talkative(&said), [INSTALLED]);
        assert_mended("starts at the same time", &rootfs);
    }
}

#[test]
fn starts_of_a_user_without_rights_at_the_same_time_make_one_copy() {
    let rootfs = container();
    for _ in 0..rounds() {
        rootfs.reset();
        let by_user = || start(&rootfs, &[WITNESS]).by(crate::rootfs::USER);
        let said = race(&rootfs, (0..STARTS).map(|_| by_user()));
        assert!(!talkative(&said).is_empty());
        let directory = format!("/dev/shm/ca-entrypoint-{}", crate::rootfs::USER);
        let names = rootfs.root.names(&directory);
        let is_copy = |name: &&String| name.starts_with("bundle-") || name.starts_with("anchors-");
        assert!(names.iter().filter(is_copy).count() == names.len(), "{names:?}");
    }
}

#[test]
fn installations_and_removals_at_the_same_time_end_as_one_of_them() {
    let rootfs = container();
    let without = rootfs.tree();
    for _ in 0..rounds() {
        rootfs.reset();
        let of = |number| if number % 2 == 0 { &[WITNESS][..] } else { &["--remove"] };
        race(&rootfs, (0..STARTS).map(|number| start(&rootfs, of(number))));
        let tree = rootfs.tree();
        if !is_same_store(&tree, &without) {
            start(&rootfs, &[]).run().ok().is_silent();
        }
        start(&rootfs, &["--remove"]).run().ok();
        assert!(is_same_store(&rootfs.tree(), &without));
    }
}

fn is_same_store(tree: &Tree, other: &Tree) -> bool {
    tree.differing(other).next().is_none()
}

#[test]
fn starts_with_different_cas_install_both() {
    let rootfs = container();
    rootfs.root.write("/second.pem", second().pem());
    let options = |number| match number % 2 {
        0 => &["--ca", CA, WITNESS],
        _ => &["--ca", "/second.pem", WITNESS],
    };
    for _ in 0..rounds() {
        rootfs.reset();
        rootfs.root.write("/second.pem", second().pem());
        let said = race(&rootfs, (0..STARTS).map(|number| start(&rootfs, options(number))));
        assert_eq!(talkative(&said), [INSTALLED, INSTALLED]);
        // Together they have a file that names them both.
        for _ in 0..2 {
            start(&rootfs, &["--ca", CA, "--ca", "/second.pem"]).run().ok();
        }
        let bundle = String::from_utf8(rootfs.root.read(BUNDLE)).unwrap();
        assert_eq!(bundle.matches("BEGIN").count(), 5, "both: {bundle}");
        assert_whole(&bundle);
    }
}

/// A volume as the kubelet makes it: the file is a link into `..data`, which is a link that is
/// replaced in one step.
#[test]
fn a_volume_whose_content_is_swapped_gives_one_ca_or_the_other() {
    let rootfs = container();
    let root = &rootfs.root;
    root.write("/ca/..1/ca.crt", corp().pem()).write("/ca/..2/ca.crt", second().pem());
    root.link("/ca/..data", "..1").link("/ca/ca.crt", "..data/ca.crt");
    let is_over = AtomicBool::new(false);
    let swap = || {
        for number in (1..=2).cycle() {
            symlink(format!("..{number}"), root.at("/ca/..data_tmp")).unwrap();
            fs::rename(root.at("/ca/..data_tmp"), root.at("/ca/..data")).unwrap();
            if is_over.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(swap);
        let _over = Over(&is_over);
        for path in ["/ca", "/ca/ca.crt"] {
            for _ in 0..rounds() {
                let said =
                    race(&rootfs, (0..STARTS).map(|_| start(&rootfs, &["--ca", path, WITNESS])));
                for said in talkative(&said) {
                    assert!(
                        said.starts_with("ca-entrypoint: trust store updated: 1 added, "),
                        "{said}"
                    );
                }
                let bundle = String::from_utf8(root.read(BUNDLE)).unwrap();
                assert_eq!(bundle.matches("BEGIN").count(), 4, "one of them: {bundle}");
            }
            start(&rootfs, &["--remove"]).run().ok();
        }
    });
}

/// A process that stands still once it has locked the store: in place of a start that was stopped.
fn stuck(rootfs: &Rootfs) -> Child {
    let directory = File::open(rootfs.root.at(ANCHORS)).unwrap();
    flock(&directory, FlockOperation::NonBlockingLockExclusive).unwrap();
    // Its stdin is the directory, and with it the lock, which isn't this process's any more.
    let child = process::Command::new("sleep").arg("1000").stdin(directory).spawn().unwrap();
    signal::kill(pid(&child), Signal::SIGSTOP).unwrap();
    child
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

#[test]
fn a_lock_is_gone_with_the_process_that_held_it() {
    let rootfs = container();
    let mut holder = stuck(&rootfs);
    let waiting: Vec<Running> = (0..2).map(|_| start(&rootfs, &[WITNESS]).spawn()).collect();
    assert_eq!(rootfs.root.read(BUNDLE), public_bundle().as_bytes());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let said: Vec<String> =
        waiting.into_iter().map(|waiting| waiting.end().code(42).err()).collect();
    assert_eq!(talkative(&said), [INSTALLED]);
}

/// Takes a minute, as it shall: a hook may take as long. `make faults` has it.
#[test]
fn a_lock_that_is_never_given_up_keeps_no_command_from_running() {
    if !is_exhaustive() {
        return;
    }
    let rootfs = container();
    let before = rootfs.tree();
    let mut holder = stuck(&rootfs);
    let outcome = start(&rootfs, &[WITNESS]).run();
    outcome.code(42).says(&format!("cannot lock '{ANCHORS}'")).says("60 s");
    outcome.says("trust store left alone: 1 added in '/run/ca-entrypoint'");
    let after = rootfs.tree();
    let is_own = |path: &Path| path.starts_with("run/ca-entrypoint");
    assert!(before.differing(&after).all(is_own));
    let copy = public_bundle() + &corp().pem();
    let names = rootfs.root.names("/run/ca-entrypoint");
    let mut contents = names.iter().map(|name| after.file(&format!("/run/ca-entrypoint/{name}")));
    assert!(contents.any(|content| content == Some(copy.as_bytes())), "{names:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_mended("a lock that was held", &rootfs);
}

/// As by a start whose hooks take longer than others wait. Takes a minute, too.
#[test]
fn what_was_done_while_a_lock_was_waited_for_is_enough() {
    if !is_exhaustive() {
        return;
    }
    let rootfs = container();
    start(&rootfs, &[]).run().ok();
    let [bundle, moved] = [BUNDLE, "/moved.crt"].map(|path| rootfs.root.at(path));
    let done = rootfs.tree();
    fs::rename(&bundle, &moved).unwrap();
    let mut holder = stuck(&rootfs);
    let waiting = until_it_waits(start(&rootfs, &[WITNESS]));
    fs::rename(&moved, &bundle).unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(42), &b""[..]));
    assert!(is_same_store(&done, &rootfs.tree()));
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn what_cannot_be_locked_is_told() {
    for (what, kind) in NO_DIRECTORIES {
        let rootfs = container();
        fs::remove_dir(rootfs.root.at(ANCHORS)).unwrap();
        kind(&rootfs.root.at(ANCHORS));
        let outcome = start(&rootfs, &[WITNESS]).run();
        outcome.code(42).says("ca-entrypoint: ").says(what);
        let is_old = rootfs.root.read(BUNDLE) == public_bundle().as_bytes();
        outcome.assert(is_old, "the old bundle");
    }
}

/// What is said, and what stands in the anchors directory's place.
type NoDirectory = (&'static str, fn(&Path));

const NO_DIRECTORIES: [NoDirectory; 3] = [
    ("File exists", |path| fs::write(path, "").unwrap()),
    ("File exists", |path| mkfifo(path, Mode::S_IRWXU).unwrap()),
    ("Symbolic link loop", |path| symlink("ca-certificates", path).unwrap()),
];

const STARTS: usize = 64;

const INSTALLED: &str = "ca-entrypoint: trust store updated: 1 added, 0 removed\n";
