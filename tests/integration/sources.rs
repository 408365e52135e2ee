//! One CA file in every form that administrators mount, and what of it reaches the store.

use crate::command::Outcome;
use crate::openssl::openssl;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::util::contains;
use crate::util::walk;
use crate::x509::Certificate;
use crate::x509::pem;

const CA: &str = "/ca/ca.crt";

/// Installs `bytes` as the CA file and asserts that the bundle holds just `expected` behind the roots
/// of the image.
#[track_caller]
fn installs(bytes: impl AsRef<[u8]>, expected: &[&Certificate]) -> Outcome {
    let root = debian();
    root.write(CA, bytes);
    let outcome = root.run(&["--ca", CA]);
    holds(&root, &outcome, expected);
    outcome
}

#[track_caller]
fn holds(root: &Root, outcome: &Outcome, expected: &[&Certificate]) {
    let mut anchors: Vec<String> = expected.iter().map(|ca| ca.pem()).collect();
    let mut found: Vec<String> = String::from_utf8(root.read(BUNDLE))
        .unwrap()
        .strip_prefix(&public_bundle())
        .expect("the image's own roots")
        .split_inclusive("-----END CERTIFICATE-----\n")
        .map(str::to_owned)
        .collect();
    // The order in the bundle is that of the files' names.
    anchors.sort_unstable();
    found.sort_unstable();
    outcome.assert(found == anchors, &format!("{} anchors in the bundle", anchors.len()));
}

fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: &[u8]) -> Vec<u8> {
    [mark.to_vec(), text.encode_utf16().flat_map(unit).collect()].concat()
}

#[test]
fn pem_is_installed_and_one_line_says_so() {
    installs(corp().pem(), &[&corp()])
        .ok()
        .prints("")
        .assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
}

#[test]
fn every_block_of_a_file_is_installed() {
    let cas: Vec<Certificate> = (0..7).map(|n| Certificate::ca(&format!("CA {n}"))).collect();
    let text: String = cas.iter().map(Certificate::pem).collect();
    installs(text, &cas.iter().collect::<Vec<_>>()).ok();
}

#[test]
fn text_around_and_between_blocks_is_passed_over() {
    let other = Certificate::ca("Other CA");
    let text = format!(
        "subject=CN = Corp CA\n# -----BEGIN nothing\n{}\n\nBag Attributes\n    localKeyID: 01\n{}trailer",
        corp().pem(),
        other.pem()
    );
    installs(text, &[&corp(), &other]).ok();
}

#[test]
fn indentation_trailing_blanks_and_line_ends_of_windows_are_forgiven() {
    let text: String = corp().pem().lines().map(|line| format!("    \t{line} \t\r\n")).collect();
    installs(text, &[&corp()]).ok();
    installs(corp().pem().replace('\n', "\r\n"), &[&corp()]).ok();
}

#[test]
fn a_missing_final_newline_is_forgiven() {
    installs(corp().pem().trim_end(), &[&corp()]).ok();
}

#[test]
fn base64_on_one_line_and_on_short_lines_is_read() {
    let text = corp().pem();
    let body: String = text.lines().filter(|line| !line.starts_with("---")).collect();
    let wrap =
        |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    installs(wrap(&body), &[&corp()]).ok();
    let short: Vec<&str> = body.as_bytes().chunks(10).map(|c| str::from_utf8(c).unwrap()).collect();
    installs(wrap(&short.join("\n")), &[&corp()]).ok();
    installs(wrap(&short.join("\n\n")), &[&corp()]).ok();
}

#[test]
fn the_byte_order_mark_of_utf_8_is_forgiven() {
    installs(format!("\u{feff}{}", corp().pem()), &[&corp()]).ok();
}

#[test]
fn utf_16_is_read_with_and_without_its_mark() {
    let text = corp().pem();
    installs(utf16(&text, u16::to_le_bytes, &[0xff, 0xfe]), &[&corp()]).ok();
    installs(utf16(&text, u16::to_be_bytes, &[0xfe, 0xff]), &[&corp()]).ok();
    installs(utf16(&text, u16::to_le_bytes, &[]), &[&corp()]).ok();
    installs(utf16(&text, u16::to_be_bytes, &[]), &[&corp()]).ok();
}

#[test]
fn utf_16_with_text_before_the_block_is_read() {
    let text = format!("Corp CA:\r\n{}", corp().pem());
    installs(utf16(&text, u16::to_le_bytes, &[0xff, 0xfe]), &[&corp()]).ok();
}

