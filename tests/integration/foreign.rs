//! Other people's files in the store: anchors of an administrator's, links, hooks.

use crate::collections::entries;
use crate::collections::keystore_of;
use crate::openssl;
use crate::skeletons::ANCHORS;
use crate::skeletons::BUNDLE;
use crate::skeletons::CERTS;
use crate::skeletons::alpine;
use crate::skeletons::debian;
use crate::skeletons::distroless;
use crate::skeletons::public_bundle;
use crate::skeletons::scratch;
use crate::util::Root;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

fn bundle(root: &Root) -> String {
    String::from_utf8(root.read(BUNDLE)).unwrap()
}

/// Debian with an administrator's anchors, as the tool leaves them.
fn with_local(files: &[(&str, &str)]) -> Root {
    let root = debian();
    let mut text = public_bundle();
    let mut sorted = files.to_vec();
    sorted.sort_unstable();
    for (path, name) in &sorted {
        let file = format!("{ANCHORS}/{path}");
        let stem = path.rsplit('/').next().unwrap().strip_suffix(".crt").unwrap();
        let link = stem.replace([' ', ','], "_").replace(['(', ')'], "=") + ".pem";
        root.write(&file, ca(name))
            .link(&format!("{CERTS}/{link}"), &file)
            .link(&format!("{CERTS}/{}.0", openssl::subject_hash(&ca(name))), &link);
        text += &ca(name);
    }
    root.write(BUNDLE, text);
    root
}

#[test]
fn ours_stand_among_local_anchors_where_the_tool_would_put_them() {
    let root = with_local(&[
        ("AAA.crt", "First"),
        ("sub/deep/x.crt", "Below"),
        ("zzz.crt", "Last"),
        ("a b (c), d.crt", "Spaces"),
    ]);
    root.write(CA, ca("Ours"));
    root.run(&[]).ok();
    let expected = ["First", "Spaces", "Ours", "Below", "Last"].map(ca).concat();
    assert_eq!(bundle(&root), public_bundle() + &expected);
}

#[test]
fn a_removal_leaves_local_anchors_as_they_were() {
    let root = with_local(&[("AAA.crt", "First"), ("zzz.crt", "Last"), ("a (b).crt", "Spaces")]);
    root.write(CA, ca("Ours"));
    let before = root.tree();
    root.run(&[]).ok();
    root.run(&["--remove"]).ok();
    assert_eq!(root.tree(), before);
}

#[test]
fn an_anchor_dropped_in_without_running_the_tool_is_installed_as_the_tool_would() {
    let root = debian();
    root.write(CA, ca("Ours"))
        .write(&format!("{ANCHORS}/dropped (in).crt"), ca("Dropped"))
        .write(&format!("{ANCHORS}/sub/two.crt"), [ca("Two A"), ca("Two B")].concat());
    root.run(&[]).ok();
    let expected = ["Ours", "Dropped", "Two A", "Two B"].map(ca).concat();
    assert_eq!(bundle(&root), public_bundle() + &expected);
    let link = root.at(&format!("{CERTS}/dropped_=in=.pem")).read_link().unwrap();
    assert_eq!(link.to_str().unwrap(), format!("{ANCHORS}/dropped (in).crt"));
    let hash = format!("{CERTS}/{}.0", openssl::subject_hash(&ca("Dropped")));
    assert_eq!(root.at(&hash).read_link().unwrap().to_str(), Some("dropped_=in=.pem"));
    root.run(&[]).ok().is_silent();
}

#[test]
fn garbage_in_the_anchors_directory_stays_out_of_the_store() {
    let key = crate::x509::pem("PRIVATE KEY", b"secret");
    for (garbage, is_der) in [
        ("no certificate".to_owned().into_bytes(), false),
        (Vec::new(), false),
        ([ca("A"), key].concat().into_bytes(), false),
        (ca("A").replace('M', "!").into_bytes(), false),
        (Certificate::ca("A").der(), true),
    ] {
        let root = debian();
        root.write(CA, ca("Ours")).write(&format!("{ANCHORS}/garbage.crt"), &garbage);
        root.run(&[]).ok();
        assert_eq!(bundle(&root), public_bundle() + &ca("Ours"), "DER: {is_der}");
        assert!(!root.names(CERTS).contains(&"garbage.pem".to_owned()));
        assert_eq!(root.read(&format!("{ANCHORS}/garbage.crt")), garbage);
    }
}

#[test]
fn a_fifo_or_a_dangling_link_in_the_anchors_directory_stops_nothing() {
    let root = debian();
    let status =
        std::process::Command::new("mkfifo").arg(root.at(&format!("{ANCHORS}/fifo.crt"))).status();
    assert!(status.is_ok_and(|status| status.success()), "mkfifo: install coreutils");
    root.link(&format!("{ANCHORS}/dangling.crt"), "/gone.crt")
        .directory(&format!("{ANCHORS}/directory.crt"))
        .link(&format!("{ANCHORS}/loop"), ".")
        .write(CA, ca("Ours"));
    root.run(&[]).ok();
    assert_eq!(bundle(&root), public_bundle() + &ca("Ours"));
}

