//! What is no CA: one message that names it, nothing written, and the command runs all the same.

use crate::certificates;
use crate::fixtures::CA;
use crate::fixtures::CA_SLUG;
use crate::fixtures::der;
use crate::fixtures::entry;
use crate::machine::Machine;
use crate::x509::Certificate;
use crate::x509::SEQUENCE;
use crate::x509::pem;
use crate::x509::tlv;

/// Prepares a bad CA, and asserts what the program makes of it in its three ways to be started.
#[track_caller]
fn refuses_at(path: &str, because: &str, machine: &Machine) {
    let before = (machine.added(), machine.written(), machine.tree());
    machine.ca_entrypoint(&["--ca", path]).run().code(125).complains_once_of(path).says(because);
    let outcome = machine.ca_entrypoint(&["--ca", path, "exit", "7"]).run();
    outcome.code(7).complains_once_of(path).says(because);
    let or_fail = ["--on-error=fail", "--ca", path, "exit", "7"];
    machine.ca_entrypoint(&or_fail).run().code(125).complains_once_of(path);
    assert_eq!((machine.added(), machine.written(), machine.tree()), before);
}

#[track_caller]
fn refuses(because: &str, bytes: impl AsRef<[u8]>) {
    let machine = Machine::new();
    machine.write(CA, bytes);
    refuses_at(CA, because, &machine);
}

