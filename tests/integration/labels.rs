//! The labels of certificates in bundles, and what stands around them.

use crate::collections::ARCH;
use crate::collections::CA;
use crate::collections::Labelled;
use crate::collections::RHEL;
use crate::collections::SUSE;
use crate::collections::labelled;
use crate::collections::roots;
use crate::collections::trusted;
use crate::openssl::openssl;
use crate::util::Root;
use crate::util::contains;
use crate::x509::*;

/// The bundle of RHEL's after its own roots were there, when this one is installed.
fn appended(certificate: &Certificate) -> String {
    let root = RHEL.image(&roots());
    let before = root.read(RHEL.bundle);
    root.write(CA, certificate.pem());
    root.run(&[]).ok();
    let after = root.read(RHEL.bundle);
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(RHEL.bundle), before, "removed again");
    String::from_utf8(after.strip_prefix(&*before).unwrap().to_vec()).unwrap()
}

fn of(attributes: &[(&[u8], u8, &[u8])]) -> Certificate {
    let attributes: Vec<Vec<u8>> =
        attributes.iter().map(|(oid, tag, value)| attribute(oid, *tag, value)).collect();
    Certificate::with_subject(name(&attributes))
}

#[track_caller]
fn has_label(attributes: &[(&[u8], u8, &[u8])], label: &str) {
    let certificate = of(attributes);
    assert_eq!(appended(&certificate), format!("\n# {label}\n{}", certificate.pem()));
}

#[test]
fn a_label_is_the_common_name_else_the_unit_else_the_organization() {
    let [cn, ou, o] = [(CN, UTF8, &b"Name"[..]), (OU, UTF8, b"Unit"), (O, UTF8, b"Org")];
    has_label(&[o, ou, cn], "Name");
    has_label(&[o, ou], "Unit");
    has_label(&[o], "Org");
    has_label(&[(C, PRINTABLE, b"DE")], "certificate");
    has_label(&[], "certificate");
    has_label(&[(CN, UTF8, b"First"), (CN, UTF8, b"Second")], "First");
}

#[test]
fn a_label_is_read_by_the_type_of_its_string() {
    let wide: Vec<u8> = "Ärzte".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let wider: Vec<u8> = "Ärzte 😀".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    has_label(&[(CN, BMP, &wide)], "Ärzte");
    has_label(&[(CN, UNIVERSAL, &wider)], "Ärzte 😀");
    has_label(&[(CN, NUMERIC, b"12 34")], "12 34");
    has_label(&[(CN, IA5, b"a@b")], "a@b");
    has_label(&[(CN, T61, "Ärzte".as_bytes())], "Ärzte");
    // Latin-1 is none for p11-kit, which then looks at the next type.
    has_label(&[(CN, T61, b"\xc4rzte"), (O, UTF8, b"Org")], "Org");
    has_label(&[(CN, T61, b"\xc4rzte")], "certificate");
}

#[test]
fn a_label_ends_at_a_nul_and_an_empty_one_is_none() {
    has_label(&[(CN, UTF8, b"Corp\0CA")], "Corp");
    has_label(&[(CN, UTF8, b"\0CA")], "certificate");
    has_label(&[(CN, UTF8, b"")], "certificate");
    has_label(&[(CN, UTF8, b" ")], " ");
    has_label(&[(CN, UTF8, b"# x")], "# x");
}

#[test]
fn a_label_is_one_line_whatever_it_has_in_it() {
    let evil = Certificate::ca("Evil").pem();
    let wide: Vec<u8> = format!("x\n{evil}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let values: [(u8, Vec<u8>); 7] = [
        (UTF8, format!("x\n{evil}").into_bytes()),
        (UTF8, format!("x\r\n{evil}").into_bytes()),
        (UTF8, format!("x\u{85}{evil}").into_bytes()),
        (UTF8, format!("{evil}\n").into_bytes()),
        (BMP, wide),
        (PRINTABLE, format!("x\n\n{evil}").into_bytes()),
        (UTF8, b"\x1b[2J\x07\t\x0b\x0c\x7f".to_vec()),
    ];
    for (tag, value) in values {
        let certificate = of(&[(CN, tag, &value)]);
        let text = appended(&certificate);
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(lines.len(), certificate.pem().split('\n').count() + 2, "{text:?}");
        assert!(lines[0].is_empty() && lines[1].starts_with("# "), "{text:?}");
        assert!(!lines[1].chars().any(char::is_control), "{text:?}");
        assert!(text.ends_with(&certificate.pem()));
    }
}

#[test]
fn a_very_long_name_is_a_very_long_label() {
    let long = "x".repeat(60_000);
    has_label(&[(CN, UTF8, long.as_bytes())], &long);
}

#[test]
fn the_first_entry_of_an_empty_bundle_has_no_empty_line_before_it() {
    for family in [RHEL, ARCH] {
        let root = family.image(&roots());
        root.write(family.bundle, "").write(CA, Certificate::ca("Corp CA").pem());
        root.run(&[]).ok();
        let expected = family.bundle_of(&[labelled("Corp CA")]);
        assert_eq!(root.read(family.bundle), expected.as_bytes());
        root.run(&[]).ok().is_silent();
    }
}

fn installs_at_the_end(before: &[u8], expected: &str) {
    let root = RHEL.image(&roots());
    root.write(RHEL.bundle, before).write(CA, Certificate::ca("Corp CA").pem());
    root.run(&[]).ok();
    let entry = format!("\n# Corp CA\n{}", Certificate::ca("Corp CA").pem());
    let whole = [before, expected.as_bytes(), entry.as_bytes()].concat();
    assert_eq!(String::from_utf8(root.read(RHEL.bundle)), String::from_utf8(whole));
    root.run(&[]).ok().is_silent();
}

