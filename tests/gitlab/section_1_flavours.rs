//! Sections 1.4 and 1.8: images that aren't Debian.

use crate::engine::docker;
use crate::engine::docker_with_input;
use crate::engine::unique_name;
use crate::executor::ONE_ADDED;
use crate::executor::Setup;
use crate::images;
use crate::images::Image;
use crate::site::GITLAB;
use crate::site::REFUSAL;
use crate::site::STORAGE;
use crate::site::Site;

/// The tool that the script calls isn't in flavour ubi-fips, nor are its directories.
#[test]
fn s1_4_ubi_gets_the_ca_where_its_programs_read_it() {
    let setup = Setup::of(Image::HelperUbi.ours()).command(&["gitlab-runner-build"]);
    let container = setup.ca("chain.crt").create();
    let before = container.bundle(Image::HelperUbi.bundle());
    assert!(before.0.is_empty());
    let run =
        container.stage("command -v update-ca-trust update-ca-certificates cmp").expect_code(1);
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 3 added, 0 removed\n", "{run}");
    let after = container.bundle(Image::HelperUbi.bundle());
    assert_eq!(after, (vec!["root.crt", "second.crt", "intermediate.crt"], before.1 + 3));
    let diff = container.diff();
    assert!(!diff.iter().any(|line| line.contains("/usr/local/share")), "{diff:?}");
}

/// Another user can't write the store, and its programs trust the CA all the same.
#[test]
fn s1_4_ubi_serves_its_other_user() {
    let setup = Setup::of(Image::HelperUbi.ours()).on_site();
    let setup = setup.options(&["--user=1001", "--env=HOME=/home/helper"]);
    let clients = [
        format!(
            "echo content >/tmp/file
            gitlab-runner-helper cache-archiver --file /tmp/file --url {GITLAB}/cache/ubi"
        ),
        format!("git ls-remote --quiet {STORAGE}/module.git HEAD"),
    ];
    for client in clients {
        let refused = setup.stage(&client);
        assert_ne!(refused.code, 0, "{refused}");
        setup.clone().ca("chain.crt").stage(&client).expect_success();
    }
    assert!(Site::shared().has_seen("4431 PUT /cache/ubi"));
}

/// Without dumb-init and bash: BusyBox's shell in what the `alpine` image has.
#[test]
fn s1_8_alpine_needs_neither_init_nor_bash() {
    let volume = format!("--volume={}:/entrypoint:ro", crate::engine::binary());
    for tag in ["alpine", "alpine-base"] {
        let setup = Setup::of(format!("ca-entrypoint-test:{tag}")).command(&["sh"]);
        let setup = setup.options(&[&volume, "--entrypoint=/entrypoint"]);
        let container = setup.ca("root.crt").create();
        let before = container.bundle(Image::Helper.bundle()).1;
        let run = container.start(b"echo $$; exit 7\n").expect_code(7);
        assert_eq!(
            (run.stdout().as_str(), run.stderr.as_str()),
            ("1\n", ONE_ADDED),
            "{tag}: {run}"
        );
        let after = container.bundle(Image::Helper.bundle());
        assert_eq!(after, (vec!["root.crt"], before + 1), "{tag}");
    }
}

/// Flavour concrete is from scratch: one program, no shell, no init, and a bundle that only its own
/// variables name. The runner's command is empty, so that it is the image's.
#[test]
fn s1_8_concrete_has_one_program_and_no_store() {
    let base = unique_name("concrete");
    let arguments = [
        ("CA_ENTRYPOINT", images::binary_image()),
        ("HELPER", "ca-entrypoint-test".to_owned()),
        ("TAG", "concrete".to_owned()),
    ];
    let arguments = arguments.each_ref().map(|(name, value)| (*name, value.as_str()));
    images::build("Dockerfile.helper", &arguments, &base);
    let reference = format!("{base}-entrypoint");
    // It has no entrypoint, and with a new one a command has to be said again.
    let dockerfile = format!(
        "FROM {base}\nENTRYPOINT [\"/entrypoint\"]\nCMD [\"/usr/bin/gitlab-runner-helper\"]\n"
    );
    let build = ["build", "--tag", &reference, "-"];
    docker_with_input(&build, dockerfile.as_bytes()).expect_success();
    let setup = Setup::of(&reference).on_site().fixtures();
    let image_s_own = setup.clone().ca("root.crt").start(b"");
    let url = format!("{GITLAB}/cache/concrete");
    let helper = "/usr/bin/gitlab-runner-helper";
    let archive = [helper, "cache-archiver", "--file", "/fixtures/hello", "--url", &url];
    let setup = setup.command(&archive);
    let without = setup.start(b"");
    let setup = setup.ca("root.crt");
    let with = setup.start(b"");
    // Its steps set this where nobody has: Go reads /etc/ssl/certs besides.
    let variable = "--env=SSL_CERT_FILE=/ca-certs.pem";
    let with_variable = setup.option(variable).start(b"");
    docker(&["rmi", &reference, &base]).expect_success();

    let image_s_own = image_s_own.expect_success();
    assert_eq!(image_s_own.stdout(), "gitlab-runner-helper: a stand-in\n", "{image_s_own}");
    assert_eq!(image_s_own.stderr, ONE_ADDED, "{image_s_own}");
    let without = without.expect_code(1);
    assert!(without.stderr.contains(REFUSAL), "{without}");
    with.expect_success();
    with_variable.expect_success();
}
