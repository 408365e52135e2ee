//! File systems that are full, closed, mounted in pieces, or linked in every direction: no store loses
//! anything, and the command runs.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use rustix::fs::IFlags;
use rustix::fs::ioctl_setflags;

use crate::command::Command;
use crate::command::Outcome;
use crate::mounts::Mounted;
use crate::rootfs::Rootfs;
use crate::rootfs::binary;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::copy_program;
use crate::skeletons::public_bundle;
use crate::witness::Start;
use crate::witness::WITNESS;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::corp;
use crate::witness::device;
use crate::witness::witness;

#[track_caller]
fn start(what: &str, rootfs: &Rootfs) -> Outcome {
    Start::new(rootfs, &|command| command).check(what).expect("nothing keeps the command back")
}

/// What is said when the store couldn't be written, and root's own directory could.
fn private_message(why: &str) -> String {
    format!(
        "ca-entrypoint: trust store cannot be written ({why}): 1 added in '/run/ca-entrypoint', for \
         programs that read variables\n"
    )
}

/// The same root file system in a memory of its own, which hides the first one's.
fn in_memory(rootfs: &Rootfs, options: &str) -> Mounted {
    let root = &rootfs.root;
    let mounted = Mounted::tmpfs(root.path().to_owned(), options);
    root.directory("/bin").directory("/dev");
    copy_program(&binary(), &root.at("/bin/ca-entrypoint"));
    copy_program(&witness(), &root.at(WITNESS));
    device(root, "/dev/null", 1, 3);
    rootfs.reset();
    mounted
}

/// Writes until nothing more goes in, and leaves room for this many pages.
fn fill_but(rootfs: &Rootfs, pages: usize) {
    let mut file = File::create(rootfs.root.at(FILLER)).unwrap();
    while file.write_all(&[0; PAGE]).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size - (pages * PAGE) as u64).unwrap();
}

/// As many entries as there can be, but for these. A directory isn't open in the children of other
/// tests, as a file may be.
fn fill_inodes_but(rootfs: &Rootfs, entries: usize) {
    let name = |number| rootfs.root.at(&format!("{FILLER}/{number}"));
    rootfs.root.directory(FILLER);
    let count = (0..).find(|&number| fs::create_dir(name(number)).is_err()).unwrap();
    for number in count - entries..count {
        fs::remove_dir(name(number)).unwrap();
    }
}

/// Gives back what was filled, whoever has it open still.
fn empty(rootfs: &Rootfs) {
    let filler = rootfs.root.at(FILLER);
    if filler.is_dir() {
        fs::remove_dir_all(filler).unwrap();
    } else {
        fs::write(&filler, "").unwrap();
        fs::remove_file(filler).unwrap();
    }
}

/// Each degree of fullness, from nothing free to enough.
#[track_caller]
fn fuller_and_fuller(options: &str, fill: impl Fn(&Rootfs, usize)) {
    let rootfs = container();
    let mut failures = 0;
    loop {
        let _memory = in_memory(&rootfs, options);
        fill(&rootfs, failures);
        let what = format!("{failures} free");
        let outcome = start(&what, &rootfs);
        let is_installed = outcome.err() == INSTALLED;
        if !is_installed {
            outcome.says("No space left on device").assert(
                outcome.err().contains("hint: ") || outcome.err().contains("1 added in"),
                "what was done instead, or can be done",
            );
        }
        empty(&rootfs);
        assert_mended(&what, &rootfs);
        if is_installed {
            break;
        }
        failures += 1;
    }
    assert!(failures > 0, "nothing free is enough");
}

#[test]
fn a_full_file_system_costs_nothing_but_the_ca() {
    fuller_and_fuller("size=4m", fill_but);
}

#[test]
fn a_file_system_without_a_free_inode_costs_nothing_but_the_ca() {
    fuller_and_fuller("nr_inodes=200", fill_inodes_but);
}

/// A bundle that is a mounted file, at the end of a file system with so many bytes left.
fn mounted_bundle(rootfs: &Rootfs, room: usize) -> ([Mounted; 2], String) {
    let bundle = public_bundle();
    let bundle = "#".repeat(PAGE - 1 - (bundle.len() + room) % PAGE) + "\n" + &bundle;
    rootfs.root.directory("/mnt");
    let memory = Mounted::tmpfs(rootfs.root.at("/mnt"), "size=12k");
    rootfs.root.write("/mnt/bundle", &bundle);
    let mut filler = File::create(rootfs.root.at("/mnt/filler")).unwrap();
    while filler.write_all(&[0; PAGE]).is_ok() {}
    let mounted = Mounted::bind(&rootfs.root.at("/mnt/bundle"), rootfs.root.at(BUNDLE));
    ([mounted, memory], bundle)
}

