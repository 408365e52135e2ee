//! Certificates that an administrator has blocked.

use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::Family;
use crate::collections::RHEL;
use crate::collections::p11_kit;
use crate::collections::roots;
use crate::command::Command;
use crate::container::prepared;
use crate::container::variable;
use crate::skeletons::BUNDLE;
use crate::skeletons::debian;
use crate::util::Root;
use crate::util::contains;
use crate::x509::*;

fn corp() -> Certificate {
    Certificate::ca("Corp CA")
}

/// With a key of its own: all others have the same.
fn other() -> Certificate {
    Certificate { rsa_bits: Some(2048), ..Certificate::ca("Other CA") }
}

fn trusted(certificate: &Certificate) -> String {
    let settings = tlv(SEQUENCE, &tlv(SEQUENCE, &tlv(6, SERVER_AUTH)));
    pem("TRUSTED CERTIFICATE", &[certificate.der(), settings].concat())
}

fn directories(family: &Family) -> [String; 4] {
    let blocklist = |parent| ["blocklist", "blacklist"].map(|name| format!("{parent}/{name}"));
    let [a, b] = blocklist(family.source);
    let [c, d] = blocklist(family.vendor);
    [a, b, c, d]
}

fn holds(root: &Root, path: &str, certificate: &Certificate) -> bool {
    contains(&root.read(path), certificate.pem().as_bytes())
}

#[test]
fn what_is_blocked_in_whatever_form_is_not_installed() {
    let crlf = corp().pem().replace('\n', "\r\n");
    let forms: [(&str, Vec<u8>); 7] = [
        ("corp.pem", corp().pem().into_bytes()),
        ("corp.der", corp().der()),
        ("trusted", trusted(&corp()).into_bytes()),
        ("corp.p11-kit", p11_kit(&corp(), "x-distrusted").into_bytes()),
        (".hidden~", format!("\u{feff}some text\r\n{crlf}").into_bytes()),
        ("several", [other().pem(), corp().pem()].concat().into_bytes()),
        ("broken", [pem("CERTIFICATE", b"broken"), corp().pem()].concat().into_bytes()),
    ];
    for family in FAMILIES {
        for directory in directories(&family) {
            for (name, content) in &forms {
                let path = format!("{directory}/{name}");
                let root = family.image(&roots());
                root.write(CA, corp().pem()).write(&path, content);
                let before = root.tree_with_inodes();
                root.run(&[]).code(125).says("blocked by").says(&path);
                assert_eq!(root.tree_with_inodes(), before, "{path}");
            }
        }
    }
}

#[test]
fn a_key_is_blocked_whoever_certifies_it_and_a_number_of_an_issuer_s_whatever_its_key() {
    let reissued = Certificate { serial: 7, not_after: "20300101000000Z", ..corp() };
    let same_number = Certificate { rsa_bits: Some(2048), ..corp() };
    let cross_signed = Certificate { issuer: other().subject, ..Certificate::ca("Another") };
    let unrelated = Certificate { serial: 7, rsa_bits: Some(2048), ..corp() };
    for (certificate, is_blocked) in
        [(reissued, true), (same_number, true), (cross_signed, true), (unrelated, false)]
    {
        for family in FAMILIES {
            let root = family.image(&roots());
            root.write(CA, certificate.pem())
                .write(&format!("{}/blocklist/corp.pem", family.source), corp().pem());
            let outcome = root.run(&[]);
            outcome.code(if is_blocked { 125 } else { 0 });
            assert_eq!(holds(&root, family.bundle, &certificate), !is_blocked);
        }
    }
}

#[test]
fn garbage_in_a_blocklist_blocks_nothing_and_stops_nothing() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let directory = format!("{}/blocklist", family.source);
        root.write(&format!("{directory}/empty"), "")
            .write(&format!("{directory}/README"), "Put what you distrust here.\n")
            .write(&format!("{directory}/noise"), [0x30, 0x82, 0xff, 0xff, 1])
            .write(&format!("{directory}/key.pem"), pem("PRIVATE KEY", b"secret"))
            .write(&format!("{directory}/cut.pem"), &corp().pem()[..200])
            .directory(&format!("{directory}/directory.pem"))
            .link(&format!("{directory}/dangling"), "/gone")
            .write(CA, corp().pem());
        root.run(&[]).ok().says_nothing_of("block");
        assert!(holds(&root, family.bundle, &corp()));
    }
}

#[test]
fn a_blocklist_that_cannot_be_read_is_reported_and_the_rest_of_it_counts() {
    let root = RHEL.image(&roots());
    let directory = format!("{}/blocklist", RHEL.source);
    root.link(&format!("{directory}/a-loop"), "a-loop")
        .write(&format!("{directory}/corp.pem"), corp().pem())
        .write(CA, corp().pem() + &other().pem());
    let outcome = root.run(&[]);
    outcome.code(125).says("a-loop': Too many levels of symbolic links").says("(CN=Corp CA)");
    assert!(!holds(&root, RHEL.bundle, &corp()));
    assert!(holds(&root, RHEL.bundle, &other()));
}

