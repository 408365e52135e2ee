//! What Debian's `update-ca-certificates` does wrong, and that ours doesn't: `docs/trust-stores.md`.

use crate::container::Container;
use crate::container::Image;
use crate::side::install;
use crate::side::update;

/// Makes a test of each case for both releases.
macro_rules! on_debian {
    ($($case:ident)*) => {
        mod bookworm {
            $(
                #[test]
                fn $case() {
                    super::$case(super::Image::Bookworm);
                }
            )*
        }

        mod trixie {
            $(
                #[test]
                fn $case() {
                    super::$case(super::Image::Trixie);
                }
            )*
        }
    };
}

on_debian! {
    many_certificates_in_one_file
    der
    what_is_no_certificate
    other_suffixes
    rotation_without_fresh
    kubernetes_volume
    stale_temporary_file
    removal_without_fresh
    removal_of_a_name_with_parentheses
    parallel_runs
    the_same_certificate_twice
    one_certificate_in_total
}

/// No hash link is made for a file of many: lookups by hash fail. Ours makes a file for each.
fn many_certificates_in_one_file(image: Image) {
    let theirs = Container::start(image);
    theirs.sh(&format!("cp /fixtures/chain.crt {LOCAL}/x.crt"));
    let run = update(&theirs, "");
    assert!(
        run.stderr.contains("skipping x.pem, it does not")
            || run.stderr.contains("skipping x.pem,it does not"),
        "{run}"
    );
    assert!(theirs.hash_links().is_empty());
    assert!(!theirs.finds_by_hash("second-server.crt"));

    let ours = Container::start(image);
    install(&ours, "chain.crt").expect_success();
    for signer in ["root", "intermediate", "second"] {
        assert!(ours.finds_by_hash(&format!("{signer}-server.crt")));
    }
}

/// Its bytes are copied into the bundle as they are. Ours converts what it is given, and leaves
/// somebody else's file alone.
fn der(image: Image) {
    let drop_in = format!("cp /fixtures/root.der {LOCAL}/x.crt");
    let theirs = Container::start(image);
    let before = theirs.certificates_in_bundle();
    theirs.sh(&drop_in);
    update(&theirs, "");
    assert!(theirs.bundle().contains(&0x82));
    assert_eq!(theirs.certificates_in_bundle(), before);
    assert!(!theirs.finds_by_hash("root-server.crt"));

    let ours = Container::start(image);
    ours.sh(&drop_in);
    install(&ours, "root.der").expect_success();
    assert!(ours.bundle().is_ascii() || !ours.bundle().contains(&0x82));
    assert_eq!(ours.certificates_in_bundle(), before + 1);
    assert!(ours.finds_by_hash("root-server.crt"));
}

/// Whatever ends with `.crt` is copied into the bundle, and linked.
fn what_is_no_certificate(image: Image) {
    let drop_in = format!("echo this is no certificate >{LOCAL}/x.crt");
    let is_in_bundle = |container: &Container| {
        let bundle = container.bundle();
        String::from_utf8_lossy(&bundle).contains("this is no certificate")
    };
    let theirs = Container::start(image);
    theirs.sh(&drop_in);
    update(&theirs, "");
    assert!(is_in_bundle(&theirs));
    theirs.sh("test -L /etc/ssl/certs/x.pem");

    let ours = Container::start(image);
    ours.sh(&drop_in);
    install(&ours, "root.crt").expect_success();
    assert!(!is_in_bundle(&ours));
    ours.sh("! test -e /etc/ssl/certs/x.pem");
}

