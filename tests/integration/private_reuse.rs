//! The starts after the first one: they find its files, or make what is no longer right anew.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::libc;

use crate::command::Command;
use crate::container::CA;
use crate::container::SHM;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::command_with;
use crate::container::container;
use crate::container::corp;
use crate::container::files;
use crate::container::message;
use crate::container::start;
use crate::mounts::Mount;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::util::walk;
use crate::x509::Certificate;

#[test]
fn a_second_start_writes_nothing_and_says_nothing() {
    let root = container();
    let first = start(&root);
    first.ok().assert_stderr(&message(SHM));
    let before = root.tree_with_inodes();
    for _ in 0..3 {
        start(&root).ok().assert_stderr("").prints(&first.stdout);
    }
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn another_ca_at_the_same_path_gets_files_of_its_own() {
    let root = container();
    let first = start(&root);
    let next = Certificate::ca("Next CA").pem();
    root.write(CA, &next);
    let second = start(&root);
    second.ok().assert_stderr(&message(SHM));
    assert_ne!(bundle(&first), bundle(&second));
    assert_eq!(root.read(&bundle(&second)), (public_bundle() + &next).as_bytes());
    // Who was started before has its files still.
    assert_eq!(root.read(&bundle(&first)), (public_bundle() + &corp().pem()).as_bytes());
    root.write(CA, corp().pem());
    start(&root).ok().assert_stderr("").prints(&first.stdout);
}

#[test]
fn the_same_cas_in_another_order_or_number_are_others() {
    let root = container();
    let (a, b) = (Certificate::ca("A").pem(), Certificate::ca("B").pem());
    let mut bundles = Vec::new();
    for pem in [[&*a, &*b].concat(), [&*b, &*a].concat(), a.clone(), b.clone()] {
        root.write(CA, &pem);
        let path = bundle(start(&root).ok());
        assert_eq!(root.read(&path), (public_bundle() + &pem).as_bytes());
        assert!(!bundles.contains(&path));
        bundles.push(path);
    }
}

/// A bundle of the same size as the images' own, with other signatures.
fn other_bundle() -> String {
    public_bundle().replace("AQEBAQEB", "AQECAQEC")
}

#[test]
fn an_image_s_bundle_that_changed_is_copied_anew() {
    let pem = corp().pem();
    let replaced = Certificate::ca("Public Root X").pem();
    let same_size = other_bundle();
    let shorter = Certificate::ca("Public Root A").pem();
    let longer = public_bundle() + &replaced;
    for content in [same_size, shorter, longer] {
        let root = container();
        let first = start(&root);
        // In one step, as a package's new version comes.
        root.write("/etc/ssl/certs/new", &content);
        fs::rename(root.at("/etc/ssl/certs/new"), root.at(BUNDLE)).unwrap();
        let second = start(&root);
        second.ok().assert_stderr(&message(SHM));
        assert_ne!(bundle(&first), bundle(&second));
        assert_eq!(root.read(&bundle(&second)), [content, pem.clone()].concat().as_bytes());
        start(&root).ok().assert_stderr("");
    }
}

#[test]
fn a_bundle_of_the_same_size_and_time_is_another_by_its_inode() {
    let root = container();
    let first = start(&root);
    let time = fs::metadata(root.at(BUNDLE)).unwrap().modified().unwrap();
    root.write("/etc/ssl/certs/new", other_bundle());
    let new = fs::File::options().write(true).open(root.at("/etc/ssl/certs/new")).unwrap();
    new.set_modified(time).unwrap();
    fs::rename(root.at("/etc/ssl/certs/new"), root.at(BUNDLE)).unwrap();
    assert_ne!(bundle(start(&root).ok()), bundle(&first));
    // And one that is written in place, by its time.
    let root = container();
    let first = start(&root);
    root.write(BUNDLE, other_bundle());
    let written = fs::File::options().write(true).open(root.at(BUNDLE)).unwrap();
    written.set_modified(time + Duration::from_nanos(1)).unwrap();
    assert_ne!(bundle(start(&root).ok()), bundle(&first));
}

#[test]
fn copies_that_are_gone_or_cut_short_are_made_again() {
    let reference = container();
    let names = files(start_and_return(&reference), SHM);
    for name in names {
        let content = reference.read(&name);
        let damage: [fn(&Root, &str); 5] = [
            |root, name| _ = root.remove(name),
            |root, name| fs::write(root.at(name), "").unwrap(),
            |root, name| {
                let file = fs::File::options().write(true).open(root.at(name)).unwrap();
                file.set_len(100).unwrap();
            },
            |root, name| {
                let file = fs::File::options().write(true).open(root.at(name)).unwrap();
                file.set_len(file.metadata().unwrap().len() - 1).unwrap();
            },
            |root, name| _ = root.remove(name).link(name, "/nowhere"),
        ];
        for damage in damage {
            let root = container();
            let first = start(&root);
            let name = files(&root, SHM)
                .into_iter()
                .find(|file| file.contains(name.split('-').nth(2).unwrap()))
                .unwrap();
            damage(&root, &name);
            start(&root).ok().assert_stderr(&message(SHM)).prints(&first.stdout);
            assert_eq!(root.read(&name), content, "{name}");
            assert!(!root.at(&name).is_symlink());
            start(&root).ok().assert_stderr("");
        }
    }
}

fn start_and_return(root: &Root) -> &Root {
    start(root).ok();
    root
}

/// As the containers of a pod do, and those of `docker run --ipc container:NAME`.
#[test]
fn two_images_that_share_a_directory_do_not_disturb_each_other() {
    let shared = Root::new();
    shared.directory("/shm").mode("/shm", 0o1777);
    let mounts = [Mount::Bind { from: shared.at("/shm"), to: "/dev/shm" }];
    let (one, two) = (container(), container());
    let other_bundle = Certificate::ca("Other Public Root").pem();
    two.write(BUNDLE, &other_bundle);
    let start = |root: &Root| command_with(root, &mounts, &["/bin/env"]).run();
    let check = |outcome: &crate::command::Outcome, expected: &str| {
        let path = bundle(outcome).replace("/dev/shm/", "/shm/");
        assert_eq!(shared.read(&path), expected.as_bytes());
    };
    start(&one).ok().assert_stderr(&message(SHM));
    start(&two).ok().assert_stderr(&message(SHM));
    // Another CA in each, too.
    two.write(CA, Certificate::ca("Next CA").pem());
    start(&two).ok().assert_stderr(&message(SHM));
    let before = shared.tree_with_inodes();
    for _ in 0..2 {
        let outcome = start(&one);
        outcome.ok().assert_stderr("");
        check(&outcome, &(public_bundle() + &corp().pem()));
        let outcome = start(&two);
        outcome.ok().assert_stderr("");
        check(&outcome, &(other_bundle.clone() + &Certificate::ca("Next CA").pem()));
    }
    assert_eq!(shared.tree_with_inodes(), before);
}

fn twenty_at_once(root: &Root, start: impl Fn() -> Command) -> Vec<String> {
    let outcomes: Vec<_> = (0..20)
        .map(|_| start())
        .map(|command| thread::spawn(move || command.run()))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let temporary: Vec<_> = walk(root.path())
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(".ca-entrypoint"))
        .collect();
    assert!(temporary.is_empty(), "{temporary:?}");
    let mut bundles: Vec<String> = outcomes.iter().map(|outcome| bundle(outcome.ok())).collect();
    bundles.sort_unstable();
    bundles.dedup();
    bundles
}

