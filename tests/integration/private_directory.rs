//! The directory that a user's own files go to: the first one that nobody else can tamper with.

use std::os::unix::fs::MetadataExt;

use crate::command::Outcome;
use crate::container::SHM;
use crate::container::STRANGER;
use crate::container::TMP;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::command_with;
use crate::container::container;
use crate::container::files;
use crate::container::message;
use crate::container::start;
use crate::mounts::Mount;
use crate::util::Root;

const RUN: &str = "/run/ca-entrypoint";

/// The files are in this directory, which is the user's alone, and in none of the others.
#[track_caller]
fn assert_placed(root: &Root, outcome: &Outcome, directory: &str) {
    outcome.ok().assert_stderr(&message(directory));
    outcome.assert(bundle(outcome).starts_with(&format!("{directory}/")), directory);
    let metadata = root.at(directory).symlink_metadata().unwrap();
    assert!(metadata.is_dir());
    assert_eq!((metadata.mode() & 0o7777, metadata.uid()), (0o700, USER));
    assert_eq!(files(root, directory).len(), 2);
    for file in files(root, directory) {
        let metadata = root.at(&file).symlink_metadata().unwrap();
        assert!(metadata.is_file());
        assert_eq!((metadata.mode() & 0o7777, metadata.uid()), (0o644, USER), "{file}");
    }
    for other in [RUN, "/user/ca-entrypoint", SHM, TMP] {
        assert!(other == directory || !root.at(other).exists(), "{other}");
    }
}

#[test]
fn the_first_one_that_can_be_made_is_taken() {
    let directories = [RUN, "/user/ca-entrypoint", SHM, TMP];
    for (closed, directory) in directories.iter().enumerate() {
        let root = container();
        root.mode("/run", 0o1777).directory("/user").owner("/user", USER);
        for path in ["/run", "/user", "/dev/shm"].into_iter().take(closed) {
            root.owner(path, 0).mode(path, 0o755);
        }
        let outcome = command(&root, &["/bin/env"]).env("XDG_RUNTIME_DIR", "/user").run();
        assert_placed(&root, &outcome, directory);
    }
}

#[test]
fn a_parent_of_the_user_s_own_will_do() {
    for mode in [0o700, 0o755, 0o1777, 0o3777] {
        let root = container();
        root.owner("/run", USER).mode("/run", mode);
        assert_placed(&root, &start(&root), RUN);
    }
}

#[test]
fn a_parent_that_others_can_move_entries_in_will_not() {
    let parents: [(u32, u32); 8] = [
        // Without the sticky bit everybody who can write to it can put another directory there.
        (0, 0o777),
        (0, 0o757),
        (USER, 0o777),
        (USER, 0o775),
        (USER, 0o2775),
        // Its owner can in any case.
        (4242, 0o1777),
        (4242, 0o777),
        (4242, 0o1757),
    ];
    for (owner, mode) in parents {
        let root = container();
        root.owner("/dev/shm", owner).mode("/dev/shm", mode);
        assert_placed(&root, &start(&root), TMP);
    }
}

#[test]
fn a_parent_that_is_closed_missing_or_a_file_will_not() {
    for mode in [0o000, 0o111, 0o444, 0o555, 0o222] {
        let root = container();
        root.owner("/dev/shm", USER).mode("/dev/shm", mode);
        assert_placed(&root, &start(&root), TMP);
    }
    let prepare: [fn(&Root); 3] = [
        |_| {},
        |root| _ = root.write("/dev/shm", "a file"),
        |root| _ = root.link("/dev/shm", "/nowhere"),
    ];
    for prepare in prepare {
        let root = container();
        std::fs::remove_dir(root.at("/dev/shm")).unwrap();
        prepare(&root);
        assert_placed(&root, &start(&root), TMP);
    }
}

#[test]
fn a_parent_that_is_a_link_is_followed_and_the_files_named_without_it() {
    let root = container();
    std::fs::remove_dir(root.at("/dev/shm")).unwrap();
    root.link("/dev/shm", "../run/shm").directory("/run/shm").mode("/run/shm", 0o1777);
    let directory = "/run/shm/ca-entrypoint-1000";
    let outcome = start(&root);
    outcome.ok().assert_stderr(&message(directory));
    outcome.assert(bundle(&outcome).starts_with(&format!("{directory}/")), directory);
    start(&root).ok().assert_stderr("");
    // And one that leads to a bad place is as bad as that.
    let root = container();
    std::fs::remove_dir(root.at("/dev/shm")).unwrap();
    root.link("/dev/shm", "/run/shm").directory("/run/shm").mode("/run/shm", 0o777);
    assert_placed(&root, &start(&root), TMP);
}