#[test]
fn a_bundle_is_continued_however_it_ends() {
    let text = RHEL.bundle_of(&roots());
    installs_at_the_end(text.trim_end().as_bytes(), "\n");
    installs_at_the_end(format!("{text}\n\n").as_bytes(), "");
    installs_at_the_end(text.replace('\n', "\r\n").as_bytes(), "");
    installs_at_the_end(format!("{text}# the end").as_bytes(), "\n");
}

#[test]
fn a_bundle_with_a_header_keeps_it() {
    let root = SUSE.image(&roots());
    let before = root.read(SUSE.bundle);
    root.write(CA, Certificate::ca("Corp CA").pem());
    root.run(&[]).ok();
    let after = [before, Certificate::ca("Corp CA").pem().into_bytes()].concat();
    assert_eq!(root.read(SUSE.bundle), after);
}

/// As the tool leaves it, ours is the first one.
#[test]
fn a_header_outlives_the_first_entry() {
    let root = SUSE.image(&roots());
    let before = root.read(SUSE.bundle);
    root.write(CA, Certificate::ca("Corp CA").pem());
    root.run(&[]).ok();
    SUSE.extract(&root, &[&[labelled("Corp CA")], &roots()[..]].concat());
    root.run(&["--remove"]).ok();
    assert_eq!(String::from_utf8(root.read(SUSE.bundle)), String::from_utf8(before));
}

fn is_added_once(root: &Root, bundle: &str) {
    let before = root.read(bundle);
    root.write(CA, Certificate::ca("Corp CA").pem());
    root.run(&[]).ok();
    assert_eq!(String::from_utf8(root.read(bundle)), String::from_utf8(before));
}

#[test]
fn a_certificate_is_found_by_whatever_label_and_wherever_it_stands() {
    let corp = Certificate::ca("Corp CA");
    let [a, b, _] = [0, 1, 2].map(|at: usize| roots()[at].clone());
    for label in ["Another label", "Corp CA", "two\n# lines", ""] {
        let entry = Labelled { label: label.to_owned(), certificate: corp.clone() };
        for entries in [
            [entry.clone(), a.clone(), b.clone()],
            [a.clone(), entry.clone(), b.clone()],
            [a.clone(), b.clone(), entry.clone()],
        ] {
            let root = RHEL.image(&roots());
            RHEL.extract(&root, &entries);
            for path in [&[RHEL.bundle], RHEL.other_bundles].concat() {
                is_added_once(&root, path);
            }
        }
    }
}

#[test]
fn a_certificate_with_lines_as_others_end_them_is_found() {
    for text in [
        Certificate::ca("Corp CA").pem().replace('\n', "\r\n"),
        Certificate::ca("Corp CA").pem().replace('\n', " \n"),
    ] {
        let root = RHEL.image(&roots());
        root.write(RHEL.bundle, RHEL.bundle_of(&roots()) + &text + &roots()[0].certificate.pem());
        is_added_once(&root, RHEL.bundle);
    }
}

#[test]
fn a_certificate_with_other_trust_settings_is_found() {
    let corp = Certificate::ca("Corp CA");
    let usage = tlv(SEQUENCE, &tlv(6, SERVER_AUTH));
    let reject = tlv(0xa0, &tlv(6, CLIENT_AUTH));
    for settings in [&[][..], &usage, &reject, &[usage.clone(), reject.clone()].concat()] {
        let block = [corp.der(), tlv(SEQUENCE, settings)].concat();
        let block = pem("TRUSTED CERTIFICATE", &block);
        for length in 0..3 {
            // Whatever remains of the last three bytes.
            let root = RHEL.image(&roots());
            let others: String = roots().iter().map(trusted).collect();
            let path = RHEL.trusted_bundle.unwrap();
            let text = format!("# {}\n{block}{others}", "x".repeat(length));
            root.write(path, text);
            is_added_once(&root, path);
        }
    }
}

#[test]
fn trust_settings_are_the_label_alone() {
    let path = RHEL.trusted_bundle.unwrap();
    let long = "ü".repeat(100);
    for (certificate, label) in [
        (Certificate::ca("Corp CA"), "Corp CA"),
        (Certificate::ca(&long), long.as_str()),
        (of(&[]), ""),
    ] {
        let root = RHEL.image(&roots());
        let before = root.read(path);
        root.write(CA, certificate.pem());
        root.run(&[]).ok();
        let after = root.read(path);
        let alias = if label.is_empty() { Vec::new() } else { tlv(UTF8, label.as_bytes()) };
        let block = [certificate.der(), tlv(SEQUENCE, &alias)].concat();
        let comment = if label.is_empty() { "certificate" } else { label };
        let entry = format!("\n# {comment}\n{}", pem("TRUSTED CERTIFICATE", &block));
        assert_eq!(after, [before, entry.clone().into_bytes()].concat());
        let text = openssl(&["x509", "-noout", "-text", "-alias"], entry.as_bytes());
        let shown = if label.is_empty() { "<No Alias>" } else { label };
        assert!(contains(&text, shown.as_bytes()), "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn openssl_loads_a_bundle_of_odd_names() {
    let root = RHEL.image(&roots());
    let mut random = crate::random::Random(0xb0d1e);
    let text: String = (0..200).map(|_| Certificate::with_subject(random.name()).pem()).collect();
    root.write(CA, text);
    root.run(&[]).ok();
    for path in [RHEL.bundle, RHEL.other_bundles[0], RHEL.trusted_bundle.unwrap()] {
        assert!(crate::openssl::loads(&root.at(path)), "{path}");
    }
    root.run(&[]).ok().is_silent();
}
