//! What an administrator has forbidden is trusted by nobody: neither installed nor copied.

use crate::fixtures::CA_SLUG;
use crate::fixtures::der;
use crate::fixtures::entry;
use crate::fixtures::fingerprint;
use crate::fixtures::mount;
use crate::machine::Machine;
use crate::store::Entry;
use crate::store::Store;

/// A machine on which the first root is distrusted.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.add("Disallowed", &der("root.crt"), None);
    machine
}

fn pem(name: &str) -> String {
    crate::certificates::text(name)
}

#[test]
fn a_distrusted_ca_is_not_installed_and_that_is_said() {
    let machine = machine();
    mount(&machine, "root.crt");
    let outcome = machine.ca_entrypoint(&[]).run();
    outcome.code(125).says("not installing certificate 1 of CA file").says("'Disallowed'\nhint: ");
    outcome.says_nothing_of("added");
    assert_eq!(machine.added(), Store::default());
}

#[test]
fn a_distrusted_ca_hides_no_others_and_lets_the_command_run() {
    let machine = machine();
    mount(&machine, "chain.crt");
    let outcome = machine.ca_entrypoint(&["exit", "7"]).run();
    outcome.code(7).says("'Disallowed'").says("2 added, 0 removed");
    let intermediate = entry("CA", "intermediate.crt", CA_SLUG);
    assert_eq!(machine.added().entries, [intermediate, entry("Root", "second.crt", CA_SLUG)]);
}

#[test]
fn a_distrusted_ca_is_in_no_file_that_a_variable_names() {
    let machine = machine();
    mount(&machine, "chain.crt");
    let seen = machine.ca_entrypoint(&["echo"]).run().seen();
    let text = machine.read(&seen.variable("NODE_EXTRA_CA_CERTS").unwrap());
    assert_eq!(String::from_utf8(text).unwrap(), pem("intermediate.crt") + &pem("second.crt"));
}

#[test]
fn an_anchor_that_is_distrusted_later_goes() {
    let machine = Machine::new();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    machine.add("Disallowed", &der("root.crt"), None);
    machine.ca_entrypoint(&[]).run().code(125).says("0 added, 1 removed");
    let intermediate = entry("CA", "intermediate.crt", CA_SLUG);
    assert_eq!(machine.added().entries, [intermediate, entry("Root", "second.crt", CA_SLUG)]);
}

#[test]
fn a_ca_that_is_distrusted_no_more_is_installed() {
    let machine = machine();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().code(125);
    machine.delete("Disallowed", &fingerprint("root.crt"));
    machine.ca_entrypoint(&[]).run().ok().says("1 added, 0 removed");
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

/// The bundle of a machine's user who asks for private files, with the second root in it.
fn private_bundle(machine: &Machine) -> String {
    mount(machine, "second.crt");
    let seen = machine.ca_entrypoint(&["--placement=private", "echo"]).run().seen();
    let bundle = machine.read(&seen.variable("SSL_CERT_FILE").unwrap());
    let bundle = String::from_utf8(bundle).unwrap();
    assert!(bundle.ends_with(&pem("second.crt")), "{bundle}");
    bundle
}

#[test]
fn a_private_bundle_takes_no_root_that_is_distrusted() {
    let machine = machine();
    machine.add("Root", &der("root.crt"), None);
    machine.add("Root", &der("other-1.crt"), None);
    let bundle = private_bundle(&machine);
    assert!(bundle.contains(&pem("other-1.crt")), "{bundle}");
    assert!(!bundle.contains(&pem("root.crt")), "{bundle}");
}

#[test]
fn a_private_bundle_takes_no_root_that_is_for_email_alone() {
    let machine = Machine::new();
    machine.add("Root", &der("root.crt"), None);
    machine.program("store", &["restrict", "Root", &fingerprint("root.crt")]).run().ok();
    assert_eq!(machine.added().entries, [Entry::new("Root", &fingerprint("root.crt"), None)]);
    let bundle = private_bundle(&machine);
    assert!(!bundle.contains(&pem("root.crt")), "{bundle}");
}
