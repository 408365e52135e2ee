//! What is in a store, and isn't ours, outlives ours.

use crate::families_extracted::CA;
use crate::families_extracted::anchors;
use crate::families_extracted::anchors_directory;
use crate::families_extracted::assert_same;
use crate::families_extracted::members;
use crate::families_extracted::run_tool;
use crate::families_extracted::with_ca;
use crate::openssl::subject_hash;
use crate::skeletons::EXTRACTED;
use crate::skeletons::OTHERS;
use crate::skeletons::extracted::Member;
use crate::skeletons::extracted::public;
use crate::util::Root;
use crate::x509::Certificate;

/// A tree without digests: where only an order may differ, sizes tell what is there.
fn sizes(root: &Root) -> String {
    let line =
        |line: &str| format!("{}\n", line.rsplit_once(" bytes, ").map_or(line, |line| line.0));
    root.tree().lines().filter(|line| !line.contains("/anchors/")).map(line).collect()
}

#[test]
fn a_public_root_that_is_given_too_is_there_once_and_stays() {
    for (name, image) in EXTRACTED {
        // The one that every bundle has.
        let root = (Certificate::ca("Public Root A"), "Public Root A");
        let ours = with_ca(image(&public()), &[anchors(), vec![root]].concat());
        let before = ours.tree();
        ours.run(&[]).ok();
        let theirs = image(&[public(), members(&anchors())].concat());
        theirs.write(CA, ours.read(CA));
        assert_eq!(sizes(&ours), sizes(&theirs), "{name}");
        ours.run(&["--remove"]).ok();
        assert_eq!(ours.tree(), before, "{name}");
    }
}

#[test]
fn somebody_s_own_anchor_is_extracted_with_ours_and_stays() {
    for (name, image) in EXTRACTED {
        let own = Certificate::ca("Own CA");
        let path = format!("{}/own.pem", anchors_directory(&image(&public())));
        let ours = with_ca(image(&public()), &anchors());
        ours.write(&path, own.pem());
        ours.run(&[]).ok();
        let all = [public(), members(&anchors()), vec![Member::local(&own, "Own CA")]].concat();
        let theirs = with_ca(image(&all), &anchors());
        theirs.write(&path, own.pem());
        assert_same(name, &ours, &theirs);
        ours.run(&["--remove"]).ok();
        let theirs =
            with_ca(image(&[public(), vec![Member::local(&own, "Own CA")]].concat()), &anchors());
        theirs.write(&path, own.pem());
        assert_same(name, &ours, &theirs);
    }
}

#[test]
fn a_removal_after_the_tool_leaves_the_image_as_it_was() {
    for (name, image) in EXTRACTED {
        let ours = with_ca(image(&public()), &anchors());
        ours.run(&[]).ok();
        let theirs = run_tool(image, &ours, &members(&anchors()));
        let removal = theirs.run(&["--remove"]);
        removal.ok().assert_stderr("ca-entrypoint: trust store updated: 0 added, 2 removed\n");
        assert_same(name, &theirs, &with_ca(image(&public()), &anchors()));
    }
}

#[test]
fn a_ca_is_replaced_after_the_tool() {
    for (name, image) in EXTRACTED {
        let new = [(Certificate::ca("New CA"), "New CA")];
        let ours = with_ca(image(&public()), &anchors());
        ours.run(&[]).ok();
        let theirs = run_tool(image, &ours, &members(&anchors()));
        let theirs = with_ca(theirs, &new);
        theirs.run(&[]).ok();
        assert_same(name, &theirs, &with_ca(image(&[public(), members(&new)].concat()), &new));
    }
}

fn image(name: &str) -> Root {
    let others = OTHERS.into_iter().find(|(other, _)| *other == name).map(|(_, image)| image());
    others
        .unwrap_or_else(|| EXTRACTED.iter().find(|(other, _)| *other == name).unwrap().1(&public()))
}

#[test]
fn a_bundle_that_was_empty_is_empty_again() {
    // Mozilla's data has no root for signing code, and `trust extract` makes an empty file of that.
    for (name, bundle) in [
        ("arch", "/etc/ca-certificates/extracted/objsign-ca-bundle.pem"),
        ("fedora", "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem"),
    ] {
        let root = with_ca(image(name), &anchors());
        root.write(bundle, "").mode(bundle, 0o444);
        let before = root.tree();
        root.run(&[]).ok();
        root.run(&["--remove"]).ok();
        assert_eq!(root.tree(), before, "{name}");
    }
}

