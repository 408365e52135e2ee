//! What Alpine's `update-ca-certificates` and `c_rehash` do wrong, and that ours doesn't:
//! `docs/trust-stores.md`.

use crate::clients::Server;
use crate::clients::curl_finds_by_hash;
use crate::container::Container;
use crate::container::Image;
use crate::side::install;
use crate::side::update;

/// A container beside the servers.
fn start() -> Container {
    let network = Server::shared().network();
    Container::start_with(Image::Alpine, &["--network", &network])
}

/// It is linked like a file, and its files aren't.
#[test]
fn a_directory_below() {
    let make = format!("mkdir {LOCAL}/below; cp /fixtures/root.crt {LOCAL}/below/");
    let theirs = start();
    let before = theirs.certificates_in_bundle();
    theirs.sh(&make);
    let run = update(&theirs, "");
    assert!(run.stderr.contains("Cannot copy to bundle"), "{run}");
    theirs.sh("test -d /etc/ssl/certs/ca-cert-below.pem");
    assert_eq!(theirs.certificates_in_bundle(), before);

    let ours = start();
    ours.sh(&make);
    install(&ours, "second.crt").expect_success();
    ours.sh("! test -e /etc/ssl/certs/ca-cert-below.pem");
    assert_eq!(ours.certificates_in_bundle(), before + 1);
}

/// Any file is copied into the bundle and linked, whatever its name and content.
#[test]
fn what_is_no_certificate() {
    let make = format!(
        "echo this is no certificate >{LOCAL}/readme.txt; cp {LOCAL}/readme.txt {LOCAL}/x.crt"
    );
    let count = |container: &Container| {
        String::from_utf8_lossy(&container.bundle()).matches("this is no certificate").count()
    };
    let theirs = start();
    theirs.sh(&make);
    update(&theirs, "");
    assert_eq!(count(&theirs), 2);
    theirs.sh("test -L /etc/ssl/certs/ca-cert-readme.txt.pem");

    let ours = start();
    ours.sh(&make);
    install(&ours, "root.crt").expect_success();
    assert_eq!(count(&ours), 0);
    ours.sh(
        "! test -e /etc/ssl/certs/ca-cert-readme.txt.pem; ! test -e /etc/ssl/certs/ca-cert-x.pem",
    );
}

#[test]
fn der() {
    let theirs = start();
    let before = theirs.certificates_in_bundle();
    theirs.sh(&format!("cp /fixtures/root.der {LOCAL}/x.crt"));
    update(&theirs, "");
    assert!(theirs.bundle().contains(&0x82));
    assert_eq!(theirs.certificates_in_bundle(), before);
    assert!(!curl_finds_by_hash(&theirs, "root"));

    let ours = start();
    install(&ours, "root.der").expect_success();
    assert_eq!(ours.certificates_in_bundle(), before + 1);
    assert!(curl_finds_by_hash(&ours, "root"));
}

/// No hash link is made for a file of many.
#[test]
fn many_certificates_in_one_file() {
    let theirs = start();
    theirs.sh(&format!("cp /fixtures/chain.crt {LOCAL}/x.crt"));
    update(&theirs, "");
    assert!(theirs.hash_links().is_empty());
    assert!(!curl_finds_by_hash(&theirs, "second"));

    let ours = start();
    install(&ours, "chain.crt").expect_success();
    for signer in ["root", "intermediate", "second"] {
        assert!(curl_finds_by_hash(&ours, signer));
    }
}

/// Of two new certificates with the same subject one run links one; only the next links the other.
#[test]
fn a_new_pair_of_the_same_subject() {
    let theirs = start();
    theirs.sh(&format!(
        "cp /fixtures/twin-a.crt {LOCAL}/a.crt; cp /fixtures/twin-b.crt {LOCAL}/b.crt"
    ));
    update(&theirs, "");
    assert_eq!(theirs.hash_links().len(), 1, "{:?}", theirs.hash_links());
    update(&theirs, "");
    assert_eq!(theirs.hash_links().len(), 2, "{:?}", theirs.hash_links());

    let ours = start();
    install(&ours, "twins.crt").expect_success();
    assert_eq!(ours.hash_links().len(), 2, "{:?}", ours.hash_links());
    for signer in ["twin-a", "twin-b"] {
        assert!(curl_finds_by_hash(&ours, signer), "{signer}");
    }
    let store = ours.store().with_unordered_bundle();
    update(&ours, "");
    let after = ours.store().with_unordered_bundle();
    store.assert_same(&after, "ours, and after a run of their tool");
}

