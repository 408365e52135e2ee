//! Where the store is written: through links, never out of the root, with the modes that a store
//! needs, and what happens where it can't be.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::command::Command;
use crate::container::SHM;
use crate::container::command;
use crate::container::container;
use crate::container::message;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::debian;
use crate::skeletons::distroless;
use crate::skeletons::public_bundle;
use crate::skeletons::scratch;
use crate::util::BINARY;
use crate::util::Root;
use crate::util::require_root;
use crate::util::walk;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn ca() -> String {
    Certificate::ca("Corp CA").pem()
}

fn mode(root: &Root, path: &str) -> u32 {
    root.at(path).symlink_metadata().unwrap().mode() & 0o7777
}

#[test]
fn a_bundle_that_is_a_link_stays_one_and_its_target_is_updated() {
    for (links, file) in [
        (vec![(BUNDLE, "../../pki/bundle.pem")], "/etc/pki/bundle.pem"),
        (vec![(BUNDLE, "/usr/share/bundle.pem")], "/usr/share/bundle.pem"),
        (vec![(BUNDLE, "a.pem"), ("/etc/ssl/certs/a.pem", "/b.pem"), ("/b.pem", "c")], "/c"),
        (vec![(CERTS, "../pki/certs")], "/etc/pki/certs/ca-certificates.crt"),
    ] {
        let root = scratch();
        root.write(file, public_bundle()).write(CA, ca());
        for (path, target) in &links {
            root.link(path, target);
        }
        root.run(&[]).ok();
        for (path, target) in links {
            assert_eq!(root.at(path).read_link().unwrap().to_str(), Some(target));
        }
        assert_eq!(root.read(file), (public_bundle() + &ca()).as_bytes());
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(file), public_bundle().as_bytes());
    }
}

#[test]
fn two_paths_to_one_bundle_are_one_bundle() {
    let root = scratch();
    root.write("/etc/ssl/cert.pem", public_bundle())
        .link(BUNDLE, "../cert.pem")
        .link("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt")
        .write(CA, ca());
    root.run(&[]).ok();
    assert_eq!(root.read("/etc/ssl/cert.pem"), (public_bundle() + &ca()).as_bytes());
}

/// What nobody may touch, outside of the root.
fn canaries() -> Root {
    let outside = Root::new();
    outside
        .write("/canary.pem", public_bundle())
        .write("/certs/ca-certificates.crt", public_bundle())
        .write("/anchors/foreign.crt", "canary");
    outside
}

#[test]
fn no_link_leads_out_of_the_root() {
    // `..` from the top of a root stays there, however often it is written.
    let up = "../".repeat(30);
    let escape = |from: &'static str, to: &'static str| {
        for style in ["absolute", "dots"] {
            let (outside, root) = (canaries(), distroless());
            root.write("/ca.crt", ca());
            let target = match style {
                "absolute" => outside.at(to).display().to_string(),
                _ => format!("{up}{}", outside.at(to).display()),
            };
            if root.at(from).is_dir() {
                fs::remove_dir_all(root.at(from)).unwrap();
            } else if root.at(from).exists() {
                root.remove(from);
            }
            root.link(from, &target);
            let before = outside.tree_with_inodes();
            for arguments in [&["--ca", "/ca.crt"][..], &["--remove"], &["--dry-run"]] {
                // Whether it fails or makes the target inside of the root, it does so inside.
                let outcome = root.run(arguments);
                let after = outside.tree_with_inodes();
                outcome
                    .assert(after == before, &format!("nothing outside touched, {style} {from}"));
            }
        }
    };
    escape(BUNDLE, "/canary.pem");
    escape(CERTS, "/certs");
    escape("/etc/ssl", "/");
    escape("/etc", "/");
    escape("/usr/local/share/ca-certificates", "/anchors");
    escape("/usr/local", "/");
    escape("/usr", "/");
}

#[test]
fn a_ca_is_not_read_from_outside_of_the_root() {
    let outside = Root::new();
    outside.write("/secret.crt", ca());
    let root = debian();
    let before = root.tree();
    let target = outside.at("/secret.crt").display().to_string();
    root.run(&["--ca", &target]).ok().is_silent();
    root.run(&["--ca", &format!("/../../../../../../../..{target}")]).ok().is_silent();
    assert_eq!(root.tree(), before);
    root.link("/ca.crt", &format!("../../../../../../../..{target}"));
    root.run(&["--ca", "/ca.crt"]).code(125).complains_once_of("/ca.crt");
}

