//! Where ours differs from p11-kit's tools on purpose, asserted from both sides:
//! `docs/trust-stores.md` lists it.

use crate::certificates;
use crate::container::Container;
use crate::container::Image;
use crate::families::Family;
use crate::families::on_each_family;
use crate::keystores::KEYTOOL;
use crate::p11_kit_store::assert_idle;
use crate::p11_kit_store::remove;
use crate::side::install;

// With labels and without; the other two differ in their layout alone.
on_each_family! { [fedora FEDORA] [suse SUSE]: {
    what_is_no_ca_for_servers_is_left_out
    an_issuer_without_a_name
    the_label_of_a_root
    a_root_that_the_image_has
    a_root_that_the_image_distrusts
    files_that_are_left_to_the_tool
} }

fn pair(family: &Family) -> [Container; 2] {
    [(); 2].map(|()| Container::start(family.image))
}

/// The last whole line of base64 in a PEM file, which no label changes.
fn body(certificate: &str) -> String {
    let text = certificates::text(certificate);
    text.lines().nth(3).expect("a certificate has as many lines").to_owned()
}

fn holds(family: &Family, container: &Container, path: &str, certificate: &str) -> bool {
    let body = body(certificate);
    family.bundle(container, path).iter().any(|entry| entry.contains(&body))
}

/// GitLab's first documented case is a server's own certificate. Ours puts it where servers'
/// certificates are looked up, and says what will become of it.
fn what_is_no_ca_for_servers_is_left_out(family: &Family) {
    let [ours, theirs] = &pair(family);
    let base = family.store(ours);
    for certificate in
        ["self-signed-server.crt", "no-constraints.crt", "for-clients.crt", "for-email.crt"]
    {
        let what = format!("{:?} {certificate}", family.image);
        let run = install(ours, certificate).expect_success();
        let message = format!("and {} leaves it out", family.tool);
        assert!(run.stderr.contains(&message), "{what} {run}");
        family.copy_anchors(ours, theirs);
        family.update(theirs);
        assert!(!holds(family, theirs, family.bundles[0], certificate), "{what}");
        assert!(holds(family, ours, family.bundles[0], certificate), "{what}");

        // Nothing else differs.
        let expected = family.store(theirs);
        let store = family.store(ours);
        assert_eq!(store.changed_paths(&expected), store.added_to(&expected), "{what}");
        for path in &family.bundles[1..] {
            assert_eq!(
                holds(family, ours, path, certificate),
                holds(family, theirs, path, certificate),
                "{what} {path}"
            );
        }
        assert_idle(family, ours, &what);
        family.update(ours);
        family
            .store(ours)
            .assert_same(&expected, &format!("{what}: after the tool (-), theirs (+)"));
        let run = ours.sh("/ca-entrypoint");
        assert!(!run.stderr.is_empty(), "{what}");
        family.store(ours).assert_same(&store, &format!("{what}: put back (-), before (+)"));
        assert_idle(family, ours, &what);
        family.update(ours);
        remove(ours);
        family
            .store(ours)
            .assert_same(&base, &format!("{what}: after a removal (-), the image (+)"));
    }
}

/// Java reads no keystore with a certificate whose issuer has no name: theirs has one.
fn an_issuer_without_a_name(family: &Family) {
    let [ours, theirs] = &pair(family);
    install(ours, "no-subject.crt").expect_success();
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    assert!(family.keystore(theirs).contains_key("unlabeled"));
    assert!(!family.keystore(ours).contains_key("unlabeled"));
    let java = Container::start(Image::Clients);
    for (container, code) in [(ours, 0), (theirs, 1)] {
        let keystore = container.read(family.keystore);
        java.try_sh_with_input("cat >/tmp/keystore", &keystore).expect_success();
        java.try_sh(&format!("{KEYTOOL} -list -keystore /tmp/keystore -storepass changeit"))
            .expect_code(code);
    }
    let (ours_store, theirs_store) = (family.store(ours), family.store(theirs));
    let differing = ours_store.changed_paths(&theirs_store);
    assert!(differing.iter().all(|path| path.starts_with(family.keystore)), "{differing:#?}");
    assert_idle(family, ours, "no subject");
}

