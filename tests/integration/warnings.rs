//! Certificates that are installed, and that clients will refuse all the same.

use crate::command::Command;
use crate::command::Outcome;
use crate::openssl;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::util::count_pem;
use crate::x509::*;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

/// Installs what stands in `text`, whatever is said about it.
#[track_caller]
fn install(text: impl AsRef<[u8]>) -> Outcome {
    let root = debian();
    root.write(CA, &text);
    let outcome = root.run(&[]);
    let count = count_pem(&root.read(BUNDLE)) - 3;
    outcome.ok().prints("").assert(count == count_pem(text.as_ref()), "all of them installed");
    outcome
}

/// One warning, with a hint, and the line on the update.
#[track_caller]
fn warns(text: impl AsRef<[u8]>, of: &str) {
    let outcome = install(text);
    let warnings = outcome.err().matches("hint: ").count();
    outcome.says(of).says(CA).assert(warnings == 1, "just one warning");
}

#[track_caller]
fn warns_of_nothing(text: impl AsRef<[u8]>) {
    install(text).says_nothing_of("hint: ");
}

fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

fn without(oid: &[u8]) -> Certificate {
    let mut certificate = corp();
    certificate
        .extensions
        .retain(|extension| !extension.windows(oid.len()).any(|part| part == oid));
    certificate
}

fn with(extension: Vec<u8>) -> Certificate {
    let mut certificate = corp();
    certificate.extensions.push(extension);
    certificate
}

/// `CN=common_name`, issued by `issuer`.
fn issued(common_name: &str, issuer: &Certificate) -> Certificate {
    Certificate { issuer: issuer.subject.clone(), ..Certificate::ca(common_name) }
}

fn server(common_name: &str, issuer: &Certificate) -> Certificate {
    let extensions = vec![
        extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, &[])),
        extension(EXTENDED_KEY_USAGE, false, &tlv(SEQUENCE, &tlv(6, SERVER_AUTH))),
    ];
    Certificate { extensions, ..issued(common_name, issuer) }
}

