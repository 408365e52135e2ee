//! What is said about certificates that the distribution's tool will leave out when it runs.

use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::RHEL;
use crate::collections::roots;
use crate::container::command;
use crate::container::prepared;
use crate::container::start;
use crate::skeletons::IMAGES;
use crate::x509::*;

const LEFT_OUT: &str = "leaves it out";

fn with(extensions: &[Vec<u8>]) -> Certificate {
    Certificate { extensions: extensions.to_vec(), ..Certificate::ca("Corp") }
}

fn constraints(content: &[u8]) -> Vec<u8> {
    extension(BASIC_CONSTRAINTS, true, &tlv(SEQUENCE, content))
}

fn usage(oid: &[u8]) -> Vec<u8> {
    extension(EXTENDED_KEY_USAGE, false, &tlv(SEQUENCE, &tlv(6, oid)))
}

fn leaf(issuer: &Certificate) -> Certificate {
    let issuer = issuer.subject.clone();
    let subject = Certificate::ca("gitlab.example.com").subject;
    Certificate { issuer, subject, ..with(&[constraints(&[])]) }
}

#[test]
fn what_is_no_ca_for_servers_is_said_to_be_left_out() {
    let ca = constraints(&[1, 1, 0xff]);
    let cases = [
        ("CA", with(std::slice::from_ref(&ca)), false),
        ("CA for servers", with(&[ca.clone(), usage(SERVER_AUTH)]), false),
        ("CA for anything", with(&[ca.clone(), usage(&[0x55, 0x1d, 0x25, 0])]), false),
        ("CA for clients", with(&[ca.clone(), usage(CLIENT_AUTH)]), true),
        ("usage that is none", with(&[ca, extension(EXTENDED_KEY_USAGE, false, b"\x04\0")]), true),
        ("no CA", with(&[constraints(&[])]), true),
        ("no constraints", with(&[]), true),
        ("leaf without its issuer", leaf(&Certificate::ca("Absent")), true),
    ];
    for (what, certificate, is_left_out) in cases {
        for family in FAMILIES {
            let root = family.image(&roots());
            root.write(CA, certificate.pem());
            let outcome = root.run(&[]);
            let tool =
                if family.name == "suse" { "update-ca-certificates" } else { "update-ca-trust" };
            let says = outcome.ok().err().contains(&format!("{tool} {LEFT_OUT}"));
            outcome.assert(says == is_left_out, what);
            root.run(&[]).ok().is_silent();
        }
        for (_, image) in IMAGES {
            let root = image();
            root.write(CA, certificate.pem());
            root.run(&[]).ok().says_nothing_of(LEFT_OUT);
        }
    }
}

#[test]
fn a_leaf_whose_issuer_is_there_needs_no_place() {
    for family in FAMILIES {
        let ca = Certificate::ca("Corp CA");
        let root = family.image(&roots());
        root.write(CA, leaf(&ca).pem() + &ca.pem());
        root.run(&[]).ok().says_nothing_of(LEFT_OUT);
        let root = family.image(&roots());
        root.write("/leaf.crt", leaf(&ca).pem()).write("/ca.crt", ca.pem());
        root.run(&["--ca", "/leaf.crt", "--ca", "/ca.crt"]).ok().says_nothing_of(LEFT_OUT);
    }
}

/// No tool has a hand in a user's own files.
#[test]
fn nothing_is_left_out_of_a_user_s_own_files() {
    let root = prepared(RHEL.image(&roots()));
    root.write(CA, with(&[constraints(&[])]).pem());
    command(&root, &["--dry-run", "/bin/env"]).run().ok().says_nothing_of(LEFT_OUT);
    start(&root).ok().says_nothing_of(LEFT_OUT);
}