#[test]
fn a_mounted_bundle_without_room_for_a_whole_certificate_gets_none() {
    let added = corp().pem();
    for room in [0, 1, added.len() / 2, added.len() - 1, added.len()] {
        let rootfs = container();
        let (_mounts, bundle) = mounted_bundle(&rootfs, room);
        let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
        let is_enough = room == added.len();
        let (stderr, expected) = if is_enough {
            (INSTALLED.to_owned(), bundle + &added)
        } else {
            (private_message("No space left on device"), bundle)
        };
        outcome.code(42).assert_stderr(&stderr);
        let message = format!("room for {room} of {} bytes: no more, no less", added.len());
        outcome.assert(rootfs.root.read("/mnt/bundle") == expected.as_bytes(), &message);
    }
}

#[test]
fn a_mounted_bundle_without_room_for_the_next_certificate_keeps_the_present_one() {
    let longer = crate::x509::Certificate::ca(&"Next ".repeat(12));
    let rootfs = container();
    let (_mounts, bundle) = mounted_bundle(&rootfs, corp().pem().len());
    Command::inside(&rootfs.root, &[WITNESS]).run().code(42).assert_stderr(INSTALLED);
    rootfs.root.write(crate::rootfs::CA, longer.pem());
    let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
    outcome.code(42).assert_stderr(&private_message("No space left on device"));
    let expected = bundle + &corp().pem();
    outcome.assert(rootfs.root.read(BUNDLE) == expected.as_bytes(), "the present one");
}

/// What may be the matter with a store, and what is said of it then.
struct Trouble {
    what: &'static str,
    make: fn(&Rootfs) -> Vec<Mounted>,
    says: Says,
}