fn lost<'a>(before: &'a str, root: &Root) -> Vec<&'a str> {
    let after = root.tree();
    before.lines().filter(|line| !after.contains(line)).collect()
}

#[test]
fn a_store_without_its_sources_keeps_its_own_roots() {
    for label in ["Public Root A", "Public Root C"] {
        // In a file with all that a company trusts, as many have it.
        let given = [anchors(), vec![(Certificate::ca(label), label)]].concat();
        let root = with_ca(image("suse-factory"), &given);
        root.run(&[]).ok();
        let rotated = with_ca(root, &anchors());
        rotated.run(&[]).ok();
        let fresh = with_ca(image("suse-factory"), &anchors());
        fresh.run(&[]).ok();
        let wanted = fresh.tree();
        let gone = lost(&wanted, &rotated);
        assert!(gone.is_empty(), "when {label} isn't given any more: {gone:#?}");
        let root = with_ca(image("suse-factory"), &given);
        root.run(&[]).ok();
        root.run(&["--remove"]).ok();
        // Files that took the place of links stay.
        let bare = with_ca(image("suse-factory"), &anchors());
        bare.run(&[]).ok();
        bare.run(&["--remove"]).ok();
        let wanted = bare.tree();
        let gone = lost(&wanted, &root);
        let gone: Vec<_> = gone.iter().filter(|line| !line.contains("ca.crt")).collect();
        assert!(gone.is_empty(), "when {label} was given and all goes: {gone:#?}");
    }
}

#[test]
fn a_factory_s_files_stay_as_they_are() {
    // `cp -as` made links to them; the tools replace a link and don't write through it.
    let factory = |root: &Root| -> Vec<String> {
        let tree = root.tree();
        let is_factory =
            |line: &&str| line.split(' ').any(|word| word.starts_with("/usr/share/factory"));
        tree.lines()
            .filter(|line| !line.starts_with('l'))
            .filter(is_factory)
            .map(str::to_owned)
            .collect()
    };
    let root = with_ca(image("suse-factory"), &anchors());
    let before = factory(&root);
    root.run(&[]).ok();
    assert_eq!(factory(&root), before);
}

#[test]
fn nothing_outside_of_a_hash_directory_goes_because_a_link_in_it_leads_there() {
    let corp = Certificate::ca("Corp CA").pem();
    let root = image("fedora");
    let link = format!("/etc/pki/ca-trust/extracted/pem/directory-hash/{}.0", subject_hash(&corp));
    root.write("/srv/keep/corp.pem", &corp).link(&link, "/srv/keep/corp.pem").write(CA, &corp);
    root.run(&[]).ok();
    root.run(&["--remove"]).ok();
    assert_eq!(root.read("/srv/keep/corp.pem"), corp.as_bytes());
}

/// A renewed CA has the subject of the old one, which somebody put where the mirror has its links.
#[test]
fn a_mirror_s_own_files_stay() {
    let corp = Certificate::ca("Corp CA");
    let hash = subject_hash(&corp.pem());
    let old = Certificate { extensions: Vec::new(), ..Certificate::ca("Corp CA") }.pem();
    for (name, directory) in [("fedora", "/etc/pki/tls/certs"), ("arch", "/etc/ssl/certs")] {
        let root = image(name);
        let paths = [format!("{directory}/{hash}.0"), format!("{directory}/Corp_CA.pem")];
        for path in &paths {
            root.write(path, &old);
        }
        root.write(CA, corp.pem());
        root.run(&[]).ok();
        let link = root.at(&format!("{directory}/{hash}.1")).read_link().unwrap();
        assert!(link.ends_with("Corp_CA.pem"), "{name}: {link:?}");
        root.run(&["--remove"]).ok();
        for path in &paths {
            assert_eq!(root.read(path), old.as_bytes(), "{name}: {path}");
        }
    }
}

/// The directory's own link is somebody's, and so are the mirror's of that hash.
#[test]
fn a_mirror_s_links_of_a_hash_stay_where_the_directory_s_is_left_alone() {
    let corp = Certificate::ca("Corp CA").pem();
    let hash = subject_hash(&corp);
    let root = image("fedora");
    let file = "/srv/keep/corp.pem";
    let mirrored = format!("/etc/pki/tls/certs/{hash}.0");
    root.write(file, &corp)
        .link(&format!("/etc/pki/ca-trust/extracted/pem/directory-hash/{hash}.0"), file)
        .link(&mirrored, file)
        .write(CA, &corp);
    root.run(&[]).ok();
    root.run(&["--remove"]).ok();
    assert_eq!(root.at(&mirrored).read_link().unwrap().to_str(), Some(file));
}