#[test]
fn a_ca_in_order_gives_no_warning() {
    warns_of_nothing(corp().pem());
    let (ca, _) =
        openssl::self_signed("/CN=Real CA", &["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    warns_of_nothing(ca);
}

#[test]
fn time_is_warned_about() {
    let past = Certificate { not_after: "20210102030405Z", ..corp() };
    warns(past.pem(), "expired on 2021-01-02");
    let future = Certificate { not_before: "20980102030405Z", ..corp() };
    warns(future.pem(), "not valid before 2098-01-02");
    let eternal = Certificate { not_after: "99991231235959Z", ..corp() };
    warns_of_nothing(eternal.pem());
}

#[test]
fn a_self_signed_server_certificate_is_warned_about() {
    let (certificate, _) = openssl::self_signed(
        "/CN=gitlab.example.com",
        &["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:gitlab"],
    );
    warns(certificate, "is not a CA");
    warns(without(BASIC_CONSTRAINTS).pem(), "is not a CA");
}

#[test]
fn a_chain_down_to_a_server_is_not_warned_about() {
    let root = corp();
    let intermediate = issued("Corp Intermediate", &root);
    let server = server("gitlab.example.com", &intermediate);
    let chain = [&server, &intermediate, &root].map(Certificate::pem).concat();
    warns_of_nothing(chain);
    let reversed = [&root, &intermediate, &server].map(Certificate::pem).concat();
    warns_of_nothing(reversed);
}

#[test]
fn an_intermediate_without_its_root_is_warned_about() {
    let intermediate = issued("Corp Intermediate", &corp());
    warns(intermediate.pem(), "intermediate without its root");
    warns_of_nothing([intermediate.pem(), corp().pem()].concat());
}

#[test]
fn a_server_certificate_without_its_issuer_is_warned_about_once() {
    warns(server("gitlab.example.com", &corp()).pem(), "is not a CA");
}

#[test]
fn short_rsa_keys_are_warned_about() {
    for bits in [512, 1024, 2040] {
        let certificate = Certificate { rsa_bits: Some(bits), ..corp() };
        warns(certificate.pem(), &format!("RSA key of {bits} bits"));
    }
    for bits in [2048, 4096] {
        warns_of_nothing(Certificate { rsa_bits: Some(bits), ..corp() }.pem());
    }
}

#[test]
fn weak_signatures_are_warned_about() {
    for (signature, name) in [(RSA_SHA1, "SHA-1"), (ECDSA_SHA1, "SHA-1"), (RSA_MD5, "MD5")] {
        let certificate = Certificate { signature, ..issued("Weak", &corp()) };
        let text = [certificate.pem(), corp().pem()].concat();
        warns(text, &format!("signed with {name}"));
    }
}

#[test]
fn openssl_s_own_weak_certificates_are_recognised() {
    for (digest, name) in [("-sha1", "SHA-1"), ("-md5", "MD5")] {
        let (certificate, _) = openssl::self_signed("/CN=Weak", &["-newkey", "rsa:1024", digest]);
        install(certificate).says(&format!("signed with {name}")).says("RSA key of 1024 bits");
    }
}

#[test]
fn what_strict_clients_miss_is_named() {
    warns(without(KEY_USAGE).pem(), "lacks a key usage");
    warns(without(SUBJECT_KEY_ID).pem(), "lacks a subject key identifier");
    let mut uncritical = without(BASIC_CONSTRAINTS);
    let constraints = extension(BASIC_CONSTRAINTS, false, &tlv(SEQUENCE, &[1, 1, 0xff]));
    uncritical.extensions.insert(0, constraints);
    warns(uncritical.pem(), "lacks critical basic constraints");
    uncritical.extensions.truncate(1);
    warns(uncritical.pem(), "critical basic constraints, a key usage, a subject key identifier");
}

#[test]
fn a_ca_for_other_purposes_is_warned_about() {
    let usage = |oid| extension(EXTENDED_KEY_USAGE, false, &tlv(SEQUENCE, &tlv(6, oid)));
    warns(with(usage(CLIENT_AUTH)).pem(), "extended key usage without serverAuth");
    warns_of_nothing(with(usage(SERVER_AUTH)).pem());
    warns_of_nothing(with(usage(&[0x55, 0x1d, 0x25, 0x00])).pem());
}

#[test]
fn a_private_key_is_warned_about() {
    let (certificate, key) =
        openssl::self_signed("/CN=Real CA", &["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
    let root = debian();
    root.write(CA, [key, certificate].concat());
    root.run(&[]).ok().says("has a private key in it").says("hint: ");
}

#[test]
fn each_certificate_is_warned_about_by_number_and_name() {
    let old = Certificate { not_after: "20210101000000Z", ..Certificate::ca("Old CA") };
    let outcome = install([corp().pem(), old.pem()].concat());
    outcome.says("certificate 2 of CA file").says("(CN=Old CA) expired");
}

#[test]
fn a_name_cannot_forge_a_line_of_the_log() {
    let evil = "x\nca-entrypoint: all is well\r\u{1b}[2J\u{85}\u{9b}31m\u{202e}";
    let old = Certificate { not_after: "20210101000000Z", ..Certificate::ca(evil) };
    let outcome = install(old.pem());
    let err = outcome.err();
    outcome.assert(err.lines().count() == 3, "a warning, its hint and the update");
    outcome.assert(err.chars().all(|c| !c.is_control() || c == '\n'), "no control characters");
}

#[test]
fn warnings_never_keep_a_command_from_running() {
    let root = debian();
    root.write(CA, Certificate { not_after: "20210101000000Z", ..corp() }.pem());
    root.run(&["--on-error=fail"]).ok().says("expired");
}

#[test]
fn neither_a_variable_nor_a_path_can_forge_a_line_of_the_log() {
    let root = debian();
    let forged = "x\nca-entrypoint: all is well\u{1b}[2J\r";
    let outcome = root
        .command(&["-v", "--ca", forged, "--ca", "/"])
        .env("CA_ENTRYPOINT_PLACEMENT", forged)
        .env("CA_ENTRYPOINT_ON_ERROR", forged)
        .run();
    outcome.says("CA_ENTRYPOINT_PLACEMENT='x\u{fffd}ca-entrypoint: all is well").says("no CA at");
    let is_ours =
        |line: &str| !line.contains("all is well") || line.contains("\u{fffd}ca-entrypoint");
    outcome.assert(outcome.err().lines().all(is_ours), "no line that was forged");
    outcome.assert(!outcome.err().contains(['\u{1b}', '\r']), "no control character");
}

#[test]
fn neither_a_variable_nor_a_path_can_forge_a_hint() {
    let forged = "x\nhint: \nca-entrypoint: all is well\u{1b}[2J";
    let root = debian();
    let outcome =
        root.command(&["-v", "--ca", forged]).env("CA_ENTRYPOINT_PLACEMENT", forged).run();
    outcome
        .says("no CA at")
        .says("CA_ENTRYPOINT_PLACEMENT='x\u{fffd}hint: \u{fffd}ca-entrypoint: ");
    let is_ours =
        |line: &str| line.starts_with("ca-entrypoint: ") || line.starts_with("hint: correct it");
    outcome.assert(outcome.err().lines().all(is_ours), "no line that was forged");
    outcome.assert(
        outcome
            .err()
            .lines()
            .filter(|line| line.contains("all is well"))
            .all(|line| line.contains("x\u{fffd}hint")),
        "no line that was forged",
    );
    outcome.assert(!outcome.err().contains('\u{1b}'), "no control character");
    // The command too, whose message has no hint of its own.
    let outcome = Command::new(&["--", forged]).run();
    outcome.code(127).assert_stderr(
        "ca-entrypoint: cannot run 'x\u{fffd}hint: \u{fffd}ca-entrypoint: all is well\u{fffd}[2J': command not found\n",
    );
}
