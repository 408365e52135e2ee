//! What becomes of a certificate when ours goes and somebody else has it too, where the tool is
//! p11-kit's.

use std::fs;

use crate::collections::ARCH;
use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::Labelled;
use crate::collections::RHEL;
use crate::collections::SUSE;
use crate::collections::entries;
use crate::collections::hashes;
use crate::collections::keystore_of;
use crate::collections::labelled;
use crate::collections::p11_kit;
use crate::collections::roots;
use crate::collections::trusted_for_servers;
use crate::util::Root;
use crate::util::contains;
use crate::x509::Certificate;
use crate::x509::pem;

fn corp() -> Labelled {
    labelled("Corp CA")
}

/// With those of the anchors directory first.
fn with_roots(first: &[Labelled]) -> Vec<Labelled> {
    [first, &roots()].concat()
}

#[track_caller]
fn install_and_remove(root: &Root, anchors: &str) {
    root.write(CA, anchors);
    root.run(&[]).ok();
    root.remove(CA);
    root.run(&["--remove"]).ok();
}

/// Without the CA file, and without the directories that an installation may leave.
fn files(root: &Root) -> Vec<String> {
    let is_file = |line: &&str| !line.starts_with('d') && !line.contains(CA);
    root.tree().lines().filter(is_file).map(str::to_owned).collect()
}

/// The lines of a tree that came and went, with what it is that they show.
fn differences(what: &str, before: &[String], root: &Root) -> Vec<String> {
    let after = files(root);
    let gone = before.iter().filter(|line| !after.contains(line));
    let came = after.iter().filter(|line| !before.contains(line));
    let gone = gone.map(|line| format!("{what}: gone {line}"));
    gone.chain(came.map(|line| format!("{what}: came {line}"))).collect()
}

/// Nothing is different after an installation and a removal.
fn changes(what: &str, root: &Root, anchors: &str) -> Vec<String> {
    let before = files(root);
    install_and_remove(root, anchors);
    differences(what, &before, root)
}

#[track_caller]
fn none(differences: &[String]) {
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn an_image_is_after_a_removal_what_it_was() {
    for family in FAMILIES {
        none(&changes(family.name, &family.image(&roots()), &corp().certificate.pem()));
    }
}

#[test]
fn a_root_of_the_vendor_s_outlives_ours() {
    let mut found = Vec::new();
    for family in FAMILIES {
        for root in roots() {
            let what = format!("{} {}", family.name, root.label);
            found.extend(changes(&what, &family.image(&roots()), &root.certificate.pem()));
        }
    }
    none(&found);
}

#[test]
fn a_root_of_an_image_without_sources_outlives_ours() {
    let mut found = Vec::new();
    for family in FAMILIES {
        for root in roots() {
            let what = format!("{} {}", family.name, root.label);
            found.extend(changes(&what, &family.prebuilt(&roots()), &root.certificate.pem()));
        }
    }
    none(&found);
}

#[test]
fn an_empty_file_is_no_source() {
    let mut found = Vec::new();
    for family in FAMILIES {
        let root = family.prebuilt(&roots());
        root.write(&format!("{}/ca-bundle.legacy.crt", family.source), "");
        found.extend(changes(family.name, &root, &roots()[1].certificate.pem()));
    }
    none(&found);
}

/// p11-kit takes a whole DER, the certificates among other blocks, and a file whose name begins with
/// a dot.
#[test]
fn an_administrator_s_anchor_outlives_ours_in_whatever_form() {
    let corp = corp();
    let key = pem("PRIVATE KEY", b"secret");
    let forms: [(&str, Vec<u8>); 5] = [
        ("corp.pem", corp.certificate.pem().into_bytes()),
        ("corp.der", corp.certificate.der()),
        ("corp-trusted.pem", trusted_for_servers(&corp).into_bytes()),
        ("with-key.pem", [corp.certificate.pem(), key].concat().into_bytes()),
        (".hidden.crt", corp.certificate.pem().into_bytes()),
    ];
    let mut found = Vec::new();
    for family in FAMILIES {
        for (name, content) in &forms {
            let root = family.image(&roots());
            root.write(&format!("{}/{name}", family.anchors), content);
            family.extract(&root, &with_roots(std::slice::from_ref(&corp)));
            let what = format!("{} {name}", family.name);
            found.extend(changes(&what, &root, &corp.certificate.pem()));
        }
    }
    none(&found);
}

#[test]
fn what_another_source_holds_outlives_ours_in_whatever_form() {
    let corp = corp();
    let mut found = Vec::new();
    for family in FAMILIES {
        let places = [
            (format!("{}/corp.p11-kit", family.source), p11_kit(&corp.certificate, "trusted")),
            (format!("{}/corp.p11-kit", family.vendor), p11_kit(&corp.certificate, "trusted")),
            (format!("{}/anchors/corp.pem", family.vendor), corp.certificate.pem()),
            (format!("{}/trusted.pem", family.source), trusted_for_servers(&corp)),
        ];
        for (path, content) in places {
            for with_rerun in [false, true] {
                let root = family.image(&roots());
                root.write(&path, &content);
                family.extract(&root, &with_roots(std::slice::from_ref(&corp)));
                let before = files(&root);
                root.write(CA, corp.certificate.pem());
                root.run(&[]).ok();
                if with_rerun {
                    family.extract(&root, &with_roots(std::slice::from_ref(&corp)));
                }
                root.remove(CA);
                root.run(&["--remove"]).ok();
                found.extend(differences(&format!("{path} {with_rerun}"), &before, &root));
            }
        }
    }
    none(&found);
}

#[test]
fn nothing_goes_while_it_cannot_be_told_who_else_holds_it() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let held = roots().remove(0).certificate;
        root.write(CA, held.pem() + &corp().certificate.pem());
        root.run(&[]).ok();
        let before = root.tree();
        for source in [format!("{}/vendor.p11-kit", family.vendor), family.vendor.to_owned()] {
            fs::rename(root.at(&source), root.at("/aside")).unwrap();
            root.link(&source, &source);
            root.run(&["--remove"])
                .code(125)
                .says(&format!("cannot read '{source}': Too many levels of symbolic links"));
            root.remove(&source);
            fs::rename(root.at("/aside"), root.at(&source)).unwrap();
            assert_eq!(root.tree(), before, "{}", family.name);
        }
        root.write(CA, Certificate::ca("Next").pem());
        root.run(&[]).ok();
        let bundle = root.read(family.bundle);
        let holds = |certificate: &Certificate| contains(&bundle, certificate.pem().as_bytes());
        assert!(holds(&held) && !holds(&corp().certificate), "{}", family.name);
    }
}