/// Of two with one label theirs gives the better name to the one in /etc, ours to the one that has
/// it. Both are found.
fn the_label_of_a_root(family: &Family) {
    for certificate in ["label-of-a-root.crt", "subject-of-a-root.crt"] {
        let [ours, theirs] = &pair(family);
        let base = family.store(ours);
        install(ours, certificate).expect_success();
        family.copy_anchors(ours, theirs);
        family.update(theirs);
        let alias = |container, alias| family.keystore(container).get(alias).cloned();
        assert_eq!(alias(ours, "isrgrootx1"), alias(theirs, "isrgrootx1-1"));
        assert_eq!(alias(ours, "isrgrootx1-1"), alias(theirs, "isrgrootx1"));
        for directory in family.hash_directories {
            for container in [ours, theirs] {
                // By a link for each hash, and in the end by OpenSSL.
                container.sh(&format!(
                        "cd {directory}; cat {bundle} >/tmp/all
                        for option in subject_hash subject_hash_old; do
                            hash=$(openssl x509 -in /fixtures/{certificate} -noout -$option)
                            for link in $hash.*; do openssl x509 -in $link -noout -fingerprint; done |
                                grep -xF \"$(openssl x509 -in /fixtures/{certificate} -noout -fingerprint)\"
                        done
                        openssl verify -no-CAfile -no-CAstore -CApath . /fixtures/{certificate}",
                        bundle = family.bundles[0]
                    ));
            }
        }
        if let Some(directory) = family.hash_directories.last() {
            let read = |container: &Container, name| {
                container.sh(&format!("openssl x509 -in {directory}/{name} -outform DER")).stdout
            };
            let names = ["ISRG_Root_X1.pem", "ISRG_Root_X1.1.pem"];
            assert_eq!(read(ours, names[0]), read(theirs, names[1]));
            assert_eq!(read(ours, names[1]), read(theirs, names[0]));
        }
        assert_idle(family, ours, certificate);
        family.update(ours);
        let after = family.store(ours);
        after.assert_same(&family.store(theirs), "ours after the tool (-), theirs (+)");
        assert_idle(family, ours, certificate);
        remove(ours);
        // The names that the tool has changed stay until it runs again.
        family.update(ours);
        family.store(ours).assert_same(&base, "after a removal (-), the image (+)");
    }
}

/// A root that is mounted too. Theirs writes the anchor, with another label and no limit to its
/// purposes, in place of the root; ours leaves the root as it is, and adds it where it was left out.
/// It stays when ours goes, and where it was added too, until their tool runs.
fn a_root_that_the_image_has(family: &Family) {
    let [ours, theirs] = &pair(family);
    let base = family.store(ours);
    let root = "GlobalSign Root CA - R3";
    ours.sh(&format!(
        "mkdir -p /etc/gitlab-runner/certs
        sed -n '/^label: /h; /BEGIN CERT/,/END CERT/{{ /BEGIN/{{ x; p; x }}; p }}' {base_data} |
            sed -n '/{label}/,/END/p' | sed '1d; /END/q' >/etc/gitlab-runner/certs/ca.crt
        openssl x509 -in /etc/gitlab-runner/certs/ca.crt -noout -subject | grep -q 'CN = GlobalSign$'
        /ca-entrypoint",
        base_data = "$(find /usr/share -name '*.trust.p11-kit')",
        label = root.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>(),
    ));
    assert_idle(family, ours, "a root");
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    for (container, entries) in [(ours, [1, 0]), (theirs, [0, 1])] {
        let aliases = family.keystore(container);
        let has = |alias: &str| usize::from(aliases.contains_key(alias));
        // Another root has that common name too.
        assert_eq!(has("globalsignrootca-r3"), entries[0], "{:?}", aliases.keys());
        if family.has_labels {
            let bundle = family.bundle(container, family.bundles[0]);
            let count = bundle.iter().filter(|entry| entry.starts_with(&format!("# {root}\n")));
            assert_eq!(count.count(), entries[0]);
        }
    }
    let theirs_store = family.store(theirs);
    let main = family.bundles[0];
    assert_eq!(family.bundle(ours, main).len(), family.bundle(theirs, main).len());
    for path in &family.bundles[1..] {
        assert_eq!(family.bundle(ours, path).len(), family.bundle(theirs, path).len(), "{path}");
    }
    remove(ours);
    let after = family.store(ours);
    let left = after.changed_paths(&base);
    let is_other_purpose = |path: &String| {
        family.bundles[1..].iter().any(|bundle| path.starts_with(bundle))
            && path.contains("# GlobalSign\n")
    };
    assert!(left.iter().all(is_other_purpose), "{left:#?}");
    family.update(ours);
    family.store(ours).assert_same(&base, "after a removal and the tool (-), the image (+)");

    ours.sh("/ca-entrypoint");
    family.update(ours);
    assert_idle(family, ours, "a root after the tool");
    family.store(ours).assert_same(&theirs_store, "ours after the tool (-), theirs (+)");
    remove(ours);
    assert_eq!(family.bundle(ours, main).len(), family.bundle(theirs, main).len());
    family.update(ours);
    family.store(ours).assert_same(&base, "after a removal and the tool (-), the image (+)");
}

