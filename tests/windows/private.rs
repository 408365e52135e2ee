//! Files that variables name, for where the machine's store can't be written, or isn't to be.

use std::collections::BTreeSet;

use crate::certificates;
use crate::command::Outcome;
use crate::fixtures::CA;
use crate::fixtures::fingerprint;
use crate::fixtures::mount;
use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::session;
use crate::store::Store;
use crate::x509;

const FILES: &str = r"C:\Program Files\ca-entrypoint";
const USER_FILES: &str = r"C:\users\root\AppData\Local\ca-entrypoint";

fn start<'a>(machine: &'a Machine) -> Outcome<'a> {
    machine.ca_entrypoint(&["--placement=private", "echo"]).run()
}

/// A machine whose stores a user who isn't an administrator can't write to, with a CA.
fn protected() -> Machine {
    let machine = Machine::new();
    machine.program("protect", &[]).run().ok();
    mount(&machine, "root.crt");
    machine
}

/// By a user who isn't an administrator, with no option.
fn start_restricted<'a>(machine: &'a Machine) -> Outcome<'a> {
    machine.launch(format!("{CA_ENTRYPOINT} echo")).restricted().run()
}

#[track_caller]
fn bundle(outcome: &Outcome<'_>) -> String {
    outcome.seen().variable("SSL_CERT_FILE").expect("a bundle is named")
}

/// The SHA-256 of each certificate in a file.
#[track_caller]
fn fingerprints(machine: &Machine, path: &str) -> BTreeSet<String> {
    let text = String::from_utf8(machine.read(path)).unwrap();
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let der = |block: &str| {
        let base64 = block.split("-----END").next().unwrap().replace(['\r', '\n'], "");
        data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
    };
    blocks.map(|block| x509::fingerprint(&der(block))).collect()
}

#[test]
fn the_store_is_left_alone_and_that_is_said_with_what_it_means() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let outcome = start(&machine);
    outcome.ok().says(&format!(
        "ca-entrypoint: trust store left alone: 1 added in '{FILES}', for programs that read variables\nhint: "
    ));
    outcome.says("programs that use Windows' own TLS").says("ContainerAdministrator");
    assert_eq!(machine.added(), Store::default());
}

#[test]
fn the_bundle_has_the_machine_s_roots_and_the_anchors() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    let outcome = start(&machine);
    let roots = session::original().store.entries.iter().filter(|entry| entry.store == "Root");
    let mut expected: BTreeSet<String> = roots.map(|entry| entry.fingerprint.clone()).collect();
    assert!(session::PUBLIC_ROOTS.iter().all(|name| expected.contains(&fingerprint(name))));
    expected.extend(["root.crt", "intermediate.crt", "second.crt"].map(fingerprint));
    assert_eq!(fingerprints(&machine, &bundle(&outcome)), expected);
}

#[test]
fn the_bundle_begins_with_git_s_where_git_is_there() {
    let machine = Machine::new();
    let git = r"C:\Program Files\Git\mingw64\etc\ssl\certs\ca-bundle.crt";
    let theirs = certificates::text("others.crt");
    mount(machine.write(git, &theirs), "root.crt");
    let bundle = bundle(&start(&machine));
    let text = String::from_utf8(machine.read(&bundle)).unwrap();
    assert!(text.starts_with(&theirs), "{text}");
    assert!(text.ends_with(&certificates::text("root.crt")), "{text}");
    assert!(fingerprints(&machine, &bundle).contains(&fingerprint(session::PUBLIC_ROOTS[0])));
    assert_eq!(String::from_utf8(machine.read(git)).unwrap(), theirs);
}

