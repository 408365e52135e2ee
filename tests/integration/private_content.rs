//! What is in a user's own files, which of them are named, and how they go.

use std::os::unix::fs::MetadataExt;

use crate::command::Command;
use crate::container::CA;
use crate::container::SHM;
use crate::container::STRANGER;
use crate::container::TMP;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::container;
use crate::container::corp;
use crate::container::files;
use crate::container::message;
use crate::container::prepared;
use crate::container::start;
use crate::container::variable;
use crate::golden::assert_golden;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::IMAGES;
use crate::skeletons::alpine;
use crate::skeletons::public_bundle;
use crate::skeletons::scratch;
use crate::util::Root;
use crate::x509;
use crate::x509::Certificate;

#[test]
fn the_bundle_is_the_image_s_own_with_the_anchors_at_its_end() {
    let pem = corp().pem();
    let text = public_bundle();
    for image_bundle in [
        text.clone(),
        text.trim_end().to_owned(),
        text.replace('\n', "\r\n"),
        format!("# a comment\n\n{text}\n\n"),
        format!("{text}# comment without an end"),
    ] {
        let root = container();
        root.write(BUNDLE, &image_bundle);
        let outcome = start(&root);
        outcome.ok().assert_stderr(&message(SHM));
        let newline = if image_bundle.ends_with('\n') { "" } else { "\n" };
        let expected = [image_bundle.as_str(), newline, &pem].concat();
        assert_eq!(String::from_utf8(root.read(&bundle(&outcome))).unwrap(), expected);
        start(&root).ok().assert_stderr("");
    }
}

#[test]
fn bytes_of_the_image_s_bundle_that_are_no_text_are_copied_as_they_are() {
    let root = container();
    let image_bundle = [b"# M\xfcnchen\n\0", public_bundle().as_bytes()].concat();
    root.write(BUNDLE, &image_bundle);
    let path = bundle(start(&root).ok());
    assert_eq!(root.read(&path), [image_bundle, corp().pem().into_bytes()].concat());
}

#[test]
fn the_bundle_is_found_wherever_the_image_has_it() {
    for (image, link) in [
        ("/etc/pki/tls/certs/ca-bundle.crt", None),
        ("/usr/share/ca/bundle.pem", Some((BUNDLE, "/usr/share/ca/bundle.pem"))),
    ] {
        let root = prepared(scratch());
        root.write(image, public_bundle());
        if let Some((path, target)) = link {
            root.link(path, target);
        }
        let path = bundle(start(&root).ok());
        assert_eq!(root.read(&path), (public_bundle() + &corp().pem()).as_bytes());
    }
}

#[test]
fn a_clean_source_is_named_itself() {
    let root = container();
    let outcome = start(&root);
    for name in ["CI_SERVER_TLS_CA_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
        assert_eq!(variable(&outcome, name).as_deref(), Some(CA));
    }
}

#[test]
fn another_source_is_named_by_our_copy() {
    let pem = corp().pem();
    let key = x509::pem("PRIVATE KEY", b"secret");
    let prepare: [&dyn Fn(&Root); 5] = [
        &|root| _ = root.write(CA, corp().der()),
        &|root| _ = root.write(CA, key.clone() + &pem),
        &|root| _ = root.write(CA, pem.replace('\n', "\r\n") + "-----BEGIN CERTIFICATE-----\nMIIB"),
        // The command may become another user by and by, who can't read these.
        &|root| _ = root.owner(CA, USER).mode(CA, 0o600),
        &|root| _ = root.owner(CA, USER).mode(CA, 0o400),
    ];
    for (number, prepare) in prepare.iter().enumerate() {
        let root = container();
        prepare(&root);
        let outcome = start(&root);
        let anchors = variable(outcome.ok(), "NODE_EXTRA_CA_CERTS").unwrap();
        assert!(anchors.starts_with(&format!("{SHM}/anchors-")), "{number}: {anchors}");
        assert_eq!(root.read(&anchors), pem.as_bytes(), "{number}");
        assert_eq!(variable(&outcome, "DENO_CERT"), Some(anchors));
        assert_eq!(root.read(&bundle(&outcome)), (public_bundle() + &pem).as_bytes());
    }
}