#[track_caller]
fn installs(bytes: impl AsRef<[u8]>) {
    let machine = Machine::new();
    machine.write(CA, bytes);
    let outcome = machine.ca_entrypoint(&[]).run();
    outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

fn root() -> String {
    certificates::text("root.crt")
}

fn utf16(text: &str, mark: &[u8], unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    [mark.to_vec(), text.encode_utf16().flat_map(unit).collect()].concat()
}

#[test]
fn an_empty_file_is_refused() {
    refuses("it is empty", "");
}

#[test]
fn text_is_refused() {
    refuses("no certificate in it", "certificate goes here\r\n");
}

#[test]
fn a_web_page_is_refused_and_recognised() {
    refuses("web page", "<!DOCTYPE html>\r\n<html><body>Sign in</body></html>\r\n");
}

#[test]
fn a_private_key_alone_is_refused_and_recognised() {
    refuses("keep its key to yourself", pem("PRIVATE KEY", b"secret"));
}

#[test]
fn pem_cut_short_is_refused() {
    refuses("end marker is missing", &root()[..300]);
}

#[test]
fn bytes_after_the_certificate_are_refused() {
    refuses("4 bytes follow the certificate", [der("root.crt"), b"more".to_vec()].concat());
}

#[test]
fn der_that_is_no_certificate_is_refused() {
    refuses("no certificate in it", tlv(SEQUENCE, &[0; 500]));
}

#[test]
fn a_file_of_17_mib_is_refused() {
    refuses("larger than 16 MiB", root().repeat(17 << 20 >> 9));
}

#[test]
fn a_directory_named_like_a_file_is_refused() {
    let machine = Machine::new();
    machine.directory(CA);
    refuses_at(CA, "it is a directory", &machine);
}

#[test]
fn a_directory_without_cas_is_refused() {
    let machine = Machine::new();
    machine.write(r"C:\cas\readme.txt", "");
    refuses_at(r"C:\cas", r"no *.crt, *.pem or *.cer file in it", &machine);
}

#[test]
fn a_broken_block_is_reported_with_its_place_and_hides_no_good_one() {
    let machine = Machine::new();
    let broken = "-----BEGIN CERTIFICATE-----\nMIIB!!!!\n-----END CERTIFICATE-----\n";
    machine.write(CA, format!("{}{broken}{}", root(), certificates::text("second.crt")));
    let outcome = machine.ca_entrypoint(&["exit", "7"]).run();
    outcome.code(7).says("cannot use block 2, at line ").says(CA).says("2 added, 0 removed");
    machine.ca_entrypoint(&["--on-error=fail", "exit", "7"]).run().code(125);
    assert_eq!(machine.added().entries.len(), 2);
}

#[test]
fn a_private_key_beside_the_certificate_goes_nowhere() {
    let machine = Machine::new();
    let key = pem("PRIVATE KEY", b"the secret of the CA, which is no key but looks like one");
    let secret = key.lines().nth(1).unwrap();
    machine.write(CA, format!("{key}{}", root()));
    let outcome = machine.ca_entrypoint(&["echo"]).run();
    outcome.ok().says("has a private key in it").says_nothing_of(secret);
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
    let anchors = outcome.seen().variable("NODE_EXTRA_CA_CERTS").unwrap();
    assert_ne!(anchors, CA, "the file with the key is handed on");
    assert_eq!(String::from_utf8(machine.read(&anchors)).unwrap(), root());
}

#[test]
fn der_is_installed() {
    installs(der("root.crt"));
}

#[test]
fn pkcs7_is_installed() {
    let machine = Machine::new();
    let p7b = std::process::Command::new("openssl")
        .args(["crl2pkcs7", "-nocrl", "-certfile", "root.crt", "-outform", "DER"])
        .current_dir(certificates::directory())
        .output()
        .expect("'openssl' can't be run: apt-get install openssl, or make windows");
    machine.write(r"C:\ca.p7b", p7b.stdout);
    machine.ca_entrypoint(&["--ca", r"C:\ca.p7b"]).run().ok().says("1 added");
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", "C=3a_ca.p7b")]);
}

#[test]
fn what_editors_and_powershell_make_of_a_file_is_installed() {
    let text = root().replace('\n', "\r\n");
    installs(&text);
    installs(format!("\u{feff}{text}"));
    // `Out-File` of Windows PowerShell.
    installs(utf16(&text, &[0xff, 0xfe], u16::to_le_bytes));
    installs(utf16(&text, &[0xfe, 0xff], u16::to_be_bytes));
    installs(text.trim_end());
    installs(format!("subject=/CN=Compliance Root\r\n{text}\x1a"));
}

#[test]
fn a_missing_file_is_no_error() {
    let machine = Machine::shared();
    for path in [r"C:\none.crt", r"C:\no\such\ca.crt", r"Q:\ca.crt", r"C:\windows\win.ini\ca.crt"] {
        machine.ca_entrypoint(&["--ca", path, "exit", "7"]).run().code(7).is_silent();
    }
}

/// Names that are no files, wherever they are used: each is refused or taken for missing, at once.
#[track_caller]
fn are_never_read(paths: &[&str]) {
    let machine = Machine::shared();
    for path in paths {
        let outcome = machine.ca_entrypoint(&["--ca", path, "exit", "7"]).run();
        outcome.code(7).says_nothing_of("added").says_nothing_of("panicked");
    }
}

#[test]
fn the_null_device_is_never_read() {
    are_never_read(&["NUL", r"\\.\NUL", r"C:\windows\NUL", "NUL.crt"]);
}

#[test]
fn the_console_and_ports_are_never_read() {
    let names = ["CON", "CONIN$", "CONOUT$", r"\\.\CON", "COM1", r"\\.\COM1", "LPT1", "AUX", "PRN"];
    are_never_read(&names);
}

#[test]
fn a_disk_is_never_read() {
    are_never_read(&[r"\\.\C:", r"\\.\PhysicalDrive0", r"\\?\GLOBALROOT\Device\Null"]);
}

#[test]
fn a_named_pipe_is_never_read_nor_waited_for() {
    are_never_read(&[r"\\.\pipe\no-such-pipe"]);
    let machine = Machine::new();
    machine.directory(r"C:\marks");
    let server = machine.program("pipe", &[r"\\.\pipe\ca.crt", r"C:\marks\pipe"]).spawn();
    machine.soon_has(r"C:\marks\pipe");
    let outcome = machine.ca_entrypoint(&["--ca", r"\\.\pipe\ca.crt", "exit", "7"]).run();
    outcome.code(7).says_nothing_of("added").says("\nhint: ");
    machine.write(r"C:\marks\stop", "");
    server.end().ok();
}

#[test]
fn a_path_of_odd_characters_is_no_crash() {
    are_never_read(&[
        "a<b", "a|b", "a\"b", "a?b.crt", "*", "a:b:c", "C:", "::", "\u{7f}", " ", ".",
    ]);
    are_never_read(&[r"\\", r"\\?\", r"\\.\", r"\\a", r"\\?\C:", r"\\?\unix"]);
}

#[test]
fn a_path_that_is_too_long_is_no_crash() {
    are_never_read(&[
        &format!(r"C:\{}.crt", "x".repeat(300)),
        &format!(r"C:\{}ca.crt", r"x\".repeat(500)),
        &"x".repeat(20_000),
    ]);
}

#[test]
fn five_thousand_certificates_are_too_many() {
    let small = pem("CERTIFICATE", &[0; 8]);
    refuses("more than 5000", small.repeat(20_000));
}

#[test]
fn an_expired_ca_is_installed_and_warned_about() {
    let machine = Machine::new();
    let ca = Certificate { not_after: "20210102000000Z", ..Certificate::ca("Corp CA") };
    machine.write(CA, ca.pem());
    machine.ca_entrypoint(&[]).run().ok().says("1 added").says("expired on 2021-01-02");
    assert_eq!(machine.added().entries.len(), 1);
}