enum Says {
    /// The store is written all the same.
    Installed,
    /// The store can't be, and a directory can.
    Private(&'static str),
}

const TROUBLES: [Trouble; 9] = [
    Trouble {
        what: "a hash directory that is mounted for reading",
        make: |rootfs| vec![Mounted::read_only(rootfs.root.at(CERTS))],
        says: Says::Private("Read-only file system"),
    },
    Trouble {
        what: "an anchors directory that is mounted for reading",
        make: |rootfs| vec![Mounted::read_only(rootfs.root.at(ANCHORS))],
        says: Says::Private("Read-only file system"),
    },
    Trouble {
        what: "a bundle that is mounted for reading",
        make: |rootfs| vec![Mounted::read_only(rootfs.root.at(BUNDLE))],
        says: Says::Private("Read-only file system"),
    },
    Trouble {
        what: "a bundle that is a mounted file",
        make: |rootfs| {
            rootfs.root.write("/mnt/bundle", public_bundle());
            vec![Mounted::bind(&rootfs.root.at("/mnt/bundle"), rootfs.root.at(BUNDLE))]
        },
        says: Says::Installed,
    },
    Trouble {
        what: "an anchors directory on a file system of its own",
        make: |rootfs| vec![Mounted::tmpfs(rootfs.root.at(ANCHORS), "mode=755")],
        says: Says::Installed,
    },
    Trouble {
        what: "an anchors directory that is mounted from elsewhere",
        make: |rootfs| {
            rootfs.root.directory("/mnt/anchors");
            vec![Mounted::bind(&rootfs.root.at("/mnt/anchors"), rootfs.root.at(ANCHORS))]
        },
        says: Says::Installed,
    },
    Trouble {
        what: "a bundle that nobody may change",
        make: |rootfs| {
            mark(rootfs, BUNDLE, IFlags::IMMUTABLE);
            Vec::new()
        },
        says: Says::Private("Operation not permitted"),
    },
    Trouble {
        what: "a hash directory that nobody may change",
        make: |rootfs| {
            mark(rootfs, CERTS, IFlags::IMMUTABLE);
            Vec::new()
        },
        says: Says::Private("Operation not permitted"),
    },
    Trouble {
        what: "an anchors directory that nobody may change",
        make: |rootfs| {
            mark(rootfs, ANCHORS, IFlags::IMMUTABLE);
            Vec::new()
        },
        says: Says::Private("Operation not permitted"),
    },
];

/// As chattr(1) does.
fn mark(rootfs: &Rootfs, path: &str, flags: IFlags) {
    let file = File::open(rootfs.root.at(path)).unwrap();
    ioctl_setflags(file, flags).unwrap_or_else(|e| {
        let path = rootfs.root.at(path);
        panic!("chattr {}: {e}: be root, on a file system that can do it", path.display())
    });
}

#[test]
fn a_store_that_is_closed_or_mounted_in_pieces_loses_nothing() {
    for Trouble { what, make, says } in &TROUBLES {
        let rootfs = container();
        let mounts = make(&rootfs);
        let outcome = start(what, &rootfs);
        let expected = match says {
            Says::Installed => INSTALLED.to_owned(),
            Says::Private(why) => private_message(why),
        };
        outcome.assert(outcome.err() == expected, &format!("{what}: on stderr {expected:?}"));
        if matches!(says, Says::Installed) {
            let later = start(what, &rootfs);
            later.assert(later.err().is_empty(), &format!("{what}: nothing more to say"));
            continue;
        }
        drop(mounts);
        for path in [BUNDLE, CERTS, ANCHORS] {
            mark(&rootfs, path, IFlags::empty());
        }
        assert_mended(what, &rootfs);
    }
}

/// A temporary file can't be removed there either, and stays.
#[test]
fn where_nothing_can_be_removed_nothing_is_lost() {
    for path in [BUNDLE, CERTS, ANCHORS] {
        let rootfs = container();
        mark(&rootfs, path, IFlags::APPEND);
        let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
        outcome.code(42).assert_stderr(&private_message("Operation not permitted"));
        outcome.assert(rootfs.root.read(BUNDLE) == public_bundle().as_bytes(), "the old bundle");
        mark(&rootfs, path, IFlags::empty());
        let next = Command::inside(&rootfs.root, &[]).run();
        let expected = public_bundle() + &corp().pem();
        next.ok().assert(rootfs.root.read(BUNDLE) == expected.as_bytes(), "the new bundle");
    }
}

/// What the bundle's name may be: where the file is at last, and what is said.
type Link = (&'static str, fn(&Rootfs) -> io::Result<Vec<Mounted>>, Option<&'static str>);

const LINKS: [Link; 8] = [
    ("a relative link", |rootfs| link(rootfs, "../../pki/bundle"), Some("/etc/pki/bundle")),
    ("an absolute link", |rootfs| link(rootfs, "/etc/pki/bundle"), Some("/etc/pki/bundle")),
    (
        "a chain of links",
        |rootfs| {
            symlink("../b", rootfs.root.directory("/etc/a").at("/etc/a/link"))?;
            symlink("/etc/pki/bundle", rootfs.root.at("/etc/b"))?;
            link(rootfs, "/etc/a/link")
        },
        Some("/etc/pki/bundle"),
    ),
    (
        "a link to another file system",
        |rootfs| {
            rootfs.root.directory("/mnt");
            let mounted = Mounted::tmpfs(rootfs.root.at("/mnt"), "mode=755");
            rootfs.root.write("/mnt/bundle", public_bundle());
            link(rootfs, "/mnt/bundle")?;
            Ok(vec![mounted])
        },
        Some("/mnt/bundle"),
    ),
    (
        "a link to a file system for reading",
        |rootfs| {
            rootfs.root.directory("/mnt").write("/mnt/bundle", public_bundle());
            link(rootfs, "/mnt/bundle")?;
            Ok(vec![Mounted::read_only(rootfs.root.at("/mnt"))])
        },
        None,
    ),
    ("a link to itself", |rootfs| link(rootfs, "ca-certificates.crt"), None),
    ("a link to nothing", |rootfs| link(rootfs, "/etc/none/bundle"), None),
    ("a link to a directory", |rootfs| link(rootfs, "/etc"), None),
];

fn link(rootfs: &Rootfs, target: &str) -> io::Result<Vec<Mounted>> {
    rootfs.root.write("/etc/pki/bundle", public_bundle()).remove(BUNDLE);
    symlink(target, rootfs.root.at(BUNDLE))?;
    Ok(Vec::new())
}

#[test]
fn a_bundle_that_is_a_link_stays_one_and_nothing_it_leads_to_is_lost() {
    for (what, make, target) in LINKS {
        let rootfs = container();
        let _mounts = make(&rootfs).unwrap();
        let before = fs::read_link(rootfs.root.at(BUNDLE)).unwrap();
        let outcome = Command::inside(&rootfs.root, &[WITNESS]).run();
        outcome.code(42);
        let after = fs::read_link(rootfs.root.at(BUNDLE)).unwrap();
        outcome.assert(before == after, &format!("{what}: the link to stay"));
        if let Some(target) = target {
            let expected = public_bundle() + &corp().pem();
            let is_new = rootfs.root.read(target) == expected.as_bytes();
            outcome.assert(is_new && outcome.err() == INSTALLED, &format!("{what}: all of it"));
        }
    }
}

const FILLER: &str = "/filler";

/// What a file system in memory gives out at once.
const PAGE: usize = 4096;

const INSTALLED: &str = "ca-entrypoint: trust store updated: 1 added, 0 removed\n";