#[test]
fn anchors_of_several_files_are_together_in_both() {
    let root = container();
    let (a, b) = (Certificate::ca("A"), Certificate::ca("B"));
    root.write("/a.crt", a.pem()).write("/b.crt", b.der());
    let arguments = ["--ca", "/a.crt", "--ca", "/b.crt", "--ca", "/a.crt", "/bin/env"];
    let outcome = command(&root, &arguments).run();
    outcome.ok().says("2 added");
    let both = a.pem() + &b.pem();
    let anchors = variable(&outcome, "NODE_EXTRA_CA_CERTS").unwrap();
    assert_eq!(root.read(&anchors), both.as_bytes());
    assert_eq!(root.read(&bundle(&outcome)), (public_bundle() + &both).as_bytes());
}

/// A program pointed at the anchors alone would trust less than before.
#[test]
fn without_roots_of_the_image_s_no_program_s_own_are_replaced() {
    let prepare: [fn(&Root); 6] = [
        |root| _ = root.remove(BUNDLE),
        |root| _ = root.write(BUNDLE, ""),
        |root| _ = root.write(BUNDLE, "# no certificate\n"),
        |root| _ = root.write(BUNDLE, &public_bundle()[..200]),
        |root| _ = root.remove(BUNDLE).directory(BUNDLE),
        |root| _ = root.remove(BUNDLE).link(BUNDLE, "/nowhere"),
    ];
    for (number, prepare) in prepare.into_iter().enumerate() {
        let root = container();
        prepare(&root);
        let image = root.tree();
        let expected =
            format!("CI_SERVER_TLS_CA_FILE={CA}\nDENO_CERT={CA}\nNODE_EXTRA_CA_CERTS={CA}\n");
        for _ in 0..2 {
            let outcome = start(&root);
            let mut lines: Vec<String> =
                outcome.ok().out().lines().map(|line| line.to_owned() + "\n").collect();
            lines.sort_unstable();
            assert_eq!(lines.concat(), expected, "{number}");
        }
        assert!(root.tree().starts_with(&image[..image.find("/dev/shm").unwrap()]));
    }
}

