//! Several users in one place: what another one prepared is not used, not written to, not followed.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::SHM;
use crate::container::STRANGER;
use crate::container::TMP;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::container;
use crate::container::files;
use crate::container::message;
use crate::container::start;
use crate::container::variable;
use crate::util::Root;

const RUN: &str = "/run/ca-entrypoint";

/// What may be in a directory's place, by its description.
type Trap = (&'static str, fn(&Root, &str));

const TRAPS: [Trap; 17] = [
    ("a stranger's directory", |root, path| directory(root, path, STRANGER, 0o700)),
    ("a stranger's open directory", |root, path| directory(root, path, STRANGER, 0o777)),
    ("a stranger's sticky directory", |root, path| directory(root, path, STRANGER, 0o1777)),
    ("root's directory", |root, path| directory(root, path, 0, 0o700)),
    ("root's directory for all", |root, path| directory(root, path, 0, 0o755)),
    ("a directory for the group", |root, path| directory(root, path, USER, 0o770)),
    ("a directory that the group reads", |root, path| directory(root, path, USER, 0o750)),
    ("a directory for others", |root, path| directory(root, path, USER, 0o707)),
    ("a directory that others read", |root, path| directory(root, path, USER, 0o755)),
    ("a directory for all", |root, path| directory(root, path, USER, 0o1777)),
    ("a closed directory", |root, path| directory(root, path, USER, 0o500)),
    ("a link to the user's own directory", |root, path| {
        directory(root, "/home/user", USER, 0o700);
        root.link(path, "/home/user").owner(path, STRANGER);
    }),
    ("a link by the user itself", |root, path| {
        directory(root, "/home/user", USER, 0o700);
        root.link(path, "/home/user").owner(path, USER);
    }),
    ("a link to where a directory can be made", |root, path| {
        directory(root, "/home/user", USER, 0o700);
        root.link(path, "/home/user/new").owner(path, STRANGER);
    }),
    ("a link to nowhere", |root, path| _ = root.link(path, "/nowhere").owner(path, STRANGER)),
    ("a file", |root, path| _ = root.write(path, "").owner(path, USER).mode(path, 0o700)),
    ("a FIFO", |root, path| {
        nix::unistd::mkfifo(&root.at(path), nix::sys::stat::Mode::from_bits_truncate(0o700))
            .unwrap();
        root.owner(path, USER);
    }),
];

fn directory(root: &Root, path: &str, owner: u32, mode: u32) {
    root.directory(path).owner(path, owner).mode(path, mode);
}

#[test]
fn a_trap_is_passed_over() {
    for (what, prepare) in TRAPS {
        let root = container();
        prepare(&root, SHM);
        let before = root.tree_with_inodes();
        let outcome = start(&root);
        outcome.ok().assert(outcome.err() == message(TMP), what);
        // Nothing but the directory that was taken is new, though its parent's time is.
        let ours: fn(&&str) -> bool = |line| !line.contains(TMP) && !line.contains(" /tmp ");
        let after = root.tree_with_inodes();
        let rest = |tree: &str| tree.lines().filter(ours).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rest(&before), rest(&after), "{what}");
    }
}

#[test]
fn traps_everywhere_leave_the_user_without_a_file_and_the_command_runs() {
    for (what, prepare) in TRAPS {
        let root = container();
        root.directory("/run/user").owner("/run/user", USER).mode("/run/user", 0o700);
        for path in [RUN, "/run/user/ca-entrypoint", SHM, TMP] {
            prepare(&root, path);
            if root.at("/home/user").exists() {
                root.mode("/home/user", 0o700);
            }
        }
        let before = root.tree_with_inodes();
        let outcome = command(&root, &["/bin/env"]).env("XDG_RUNTIME_DIR", "/run/user").run();
        // This root has no /proc, and so no way to a file in memory.
        outcome.ok().says("cannot install the CA").assert(
            variable(&outcome, "SSL_CERT_FILE").is_none()
                && variable(&outcome, "NODE_EXTRA_CA_CERTS").as_deref() == Some(CA),
            what,
        );
        assert_eq!(root.tree_with_inodes(), before, "{what}");
    }
}

