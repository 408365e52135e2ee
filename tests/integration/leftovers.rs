//! What starts that were cut short, other programs and odd directories leave behind, and what becomes
//! of it.

use crate::command::Command;
use crate::command::Outcome;
use crate::openssl;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::BINARY;
use crate::util::Root;
use crate::util::count_pem;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";
const UNFINISHED: &str = "/usr/local/share/ca-certificates/.ca-entrypoint-unfinished";

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

fn append(root: &Root, text: &str) {
    let mut bundle = root.read(BUNDLE);
    bundle.extend_from_slice(text.as_bytes());
    root.write(BUNDLE, bundle);
}

fn holds(root: &Root, name: &str) -> bool {
    String::from_utf8(root.read(BUNDLE)).unwrap().contains(&ca(name))
}

/// One of many CAs of the same name.
fn twin(serial: u64) -> Certificate {
    Certificate { serial, ..Certificate::ca("Twin") }
}

/// Runs the program with an end to the processor time of one that doesn't come to an end: a bound a
/// hundred times what it needs.
fn run_bounded(root: &Root) -> Outcome {
    let script = "ulimit -t 60 && exec \"$0\" --root \"$1\"";
    let path = root.path().to_str().unwrap();
    Command::of("/bin/sh", &["-c", script, BINARY, path]).env("PATH", "/usr/bin:/bin").run()
}

#[test]
fn an_anchor_is_removed_from_the_middle_of_the_bundle_too() {
    let root = debian();
    root.write(CA, ca("Ours"));
    root.run(&[]).ok();
    append(&root, &ca("Appended"));
    root.run(&["--remove"]).ok();
    assert!(!holds(&root, "Ours"));
    assert!(holds(&root, "Appended"));
}

/// A removal takes what is ours, and leaves what somebody appended.
#[track_caller]
fn assert_left_by_a_removal(appended: &str) {
    let root = debian();
    root.write(CA, ca("Ours"));
    root.run(&[]).ok();
    append(&root, appended);
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(BUNDLE), (public_bundle() + appended).into_bytes());
}

#[test]
fn a_copy_that_nobody_can_read_is_not_taken_for_ours() {
    // As by `cat` behind a file without an end of its last line.
    assert_left_by_a_removal(&format!("# no end of the line{}", ca("Ours")));
}

#[test]
fn a_copy_that_is_written_otherwise_keeps_ours_from_nothing() {
    assert_left_by_a_removal(&format!(" {}", ca("Ours")));
}

#[test]
fn a_removal_leaves_the_text_of_a_file_that_has_the_same_certificate() {
    let chain = ca("Other") + &ca("Ours");
    let root = debian();
    root.write(CA, ca("Ours")).write(&format!("{ANCHORS}/chain.crt"), &chain);
    root.run(&[]).ok();
    append(&root, &ca("Appended"));
    root.run(&["--remove"]).ok();
    let left = public_bundle() + &chain + &ca("Appended");
    assert_eq!(String::from_utf8(root.read(BUNDLE)).unwrap(), left);
}

#[test]
fn an_anchor_is_rotated_in_the_middle_of_the_bundle_too() {
    let root = debian();
    root.write(CA, ca("Old"));
    root.run(&[]).ok();
    append(&root, &ca("Appended"));
    root.write(CA, ca("New"));
    root.run(&[]).ok();
    assert!(!holds(&root, "Old"));
    assert!(holds(&root, "New") && holds(&root, "Appended"));
    root.run(&[]).ok().is_silent();
}

#[test]
fn a_file_of_a_directory_that_cannot_be_read_now_keeps_its_anchor() {
    let root = debian();
    root.write("/ca/a.pem", ca("A")).write("/ca/b.pem", ca("B"));
    root.run(&["--ca", "/ca"]).ok();
    root.write("/ca/b.pem", "");
    root.run(&["--ca", "/ca"]).code(125).says("it is empty");
    assert!(holds(&root, "A") && holds(&root, "B"));
}

