//! What is no CA: one message that names it, nothing written, and the command runs all the same.

use std::fs::File;
use std::os::unix::net::UnixListener;
use std::process;

use crate::command::Command;
use crate::openssl;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::util::BINARY;
use crate::util::Root;
use crate::x509::Certificate;
use crate::x509::ECDSA_SHA256;
use crate::x509::SEQUENCE;
use crate::x509::SET;
use crate::x509::UTF8;
use crate::x509::pem;
use crate::x509::tlv;

const CA: &str = "/ca/ca.crt";

/// Prepares a root with a bad CA file, and asserts what the program makes of it in its three ways
/// to be started, within 64 MiB of memory: an attacker may choose the file.
#[track_caller]
fn refuses(because: &str, prepare: impl Fn(&Root)) {
    let root = debian();
    root.directory("/ca");
    prepare(&root);
    let before = root.tree_with_inodes();
    let in_root = [BINARY, "--root", root.path().to_str().unwrap(), "--ca", CA];
    within_64_mib(&in_root).run().code(125).complains_once_of(CA).says(because);

    // Nobody can't harm this machine's own store, should the bad file be taken for a good one.
    let ca = root.at(CA);
    let ca = ca.to_str().unwrap();
    let with_command = [BINARY, "--ca", ca, "echo", "ran"];
    let outcome = within_64_mib(&with_command).by_nobody().run();
    outcome.ok().prints("ran\n").says(ca).says(because).says("\nhint: ");
    let or_fail = [BINARY, "--on-error=fail", "--ca", ca, "echo", "ran"];
    within_64_mib(&or_fail).by_nobody().run().code(125).complains_once_of(ca);

    assert_eq!(root.tree_with_inodes(), before);
}

fn within_64_mib(arguments: &[&str]) -> Command {
    let limit = ["-c", "ulimit -v 65536 && exec \"$0\" \"$@\""];
    Command::of("/bin/sh", &[&limit, arguments].concat()).env("PATH", "/usr/bin:/bin")
}

#[track_caller]
fn refuses_bytes(because: &str, bytes: impl AsRef<[u8]>) {
    refuses(because, |root| _ = root.write(CA, &bytes));
}

#[track_caller]
fn make(arguments: &[&str]) {
    let status = process::Command::new(arguments[0]).args(&arguments[1..]).status();
    let status = status.unwrap_or_else(|e| panic!("{arguments:?}: {e}: install coreutils"));
    assert!(status.success(), "{arguments:?}: {status}: it needs root's rights");
}

fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

/// Looked at, each of these attributes would take fifty times its nine bytes.
#[test]
fn a_certificate_that_is_larger_than_any() {
    let attribute = [SET, 7, SEQUENCE, 5, 6, 1, 0x2a, UTF8, 0];
    let issuer = tlv(SEQUENCE, &attribute.repeat(200_000));
    let ca = Certificate { issuer, ..Certificate::ca("Large") };
    refuses("it is not an X.509 certificate", |root| _ = root.write(CA, ca.pem()));
}

#[test]
fn an_empty_file_is_refused() {
    refuses_bytes("it is empty", "");
}

#[test]
fn garbage_is_refused() {
    refuses_bytes("no certificate in it", [0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff]);
    refuses_bytes("no certificate in it", "certificate goes here\n");
    refuses_bytes("no certificate in it", "\n\n");
    refuses_bytes("no certificate in it", [0xff, 0xfe]);
    refuses_bytes("no certificate in it", tlv(SEQUENCE, &[0; 500]));
}

#[test]
fn a_web_page_is_refused_and_recognised() {
    refuses_bytes("web page", "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n");
    refuses_bytes("web page", "\n  <HTML><title>404</title>");
}

#[test]
fn a_private_key_alone_is_refused_and_recognised() {
    refuses_bytes("keep its key to yourself", pem("PRIVATE KEY", b"secret"));
}

#[test]
fn pem_of_another_kind_is_refused() {
    refuses_bytes("other kinds", pem("CERTIFICATE REQUEST", &corp().der()));
}

#[test]
fn pem_cut_short_is_refused() {
    let text = corp().pem();
    refuses_bytes("end marker is missing", &text[..text.len() / 2]);
}

#[test]
fn pem_that_is_no_base64_is_refused() {
    refuses_bytes("not base64", corp().pem().replacen('M', "?", 1));
}

#[test]
fn pem_that_is_no_certificate_is_refused() {
    refuses_bytes("not an X.509 certificate", pem("CERTIFICATE", b"hello"));
    let der = corp().der();
    refuses_bytes("not an X.509 certificate", pem("CERTIFICATE", &der[..der.len() - 1]));
    refuses_bytes("not a PKCS#7", pem("PKCS7", &der));
}

#[test]
fn bytes_after_the_certificate_are_refused() {
    let longer = [corp().der(), b"more".to_vec()].concat();
    refuses_bytes("4 bytes follow the certificate", &longer);
    refuses_bytes("4 bytes follow the certificate", pem("CERTIFICATE", &longer));
}

#[test]
fn a_directory_named_like_a_file_is_refused() {
    refuses("it is a directory", |root| _ = root.directory(CA));
}

#[test]
fn a_fifo_is_refused_without_waiting_for_its_writer() {
    refuses("it is a FIFO", |root| {
        make(&["mkfifo", "-m", "666", root.at(CA).to_str().unwrap()]);
    });
}