/// `*.pem` and `*.cer` are passed over without a word.
fn other_suffixes(image: Image) {
    let theirs = Container::start(image);
    theirs
        .sh(&format!("cp /fixtures/root.crt {LOCAL}/x.pem; cp /fixtures/second.crt {LOCAL}/y.cer"));
    let run = update(&theirs, "");
    assert!(run.stdout().contains("0 added, 0 removed"), "{run}");

    let ours = Container::start(image);
    ours.sh("mkdir /ca; cp /fixtures/root.crt /ca/x.pem; cp /fixtures/second.crt /ca/y.cer
        /ca-entrypoint --ca /ca");
    assert!(ours.finds_by_hash("root-server.crt"));
    assert!(ours.finds_by_hash("second-server.crt"));
}

/// A new certificate in the old one's file isn't linked, and the old one's hash link leads to it.
fn rotation_without_fresh(image: Image) {
    let theirs = Container::start(image);
    theirs.sh(&format!("cp /fixtures/root.crt {LOCAL}/x.crt"));
    update(&theirs, "");
    theirs.sh(&format!("cp /fixtures/second.crt {LOCAL}/x.crt"));
    let run = update(&theirs, "");
    assert!(run.stdout().contains("0 added, 0 removed"), "{run}");
    assert!(!theirs.finds_by_hash("second-server.crt"));

    let ours = Container::start(image);
    install(&ours, "root.crt").expect_success();
    install(&ours, "second.crt").expect_success();
    assert!(ours.finds_by_hash("second-server.crt"));
    assert!(!ours.finds_by_hash("root-server.crt"));
}

/// A ConfigMap or Secret that is mounted on the anchors directory shows each file three times.
fn kubernetes_volume(image: Image) {
    let mount = format!(
        "cd {LOCAL}; mkdir ..2024_11_21; cp /fixtures/root.crt ..2024_11_21/x.crt
        ln -s ..2024_11_21 ..data; ln -s ..data/x.crt x.crt"
    );
    let theirs = Container::start(image);
    let before = theirs.certificates_in_bundle();
    theirs.sh(&mount);
    let run = update(&theirs, "");
    assert!(run.stdout().contains("3 added"), "{run}");
    assert_eq!(theirs.certificates_in_bundle(), before + 3);

    let ours = Container::start(image);
    ours.sh(&mount);
    install(&ours, "second.crt").expect_success();
    assert_eq!(ours.certificates_in_bundle(), before + 2);
    assert!(ours.finds_by_hash("root-server.crt"));
    let store = ours.store();
    ours.sh("/ca-entrypoint");
    store.assert_same(&ours.store(), "ours, and a second start");
}

/// What a run that was killed has left becomes a part of the next run's bundle.
fn stale_temporary_file(image: Image) {
    let leave = "cp /fixtures/other-1.crt /etc/ssl/certs/ca-certificates.crt.new";
    let theirs = Container::start(image);
    let before = theirs.certificates_in_bundle();
    theirs.sh(leave);
    update(&theirs, "");
    assert_eq!(theirs.certificates_in_bundle(), before + 1);

    let ours = Container::start(image);
    ours.sh(leave);
    install(&ours, "root.crt").expect_success();
    assert_eq!(ours.certificates_in_bundle(), before + 1);
    assert!(
        !String::from_utf8_lossy(&ours.bundle())
            .contains(&crate::certificates::text("other-1.crt"))
    );
}

/// Links to a file that is gone stay, both of them.
fn removal_without_fresh(image: Image) {
    let theirs = Container::start(image);
    theirs.sh(&format!("cp /fixtures/root.crt {LOCAL}/x.crt"));
    update(&theirs, "");
    theirs.sh(&format!("rm {LOCAL}/x.crt"));
    update(&theirs, "");
    let dangling = "find /etc/ssl/certs -xtype l";
    let run = theirs.sh(dangling);
    assert_eq!(run.stdout().lines().count(), 2, "{run}");

    let ours = Container::start(image);
    install(&ours, "root.crt").expect_success();
    ours.sh("/ca-entrypoint --remove");
    assert_eq!(ours.sh(dangling).stdout(), "");
}

/// The name is made fit for a link when a certificate is added, and isn't when it is removed:
/// deselected certificates of such names stay linked, and found by hash.
fn removal_of_a_name_with_parentheses(image: Image) {
    let theirs = Container::start(image);
    theirs.sh("cp /fixtures/root.crt '/usr/share/ca-certificates/Our CA (1).crt'
        echo 'Our CA (1).crt' >>/etc/ca-certificates.conf");
    update(&theirs, "");
    theirs.sh("sed -i 's/^Our/!Our/' /etc/ca-certificates.conf");
    update(&theirs, "");
    theirs.sh("test -L /etc/ssl/certs/Our_CA_=1=.pem");
    assert!(theirs.finds_by_hash("root-server.crt"));

    // A source of ours has no such name in its anchors' names.
    let ours = Container::start(image);
    ours.sh("cp /fixtures/root.crt '/tmp/Our CA (1).crt'
        export CA_CERTIFICATES_PATH='/tmp/Our CA (1).crt'; /ca-entrypoint");
    assert!(ours.finds_by_hash("root-server.crt"));
    ours.sh("/ca-entrypoint --remove");
    assert!(!ours.finds_by_hash("root-server.crt"));
}

/// Their runs share a temporary file and don't lock: what comes of it differs from time to time,
/// and isn't asserted.
fn parallel_runs(image: Image) {
    let alone = Container::start(image);
    install(&alone, "chain.crt").expect_success();
    let together = Container::start(image);
    together.sh("mkdir -p /etc/gitlab-runner/certs
        cp /fixtures/chain.crt /etc/gitlab-runner/certs/ca.crt
        for i in 1 2 3 4 5 6 7 8; do /ca-entrypoint true & pids=\"${pids-} $!\"; done
        for pid in $pids; do wait $pid; done");
    alone.store().assert_same(&together.store(), "one start (-), eight at once (+)");
}

/// A certificate with a hash link gets a second one under another name, where rehash meets the
/// other name first. Ours sees that it is there.
fn the_same_certificate_twice(image: Image) {
    let theirs = Container::start(image);
    theirs.sh(&format!("cp /fixtures/root.crt {LOCAL}/x.crt"));
    update(&theirs, "");
    theirs.sh(&format!("cp /fixtures/root.crt {LOCAL}/a.crt"));
    update(&theirs, "");
    assert_eq!(theirs.hash_links().len(), 2, "{:?}", theirs.hash_links());

    let ours = Container::start(image);
    ours.sh(&format!("cp /fixtures/root.crt {LOCAL}/x.crt"));
    update(&ours, "");
    install(&ours, "root.crt").expect_success();
    let links = ours.hash_links();
    assert!(matches!(links.as_slice(), [link] if link.ends_with(".0 -> x.pem")), "{links:?}");
    // It lasts as long as somebody's file does, and ours takes its place then.
    ours.sh(&format!("rm {LOCAL}/x.crt; /ca-entrypoint"));
    assert!(ours.finds_by_hash("root-server.crt"), "{:?}", ours.hash_links());
}

/// Then the bundle of the run before holds exactly one too, and is linked itself.
fn one_certificate_in_total(image: Image) {
    let empty = ": >/etc/ca-certificates.conf; rm -r /etc/ssl/certs/*";
    let theirs = Container::start(image);
    theirs.sh(&format!("{empty}; cp /fixtures/root.crt {LOCAL}/x.crt"));
    update(&theirs, "");
    update(&theirs, "--fresh");
    let links = theirs.hash_links();
    assert!(links.iter().any(|link| link.ends_with(" -> ca-certificates.crt")), "{links:?}");

    let ours = Container::start(image);
    ours.sh(empty);
    for _ in 1..=2 {
        install(&ours, "root.crt").expect_success();
        let links = ours.hash_links();
        assert!(
            matches!(links.as_slice(), [link] if link.contains(".0 -> ca-entrypoint-")),
            "{links:?}"
        );
        assert_eq!(ours.certificates_in_bundle(), 1);
    }
}

/// Not a fault of theirs: it clears away orphaned links before it makes new ones. A link that leads
/// nowhere stands in the way of one with a higher number.
#[test]
fn an_orphaned_hash_link_hides_nothing() {
    let orphan =
        format!("cp /fixtures/twin-a.crt {LOCAL}/x.crt; update-ca-certificates; rm {LOCAL}/x.crt");
    let theirs = Container::start(Image::Bookworm);
    theirs.sh(&orphan);
    theirs.sh(&format!("cp /fixtures/twin-b.crt {LOCAL}/y.crt"));
    update(&theirs, "");
    assert!(theirs.finds_by_hash("twin-b-server.crt"));

    let ours = Container::start(Image::Bookworm);
    ours.sh(&orphan);
    install(&ours, "twin-b.crt").expect_success();
    let links = ours.hash_links();
    assert!(ours.finds_by_hash("twin-b-server.crt"), "{links:?}");
}

const LOCAL: &str = "/usr/local/share/ca-certificates";
