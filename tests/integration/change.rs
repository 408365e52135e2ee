//! The life of an anchor: installed once, replaced, removed; and what else is in the store stays.

use std::process;
use std::process::Stdio;

use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::IMAGES;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::BINARY;
use crate::util::Root;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

fn count(root: &Root, name: &str) -> usize {
    String::from_utf8(root.read(BUNDLE)).unwrap().matches(&ca(name)).count()
}

/// Without the directories that an installation may leave.
fn files(root: &Root) -> String {
    let is_file = |line: &&str| !line.starts_with('d');
    root.tree().lines().filter(is_file).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_second_start_says_nothing_and_writes_nothing() {
    for (_, image) in IMAGES {
        let root = image();
        root.write(CA, [ca("A"), ca("B")].concat());
        root.run(&[]).ok();
        let before = root.tree_with_inodes();
        root.run(&[]).ok().is_silent();
        assert_eq!(root.tree_with_inodes(), before);
        root.run(&["--dry-run"]).ok().says_nothing_of("write");
        assert!(root.run(&["--dry-run"]).out().ends_with("\nnothing to do\n"));
    }
}

#[test]
fn a_new_ca_at_the_same_path_takes_the_place_of_the_old_one() {
    for (_, image) in IMAGES {
        let root = image();
        root.write(CA, ca("Old"));
        root.run(&[]).ok();
        root.write(CA, ca("New"));
        root.run(&[])
            .ok()
            .assert_stderr("ca-entrypoint: trust store updated: 1 added, 1 removed\n");
        assert_eq!((count(&root, "Old"), count(&root, "New")), (0, 1));

        let fresh = image();
        fresh.write(CA, ca("New"));
        fresh.run(&[]).ok();
        assert_eq!(root.tree(), fresh.tree());
    }
}

#[test]
fn a_rotation_in_steps_ends_where_a_fresh_start_does() {
    let steps =
        [vec!["A"], vec!["A", "B"], vec!["B"], vec!["C", "B", "A"], vec!["D"], vec!["D", "A"]];
    for (_, image) in IMAGES {
        let root = image();
        for names in &steps {
            root.write(CA, names.iter().map(|name| ca(name)).collect::<String>());
            root.run(&[]).ok();
            let fresh = image();
            fresh.write(CA, root.read(CA));
            fresh.run(&[]).ok();
            assert_eq!(root.tree(), fresh.tree(), "after {names:?}");
        }
    }
}

#[test]
fn a_source_that_is_broken_now_takes_nothing_out() {
    let root = debian();
    root.write(CA, [ca("A"), ca("B")].concat());
    root.run(&[]).ok();
    let before = files(&root);
    let cut = [ca("A"), ca("B")].concat();
    root.write(CA, &cut[..cut.len() - 200]);
    root.run(&[]).code(125).says("end marker is missing");
    root.write(CA, [ca("A"), ca("B")].concat());
    assert_eq!(files(&root), before);
    root.run(&[]).ok().is_silent();
}

#[test]
fn a_ca_that_is_not_mounted_any_more_stays_until_it_is_removed() {
    let root = debian();
    root.write(CA, ca("A"));
    root.run(&[]).ok();
    root.remove(CA);
    let before = root.tree_with_inodes();
    root.run(&[]).ok().is_silent();
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn sources_are_independent_of_each_other() {
    let root = debian();
    root.write("/one.crt", ca("One")).write("/two.crt", ca("Two"));
    root.run(&["--ca", "/one.crt"]).ok();
    root.run(&["--ca", "/two.crt"]).ok();
    assert_eq!((count(&root, "One"), count(&root, "Two")), (1, 1));
    root.write("/one.crt", ca("Three"));
    root.run(&["--ca", "/one.crt"]).ok();
    assert_eq!((count(&root, "One"), count(&root, "Two"), count(&root, "Three")), (0, 1, 1));
}

#[test]
fn a_removal_leaves_the_image_as_it_was() {
    for (_, image) in IMAGES {
        let root = image();
        root.write(CA, [ca("A"), ca("B")].concat());
        let before = files(&root);
        root.run(&[]).ok();
        let removal = root.run(&["--remove"]);
        removal.ok().assert_stderr("ca-entrypoint: trust store updated: 0 added, 2 removed\n");
        assert_eq!(files(&root), before);
        root.run(&["--remove"]).ok().is_silent();
    }
}

#[test]
fn a_removal_where_nothing_was_installed_touches_nothing() {
    for (_, image) in IMAGES {
        let root = image();
        let before = root.tree_with_inodes();
        root.run(&["--remove"]).ok().is_silent();
        assert_eq!(root.tree_with_inodes(), before);
    }
}

#[test]
fn what_only_the_bundle_holds_stays_when_the_inputs_are_gone() {
    for (_, image) in IMAGES {
        let root = image();
        let bundle = [public_bundle(), ca("Only in the bundle")].concat();
        root.write(BUNDLE, &bundle).write(CA, ca("A"));
        root.run(&[]).ok();
        root.write(CA, ca("B"));
        root.run(&[]).ok();
        assert_eq!(String::from_utf8(root.read(BUNDLE)).unwrap().matches("BEGIN").count(), 5);
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(BUNDLE), bundle.as_bytes());
    }
}

#[test]
fn a_certificate_that_the_bundle_had_already_outlives_ours() {
    for (_, image) in IMAGES {
        for bundle in [
            [ca("A"), public_bundle()].concat(),
            [public_bundle(), ca("A")].concat(),
            [public_bundle(), ca("A"), ca("A")].concat(),
        ] {
            let root = image();
            root.write(BUNDLE, &bundle).write(CA, ca("A"));
            root.run(&[]).ok();
            root.run(&[]).ok().is_silent();
            root.write(CA, ca("B"));
            root.run(&[]).ok();
            assert!(root.read(BUNDLE).starts_with(bundle.as_bytes()), "{}", root.tree());
            root.run(&["--remove"]).ok();
            assert_eq!(root.read(BUNDLE), bundle.as_bytes());
        }
    }
}

#[test]
fn an_output_that_was_damaged_is_mended_by_the_next_start() {
    let root = debian();
    root.write(CA, ca("A"));
    root.run(&[]).ok();
    let good = root.tree();
    let ours = |name: &&String| name.starts_with("ca-entrypoint-");
    let names = root.names(CERTS);
    let link = format!("{CERTS}/{}", names.iter().find(ours).unwrap());
    let hash = names.iter().find(|name| {
        let target = root.at(&format!("{CERTS}/{name}")).read_link();
        target.is_ok_and(|target| target.to_string_lossy().starts_with("ca-entrypoint-"))
    });
    let hash = format!("{CERTS}/{}", hash.unwrap());
    let damages: [&dyn Fn(); 4] = [
        &|| _ = root.remove(&link),
        &|| _ = root.remove(&hash),
        &|| _ = root.remove(&link).link(&link, "/elsewhere"),
        &|| _ = root.write(BUNDLE, public_bundle()),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        root.run(&[]).ok();
        assert_eq!(root.tree(), good, "after damage {number}");
    }
}

#[test]
fn an_anchor_file_that_was_damaged_is_mended_and_can_be_removed() {
    let root = debian();
    root.write(CA, ca("A"));
    let before = files(&root);
    root.run(&[]).ok();
    let good = root.tree();
    let anchor = format!("{ANCHORS}/{}", root.names(ANCHORS)[0]);
    root.write(&anchor, "cut sho");
    root.run(&[]).ok();
    assert_eq!(root.tree(), good);
    root.run(&["--remove"]).ok();
    assert_eq!(files(&root), before);
}

#[test]
fn starts_at_the_same_time_end_as_one_start() {
    for (_, image) in IMAGES {
        let root = image();
        let text: String = (0..20).map(|number| ca(&format!("CA {number}"))).collect();
        root.write(CA, text);
        let start = || {
            let mut command = process::Command::new(BINARY);
            command.env_clear().arg("--root").arg(root.path()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let children: Vec<_> = (0..8).map(|_| start()).collect();
        let outputs: Vec<_> =
            children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
        let talkative = outputs.iter().filter(|output| !output.stderr.is_empty()).count();
        assert_eq!(talkative, 1, "one start changes the store: {outputs:?}");

        let alone = image();
        alone.write(CA, root.read(CA));
        alone.run(&[]).ok();
        assert_eq!(root.tree(), alone.tree());
    }
}