#[test]
fn the_user_s_runtime_directory_is_checked_as_the_others_are() {
    let with = |prepare: fn(&Root), value: &str, directory: &str| {
        let root = container();
        root.directory("/user").owner("/user", USER).mode("/user", 0o700);
        prepare(&root);
        let outcome = command(&root, &["/bin/env"]).env("XDG_RUNTIME_DIR", value).run();
        assert_placed(&root, &outcome, directory);
    };
    with(|_| (), "/user", "/user/ca-entrypoint");
    with(|_| (), "/user/", "/user/ca-entrypoint");
    with(|_| (), "/run/../user/.", "/user/ca-entrypoint");
    with(|root| _ = root.link("/link", "user"), "/link", "/user/ca-entrypoint");
    // A relative one is ignored, by the specification.
    with(|_| (), "user", SHM);
    with(|_| (), "./user", SHM);
    with(|_| (), "", SHM);
    with(|_| (), "/", SHM);
    with(|_| (), "/none", SHM);
    with(|_| (), "/none/../user", SHM);
    with(|_| (), "/etc/os-release", SHM);
    with(|root| _ = root.mode("/user", 0o777), "/user", SHM);
    with(|root| _ = root.mode("/user", 0o720), "/user", SHM);
    with(|root| _ = root.owner("/user", 4242).mode("/user", 0o1777), "/user", SHM);
}

/// In GitLab Runner's Docker executor `/builds` is everybody's.
#[test]
fn a_runtime_directory_that_others_can_put_another_in_the_place_of_is_none() {
    const OWN: &str = "/builds/run/ca-entrypoint";
    let with = |owner: u32, mode: u32, directory: &str| {
        for has_own in [false, true] {
            let root = container();
            root.directory("/builds/run").owner("/builds/run", USER).mode("/builds/run", 0o700);
            if has_own {
                root.directory(OWN).owner(OWN, USER).mode(OWN, 0o700);
            }
            root.owner("/builds", owner).mode("/builds", mode).link("/link", "builds");
            for value in ["/builds/run", "/link/run"] {
                let outcome = command(&root, &["/bin/env"]).env("XDG_RUNTIME_DIR", value).run();
                let path = bundle(outcome.ok());
                outcome.assert(path.starts_with(&format!("{directory}/")), directory);
            }
            // What is in the place of it is not removed either.
            if has_own && directory != OWN {
                let file = format!("{OWN}/bundle-1.pem");
                root.write(&file, "").owner(&file, USER);
                command(&root, &["--remove"]).env("XDG_RUNTIME_DIR", "/builds/run").run().ok();
                assert!(root.at(&file).exists());
            }
        }
    };
    with(0, 0o777, SHM);
    with(0, 0o775, SHM);
    with(USER, 0o757, SHM);
    with(STRANGER, 0o755, SHM);
    with(0, 0o755, OWN);
    with(0, 0o1777, OWN);
    with(USER, 0o700, OWN);
}

#[test]
fn the_umask_is_of_no_account() {
    for umask in [0o000, 0o022, 0o077, 0o777] {
        let root = container();
        let set = move || {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(umask));
            Ok(())
        };
        let outcome = command(&root, &["/bin/env"]).before_exec(set).run();
        assert_placed(&root, &outcome, SHM);
    }
}

#[test]
fn a_full_file_system_is_passed_over_and_left_clean() {
    // One page: enough for the directory, or for the anchors alone, but not for the bundle.
    for size in ["size=4k,mode=1777", "nr_inodes=1,mode=1777", "nr_inodes=2,mode=1777"] {
        let root = container();
        let mounts = [Mount::Tmpfs { to: "/dev/shm", options: size }];
        let outcome = command_with(&root, &mounts, &["/bin/env"]).run();
        outcome.ok().assert_stderr(&message(TMP));
        outcome.assert(bundle(&outcome).starts_with(TMP), TMP);
        assert_eq!(files(&root, TMP).len(), 2);
    }
}

#[test]
fn a_file_system_that_is_read_only_is_passed_over() {
    let root = container();
    let mounts = [
        Mount::ReadOnlyRoot,
        Mount::Tmpfs { to: "/dev/shm", options: "mode=1777,ro" },
        Mount::Tmpfs { to: "/tmp", options: "mode=1777" },
    ];
    let outcome = command_with(&root, &mounts, &["/bin/env"]).run();
    outcome.ok().says(&format!("1 added in '{TMP}'"));
    outcome.assert(bundle(&outcome).starts_with(TMP), TMP);
}

#[test]
fn a_directory_of_the_user_s_that_is_there_is_used() {
    for mode in [0o700, 0o1700, 0o2700] {
        let root = container();
        root.directory(SHM).owner(SHM, USER).mode(SHM, mode);
        let outcome = start(&root);
        outcome.ok().assert_stderr(&message(SHM));
        assert_eq!(files(&root, SHM).len(), 2);
    }
}

#[test]
fn what_has_the_name_of_a_file_of_ours_does_not_stop_the_start() {
    // The user's own doing: no file can be put in a directory's place.
    let root = container();
    let file = bundle(&start(&root));
    root.remove(&file).directory(&file).owner(&file, USER);
    for said in [message(TMP), String::new()] {
        let outcome = start(&root);
        outcome.ok().assert_stderr(&said);
        outcome.assert(bundle(&outcome).starts_with(TMP), TMP);
    }
    assert!(root.names(SHM).iter().all(|name| !name.starts_with('.')));
}
