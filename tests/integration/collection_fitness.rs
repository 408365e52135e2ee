//! Which certificates are put where by tools of p11-kit's, and what an administrator's own files
//! change about it.

use crate::collections::ARCH;
use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::RHEL;
use crate::collections::entries;
use crate::collections::list;
use crate::collections::p11_kit;
use crate::collections::roots;
use crate::util::Root;
use crate::util::contains;
use crate::x509::*;

fn with(extensions: &[Vec<u8>]) -> Certificate {
    Certificate { extensions: extensions.to_vec(), ..Certificate::ca("Corp") }
}

fn usage(oids: &[&[u8]]) -> Certificate {
    let oids: Vec<u8> = oids.iter().flat_map(|oid| tlv(6, oid)).collect();
    let mut certificate = Certificate::ca("Corp");
    certificate.extensions.push(extension(EXTENDED_KEY_USAGE, false, &tlv(SEQUENCE, &oids)));
    certificate
}

/// A server's own certificate.
fn leaf() -> Certificate {
    with(&[extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, &[]))])
}

fn holds(root: &Root, path: &str, certificate: &Certificate) -> bool {
    let pem = certificate.pem();
    // Trust settings may follow.
    let body = pem.lines().nth(2).unwrap();
    contains(&root.read(path), body.as_bytes())
}

const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// As p11-kit 0.26.4 does it: for mail, and for code.
#[test]
fn bundles_for_other_purposes_hold_what_p11_kit_would_put_there() {
    let cases = [
        ("CA", Certificate::ca("Corp"), true, true),
        ("mail", usage(&[EMAIL_PROTECTION]), true, false),
        ("code", usage(&[CODE_SIGNING]), false, true),
        ("servers", usage(&[SERVER_AUTH]), false, false),
        ("clients", usage(&[CLIENT_AUTH]), false, false),
        ("any", usage(&[CLIENT_AUTH, ANY]), true, true),
        ("leaf", leaf(), false, false),
        ("no constraints", with(&[]), false, false),
    ];
    for family in [RHEL, ARCH] {
        for (what, certificate, is_for_mail, is_for_code) in &cases {
            let root = family.image(&roots());
            root.write(CA, certificate.pem());
            root.run(&[]).ok();
            let [mail, code] =
                [0, 1].map(|at: usize| holds(&root, family.other_bundles[at], certificate));
            assert_eq!((mail, code), (*is_for_mail, *is_for_code), "{} {what}", family.name);
            assert!(holds(&root, family.bundle, certificate), "{} {what}", family.name);
            assert!(holds(&root, family.trusted_bundle.unwrap(), certificate));
        }
    }
}

#[test]
fn a_server_s_own_certificate_of_ours_goes_wherever_servers_are_looked_up() {
    for family in FAMILIES {
        let root = family.image(&roots());
        root.write(CA, leaf().pem());
        root.run(&[]).ok().says("leaves it out");
        assert!(holds(&root, family.bundle, &leaf()));
        assert!(root.names(family.directory).contains(&"Corp.pem".to_owned()));
        assert!(entries(&root.read(family.keystore)).contains(&("corp".to_owned(), leaf().der())));
        if let Some(path) = family.database {
            assert!(root.read(path).ends_with(&list(&leaf().der())));
        }
        root.run(&[]).ok().is_silent();
    }
}

#[test]
fn somebody_s_server_certificate_among_the_anchors_is_trusted_nowhere_but_in_the_whole_list() {
    for family in FAMILIES {
        let root = family.image(&roots());
        root.write(&format!("{}/leaf.pem", family.anchors), leaf().pem())
            .write(CA, Certificate::ca("Other").pem());
        root.run(&[]).ok();
        assert!(!holds(&root, family.bundle, &leaf()), "{}", family.name);
        assert!(!root.names(family.directory).contains(&"Corp.pem".to_owned()));
        assert_eq!(entries(&root.read(family.keystore)).len(), 4);
        if let Some(path) = family.trusted_bundle {
            assert!(holds(&root, path, &leaf()));
        }
    }
}

/// Somebody tried the distribution's way first, which leaves it out.
#[test]
fn a_server_s_own_certificate_that_is_among_the_anchors_already_is_installed_all_the_same() {
    for family in FAMILIES {
        let root = family.image(&roots());
        root.write(&format!("{}/leaf.pem", family.anchors), leaf().pem()).write(CA, leaf().pem());
        root.run(&[]).ok();
        assert!(holds(&root, family.bundle, &leaf()), "{}", family.name);
    }
}

#[test]
fn a_server_s_own_certificate_goes_with_ours_wherever_else_it_is_kept() {
    for family in FAMILIES {
        for path in [
            format!("{}/leaf.pem", family.anchors),
            format!("{}/leaf.pem", family.source),
            format!("{}/anchors/leaf.pem", family.vendor),
        ] {
            let root = family.image(&roots());
            root.write(CA, leaf().pem());
            root.run(&[]).ok();
            root.write(&path, leaf().pem());
            root.run(&["--remove"]).ok();
            assert!(!holds(&root, family.bundle, &leaf()), "{path}");
        }
    }
}

/// A plain certificate beside the directory of anchors is none for p11-kit, and a distrusted one is
/// the opposite.
#[test]
fn what_no_other_source_trusts_goes_with_ours() {
    let corp = Certificate::ca("Corp");
    for family in FAMILIES {
        for (path, content) in [
            (format!("{}/plain.pem", family.source), corp.pem()),
            (format!("{}/no.p11-kit", family.vendor), p11_kit(&corp, "x-distrusted")),
        ] {
            let root = family.image(&roots());
            root.write(&path, content).write(CA, corp.pem());
            root.run(&[]).ok();
            root.run(&["--remove"]).ok();
            assert!(!holds(&root, family.bundle, &corp), "{path}");
        }
    }
}

/// A hostile pair: the same but for the last byte of the signature.
#[test]
fn certificates_that_differ_in_their_last_byte_are_two() {
    for family in FAMILIES {
        for length in 1..20 {
            let der = Certificate::ca(&"x".repeat(length)).der();
            let mut other = der.clone();
            *other.last_mut().unwrap() ^= 1;
            let root = family.image(&roots());
            root.write(CA, pem("CERTIFICATE", &der) + &pem("CERTIFICATE", &other));
            root.run(&[]).ok();
            // Somebody adds one behind them.
            let appended = Certificate::ca("Appended");
            let mut bundle = root.read(family.bundle);
            bundle.extend(appended.pem().bytes());
            root.write(family.bundle, bundle);
            root.run(&["--remove"]).ok();
            let others = roots().into_iter().map(|root| root.certificate).chain([appended]);
            for certificate in others {
                assert!(contains(&root.read(family.bundle), certificate.pem().as_bytes()));
            }
        }
    }
}
