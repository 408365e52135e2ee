//! NSS's databases, as far as what stands in them decides what is run. What certutil makes of that,
//! the suite of compliance sees.

use sha2::Digest;
use sha2::Sha256;

use crate::command::Command;
use crate::skeletons::debian;
use crate::skeletons::with_programs;
use crate::util::Root;
use crate::x509::Certificate;

const DATABASE: &str = "/root/.pki/nssdb/cert9.db";

/// An image with a certutil that notes what it is asked for and does nothing.
fn image() -> Root {
    let root = debian();
    with_programs(&root, &["/bin/sh"]);
    root.write("/usr/bin/certutil", "#!/bin/sh\necho \"$1 $*\" >>/asked\n")
        .mode("/usr/bin/certutil", 0o755);
    root
}

/// What a start asks certutil for: the operation, and the certificate's nickname.
#[track_caller]
fn asked(root: &Root) -> Vec<String> {
    root.write("/asked", "");
    let start = Command::inside(root, &["-q", "--ca", "/a.crt", "--ca", "/b.crt"]);
    start.env("HOME", "/root").run().ok().is_silent();
    let asked = String::from_utf8(root.read("/asked")).unwrap();
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let nickname = words.iter().position(|word| *word == "-n").map(|at| words[at + 1]);
        format!("{} {}", words[0], nickname.unwrap())
    };
    asked.lines().map(of_line).collect()
}

fn nickname(source: &str, certificate: &Certificate) -> String {
    let digest = Sha256::digest(certificate.der());
    let short: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("ca-entrypoint-{source}-{short}")
}

/// A certificate under a nickname, as a database has them.
fn entry(nickname: &str, certificate: &Certificate) -> Vec<u8> {
    [b"\0", nickname.as_bytes(), &certificate.der(), b"\0"].concat()
}

#[test]
fn a_certificate_that_another_source_has_still_is_put_in_again_under_that_one_s_name() {
    let root = image();
    let [x, y] = ["X", "Y"].map(Certificate::ca);
    root.write("/a.crt", y.pem()).write("/b.crt", x.pem());
    root.write(DATABASE, entry(&nickname("a.crt", &x), &x));
    let expected = [
        format!("-D {}", nickname("a.crt", &x)),
        format!("-A {}", nickname("a.crt", &y)),
        format!("-A {}", nickname("b.crt", &x)),
    ];
    assert_eq!(asked(&root), expected);
}

#[test]
fn a_certificate_that_somebody_put_in_stays_as_it_is() {
    let root = image();
    let [x, y] = ["X", "Y"].map(Certificate::ca);
    root.write("/a.crt", x.pem()).write("/b.crt", y.pem());
    let gone = nickname("a.crt", &Certificate::ca("Gone"));
    root.write(DATABASE, [entry("theirs", &x), entry(&gone, &Certificate::ca("Gone"))].concat());
    assert_eq!(asked(&root), [format!("-D {gone}"), format!("-A {}", nickname("b.crt", &y))]);
}
