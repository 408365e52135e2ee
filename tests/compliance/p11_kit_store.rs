//! On an image whose store p11-kit made, ours holds what theirs holds.

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::families::Family;
use crate::families::on_each_family;
use crate::keystores::KEYTOOL;
use crate::side::install;

on_each_family! {
    the_tool_agrees_with_itself
    anchors_of_all_kinds
    several_anchors
    the_same_label_twice
    others_dropped_in
    rotation
    clients_find_what_was_installed
    the_old_hash_is_openssl_s
    java_reads_the_keystore
    the_blocklist_is_obeyed
    root_without_capabilities
}

/// The same anchors in a container for each side, and the store before.
struct Pair {
    family: &'static Family,
    ours: Container,
    theirs: Container,
}

impl Pair {
    fn new(family: &'static Family, preparation: &str) -> Self {
        let [ours, theirs] = [(); 2].map(|()| {
            let container = Container::start_sharing(family.image);
            container.sh(&format!("anchors={}\n{preparation}", family.anchors));
            container
        });
        Self { family, ours, theirs }
    }

    /// Installs on both sides, and asserts that the stores are the same; that theirs changes nothing
    /// in ours but the order; and that ours has nothing to do then.
    #[track_caller]
    fn install_and_compare(&self, certificate: &str) {
        let Self { family, ours, theirs } = self;
        install(ours, certificate).expect_success();
        family.copy_anchors(ours, theirs);
        family.update(theirs);
        let expected = family.store(theirs);
        family.store(ours).assert_same(&expected, &format!("{certificate}: ours (-), theirs (+)"));
        assert_idle(family, ours, certificate);

        family.update(ours);
        let what = format!("{certificate}: ours after their tool (-), theirs (+)");
        family.store(ours).assert_same(&expected, &what);
        assert_idle(family, ours, certificate);
    }
}

/// Asserts that another start says nothing and leaves each byte as it is.
#[track_caller]
pub(crate) fn assert_idle(family: &Family, container: &Container, what: &str) {
    let before = family.tree(container);
    let run = container.sh("/ca-entrypoint --on-error=fail true");
    assert_eq!(run.stderr, "", "{what}");
    family.tree(container).assert_same(&before, &format!("{what}: before (-), after a start (+)"));
}

#[track_caller]
pub(crate) fn remove(container: &Container) {
    let run = container.sh("/ca-entrypoint --remove");
    assert!(run.stderr.contains("0 added"), "{run}");
}

/// The oracle alone.
fn the_tool_agrees_with_itself(family: &'static Family) {
    let container = Container::start(family.image);
    let base = family.store(&container);
    family.update(&container);
    family.store(&container).assert_same(&base, "after a run of the tool (-), the image (+)");
    container.sh(&format!("cp /fixtures/root.crt {}", family.anchors));
    family.update(&container);
    let added = family.store(&container).added_to(&base);
    for path in family.bundles.iter().chain([&family.keystore]).chain(&family.signature_database) {
        assert!(added.iter().any(|added| added.starts_with(*path)), "{path} is as it was");
    }
    for directory in family.hash_directories {
        // A link to a directory has nothing in it.
        let directory = container.sh(&format!("readlink -f {directory}")).stdout();
        let links = added.iter().filter(|added| added.starts_with(directory.trim_end()));
        assert!(links.count() >= 2, "{directory} is as it was: {added:#?}");
    }
}

/// What p11-kit takes for a CA of servers, under whatever name.
const ORDINARY: &[&str] = &[
    "root.crt",
    "rsa.crt",
    "version-1.crt",
    "for-servers.crt",
    "for-all.crt",
    "no-cn-but-ou.crt",
    "no-cn-but-o.crt",
    "no-label.crt",
    "not-ascii.crt",
    "two-cns.crt",
    "punctuation.crt",
];

fn anchors_of_all_kinds(family: &'static Family) {
    let pair = Pair::new(family, "");
    let image = family.tree(&pair.ours);
    let base = family.store(&pair.ours);
    // First without their tool: what was put in comes out, and nothing else.
    install(&pair.ours, ORDINARY[0]).expect_success();
    remove(&pair.ours);
    family.tree(&pair.ours).assert_same(&image, "after a removal (-), the image (+)");
    pair.install_and_compare(ORDINARY[0]);
    remove(&pair.ours);
    family.store(&pair.ours).assert_same(&base, "after a removal (-), the image (+)");
    // What becomes of the others after their tool has run is no other than of the first.
    for certificate in &ORDINARY[1..] {
        let Pair { ours, theirs, .. } = &pair;
        install(ours, certificate).expect_success();
        family.copy_anchors(ours, theirs);
        family.update(theirs);
        let expected = family.store(theirs);
        family.store(ours).assert_same(&expected, &format!("{certificate}: ours (-), theirs (+)"));
        remove(ours);
    }
    family.store(&pair.ours).assert_same(&base, "after all removals (-), the image (+)");
}