#[test]
fn the_others_are_installed_and_named_without_the_blocked_one() {
    let root = prepared(RHEL.image(&roots()));
    root.write(CA, corp().pem() + &other().pem())
        .write(&format!("{}/blocklist/corp.pem", RHEL.source), corp().pem());
    let outcome = Command::inside(&root, &["/bin/env"]).run();
    outcome.ok().says("certificate 1 of CA file").says("(CN=Corp CA): blocked by");
    let file = variable(&outcome, "CI_SERVER_TLS_CA_FILE").unwrap();
    assert_eq!(root.read(&file), other().pem().into_bytes());
    assert!(!holds(&root, RHEL.bundle, &corp()));
    assert!(holds(&root, RHEL.bundle, &other()));
    assert_eq!(root.names(RHEL.anchors).len(), 1);
}

#[test]
fn the_user_s_own_files_are_without_the_blocked_one_too() {
    let root = prepared(RHEL.image(&roots()));
    root.write(CA, corp().pem() + &other().pem())
        .write(&format!("{}/blocklist/corp.pem", RHEL.source), corp().pem());
    let outcome = crate::container::start(&root);
    outcome.ok().says("blocked by");
    for name in ["CI_SERVER_TLS_CA_FILE", "SSL_CERT_FILE"] {
        let file = variable(&outcome, name).unwrap();
        assert!(!holds(&root, &file, &corp()) && holds(&root, &file, &other()), "{name}");
    }
}

#[test]
fn with_all_blocked_a_command_runs_and_is_told_of_nothing() {
    let root = prepared(RHEL.image(&roots()));
    root.write(CA, corp().pem())
        .write(&format!("{}/blocklist/corp.pem", RHEL.source), corp().pem());
    let warned = Command::inside(&root, &["/bin/env"]).run();
    warned.ok().says("blocked by").prints("");
    let failed = Command::inside(&root, &["--on-error=fail", "/bin/env"]).run();
    failed.code(125).says("blocked by").prints("");
    Command::inside(&root, &["--on-error=warn"]).run().ok().says("blocked by");
}

#[test]
fn a_dry_run_says_what_is_blocked() {
    let root = RHEL.image(&roots());
    root.write(CA, corp().pem() + &other().pem())
        .write(&format!("{}/blocklist/corp.pem", RHEL.source), corp().pem());
    let before = root.tree_with_inodes();
    let outcome = root.run(&["--dry-run"]);
    outcome.code(125).says(
        "not installing certificate 1 of CA file '/etc/gitlab-runner/certs/ca.crt' (CN=Corp CA): \
         blocked by '/etc/pki/ca-trust/source/blocklist/corp.pem'\nhint: ",
    );
    outcome.assert(!outcome.out().contains(&corp().fingerprint()[..12]), "no plan for it");
    assert_eq!(root.tree_with_inodes(), before);
}

/// As the distribution's tool has it, which leaves it out from now on.
#[test]
fn what_was_installed_and_is_blocked_now_goes() {
    for family in FAMILIES {
        for text in [corp().pem() + &other().pem(), corp().pem()] {
            let root = family.image(&roots());
            root.write(CA, &text);
            root.run(&[]).ok();
            root.write(&format!("{}/blocklist/corp.pem", family.source), corp().pem());
            root.run(&[]).code(125).says("blocked by");
            assert!(!holds(&root, family.bundle, &corp()), "{} {}", family.name, text.len());
        }
    }
}

/// The image's own roots have the same key here as a blocked one has, and stay as they are.
#[test]
fn somebody_s_blocked_anchor_is_not_added_and_nothing_of_theirs_is_taken_away() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let before = root.read(family.bundle);
        root.write(&format!("{}/dropped.pem", family.anchors), corp().pem())
            .write(&format!("{}/blocklist/corp.pem", family.source), corp().pem())
            .write(CA, other().pem());
        root.run(&[]).ok();
        assert!(!holds(&root, family.bundle, &corp()) && holds(&root, family.bundle, &other()));
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(family.bundle), before);
    }
}

#[test]
fn a_file_of_several_is_added_but_for_the_blocked_one() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let good = Certificate { rsa_bits: Some(4096), ..Certificate::ca("Good CA") };
        root.write(&format!("{}/several.pem", family.anchors), corp().pem() + &good.pem())
            .write(&format!("{}/blocklist/corp.pem", family.source), corp().pem())
            .write(CA, other().pem());
        root.run(&[]).ok();
        assert!(!holds(&root, family.bundle, &corp()));
        assert!(holds(&root, family.bundle, &good), "{}", family.name);
    }
}

#[test]
fn where_the_tool_knows_no_blocklist_there_is_none() {
    let root = debian();
    root.write(CA, corp().pem());
    for family in FAMILIES {
        for directory in directories(&family) {
            root.write(&format!("{directory}/corp.pem"), corp().pem());
        }
    }
    root.run(&[]).ok();
    assert!(holds(&root, BUNDLE, &corp()));
}

/// An earlier start's file from elsewhere is no reason to trust it again.
#[test]
fn what_is_blocked_does_not_come_back_with_another_source() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let before = root.read(family.bundle);
        root.write("/a.crt", corp().pem()).write(CA, other().pem());
        root.run(&["--ca", "/a.crt"]).ok();
        // The administrator blocks it, and the tool leaves it out.
        root.write(&format!("{}/blocklist/corp.pem", family.source), corp().pem())
            .write(family.bundle, before);
        root.run(&[]).ok();
        assert!(!holds(&root, family.bundle, &corp()) && holds(&root, family.bundle, &other()));
    }
}