#[test]
fn the_old_label_of_openssl_is_read() {
    installs(pem("X509 CERTIFICATE", &corp().der()), &[&corp()]).ok();
}

#[test]
fn a_trusted_certificate_is_installed_without_its_settings() {
    let pem = corp().pem();
    let plain = openssl(&["x509", "-trustout"], pem.as_bytes());
    assert!(contains(&plain, b"TRUSTED"));
    installs(plain, &[&corp()]).ok();
    for settings in [
        ["-addtrust", "serverAuth"],
        ["-addtrust", "anyExtendedKeyUsage"],
        ["-addreject", "emailProtection"],
        ["-setalias", "Corp"],
    ] {
        let trusted = openssl(&[&["x509"], settings.as_slice()].concat(), pem.as_bytes());
        assert!(contains(&trusted, b"TRUSTED"));
        installs(trusted, &[&corp()]).ok();
    }
}

#[test]
fn a_certificate_that_is_not_trusted_for_servers_is_not_installed() {
    for settings in [
        ["-addreject", "serverAuth"],
        ["-addtrust", "emailProtection"],
        ["-addreject", "anyExtendedKeyUsage"],
    ] {
        let arguments = [&["x509"], settings.as_slice()].concat();
        let outcome = installs(openssl(&arguments, corp().pem().as_bytes()), &[]);
        outcome.code(125).complains_once_of(CA).says("trust settings");
    }
}

#[test]
fn der_is_read() {
    installs(corp().der(), &[&corp()]).ok();
}

#[test]
fn pkcs7_is_read_as_der_and_as_pem() {
    let other = Certificate::ca("Other CA");
    let root = Root::new();
    root.write("/a.pem", corp().pem()).write("/b.pem", other.pem());
    let [a, b] = ["/a.pem", "/b.pem"].map(|path| root.at(path).display().to_string());
    for form in ["DER", "PEM"] {
        let arguments = ["crl2pkcs7", "-nocrl", "-certfile", &a, "-certfile", &b, "-outform", form];
        installs(openssl(&arguments, b""), &[&corp(), &other]).ok();
    }
    let text = openssl(&["crl2pkcs7", "-nocrl", "-certfile", &a], b"");
    let old_label = String::from_utf8(text).unwrap().replace("PKCS7", "PKCS #7 SIGNED DATA");
    installs(old_label, &[&corp()]).ok();
}

#[test]
fn a_certificate_given_twice_is_installed_once() {
    let text = [corp().pem(), corp().pem(), pem("X509 CERTIFICATE", &corp().der())].concat();
    installs(text, &[&corp()]).ok();
}

#[test]
fn a_private_key_goes_nowhere() {
    for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let key = pem(label, b"the secret of the CA, which is no key but looks like one");
        let secret = key.lines().nth(1).unwrap();
        let root = debian();
        root.write(CA, format!("{key}{}{key}", corp().pem()));
        let outcome = root.run(&["--ca", CA]);
        outcome.ok().says("has a private key in it").says_nothing_of(secret);
        holds(&root, &outcome, &[&corp()]);
        for path in walk(root.path()) {
            if path != root.at(CA) && path.symlink_metadata().unwrap().is_file() {
                let text = std::fs::read(&path).unwrap();
                let has_key = contains(&text, secret.as_bytes()) || contains(&text, b"PRIVATE KEY");
                outcome.assert(!has_key, &format!("no key in {}", path.display()));
            }
        }
    }
}

#[test]
fn a_broken_block_is_reported_with_its_place_and_hides_no_good_one() {
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB!!!!\n-----END CERTIFICATE-----\n";
    let other = Certificate::ca("Other CA");
    let line = corp().pem().lines().count() + 2;
    let outcome =
        installs(format!("{}\n{broken}{}", corp().pem(), other.pem()), &[&corp(), &other]);
    outcome.code(125).says(&format!("cannot use block 2, at line {line}, of CA file '{CA}'"));
}

#[test]
fn a_block_whose_end_is_missing_hides_no_good_one() {
    let other = Certificate::ca("Other CA");
    let start = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let outcome =
        installs(format!("{start}{}{}{start}", corp().pem(), other.pem()), &[&corp(), &other]);
    outcome.code(125).says("block 1, at line 1,").says("block 4,").says("end marker is missing");
}
