//! Images without a tool: of Nix's, with links where nothing may be written, and those with or
//! without a hash directory.

use crate::collections::CA;
use crate::command::Command;
use crate::command::Outcome;
use crate::container::USER;
use crate::container::prepared;
use crate::container::variable;
use crate::openssl::subject_hash;
use crate::skeletons::public_bundle;
use crate::util::Root;
use crate::x509::Certificate;

const STORE: &str = "/nix/store/aaa-nss-cacert-3/etc/ssl/certs/ca-bundle.crt";
const PROFILE: &str = "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt";
const BUNDLE: &str = "/etc/ssl/certs/ca-bundle.crt";
const VARIABLES: [&str; 3] = ["GIT_SSL_CAINFO", "NIX_SSL_CERT_FILE", "SSL_CERT_FILE"];

fn corp() -> String {
    Certificate::ca("Corp CA").pem()
}

/// As docker.nix makes it.
fn nix() -> Root {
    let root = Root::new();
    root.write("/etc/os-release", "ID=nixos\n")
        .write(STORE, public_bundle())
        .mode(STORE, 0o444)
        .link(
            "/nix/store/bbb-user-environment/etc/ssl/certs/ca-bundle.crt",
            "/nix/store/aaa-nss-cacert-3/etc/ssl/certs/ca-bundle.crt",
        )
        .link("/nix/var/nix/profiles/default", "/nix/store/bbb-user-environment")
        .link(BUNDLE, PROFILE);
    root
}

fn theirs(root: &Root) -> Vec<String> {
    // The path stands behind the type and the mode.
    root.tree().lines().filter(|line| line[7..].starts_with("/nix")).map(str::to_owned).collect()
}

fn with(command: Command, given: &[(&str, &str)]) -> Outcome {
    given.iter().fold(command, |command, (name, value)| command.env(name, value)).run()
}

#[test]
fn a_link_into_the_store_is_replaced_by_a_file() {
    let root = nix();
    let before = theirs(&root);
    root.write(CA, corp());
    root.run(&[]).ok();
    assert_eq!(root.read(BUNDLE), (public_bundle() + &corp()).into_bytes());
    assert!(root.at(BUNDLE).symlink_metadata().unwrap().is_file());
    assert_eq!(theirs(&root), before);
    root.run(&[]).ok().is_silent();
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(BUNDLE), public_bundle().into_bytes());
    assert_eq!(theirs(&root), before);
}

/// There is no link to replace by a file. Where the store is read-only indeed, the user gets files of
/// his own.
#[test]
fn where_a_whole_directory_is_in_the_store_its_bundle_is_written_there() {
    let target = "/nix/store/aaa-nss-cacert-3/etc/ssl";
    for (link, target) in [
        ("/etc/ssl/certs", format!("{target}/certs")),
        ("/etc/ssl", target.to_owned()),
        ("/etc/ssl", "/etc/static/ssl".to_owned()),
    ] {
        let root = Root::new();
        root.write("/etc/os-release", "ID=nixos\n")
            .write(STORE, public_bundle())
            .link("/etc/static", "/nix/store/aaa-nss-cacert-3/etc")
            .link(link, &target)
            .write(CA, corp());
        root.run(&[]).ok();
        assert_eq!(root.read(STORE), (public_bundle() + &corp()).into_bytes());
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(STORE), public_bundle().into_bytes());
    }
}

#[test]
fn variables_that_name_the_profile_s_bundle_are_led_to_the_one_with_the_anchors() {
    let root = prepared(nix());
    for given in
        [PROFILE, STORE, "/nix/var/nix/profiles/default/etc/ssl/../ssl/certs/ca-bundle.crt"]
    {
        let given = VARIABLES.map(|name| (name, given));
        for _ in 0..2 {
            let outcome = with(Command::inside(&root, &["/bin/env"]), &given);
            for name in VARIABLES {
                assert_eq!(variable(outcome.ok(), name).as_deref(), Some(BUNDLE), "{name}");
            }
        }
    }
}

#[test]
fn a_variable_that_names_somebody_s_own_file_stays() {
    let root = prepared(nix());
    root.write("/own.pem", public_bundle());
    for name in VARIABLES {
        let given =
            VARIABLES.map(|other| (other, if other == name { "/own.pem" } else { PROFILE }));
        let outcome = with(Command::inside(&root, &["/bin/env"]), &given);
        assert_eq!(variable(outcome.ok(), name).as_deref(), Some("/own.pem"));
    }
    // What isn't set isn't set for git: its chain for one URL would be kept from it.
    let outcome = Command::inside(&root, &["/bin/env"]).run();
    assert_eq!(variable(outcome.ok(), "GIT_SSL_CAINFO"), None);
    assert_eq!(variable(&outcome, "SSL_CERT_FILE").as_deref(), Some(BUNDLE));
}