#[test]
fn a_device_that_never_ends_is_refused() {
    refuses("it is a device", |root| {
        make(&["mknod", "-m", "666", root.at(CA).to_str().unwrap(), "c", "1", "5"]);
    });
}

#[test]
fn a_socket_is_refused() {
    // It can't be opened, so the cause is the kernel's: "No such device or address".
    refuses("cannot read CA file", |root| {
        drop(UnixListener::bind(root.at(CA)).unwrap());
    });
}

#[test]
fn a_file_of_a_gibibyte_is_refused_without_being_read() {
    refuses("larger than 16 MiB", |root| {
        File::create(root.at(CA)).unwrap().set_len(1 << 30).unwrap();
    });
}

#[test]
fn a_link_to_nothing_is_refused() {
    refuses("No such file or directory", |root| {
        _ = root.link(CA, "gone.crt");
    });
}

#[test]
fn a_link_to_itself_is_refused() {
    refuses("Too many levels of symbolic links", |root| {
        root.link(CA, "b.crt").link("/ca/b.crt", "ca.crt");
    });
}

#[test]
fn a_hundred_thousand_certificates_are_refused() {
    let small = pem("CERTIFICATE", &[0; 8]);
    refuses_bytes("more than 5000", small.repeat(100_000));
    refuses_bytes("larger than 16 MiB", corp().pem().repeat(100_000));
}

#[test]
fn a_pkcs7_of_too_many_certificates_is_refused_and_not_cut_short() {
    let certificates = [corp().der().repeat(6_000), Certificate::ca("Last").der()].concat();
    let certificates = tlv(0xa0, &certificates);
    let oid = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    let signed_data = tlv(SEQUENCE, &[&[2, 1, 1, 0x31, 0], certificates.as_slice()].concat());
    let content = [oid.as_slice(), &[2], &tlv(0xa0, &signed_data)].concat();
    refuses_bytes("more than 5000", tlv(SEQUENCE, &content));
}

#[test]
fn a_file_that_may_not_be_read_is_reported_and_the_command_runs() {
    let root = debian();
    root.write(CA, corp().pem()).mode(CA, 0o600);
    let before = root.tree_with_inodes();
    root.command(&["--ca", CA])
        .by_nobody()
        .run()
        .code(125)
        .complains_once_of(CA)
        .says("Permission denied");
    let ca = root.at(CA);
    let outcome = Command::new(&["--ca", ca.to_str().unwrap(), "/bin/echo", "ran"]);
    outcome.by_nobody().run().ok().prints("ran\n").says("Permission denied").says("hint: ");
    assert_eq!(root.tree_with_inodes(), before);
}

#[test]
fn a_directory_that_may_not_be_searched_is_reported() {
    let root = debian();
    root.write(CA, corp().pem()).mode("/ca", 0o700);
    let outcome = root.command(&["--ca", CA]).by_nobody().run();
    outcome.code(125).complains_once_of(CA).says("Permission denied");
}

/// Each byte changed in some ways, and each cut, as blocks of one file.
fn mutations() -> String {
    let der = corp().der();
    let changed = (0..der.len()).flat_map(|at| {
        [0x00, 0x01, 0x7f, 0x80, 0x84, 0xff].map(|value| {
            let mut der = der.clone();
            der[at] = value;
            der
        })
    });
    let cut = (0..der.len()).map(|at| der[..at].to_vec());
    changed.chain(cut).map(|der| pem("CERTIFICATE", &der)).collect()
}

#[test]
fn no_change_of_a_byte_and_no_cut_makes_the_program_crash() {
    let root = debian();
    root.write(CA, mutations());
    // Some of them are certificates still, with a strange name or date.
    let outcome = root.run(&["--ca", CA]);
    outcome.code(125).says("trust store updated").says_nothing_of("panicked");
}

#[test]
fn nothing_is_installed_that_costs_openssl_the_rest_of_the_bundle() {
    let root = debian();
    root.write(CA, mutations());
    root.run(&["--ca", CA]).code(125);
    assert!(openssl::loads(&root.at(BUNDLE)), "OpenSSL can't load the bundle any more");
}

/// Parameters of each type, of nothing and of two bytes, where the algorithm stands by which a
/// certificate is signed. The name before them gives up their room.
fn parameters() -> String {
    let all = (0..=0xff).flat_map(|tag| [vec![tag, 0], vec![tag, 2, 0, 0]]);
    let certificates = (1..).zip(all).map(|(serial, parameters)| {
        let mut der = Certificate { serial, ..Certificate::ca("Odd") }.der();
        let name = tlv(6, ECDSA_SHA256);
        let kept = ECDSA_SHA256.len() - parameters.len();
        let shorter = [tlv(6, &ECDSA_SHA256[..kept]), parameters].concat();
        for at in 0..der.len() - name.len() {
            if der[at..].starts_with(&name) {
                der[at..at + name.len()].copy_from_slice(&shorter);
            }
        }
        pem("CERTIFICATE", &der)
    });
    certificates.collect()
}

#[test]
fn parameters_that_openssl_cannot_read_keep_a_certificate_out() {
    let root = debian();
    root.write(CA, parameters());
    root.run(&["--ca", CA]).code(125).says("trust store updated");
    assert!(openssl::loads(&root.at(BUNDLE)), "OpenSSL can't load the bundle any more");
}