#[test]
fn a_certificate_that_is_a_file_in_the_hash_directory_keeps_its_number() {
    let root = debian();
    let (theirs, ours) = (twin(1).pem(), twin(2).pem());
    let hash = openssl::subject_hash(&ours);
    let file = format!("{CERTS}/{hash}.0");
    root.write(&file, &theirs).write(CA, &ours);
    root.run(&[]).ok();
    assert_eq!(root.read(&file), theirs.as_bytes());
    assert!(root.names(CERTS).contains(&format!("{hash}.1")));
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(&file), theirs.as_bytes());
    assert!(!root.names(CERTS).contains(&format!("{hash}.1")));
}

#[test]
fn a_start_that_was_cut_short_before_the_bundle_costs_the_image_no_root() {
    // Baked in the middle, at the end, and before an anchor of ours.
    for (last, installed) in [(ca("Last"), ""), (String::new(), ""), (String::new(), "Installed")] {
        let root = debian();
        root.write(BUNDLE, public_bundle() + &ca("Baked") + &last);
        let image = root.read(BUNDLE);
        if !installed.is_empty() {
            root.write("/z.crt", ca(installed)).run(&["--ca", "/z.crt"]).ok();
        }
        let before = root.read(BUNDLE);
        root.write(CA, ca("Baked"));
        root.run(&[]).ok();
        let after = root.tree();
        // As if it had ended between the bundle and the marker.
        root.write(UNFINISHED, "").run(&[]).ok();
        assert_eq!(root.tree(), after);
        // As if it had ended between the anchor's file and the bundle.
        root.write(BUNDLE, &before).write(UNFINISHED, "").run(&[]).ok();
        assert_eq!(root.tree(), after);
        assert_eq!(count_pem(&root.read(BUNDLE)), count_pem(&before) + 1);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(BUNDLE), image);
    }
}

#[test]
fn a_thousand_certificates_of_one_subject_take_no_thousand_times_longer() {
    let root = debian();
    let many: String = (0..1000).map(|serial| twin(serial).pem()).collect();
    root.write(CA, many);
    for _ in 0..2 {
        run_bounded(&root).ok();
    }
    append(&root, &ca("Appended"));
    run_bounded(&root).ok();
    assert_eq!(root.names(ANCHORS).len(), 1000);
}

#[test]
fn a_loop_of_directories_is_walked_once() {
    let root = debian();
    root.write(&format!("{ANCHORS}/sub/local.crt"), ca("Local")).write(CA, ca("Ours"));
    for name in ["a", "b", "c", "d"] {
        root.link(&format!("{ANCHORS}/sub/{name}"), ".");
    }
    run_bounded(&root).ok();
    assert_eq!(count_pem(&root.read(BUNDLE)), count_pem(public_bundle().as_bytes()) + 2);
}

#[test]
fn of_two_files_with_one_link_name_the_last_has_the_link_for_good() {
    let root = debian();
    root.write(&format!("{ANCHORS}/x/local.crt"), ca("X"))
        .write(&format!("{ANCHORS}/y/local.crt"), ca("Y"))
        .write(CA, ca("Ours"));
    root.run(&[]).ok();
    assert!(holds(&root, "X") && holds(&root, "Y"));
    assert!(root.tree().contains(&format!("{CERTS}/local.pem -> {ANCHORS}/y/local.crt")));
    root.run(&[]).ok().is_silent();
}

#[test]
fn a_broken_link_among_the_anchors_is_reported_and_passed_over() {
    let root = debian();
    root.link(&format!("{ANCHORS}/loop.crt"), "loop.crt").write(CA, ca("Ours"));
    root.run(&[]).ok().says("loop.crt': Too many levels of symbolic links");
    assert!(holds(&root, "Ours"));
}

#[test]
fn all_ca_files_together_are_bounded() {
    let root = debian();
    let large = "x".repeat(9 << 20);
    root.write("/a.crt", ca("A") + &large).write("/b.crt", ca("B") + &large);
    root.run(&["--ca", "/a.crt", "--ca", "/b.crt"]).code(125).says("/b.crt");
    assert!(holds(&root, "A") && !holds(&root, "B"));
}
