//! The `openssl` program: the oracle for names and trust, and the maker of what isn't worth making
//! by hand.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

/// Its stdout. It has to succeed.
#[track_caller]
pub(crate) fn openssl(arguments: &[&str], stdin: &[u8]) -> Vec<u8> {
    let output = output(arguments, stdin, Path::new("/"));
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// `openssl rehash`, which warns about each file that it passes over.
#[track_caller]
pub(crate) fn rehash(directory: &Path) {
    output(&["rehash", "."], b"", directory);
}

/// `openssl x509 -subject_hash`.
#[track_caller]
pub(crate) fn subject_hash(pem: &str) -> String {
    let hash = openssl(&["x509", "-noout", "-subject_hash"], pem.as_bytes());
    String::from_utf8(hash).unwrap().trim().to_owned()
}

/// Whether a program that reads `store` (`-CAfile FILE` or `-CApath DIRECTORY`) trusts `pem`.
#[track_caller]
pub(crate) fn verifies(store: [&str; 2], pem: &[u8]) -> bool {
    let other = if store[0] == "-CAfile" { "-no-CApath" } else { "-no-CAfile" };
    let arguments = ["verify", other, "-no-CAstore", store[0], store[1]];
    output(&arguments, pem, Path::new("/")).status.success()
}

/// Whether OpenSSL loads all of a bundle: one certificate that it can't read costs it the others.
#[track_caller]
pub(crate) fn loads(bundle: &Path) -> bool {
    let bundle = bundle.to_str().unwrap();
    let first = openssl(&["x509", "-in", bundle], b"");
    verifies(["-CAfile", bundle], &first)
}

/// A self-signed certificate with its private key, both PEM, as an administrator makes it.
#[track_caller]
pub(crate) fn self_signed(subject: &str, options: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let mut arguments =
        vec!["req", "-x509", "-nodes", "-days", "30", "-keyout", "/dev/stdout", "-subj", subject];
    if !options.contains(&"-newkey") {
        arguments.extend(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    }
    let made = openssl(&[&arguments, options].concat(), b"");
    let begin = b"-----BEGIN CERTIFICATE-----";
    let at = made.windows(begin.len()).position(|window| window == begin).unwrap();
    let (key, certificate) = made.split_at(at);
    (certificate.to_vec(), key.to_vec())
}

#[track_caller]
fn output(arguments: &[&str], stdin: &[u8], directory: &Path) -> std::process::Output {
    let mut child = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("openssl: {e}: install it (apt-get install openssl)"));
    // Not all commands read it.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}