#[test]
fn an_entry_of_ours_that_is_a_link_is_replaced_and_not_followed() {
    // Whoever may write to the directory may have put it there.
    let outside = Root::new();
    outside.write("/canary", "canary");
    let reference = debian();
    reference.write(CA, ca());
    reference.run(&[]).ok();
    let name = format!("{ANCHORS}/{}", reference.names(ANCHORS)[0]);
    let root = debian();
    root.write(CA, ca()).link(&name, outside.at("/canary").to_str().unwrap());
    root.run(&[]).ok();
    assert_eq!(root.tree(), reference.tree());
    assert_eq!(outside.read("/canary"), b"canary");
}

#[test]
fn what_is_made_is_for_everybody_whatever_the_umask() {
    for image in [debian, distroless, scratch] {
        let root = image();
        root.write(CA, [ca(), Certificate::ca("B").der().escape_ascii().to_string()].concat());
        let script = "umask 077 && exec \"$0\" --root \"$1\"";
        let path = root.path().to_str().unwrap();
        Command::of("/bin/sh", &["-c", script, BINARY, path]).run().ok();
        for made in walk(root.path()) {
            let metadata = made.symlink_metadata().unwrap();
            let expected = if metadata.is_dir() { 0o755 } else { 0o644 };
            let mode = metadata.mode() & 0o7777;
            assert!(metadata.is_symlink() || mode == expected, "{mode:o} {}", made.display());
        }
    }
}

#[test]
fn an_existing_bundle_keeps_its_mode() {
    for bits in [0o644, 0o444, 0o640, 0o664] {
        let root = debian();
        root.write(CA, ca()).mode(BUNDLE, bits);
        root.run(&[]).ok();
        assert_eq!(mode(&root, BUNDLE), bits);
        root.run(&["--remove"]).ok();
        assert_eq!(mode(&root, BUNDLE), bits);
    }
}

#[test]
fn no_temporary_file_is_left() {
    let root = debian();
    root.write(CA, ca());
    root.run(&[]).ok();
    root.run(&["--remove"]).ok();
    let is_hidden =
        |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with('.');
    let hidden: Vec<_> = walk(root.path()).into_iter().filter(is_hidden).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn a_bundle_that_is_mounted_is_written_in_place() {
    require_root("mount");
    let root = debian();
    let host = Root::new();
    host.write("/bundle.pem", public_bundle());
    root.write(CA, ca());
    let script = "mount --bind \"$1\" \"$2\" || exit 99\n\
        \"$0\" --root \"$3\" && cat \"$2\" && \"$0\" --root \"$3\" && \"$0\" --root \"$3\" --remove";
    let bundle = host.at("/bundle.pem").display().to_string();
    let mounted = root.at(BUNDLE).display().to_string();
    let path = root.path().to_str().unwrap();
    let arguments = ["-m", "sh", "-c", script, BINARY, &bundle, &mounted, path];
    let command = Command::of("unshare", &arguments);
    let outcome = command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").run();
    outcome.assert(
        !outcome.err().contains("mount:") && !outcome.err().contains("unshare:"),
        "a bind mount to be possible: run it with CAP_SYS_ADMIN",
    );
    outcome.ok().prints(public_bundle() + &ca());
    outcome.says("1 added, 0 removed").says("0 added, 1 removed");
    assert_eq!(host.read("/bundle.pem"), public_bundle().as_bytes());
}

#[test]
fn a_store_that_may_not_be_written_is_reported() {
    // Another root's store: no user's own files would be of any use there.
    let root = debian();
    root.write(CA, ca());
    let before = root.tree_with_inodes();
    let outcome = root.command(&[]).by_nobody().run();
    outcome.code(125).says("Permission denied").says("\nhint: ");
    root.command(&["--on-error=warn"]).by_nobody().run().ok().says("Permission denied");
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_store_that_may_not_be_written_keeps_no_command_from_running() {
    let root = container();
    let warn = command(&root, &["/bin/env", "--version"]).run();
    warn.ok().assert_stderr(&message(SHM)).assert(!warn.stdout.is_empty(), "the command's output");
    let root = container();
    command(&root, &["--on-error=fail", "/bin/env"]).run().ok().assert_stderr(&message(SHM));
}

#[test]
fn a_file_where_a_directory_has_to_be_is_reported() {
    let root = scratch();
    root.write("/etc/ssl", "a file").write(CA, ca());
    root.run(&[]).code(125).says("/etc/ssl").says("\nhint: ");
    let root = scratch();
    root.directory(BUNDLE).write(CA, ca());
    root.run(&[]).code(125).says(BUNDLE).says("\nhint: ");
}