#[test]
fn starts_at_the_same_time_end_with_one_set_of_files() {
    for _ in 0..3 {
        let root = container();
        let bundles = twenty_at_once(&root, || command(&root, &["/bin/env"]));
        assert_eq!(bundles.len(), 1, "{bundles:?}");
        assert_eq!(root.read(&bundles[0]), (public_bundle() + &corp().pem()).as_bytes());
        assert_eq!(files(&root, SHM).len(), 2);
        start(&root).ok().assert_stderr("");
    }
}

#[test]
fn root_s_starts_at_the_same_time_do_so_under_a_strict_umask_too() {
    for _ in 0..3 {
        let root = container();
        let strict = || {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
            Ok(())
        };
        let arguments = ["--placement", "private", "/bin/env"];
        let bundles =
            twenty_at_once(&root, || Command::inside(&root, &arguments).before_exec(strict));
        assert_eq!(bundles.len(), 1, "{bundles:?}");
    }
}

#[test]
fn what_was_installed_when_the_image_was_built_needs_no_copy() {
    let root = container();
    Command::inside(&root, &[]).run().ok().says("trust store updated: 1 added");
    let before = root.tree_with_inodes();
    let outcome = start(&root);
    outcome.ok().assert_stderr("");
    assert_eq!(bundle(&outcome), BUNDLE);
    for private in ["CURL_CA_BUNDLE", "GIT_CONFIG_COUNT", "CARGO_HTTP_CAINFO"] {
        outcome.assert(!outcome.out().contains(private), private);
    }
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn what_was_installed_in_part_is_copied() {
    let root = container();
    Command::inside(&root, &[]).run().ok();
    let next = Certificate::ca("Next CA").pem();
    // Another CA than the built-in one; then the bundle without it, as a package's update leaves it.
    for (ca, image_bundle) in [(next, root.read(BUNDLE)), (corp().pem(), public_bundle().into())] {
        root.write(CA, &ca).write(BUNDLE, &image_bundle);
        let outcome = start(&root);
        outcome.ok().assert_stderr(&message(SHM));
        assert_eq!(root.read(&bundle(&outcome)), [image_bundle, ca.into_bytes()].concat());
    }
}

/// The anchors directory was given to the user, the bundle wasn't: what fails half-way is done
/// privately.
#[test]
fn a_store_that_is_written_in_part_alone_is_left_for_private_files() {
    let root = container();
    root.owner(ANCHORS, USER);
    let outcome = start(&root);
    outcome.ok().assert_stderr(&message(SHM));
    assert_eq!(root.read(&bundle(&outcome)), (public_bundle() + &corp().pem()).as_bytes());
    assert_eq!(root.read(BUNDLE), public_bundle().as_bytes());
    let before = root.tree_with_inodes();
    start(&root).ok().assert_stderr("");
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_start_without_a_ca_makes_nothing() {
    let root = container();
    root.remove(CA);
    let before = root.tree_with_inodes();
    start(&root).ok().is_silent();
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_write_that_is_cut_off_leaves_nothing_by_halves() {
    // The limit lets the anchors be written, and the bundle not.
    let root = container();
    root.write(BUNDLE, public_bundle().repeat(20));
    let limit = || {
        let limit = libc::rlimit { rlim_cur: 2048, rlim_max: 2048 };
        ignore_file_size_signal();
        set_file_size_limit(&limit)
    };
    let outcome = command(&root, &["/bin/env"]).before_exec(limit).run();
    outcome.ok().says("cannot install the CA").assert(!outcome.out().contains(SHM), "no bundle");
    for directory in [SHM, crate::container::TMP] {
        assert!(files(&root, directory).iter().all(|file| !file.contains("bundle-")));
        assert!(!root.names(directory).iter().any(|name| name.starts_with('.')));
    }
    start(&root).ok().assert_stderr(&message(SHM));
}

#[expect(unsafe_code, reason = "setrlimit(2) between fork and exec")]
fn set_file_size_limit(limit: &libc::rlimit) -> std::io::Result<()> {
    // SAFETY: the pointer leads to a limit that outlives the call.
    match unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// A write beyond the limit is then an error, as one on a full disk is.
#[expect(unsafe_code, reason = "signal(2) between fork and exec")]
fn ignore_file_size_signal() {
    // SAFETY: ignoring runs no code of ours.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}