#[test]
fn a_bundle_that_the_user_cannot_read_is_reported_and_the_command_runs() {
    let root = container();
    root.mode(BUNDLE, 0o600);
    let outcome = start(&root);
    outcome.ok().says(&format!("cannot read '{BUNDLE}': Permission denied\nhint: "));
    assert_eq!(variable(&outcome, "SSL_CERT_FILE"), None);
    assert_eq!(variable(&outcome, "NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
    command(&root, &["--on-error=fail", "/bin/env"]).run().code(125).prints("");
}

#[test]
fn every_image_gets_a_bundle_where_it_has_one() {
    for (name, image) in IMAGES {
        let root = prepared(image());
        let outcome = start(&root);
        outcome.ok().assert_stderr(&message(SHM));
        assert_eq!(variable(&outcome, "SSL_CERT_FILE").is_some(), name != "scratch", "{name}");
        start(&root).ok().assert_stderr("");
    }
}

#[test]
fn an_alpine_bundle_that_is_named_by_a_link_is_copied() {
    let root = prepared(alpine());
    let path = bundle(start(&root).ok());
    assert_eq!(root.read(&path), (public_bundle() + &corp().pem()).as_bytes());
}

#[test]
fn a_removal_takes_this_user_s_files_and_no_other() {
    let root = container();
    let as_user = |user: u32, arguments: &[&str]| Command::inside(&root, arguments).by(user).run();
    as_user(USER, &["/bin/env"]).ok();
    as_user(STRANGER, &["/bin/env"]).ok();
    root.write(&format!("{SHM}/notes"), "mine").owner(&format!("{SHM}/notes"), USER);
    let theirs = root.names("/dev/shm/ca-entrypoint-4242");
    let removed = "ca-entrypoint: the user's own files removed\n";
    as_user(USER, &["--remove"]).ok().assert_stderr(removed);
    assert_eq!(root.names(SHM), ["notes"]);
    assert_eq!(root.names("/dev/shm/ca-entrypoint-4242"), theirs);
    let before = root.tree_with_inodes();
    as_user(USER, &["--remove"]).ok().is_silent();
    assert_eq!(root.tree_with_inodes(), before);
    as_user(USER, &["/bin/env"]).ok().assert_stderr(&message(SHM));
}

#[test]
fn a_removal_takes_them_from_wherever_they_are() {
    let root = container();
    root.directory("/user").owner("/user", USER);
    let with = |arguments: &[&str]| command(&root, arguments).env("XDG_RUNTIME_DIR", "/user");
    with(&["/bin/env"]).run().ok();
    start(&root).ok();
    // One that was there and is another's for a while.
    root.owner(SHM, STRANGER);
    start(&root).ok();
    root.owner(SHM, USER);
    let all = ["/user/ca-entrypoint", SHM, TMP];
    let counts = || all.map(|directory| files(&root, directory).len());
    assert_eq!(counts(), [2, 2, 2]);
    with(&["--remove"]).run().ok();
    assert_eq!(counts(), [0, 0, 0]);
}

#[test]
fn a_removal_follows_no_trap() {
    let root = container();
    // Somebody else's directory with files of such names, and a link to the user's own ones.
    root.write(&format!("{TMP}/bundle-0123456789ab.pem"), "theirs").owner(TMP, STRANGER);
    root.mode(TMP, 0o777);
    root.write("/home/user/bundle-0123456789ab.pem", "mine").owner("/home/user", USER);
    root.mode("/home/user", 0o700).link(SHM, "/home/user");
    let before = root.tree_with_inodes();
    command(&root, &["--remove"]).run().ok().is_silent();
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_removal_by_root_takes_the_store_s_and_its_own() {
    let root = container();
    let original = root.tree();
    Command::inside(&root, &[]).run().ok();
    Command::inside(&root, &["--placement", "private"]).run().ok();
    Command::inside(&root, &["--remove"]).run().ok();
    std::fs::remove_dir(root.at("/run/ca-entrypoint")).unwrap();
    assert_eq!(root.tree(), original);
}

/// The digests in the names depend on the inode of the image's bundle.
fn without_digests(text: &str) -> String {
    let mut shown = String::new();
    for part in text.split_inclusive("-") {
        let digest = part.len() >= 12 && part.as_bytes()[..12].iter().all(u8::is_ascii_hexdigit);
        let is_name = shown.ends_with("bundle-") || shown.ends_with("anchors-");
        let rest = if digest && is_name {
            shown += "DIGEST";
            &part[12..]
        } else {
            part
        };
        shown += rest;
    }
    shown
}

#[test]
fn a_dry_run_shows_what_a_run_does_and_does_nothing() {
    for (format, name) in [("text", "plan-private.txt"), ("json", "plan-private.json")] {
        let root = container();
        let before = root.tree_with_inodes();
        let arguments = ["--dry-run", "--format", format, "/bin/env"];
        let plan = command(&root, &arguments).run();
        plan.ok().assert_stderr("");
        assert_eq!(root.tree_with_inodes(), before);
        assert_golden(name, &without_digests(&plan.out()));
        // Each file of the plan is there with its mode and size after a run, and nothing else is.
        start(&root).ok();
        for file in files(&root, SHM) {
            let size = root.at(&file).metadata().unwrap().size();
            let shown = match format {
                "text" => format!("write {file}, mode 0644, {size} bytes\n"),
                _ => format!("\"path\":\"{file}\",\"mode\":\"0644\",\"bytes\":{size}"),
            };
            plan.assert(plan.out().contains(&shown), &shown);
        }
        let rest = command(&root, &arguments).run();
        rest.ok().assert(!rest.out().contains(SHM), "nothing to do");
    }
}

#[test]
fn a_dry_run_of_a_removal_shows_the_private_files() {
    let root = container();
    start(&root).ok();
    let before = root.tree_with_inodes();
    let plan = command(&root, &["--remove", "--dry-run"]).run();
    for file in files(&root, SHM) {
        plan.ok().assert(plan.out().contains(&format!("remove {file}\n")), &file);
    }
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_dry_run_where_nothing_can_be_written_names_no_file_that_would_not_be() {
    let root = container();
    root.mode("/dev/shm", 0o755).mode("/tmp", 0o755);
    let before = root.tree_with_inodes();
    for arguments in [&["--print-env", "--on-error=fail"][..], &["--placement=private"], &[]] {
        command(&root, arguments).run().code(125);
        let plan = command(&root, &[&["--dry-run"], arguments].concat()).run();
        plan.code(125).prints("");
    }
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn the_store_s_own_directory_is_never_touched() {
    let root = container();
    let before = root.names(CERTS);
    start(&root).ok();
    assert_eq!(root.names(CERTS), before);
    assert_eq!(root.read(BUNDLE), public_bundle().as_bytes());
}
