//! Java keystores whose entries are named by labels.

use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::Labelled;
use crate::collections::RHEL;
use crate::collections::SUSE;
use crate::collections::entries;
use crate::collections::keystore;
use crate::collections::keystore_of;
use crate::collections::labelled;
use crate::collections::roots;
use crate::collections::twin;
use crate::util::Root;
use crate::x509::*;

fn names(root: &Root) -> Vec<String> {
    entries(&root.read(RHEL.keystore)).into_iter().map(|(alias, _)| alias).collect()
}

/// The alias that a certificate of this label gets.
fn alias(label: &str) -> String {
    let root = RHEL.image(&roots());
    root.write(CA, Certificate::ca(label).pem());
    root.run(&[]).ok();
    names(&root).pop().unwrap()
}

#[test]
fn an_alias_is_the_label_in_lower_case_without_white_space_and_what_is_not_ascii() {
    assert_eq!(alias("Corp CA"), "corpca");
    assert_eq!(alias("Org only, Ltd."), "orgonly,ltd.");
    assert_eq!(alias("Rødt Sertifikat É"), "rdtsertifikat");
    assert_eq!(alias("ÄÖÜ"), "");
    assert_eq!(alias(""), "certificate".replace("certificate", "unlabeled"));
}

#[test]
fn a_taken_alias_gets_a_number() {
    let twins = [1, 2, 3].map(|serial| twin("Public Root A", serial));
    let text: String = twins.iter().map(|twin| twin.certificate.pem()).collect();
    for family in FAMILIES {
        let root = family.image(&roots());
        let before = root.read(family.keystore);
        root.write(CA, &text);
        root.run(&[]).ok();
        let found = entries(&root.read(family.keystore));
        let ours: Vec<&str> = found[3..].iter().map(|(alias, _)| alias.as_str()).collect();
        assert_eq!(ours, ["publicroota-1", "publicroota-2", "publicroota-3"], "{}", family.name);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(family.keystore), before);
    }
}

/// The old CA and the new one of the same name, in steps, as one is rotated.
#[test]
fn no_alias_is_there_twice_in_a_rotation() {
    let twins: Vec<Labelled> = (1..=4).map(|serial| twin("Corp CA", serial)).collect();
    let steps: [&[usize]; 6] = [&[0], &[0, 1], &[1], &[1, 2, 0], &[3], &[3, 2, 1, 0]];
    for family in FAMILIES {
        let root = family.image(&roots());
        for step in steps {
            let text: String = step.iter().map(|&at| twins[at].certificate.pem()).collect();
            root.write(CA, text);
            root.run(&[]).ok();
            let mut aliases: Vec<String> =
                entries(&root.read(family.keystore)).into_iter().map(|(alias, _)| alias).collect();
            assert_eq!(aliases.len(), 3 + step.len());
            aliases.sort_unstable();
            aliases.dedup();
            assert_eq!(aliases.len(), 3 + step.len(), "{} {step:?}", family.name);
        }
    }
}

#[test]
fn a_certificate_under_another_alias_is_not_added() {
    let corp = Certificate::ca("Corp CA");
    let root = RHEL.image(&roots());
    let before = keystore_of(&[("else", &corp.der()), ("x", &roots()[0].certificate.der())]);
    root.write(RHEL.keystore, &before).write(CA, corp.pem());
    root.run(&[]).ok();
    assert_eq!(root.read(RHEL.keystore), before);
}

#[test]
fn somebody_else_s_entry_of_our_alias_stays() {
    let other = Certificate::ca("Other").der();
    let root = RHEL.image(&roots());
    let before = keystore_of(&[("corpca", &other), ("CORPCA-1", &other)]);
    root.write(RHEL.keystore, &before).write(CA, Certificate::ca("Corp CA").pem());
    root.run(&[]).ok();
    assert_eq!(names(&root), ["corpca", "CORPCA-1", "corpca-2"]);
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(RHEL.keystore), before);
}

#[test]
fn a_certificate_without_an_issuer_s_name_is_left_out_of_keystores_alone() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let before = root.read(family.keystore);
        let nameless = Certificate::with_subject(name(&[]));
        root.write(CA, nameless.pem() + &Certificate::ca("Corp CA").pem());
        root.run(&[]).ok().says("has no issuer's name");
        let expected = [&roots()[..], &[labelled("Corp CA")]].concat();
        let aliases = |keystore: &[u8]| -> Vec<_> { entries(keystore) };
        assert_eq!(aliases(&root.read(family.keystore)), aliases(&keystore(&expected)));
        assert!(root.names(family.directory).contains(&"certificate.pem".to_owned()));
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(family.keystore), before);
    }
}

/// PKCS#12 without a code over it, as it is when nobody set a password.
#[test]
fn a_keystore_in_pkcs12_is_kept_up_to_date_too() {
    let empty =
        b"\x30\x16\x02\x01\x03\x30\x11\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x04\x04\x02\x30\x00";
    for family in [RHEL, SUSE] {
        let root = family.image(&roots());
        let [old, new] = [1, 2].map(|serial| twin("Corp CA", serial).certificate);
        root.write(family.keystore, empty).write(CA, old.pem());
        root.run(&[]).ok();
        let with_old = root.read(family.keystore);
        root.write(CA, old.pem() + &new.pem());
        root.run(&[]).ok();
        root.run(&[]).ok().is_silent();
        let text = root.read(family.keystore);
        let utf16: Vec<u8> = "corpca".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let name = tlv(BMP, &utf16);
        let count = |part: &[u8]| text.windows(part.len()).filter(|found| *found == part).count();
        assert_eq!((count(&name), count(&utf16)), (1, 2), "{}", family.name);
        root.write(CA, old.pem());
        root.run(&[]).ok();
        assert_eq!(root.read(family.keystore), with_old);
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(family.keystore), empty);
    }
}