#[test]
fn ours_goes_from_where_the_tool_has_put_it() {
    let mut found = Vec::new();
    for family in FAMILIES {
        let root = family.image(&roots());
        let before = files(&root);
        root.write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        family.extract(&root, &with_roots(&[corp()]));
        root.run(&[]).ok().is_silent();
        root.remove(CA);
        root.run(&["--remove"]).ok();
        found.extend(differences(family.name, &before, &root));
    }
    none(&found);
}

#[test]
fn a_removal_leaves_the_links_of_an_administrator_s_anchor() {
    let mut found = Vec::new();
    for family in FAMILIES {
        let root = family.image(&roots());
        root.write(&format!("{}/local.pem", family.anchors), corp().certificate.pem());
        family.extract(&root, &with_roots(&[corp()]));
        let before = files(&root);
        root.run(&["--remove"]).ok();
        found.extend(differences(family.name, &before, &root));
    }
    none(&found);
}

#[test]
fn a_file_to_which_somebody_s_own_hash_link_leads_stays() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let [hash, _] = hashes(&corp().certificate);
        root.write("/opt/corp.pem", corp().certificate.pem())
            .link(&format!("{}/{hash}.0", family.directory), "/opt/corp.pem");
        install_and_remove(&root, &corp().certificate.pem());
        assert!(root.at("/opt/corp.pem").exists(), "{}", family.name);
    }
}

#[test]
fn an_entry_that_an_administrator_gave_a_runtime_outlives_ours() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let keystore = "/opt/java/openjdk/lib/security/cacerts";
        let before = keystore_of(&[("mycorp", &corp().certificate.der())]);
        root.write(keystore, &before);
        install_and_remove(&root, &corp().certificate.pem());
        assert_eq!(root.read(keystore), before, "{}", family.name);
    }
}

#[test]
fn a_bundle_that_was_empty_is_empty_again() {
    let root = ARCH.image(&roots());
    let path = ARCH.other_bundles[1];
    root.write(path, "").mode(path, 0o444);
    none(&changes("arch", &root, &corp().certificate.pem()));
}

#[test]
fn an_alias_longer_than_a_keystore_can_hold_breaks_none() {
    for family in [RHEL, SUSE] {
        let root = family.image(&roots());
        let long = Certificate::ca(&"x".repeat(70_000));
        root.write(CA, long.pem());
        root.run(&[]);
        let entries = entries(&root.read(family.keystore));
        assert!(entries.len() >= 3, "{}", family.name);
    }
}