fn several_anchors(family: &'static Family) {
    let pair = Pair::new(family, "");
    let base = family.store(&pair.ours);
    pair.install_and_compare("chain.crt");
    remove(&pair.ours);
    family.store(&pair.ours).assert_same(&base, "after a removal (-), the image (+)");
}

/// Which of the two has the better name depends on the order in which they are read.
fn the_same_label_twice(family: &'static Family) {
    let Pair { ours, theirs, .. } = &Pair::new(family, "");
    let base = family.store(ours);
    install(ours, "twins.crt").expect_success();
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    let name = family.hash_directories.last();
    for container in [ours, theirs] {
        let keystore = family.keystore(container);
        assert!(keystore.contains_key("twin") && keystore.contains_key("twin-1"));
        if let Some(directory) = name {
            let names = container.sh(&format!("cd {directory}; ls Twin*")).stdout();
            assert_eq!(names, "Twin.1.pem\nTwin.pem\n");
            container.sh(&format!(
                "cd {directory}; for option in hash subject_hash_old; do
                    hash=$(openssl x509 -in Twin.pem -noout -$option)
                    test \"$(readlink $hash.0)\" != \"$(readlink $hash.1)\"
                    case \"$(readlink $hash.0) $(readlink $hash.1)\" in *Twin.1.pem*) ;; *) exit 1 ;; esac
                    ! readlink $hash.2
                done"
            ));
        }
    }
    for path in family.bundles {
        let sorted = |container| {
            let mut entries = family.bundle(container, path);
            entries.sort();
            entries
        };
        assert_eq!(sorted(ours), sorted(theirs), "{path}");
    }
    assert_idle(family, ours, "twins");
    let values = |container| {
        let mut values: Vec<Vec<u8>> = family.keystore(container).into_values().collect();
        values.sort();
        values
    };
    assert_eq!(values(ours), values(theirs));
    family.update(ours);
    assert_idle(family, ours, "twins after their tool");
    // One goes, and the other one is the only one of its name.
    install(ours, "twin-b.crt").expect_success();
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    assert_idle(family, ours, "one of the twins");
    remove(ours);
    family.store(ours).assert_same(&base, "after a removal (-), the image (+)");
}

/// Files that somebody put into the anchors directory are installed with ours, whatever their names
/// and however many certificates are in them.
fn others_dropped_in(family: &'static Family) {
    let preparation = "cp /fixtures/others.crt $anchors/somebody.pem
        cp /fixtures/other-3.crt $anchors/zzz; echo nothing >$anchors/README";
    let pair = Pair::new(family, preparation);
    pair.install_and_compare("root.crt");
    remove(&pair.ours);
    let container = Container::start(family.image);
    container.sh(&format!("anchors={}\n{preparation}", family.anchors));
    family.update(&container);
    let expected = family.store(&container);
    family.store(&pair.ours).assert_same(&expected, "after a removal (-), the others alone (+)");
}

fn rotation(family: &'static Family) {
    let pair = Pair::new(family, "");
    pair.install_and_compare("chain.crt");
    pair.install_and_compare("second.crt");
    pair.install_and_compare("rsa.crt");
    // Without their tool in between.
    install(&pair.ours, "root.crt").expect_success();
    pair.install_and_compare("second.crt");
}

/// By hash and in the bundle, which OpenSSL reads whatever else is on the machine.
fn clients_find_what_was_installed(family: &'static Family) {
    let container = Container::start(family.image);
    let mut places = vec![format!("-no-CApath -CAfile {}", family.bundles[0])];
    places.extend(family.hash_directories.iter().map(|path| format!("-no-CAfile -CApath {path}")));
    // OpenSSL's own way, as the family configures it.
    places.push(String::new());
    let verify = |place: &str, signer: &str| {
        let command = format!("openssl verify -no-CAstore {place} /fixtures/{signer}-server.crt");
        container.try_sh(&command)
    };
    let expect = |place: &str, signers: &[&str], code: i32| {
        for signer in signers {
            verify(place, signer).expect_code(code);
        }
    };
    for place in &places {
        expect(place, &["root", "intermediate", "second"], 2);
    }
    install(&container, "chain.crt").expect_success();
    for _ in 0..2 {
        for place in &places {
            expect(place, &["root", "intermediate", "second"], 0);
            expect(place, &["twin-a"], 2);
        }
        family.update(&container);
    }
    container.sh("/ca-entrypoint --remove");
    for place in &places {
        expect(place, &["root", "intermediate", "second"], 2);
    }
}

