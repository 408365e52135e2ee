//! Stores that p11-kit keeps: what we make of them is what `trust extract` makes, and what that makes
//! in between is understood.

use crate::skeletons::EXTRACTED;
use crate::skeletons::extracted::Member;
use crate::skeletons::extracted::public;
use crate::util::Root;
use crate::x509::Certificate;
use crate::x509::EXTENDED_KEY_USAGE;
use crate::x509::SEQUENCE;
use crate::x509::SERVER_AUTH;
use crate::x509::extension;
use crate::x509::tlv;

pub(crate) const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

pub(crate) type Image = fn(&[Member]) -> Root;

pub(crate) fn anchors() -> Vec<(Certificate, &'static str)> {
    ["Corp CA", "Corp CA 2"].map(|name| (Certificate::ca(name), name)).to_vec()
}

/// As p11-kit knows them, in the order of the anchors' files.
pub(crate) fn members(anchors: &[(Certificate, &str)]) -> Vec<Member> {
    let mut anchors = anchors.to_vec();
    anchors.sort_by_key(|(certificate, _)| certificate.fingerprint());
    anchors.iter().map(|(certificate, label)| Member::local(certificate, label)).collect()
}

pub(crate) fn with_ca(root: Root, anchors: &[(Certificate, &str)]) -> Root {
    let pem = |(certificate, _): &(Certificate, &str)| certificate.pem();
    root.write(CA, anchors.iter().map(pem).collect::<String>());
    root
}

/// Both have the same but for what we put beside the store: the anchors' own files.
#[track_caller]
pub(crate) fn assert_same(name: &str, ours: &Root, theirs: &Root) {
    let [ours, theirs] = [ours, theirs].map(|root| {
        let is_known = |line: &&str| {
            !line.contains("/ca-entrypoint-") && !line.starts_with("d 0755 /usr/local")
        };
        let tree = root.tree();
        tree.lines().filter(is_known).map(|line| format!("{line}\n")).collect::<String>()
    });
    let differing = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(ours == theirs, "{name}: first {differing:?}\n{ours}\nand not\n{theirs}");
}

/// p11-kit would put the anchors first, since it reads `/etc` before `/usr`: an order without a
/// meaning. Ours come behind what is there.
#[track_caller]
fn assert_extracted(name: &str, image: Image, anchors: &[(Certificate, &str)]) {
    let ours = with_ca(image(&public()), anchors);
    ours.run(&[]).ok();
    let theirs = with_ca(image(&[public(), members(anchors)].concat()), anchors);
    assert_same(name, &ours, &theirs);
    ours.run(&[]).ok();
    assert_same(name, &ours, &theirs);
    ours.run(&["--remove"]).ok();
    assert_same(name, &ours, &with_ca(image(&public()), anchors));
}

#[test]
fn the_store_is_what_the_tool_makes() {
    for (name, image) in EXTRACTED {
        assert_extracted(name, image, &anchors());
    }
}

#[test]
fn a_label_and_a_subject_that_others_have_get_a_number() {
    // As where a company issues its root anew; or gives it the name of a public one.
    for (name, image) in EXTRACTED {
        let mut anchors = Vec::new();
        for label in ["Corp CA", "Corp CA", "Public Root B", "Public Root C"] {
            let mut certificate = Certificate::ca(label);
            certificate.serial += anchors.len() as u64 + 1;
            anchors.push((certificate, label));
        }
        assert_extracted(name, image, &anchors);
    }
}

#[test]
fn a_ca_for_servers_alone_is_in_no_bundle_for_anything_else() {
    for (name, image) in EXTRACTED {
        let mut certificate = Certificate::ca("Corp CA");
        let usage = tlv(SEQUENCE, &tlv(6, SERVER_AUTH));
        certificate.extensions.push(extension(EXTENDED_KEY_USAGE, false, &usage));
        let anchors = [(certificate.clone(), "Corp CA")];
        let ours = with_ca(image(&public()), &anchors);
        ours.run(&[]).ok();
        let member = Member::local_for_servers(&certificate, "Corp CA");
        let theirs = with_ca(image(&[public(), vec![member]].concat()), &anchors);
        assert_same(name, &ours, &theirs);
    }
}

pub(crate) fn anchors_directory(root: &Root) -> &'static str {
    let is_there = |path: &&str| root.at(path).is_dir();
    ANCHORS.into_iter().find(is_there).unwrap()
}

const ANCHORS: [&str; 3] = [
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];

/// What the tool makes of a store with our anchors in its directory.
pub(crate) fn run_tool(image: Image, ours: &Root, local: &[Member]) -> Root {
    let theirs = image(&[local.to_vec(), public()].concat());
    theirs.write(CA, ours.read(CA));
    let directory = anchors_directory(ours);
    for name in ours.names(directory) {
        let path = format!("{directory}/{name}");
        theirs.write(&path, ours.read(&path));
    }
    theirs
}

#[test]
fn a_store_that_the_tool_has_made_anew_is_as_it_shall_be() {
    for (name, image) in EXTRACTED {
        let ours = with_ca(image(&public()), &anchors());
        ours.run(&[]).ok();
        let theirs = run_tool(image, &ours, &members(&anchors()));
        let before = theirs.tree_with_inodes();
        theirs.run(&[]).ok().is_silent();
        assert_eq!(theirs.tree_with_inodes(), before, "{name}");
    }
}