/// Whether a user can read a file.
fn can_read(root: &Root, user: u32, path: &str) -> bool {
    let read = Command::of("/bin/cat", &[path]).enter(root).by(user).run();
    !read.stdout.is_empty()
}

#[test]
fn nobody_else_reads_a_user_s_files_and_everybody_reads_root_s() {
    let root = container();
    crate::skeletons::with_programs(&root, &["/usr/bin/cat"]);
    let own = bundle(start(&root).ok());
    assert!(can_read(&root, USER, &own) && !can_read(&root, STRANGER, &own));
    let arguments = ["--placement", "private", "/bin/env"];
    let of_root = bundle(Command::inside(&root, &arguments).run().ok());
    for user in [0, USER, STRANGER] {
        assert!(can_read(&root, user, &of_root), "{user}");
    }
}

#[test]
fn each_user_has_a_directory_of_its_own() {
    let root = container();
    let by = |user: u32| Command::inside(&root, &["/bin/env"]).by(user).run();
    for user in [USER, STRANGER, 65534] {
        let directory = format!("/dev/shm/ca-entrypoint-{user}");
        by(user).ok().assert_stderr(&message(&directory));
        let metadata = root.at(&directory).metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (user, 0o700));
    }
    for user in [USER, STRANGER, 65534] {
        by(user).ok().assert_stderr("");
    }
}

#[test]
fn root_s_directory_is_for_the_users_that_its_processes_become() {
    for umask in [0o000, 0o022, 0o077, 0o777] {
        let root = container();
        let set = move || {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(umask));
            Ok(())
        };
        let arguments = ["--placement", "private", "/bin/env"];
        let outcome = Command::inside(&root, &arguments).before_exec(set).run();
        outcome.ok().says(&format!("1 added in '{RUN}'"));
        let mode = |path: &str| root.at(path).metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode(RUN), 0o755);
        for file in files(&root, RUN) {
            assert_eq!(mode(&file), 0o644, "{file}");
        }
    }
}

#[test]
fn root_too_keeps_away_from_what_is_not_its_own() {
    let start = |root: &Root| -> Outcome {
        Command::inside(root, &["--placement", "private", "/bin/env"]).run()
    };
    for (owner, mode) in [(USER, 0o755), (0, 0o700), (0, 0o775), (0, 0o777), (0, 0o1777)] {
        let root = container();
        directory(&root, RUN, owner, mode);
        start(&root).ok().says("1 added in '/dev/shm/ca-entrypoint-0'");
        assert!(root.names(RUN).is_empty());
    }
    let root = container();
    directory(&root, "/srv", USER, 0o755);
    root.link(RUN, "/srv");
    start(&root).ok().says("1 added in '/dev/shm/ca-entrypoint-0'");
    assert!(root.names("/srv").is_empty());
    // A parent of somebody who isn't root.
    let root = container();
    root.owner("/run", USER).owner("/dev/shm", STRANGER);
    start(&root).ok().says("1 added in '/tmp/ca-entrypoint-0'");
}

#[test]
fn what_a_stranger_owns_in_a_user_s_directory_of_old_does_not_open_it() {
    // Someone made the directory, left it readable, and files of the names that we would use.
    let reference = container();
    start(&reference).ok();
    let root = container();
    directory(&root, SHM, STRANGER, 0o755);
    for file in files(&reference, SHM) {
        root.write(&file, fs::read(reference.at(&file)).unwrap()).owner(&file, STRANGER);
    }
    let outcome = start(&root);
    outcome.ok().assert_stderr(&message(TMP));
    assert!(bundle(&outcome).starts_with(TMP));
}