/// Certificates of the same subject, so that their hash links share a number range.
fn twins(count: u64) -> Vec<Certificate> {
    let twin = |serial| Certificate { serial, ..Certificate::ca("Twin") };
    (1..=count).map(twin).collect()
}

#[test]
fn anchors_of_one_hash_are_numbered_without_a_gap() {
    for image in [debian, alpine, distroless] {
        let root = image();
        root.write(CA, twins(12).iter().map(Certificate::pem).collect::<String>());
        root.run(&[]).ok();
        let hash = openssl::subject_hash(&twins(1)[0].pem());
        let has = |number: usize| root.names(CERTS).contains(&format!("{hash}.{number}"));
        assert!((0..12).all(has) && !has(12), "{}", root.tree());
        root.write(CA, [5, 7].map(|at: usize| twins(12)[at].pem()).concat());
        root.run(&[]).ok();
        assert!((0..2).all(has) && !(2..13).any(has), "{}", root.tree());
        root.run(&["--remove"]).ok();
        assert!(!(0..13).any(has), "{}", root.tree());
    }
}

#[test]
fn a_foreign_hash_link_keeps_its_place_and_ours_fills_the_gap() {
    let root = debian();
    let [foreign, ours] = [0, 1].map(|at: usize| twins(2)[at].pem());
    let hash = openssl::subject_hash(&ours);
    root.write("/usr/share/ca-certificates/foreign.crt", &foreign)
        .link(&format!("{CERTS}/foreign.pem"), "/usr/share/ca-certificates/foreign.crt")
        .link(&format!("{CERTS}/{hash}.0"), "foreign.pem")
        .write(CA, &ours);
    let before = root.tree();
    root.run(&[]).ok();
    let target = |number| root.at(&format!("{CERTS}/{hash}.{number}")).read_link().unwrap();
    assert_eq!(target(0).to_str(), Some("foreign.pem"));
    assert!(target(1).to_str().unwrap().starts_with("ca-entrypoint-"), "{}", root.tree());
    root.run(&["--remove"]).ok();
    assert_eq!(root.tree(), before);
}

#[test]
fn a_foreign_file_of_our_link_s_name_is_replaced_by_the_link() {
    let root = debian();
    root.write(CA, ca("A"));
    root.run(&[]).ok();
    let good = root.tree();
    let names = root.names(CERTS);
    let link = names.iter().find(|name| name.starts_with("ca-entrypoint-")).unwrap();
    let link = format!("{CERTS}/{link}");
    root.remove(&link).write(&link, ca("B"));
    root.run(&[]).ok();
    assert_eq!(root.tree(), good);
}

/// Two sources with one certificate are two copies, and neither of them is anybody else's.
#[test]
fn copies_in_the_middle_of_the_bundle_go_and_nothing_else() {
    let root = debian();
    root.write("/x.crt", ca("Corp")).write("/y.crt", ca("Corp"));
    for source in ["/x.crt", "/y.crt"] {
        root.run(&["--ca", source]).ok();
    }
    let appended = ca("Appended");
    root.write(BUNDLE, bundle(&root) + &appended + &ca("Last"));
    root.run(&["--remove"]).ok();
    assert_eq!(bundle(&root), public_bundle() + &appended + &ca("Last"));
}

#[test]
fn what_somebody_imported_into_a_keystore_outlives_a_file_of_the_same_name() {
    let keystore = "/etc/ssl/certs/java/cacerts";
    let [imported, local, next, ours] =
        ["Imported", "Local", "Next", "Ours"].map(|name| Certificate::ca(name).der());
    for image in [alpine, scratch] {
        let root = image();
        root.write(CA, ca("Ours"));
        root.write(keystore, keystore_of(&[("corp", &imported)]));
        let holds = |expected: &[&Vec<u8>]| {
            let entries = entries(&root.read(keystore));
            let ders: Vec<&Vec<u8>> = entries.iter().map(|(_, der)| der).collect();
            assert!(ders == expected && entries[0].0 == "corp", "{entries:?}");
        };
        root.write(&format!("{ANCHORS}/corp.crt"), ca("Local")).run(&[]).ok();
        holds(&[&imported, &ours, &local]);
        root.run(&[]).ok().is_silent();
        // What this program put in is its own to replace.
        root.write(&format!("{ANCHORS}/corp.crt"), ca("Next")).run(&[]).ok();
        holds(&[&imported, &ours, &next]);
        root.run(&["--remove"]).ok();
        holds(&[&imported, &next]);
    }
}