#[test]
fn a_user_without_rights_has_the_variables_led_to_his_own_copy() {
    let root = prepared(nix());
    let given = VARIABLES.map(|name| (name, PROFILE));
    let outcome = with(Command::inside(&root, &["/bin/env"]).by(USER), &given);
    for name in VARIABLES {
        let path = variable(outcome.ok(), name).unwrap();
        assert_eq!(root.read(&path), (public_bundle() + &corp()).into_bytes(), "{name}");
    }
}

/// The profile was updated since, and /etc leads to the old package.
#[test]
fn a_user_s_variable_that_names_another_bundle_of_the_store_s_is_a_default_too() {
    let root = prepared(nix());
    let other = "/nix/store/ccc-nss-cacert-4/etc/ssl/certs/ca-bundle.crt";
    root.write(other, public_bundle()).remove(BUNDLE).link(BUNDLE, other);
    let outcome = with(Command::inside(&root, &["/bin/env"]), &[("SSL_CERT_FILE", PROFILE)]);
    assert_eq!(variable(outcome.ok(), "SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    let root = prepared(nix());
    root.write(other, public_bundle()).remove(BUNDLE).link(BUNDLE, other);
    let command = Command::inside(&root, &["/bin/env"]).by(USER);
    let path = variable(with(command, &[("SSL_CERT_FILE", PROFILE)]).ok(), "SSL_CERT_FILE");
    assert_ne!(path.as_deref(), Some(PROFILE));
}

#[test]
fn elsewhere_git_s_variable_is_led_to_a_private_copy_and_left_alone_otherwise() {
    for image in [crate::skeletons::debian, crate::skeletons::alpine] {
        let root = prepared(image());
        let bundle = crate::skeletons::BUNDLE;
        let private = |given: &[(&str, &str)]| {
            variable(
                with(Command::inside(&root, &["/bin/env"]).by(USER), given).ok(),
                "GIT_SSL_CAINFO",
            )
        };
        assert_eq!(private(&[]), None);
        assert_eq!(private(&[("GIT_SSL_CAINFO", "/own")]).as_deref(), Some("/own"));
        assert_ne!(private(&[("GIT_SSL_CAINFO", bundle)]).as_deref(), Some(bundle));
        let system = |given: &[(&str, &str)]| {
            variable(with(Command::inside(&root, &["/bin/env"]), given).ok(), "GIT_SSL_CAINFO")
        };
        assert_eq!(system(&[]), None);
        assert_eq!(system(&[("GIT_SSL_CAINFO", bundle)]).as_deref(), Some(bundle));
    }
}

fn bundle_only(os_release: &str) -> Root {
    let root = Root::new();
    root.write("/etc/os-release", os_release)
        .write("/etc/pki/tls/certs/ca-bundle.crt", public_bundle())
        .directory("/etc/ssl/certs");
    root
}

#[test]
fn a_directory_without_hash_links_gets_no_links() {
    for os_release in ["ID=unheard-of\n", ""] {
        let root = bundle_only(os_release);
        root.write("/etc/ssl/certs/Public.pem", public_bundle()).write(CA, corp());
        root.run(&[]).ok();
        assert_eq!(root.names("/etc/ssl/certs"), ["Public.pem"]);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.names("/etc/ssl/certs"), ["Public.pem"]);
    }
}

#[test]
fn a_directory_with_hash_links_gets_both_links_and_loses_both() {
    for os_release in ["ID=photon\n", "ID=unheard-of\n"] {
        let root = bundle_only(os_release);
        root.write("/etc/ssl/certs/Other.pem", Certificate::ca("Other").pem())
            .link("/etc/ssl/certs/01234567.0", "Other.pem")
            .write(CA, corp());
        let before = root.names("/etc/ssl/certs");
        root.run(&[]).ok();
        let names = root.names("/etc/ssl/certs");
        assert!(names.contains(&format!("{}.0", subject_hash(&corp()))), "{names:?}");
        assert_eq!(names.len(), 4);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.names("/etc/ssl/certs"), before);
        // And where the last of the others went meanwhile, ours goes all the same.
        root.run(&[]).ok();
        root.remove("/etc/ssl/certs/01234567.0");
        root.run(&["--remove"]).ok();
        assert_eq!(root.names("/etc/ssl/certs"), ["Other.pem"]);
    }
}