/// A root that the base data say nobody shall trust: theirs keeps it out, ours takes the user's word
/// for it. It goes with the user's; what says that nobody shall trust it goes with it, until their
/// tool runs.
fn a_root_that_the_image_distrusts(family: &Family) {
    let [ours, theirs] = &pair(family);
    let base = family.store(ours);
    ours.sh("mkdir -p /etc/gitlab-runner/certs
        sed -n '/^x-distrusted: true/,/END/p' $(find /usr/share -name '*.trust.p11-kit') |
            sed -n '/BEGIN/,/END/p' >/etc/gitlab-runner/certs/ca.crt
        /ca-entrypoint");
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    let main = family.bundles[0];
    let count = |container| family.bundle(container, main).len();
    assert_eq!(count(ours), count(theirs) + 1);
    family.update(ours);
    let expected = family.store(theirs);
    family.store(ours).assert_same(&expected, "ours after the tool (-), theirs (+)");
    ours.sh("/ca-entrypoint");
    assert_eq!(count(ours), count(theirs) + 1);
    remove(ours);
    let left = family.store(ours).changed_paths(&base);
    let is_distrust =
        |path: &String| path.contains("ca-bundle.trust.crt: # AffirmTrust Networking");
    assert!(left.iter().all(is_distrust), "{left:#?}");
    family.update(ours);
    family.store(ours).assert_same(&base, "after a removal and the tool (-), the image (+)");
}

/// Somebody's files that are no PEM, or out of sight.
fn files_that_are_left_to_the_tool(family: &Family) {
    let [ours, theirs] = &pair(family);
    for container in [ours, theirs] {
        container.sh(&format!(
            "cp /fixtures/root.der {anchors}/root.der; cp /fixtures/second.crt {anchors}/.second",
            anchors = family.anchors
        ));
    }
    install(ours, "rsa.crt").expect_success();
    family.copy_anchors(ours, theirs);
    family.update(theirs);
    for container in [ours, theirs] {
        assert!(holds(family, container, family.bundles[0], "root.crt"), "DER is taken by both");
    }
    assert!(holds(family, theirs, family.bundles[0], "second.crt"));
    assert!(!holds(family, ours, family.bundles[0], "second.crt"));
    assert_idle(family, ours, "before the tool");
    family.update(ours);
    let expected = family.store(theirs);
    family.store(ours).assert_same(&expected, "ours after the tool (-), theirs (+)");
    assert_idle(family, ours, "after the tool");
    remove(ours);
    assert!(holds(family, ours, family.bundles[0], "second.crt"));
    assert!(!holds(family, ours, family.bundles[0], "rsa.crt"));
}