/// The hash link with the number 0 stays and leads nowhere. OpenSSL before 3.5.8 stops there and
/// never comes to number 1 (openssl/openssl#23882).
#[test]
fn removal_of_the_first_of_a_pair() {
    let theirs = start();
    let steps =
        ["cp /fixtures/twin-a.crt $l/a.crt", "cp /fixtures/twin-b.crt $l/b.crt", "rm $l/a.crt"];
    for step in steps {
        theirs.sh(&format!("l={LOCAL}; {step}"));
        update(&theirs, "");
    }
    assert_eq!(orphans(&theirs).len(), 1, "{:?}", theirs.hash_links());

    // The first is ours here and is removed by ours.
    let ours = start();
    install(&ours, "twin-a.crt").expect_success();
    ours.sh(&format!("cp /fixtures/twin-b.crt {LOCAL}/z.crt"));
    update(&ours, "");
    ours.sh("/ca-entrypoint --remove");
    let links = ours.hash_links();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(orphans(&ours).len(), 0, "{links:?}");
    assert!(curl_finds_by_hash(&ours, "twin-b"), "{links:?}");
}

/// As above, when the new certificate comes in the moment that the old one goes.
#[test]
fn rotation_to_the_same_subject() {
    let theirs = start();
    theirs.sh(&format!("cp /fixtures/twin-a.crt {LOCAL}/a.crt"));
    update(&theirs, "");
    theirs.sh(&format!("rm {LOCAL}/a.crt; cp /fixtures/twin-b.crt {LOCAL}/b.crt"));
    update(&theirs, "");
    assert_eq!(orphans(&theirs).len(), 1, "{:?}", theirs.hash_links());

    let ours = start();
    install(&ours, "twin-a.crt").expect_success();
    install(&ours, "twin-b.crt").expect_success();
    let links = ours.hash_links();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(orphans(&ours).len(), 0, "{links:?}");
    assert!(curl_finds_by_hash(&ours, "twin-b"), "{links:?}");
}

/// The orphan that theirs leaves doesn't stand before what ours adds.
#[test]
fn an_orphaned_hash_link_hides_nothing() {
    let ours = start();
    ours.sh(&format!(
        "cp /fixtures/twin-a.crt {LOCAL}/a.crt; update-ca-certificates; rm {LOCAL}/a.crt"
    ));
    install(&ours, "twin-b.crt").expect_success();
    let links = ours.hash_links();
    assert!(curl_finds_by_hash(&ours, "twin-b"), "{links:?}");
    assert_eq!(orphans(&ours).len(), 0, "{links:?}");
}

/// The hash links that lead nowhere.
fn orphans(container: &Container) -> Vec<String> {
    let script = "cd /etc/ssl/certs; for link in *.[0-9]; do test -e $link || echo $link; done";
    let run = container.sh(script);
    run.stdout().lines().map(str::to_owned).collect()
}

/// A certificate that is there under two names is in the bundle twice. Ours isn't added again when
/// it is installed again from another place.
#[test]
fn duplicates() {
    let theirs = start();
    let before = theirs.certificates_in_bundle();
    theirs.sh(&format!("cp /fixtures/root.crt {LOCAL}/a.crt; cp /fixtures/root.crt {LOCAL}/b.crt"));
    update(&theirs, "");
    assert_eq!(theirs.certificates_in_bundle(), before + 2);
    assert_eq!(theirs.hash_links().len(), 1);

    let ours = start();
    ours.sh("cat /fixtures/root.crt /fixtures/root.crt >/tmp/ca.crt
        /ca-entrypoint --ca /tmp/ca.crt --ca /fixtures/root.crt");
    assert_eq!(ours.certificates_in_bundle(), before + 1);
    assert_eq!(ours.hash_links().len(), 1);
}

const LOCAL: &str = "/usr/local/share/ca-certificates";