fn the_old_hash_is_openssl_s(family: &'static Family) {
    let Some(directory) = family.hash_directories.last() else {
        return;
    };
    let container = Container::start(family.image);
    for certificate in ORDINARY {
        install(&container, certificate).expect_success();
        container.sh(&format!(
            "cd {directory}; for option in subject_hash subject_hash_old; do
                hash=$(openssl x509 -in /fixtures/{certificate} -noout -$option)
                openssl x509 -in $hash.0 -outform DER >/tmp/found
                openssl x509 -in /fixtures/{certificate} -outform DER | cmp - /tmp/found
            done"
        ));
    }
}

fn java_reads_the_keystore(family: &'static Family) {
    let container = Container::start(family.image);
    let java = Container::start(Image::Clients);
    for certificate in ["chain.crt", "twins.crt", "not-ascii.crt", "no-label.crt"] {
        install(&container, certificate).expect_success();
        let expected = family.keystore(&container);
        java.try_sh_with_input("cat >/tmp/keystore", &container.read(family.keystore))
            .expect_success();
        let listing = java
            .sh(&format!(
                "LC_ALL=C.UTF-8 {KEYTOOL} -list -rfc -keystore /tmp/keystore -storepass changeit"
            ))
            .stdout();
        let aliases: Vec<&str> =
            listing.lines().filter_map(|line| line.strip_prefix("Alias name: ")).collect();
        assert_eq!(aliases.len(), expected.len(), "{certificate}");
        assert!(aliases.iter().all(|alias| expected.contains_key(*alias)), "{aliases:?}");
        for name in certificate_bodies(&certificates::text(certificate)) {
            assert!(listing.replace(['\r', '\n'], "").contains(&name), "{certificate}");
        }
    }
}

/// The base64 of each certificate, in one line.
fn certificate_bodies(text: &str) -> Vec<String> {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks
        .map(|block| block.split("-----END").next().unwrap_or_default().replace('\n', ""))
        .collect()
}

/// A certificate there keeps itself and whatever has its key out of the store. The tool says nothing
/// of it.
fn the_blocklist_is_obeyed(family: &'static Family) {
    let Pair { ours, theirs, .. } = &Pair::new(family, "");
    let blocklist = family.blocklist;
    for container in [ours, theirs] {
        container.sh(&format!("cp /fixtures/root.crt {blocklist}/somebody.pem"));
    }
    for certificate in ["root.crt", "reissued.crt"] {
        theirs.sh(&format!("cp /fixtures/{certificate} {}/", family.anchors));
        family.update(theirs);
        let found = theirs.try_sh(&format!(
            "openssl verify -no-CApath -CAfile {} /fixtures/root-server.crt",
            family.bundles[0]
        ));
        assert_eq!(found.code, 2, "their tool trusts what is blocked: {found}");

        let before = family.tree(ours);
        let message = format!("{blocklist}/somebody.pem");
        let run = install(ours, certificate).expect_code(125);
        assert!(run.stderr.contains(&message), "{run}");
        let run = ours.try_sh("/ca-entrypoint --on-error=fail true").expect_code(125);
        assert!(run.stderr.contains(&message), "{run}");
        let run = ours.sh("/ca-entrypoint true");
        assert!(run.stderr.contains(&message), "{run}");
        family.tree(ours).assert_same(&before, "before (-), after a start (+)");
    }
    // What isn't blocked goes in.
    let run = install(ours, "chain.crt").expect_code(125);
    assert!(run.stderr.contains("2 added"), "{run}");
    let verify = |signer: &str| {
        ours.try_sh(&format!(
            "openssl verify -partial_chain -no-CApath -CAfile {} /fixtures/{signer}-server.crt",
            family.bundles[0]
        ))
    };
    verify("second").expect_success();
    verify("root").expect_code(2);
}

/// p11-kit's directories are closed to their owner too, who opens them.
fn root_without_capabilities(family: &'static Family) {
    let options = ["--network=none", "--cap-drop=ALL"];
    let [ours, theirs] = [(); 2].map(|()| Container::start_with(family.image, &options));
    let image = family.tree(&ours);
    let run = install(&ours, "chain.crt").expect_success();
    assert_eq!(
        run.stderr.lines().next(),
        Some("ca-entrypoint: trust store updated: 3 added, 0 removed")
    );
    family.copy_anchors(&ours, &theirs);
    family.update(&theirs);
    let expected = family.store(&theirs);
    family.store(&ours).assert_same(&expected, "ours (-), theirs (+)");
    assert_idle(family, &ours, "chain");
    remove(&ours);
    family.tree(&ours).assert_same(&image, "after a removal (-), the image (+)");
}
