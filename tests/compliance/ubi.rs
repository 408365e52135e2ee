//! RHEL's store without p11-kit, for a user without rights: GitLab Runner's helper of UBI.

use crate::clients::Server;
use crate::clients::port;
use crate::container::Container;
use crate::container::Image;
use crate::container::run_once;
use crate::families::Family;
use crate::families::RHEL;
use crate::private::CLIENTS;
use crate::private::clients_trust;
use crate::restricted::assert_placed_privately;
use crate::side::install;

const BUNDLE: &str = "/etc/pki/tls/certs/ca-bundle.crt";

/// Without a tool the store is the same as with it.
#[test]
fn the_store_is_that_of_rhel() {
    let rhel = Container::start(Image::Rhel);
    let ubi = Container::start_with(Image::Ubi, &["--network=none", "--user=0"]);
    for missing in ["update-ca-trust", "trust", "p11-kit", "diff", "cmp", "dpkg"] {
        assert_ne!(ubi.try_sh(&format!("command -v {missing}")).code, 0, "{missing}");
    }
    let family: &Family = &RHEL;
    let base = family.tree(&ubi);
    for container in [&rhel, &ubi] {
        install(container, "chain.crt").expect_success();
    }
    let expected = family.tree(&rhel);
    family.tree(&ubi).assert_same(&expected, "without the tool (-), with it (+)");
    family.update(&rhel);
    let expected = family.store(&rhel);
    family.store(&ubi).assert_same(&expected, "ours (-), theirs (+)");
    ubi.sh("/ca-entrypoint --remove");
    family.tree(&ubi).assert_same(&base, "after a removal (-), the image (+)");
}

/// Programs that know the store and no variable.
#[test]
fn clients_of_root_trust_the_store() {
    let network = Server::shared().network();
    let container = Container::start_with(Image::Ubi, &["--user=0", "--network", &network]);
    let clients = [
        // RHEL's is built with this path.
        (
            format!(
                "curl --cacert {BUNDLE} --silent --show-error --fail https://localhost:PORT/hello"
            ),
            60,
        ),
        (
            "openssl s_client -verify_return_error -brief -connect localhost:PORT </dev/null"
                .to_owned(),
            1,
        ),
    ];
    let expect = |signers: &[&str], is_trusted: bool| {
        for (client, refusal) in &clients {
            for signer in signers {
                let run = container.try_sh(&client.replace("PORT", &port(signer).to_string()));
                assert_eq!(run.code, if is_trusted { 0 } else { *refusal }, "{signer} {run}");
            }
        }
    };
    expect(&["root", "second"], false);
    install(&container, "chain.crt").expect_success();
    expect(&["root", "second"], true);
    expect(&["twin-a"], false);
    container.sh("/ca-entrypoint --remove");
    expect(&["root", "second"], false);
}

/// As the image's own user, 1001, in the shapes that GitLab's executors give it.
#[test]
fn clients_of_the_user_trust_the_variables() {
    clients_trust(Image::Ubi, &[], &CLIENTS);
    clients_trust(Image::Ubi, &["--read-only"], &CLIENTS);
    clients_trust(Image::Ubi, &["--user=1000650000:0", "--cap-drop=ALL"], &CLIENTS);
}

/// The variables are what does it.
#[test]
fn clients_of_the_user_trust_nothing_else() {
    let network = Server::shared().network();
    for (client, _) in CLIENTS {
        let client = client.replace("PORT", &port("root").to_string());
        let run =
            run_once(Image::Ubi.reference(), &["--network", &network], &["/bin/sh", "-c", &client]);
        assert_ne!(run.code, 0, "{run}");
    }
}

#[test]
fn the_user_s_store_is_private() {
    let directory = "/dev/shm/ca-entrypoint-1001";
    assert_placed_privately(Image::Ubi, &[], "Permission denied", directory);
}

#[test]
fn the_user_s_store_is_private_on_a_read_only_root_file_system() {
    for (user, directory) in [("1001", "1001"), ("0", "0")] {
        let directory = format!("/dev/shm/ca-entrypoint-{directory}");
        let cause = if user == "0" { "Read-only file system" } else { "Permission denied" };
        let options = ["--read-only", &format!("--user={user}")];
        assert_placed_privately(Image::Ubi, &options, cause, &directory);
    }
}