#[test]
fn openssl_loads_all_of_the_bundle() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let path = machine.at(&bundle(&start(&machine)));
    let output = std::process::Command::new("openssl")
        .args(["verify", "-no-CApath", "-no-CAstore", "-CAfile"])
        .arg(path)
        .arg("root-server.crt")
        .current_dir(certificates::directory())
        .output()
        .expect("'openssl' can't be run: apt-get install openssl, or make windows");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_bundle_is_named_by_the_variables_of_what_brings_its_own_roots() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let outcome = start(&machine);
    let (seen, bundle) = (outcome.seen(), bundle(&outcome));
    assert!(bundle.starts_with(&format!("{FILES}\\bundle-")), "{bundle}");
    for name in
        ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO"]
    {
        assert_eq!(seen.variable(name).as_ref(), Some(&bundle), "{name}");
    }
    assert_eq!(seen.variable("NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
    assert_eq!(seen.variable("SSL_CERT_DIR"), None);
}

#[test]
fn git_is_told_of_the_bundle_and_to_read_it_with_schannel_too() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let outcome = start(&machine);
    let (seen, bundle) = (outcome.seen(), bundle(&outcome));
    assert_eq!(seen.variable("GIT_CONFIG_COUNT").as_deref(), Some("2"));
    assert_eq!(seen.variable("GIT_CONFIG_KEY_0").as_deref(), Some("http.sslCAInfo"));
    assert_eq!(seen.variable("GIT_CONFIG_VALUE_0"), Some(bundle));
    assert_eq!(seen.variable("GIT_CONFIG_KEY_1").as_deref(), Some("http.schannelUseSSLCAInfo"));
    assert_eq!(seen.variable("GIT_CONFIG_VALUE_1").as_deref(), Some("true"));
}

#[test]
fn what_git_was_told_before_stays() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let command = machine.ca_entrypoint(&["--placement=private", "echo"]);
    let command = command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.name");
    let seen = command.env("GIT_CONFIG_VALUE_0", "Somebody").run().seen();
    assert_eq!(seen.variable("GIT_CONFIG_COUNT").as_deref(), Some("3"));
    assert_eq!(seen.variable("GIT_CONFIG_KEY_0").as_deref(), Some("user.name"));
    assert_eq!(seen.variable("GIT_CONFIG_KEY_1").as_deref(), Some("http.sslCAInfo"));
}

#[test]
fn the_next_start_finds_the_files_and_says_nothing() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let first = start(&machine);
    first.ok();
    let tree = machine.tree();
    let second = start(&machine);
    second.ok().assert_stderr("");
    assert_eq!(second.stdout, first.stdout);
    assert_eq!(machine.tree(), tree);
}

#[test]
fn removal_takes_the_files_out() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let bundle = bundle(&start(&machine));
    machine.ca_entrypoint(&["--remove"]).run().ok();
    assert!(!machine.at(&bundle).exists(), "{}", machine.tree());
    let tree = machine.tree();
    assert!(!tree.contains(".pem "), "{tree}");
}

#[test]
fn who_is_no_administrator_gets_files_of_their_own() {
    let machine = protected();
    let outcome = start_restricted(&machine);
    outcome.ok().says("trust store cannot be written").says("1 added in '").says("\nhint: ");
    let bundle = bundle(&outcome);
    assert!(bundle.starts_with(&format!("{USER_FILES}\\")), "{bundle}");
    assert!(fingerprints(&machine, &bundle).contains(&fingerprint("root.crt")));
    assert_eq!(machine.added(), Store::default());
    start_restricted(&machine).ok().assert_stderr("");
}

#[test]
fn who_is_no_administrator_and_has_no_command_is_told_so() {
    let machine = protected();
    let outcome = machine.launch(CA_ENTRYPOINT).restricted().run();
    outcome.code(125).says("ca-entrypoint: cannot ").says("\nhint: ");
    assert_eq!(machine.added(), Store::default());
}

#[test]
fn what_an_administrator_installed_is_enough_for_who_is_none() {
    let machine = protected();
    machine.ca_entrypoint(&[]).run().ok();
    let outcome = start_restricted(&machine);
    outcome.ok().assert_stderr("");
    assert_eq!(outcome.seen().variable("NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
}

#[test]
fn the_system_s_store_alone_can_be_asked_for() {
    let machine = protected();
    let line = format!("{CA_ENTRYPOINT} --placement=system echo");
    let outcome = machine.launch(line).restricted().run();
    outcome.ok().says("ca-entrypoint: cannot ");
    assert_eq!(outcome.seen().variable("SSL_CERT_FILE"), None);
    assert_eq!(machine.added(), Store::default());
}
