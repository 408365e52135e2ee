//! Anchors come into the machine's stores, by our names, and go out of them again.

use crate::fixtures::CA;
use crate::fixtures::CA_SLUG;
use crate::fixtures::der;
use crate::fixtures::entry;
use crate::fixtures::mount;
use crate::fixtures::named_entry;
use crate::machine::Machine;
use crate::store::Store;
use crate::x509::Certificate;

/// Where each anchor is kept as a file too.
const ANCHORS: &str = r"C:\Program Files\ca-entrypoint\anchors";

fn updated(added: usize, removed: usize) -> String {
    format!("ca-entrypoint: trust store updated: {added} added, {removed} removed\n")
}

#[test]
fn a_self_signed_anchor_goes_to_the_roots_by_our_name() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    machine.ca_entrypoint(&[]).run().ok().prints("").assert_stderr(&updated(1, 0));
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

#[test]
fn an_intermediate_goes_to_the_store_of_intermediates() {
    let machine = Machine::new();
    mount(&machine, "intermediate.crt");
    machine.ca_entrypoint(&[]).run().ok().says(&updated(1, 0)).says("without its root");
    assert_eq!(machine.added().entries, [entry("CA", "intermediate.crt", CA_SLUG)]);
}

#[test]
fn a_chain_is_divided_between_the_stores() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    machine.ca_entrypoint(&[]).run().ok().prints("").assert_stderr(&updated(3, 0));
    let expected = [("CA", "intermediate.crt"), ("Root", "root.crt"), ("Root", "second.crt")];
    let mut expected = expected.map(|(store, name)| entry(store, name, CA_SLUG));
    expected.sort_unstable();
    assert_eq!(machine.added().entries, expected);
}

#[test]
fn two_cas_of_one_subject_are_both_installed() {
    let machine = Machine::new();
    mount(&machine, "twins.crt");
    machine.ca_entrypoint(&[]).run().ok().assert_stderr(&updated(2, 0));
    assert_eq!(machine.added().entries.len(), 2);
}

#[test]
fn a_self_signed_server_certificate_is_installed_and_warned_about() {
    let machine = Machine::new();
    mount(&machine, "self-signed-server.crt");
    machine.ca_entrypoint(&[]).run().ok().says(&updated(1, 0)).says("is not a CA");
    assert_eq!(machine.added().entries, [entry("Root", "self-signed-server.crt", CA_SLUG)]);
}

#[test]
fn each_anchor_is_kept_as_a_file_by_the_same_name() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    machine.ca_entrypoint(&[]).run().ok();
    for entry in machine.added().entries {
        let path = format!(r"{ANCHORS}\{}.crt", entry.name.unwrap());
        let text = String::from_utf8(machine.read(&path)).unwrap();
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 1, "{path}\n{text}");
    }
}

#[test]
fn a_second_start_is_silent_and_writes_nothing() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    machine.ca_entrypoint(&[]).run().ok();
    let before = (machine.added(), machine.written(), machine.tree());
    machine.ca_entrypoint(&[]).run().ok().is_silent();
    machine.ca_entrypoint(&["exit", "0"]).run().ok().is_silent();
    assert_eq!((machine.added(), machine.written(), machine.tree()), before);
}

#[test]
fn nothing_is_written_where_no_ca_is_mounted() {
    let machine = Machine::new();
    let before = (machine.added(), machine.written(), machine.tree());
    machine.ca_entrypoint(&[]).run().ok().is_silent();
    machine.ca_entrypoint(&["exit", "0"]).run().ok().is_silent();
    assert_eq!((machine.added(), machine.written(), machine.tree()), before);
}

#[test]
fn the_anchor_is_there_after_a_restart() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    machine.ca_entrypoint(&[]).run().ok();
    machine.restart();
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn a_new_ca_at_the_same_path_takes_the_place_of_the_old_one() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    mount(&machine, "second.crt");
    machine.ca_entrypoint(&[]).run().ok().assert_stderr(&updated(1, 1));
    assert_eq!(machine.added().entries, [entry("Root", "second.crt", CA_SLUG)]);
    let tree = machine.tree();
    assert_eq!(tree.matches(&format!("{ANCHORS}\\ca-entrypoint-")).count(), 1, "{tree}");
}

#[test]
fn an_intermediate_can_take_the_place_of_a_root() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    mount(&machine, "intermediate.crt");
    machine.ca_entrypoint(&[]).run().ok().says(&updated(1, 1));
    assert_eq!(machine.added().entries, [entry("CA", "intermediate.crt", CA_SLUG)]);
}

#[test]
fn one_of_several_cas_at_a_path_can_go() {
    let machine = Machine::new();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    mount(&machine, "root.crt");
    machine.ca_entrypoint(&[]).run().ok().assert_stderr(&updated(0, 2));
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

#[test]
fn a_ca_at_another_path_leaves_the_first_one_alone() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    let other = ["--ca", r"C:\fixtures\second.crt"];
    machine.ca_entrypoint(&other).run().ok().assert_stderr(&updated(1, 0));
    let slug = "C=3a_fixtures_second.crt";
    let mut expected = [entry("Root", "root.crt", CA_SLUG), entry("Root", "second.crt", slug)];
    expected.sort_unstable();
    assert_eq!(machine.added().entries, expected);
}

#[test]
fn a_ca_that_is_gone_from_its_path_stays_trusted() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    std::fs::remove_file(machine.at(CA)).unwrap();
    machine.ca_entrypoint(&[]).run().ok().is_silent();
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

#[test]
fn removal_leaves_the_stores_as_they_were() {
    let machine = Machine::new();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    machine.ca_entrypoint(&["--remove"]).run().ok().prints("").assert_stderr(&updated(0, 3));
    assert_eq!(machine.added(), Store::default());
    let tree = machine.tree();
    assert!(!tree.contains("ca-entrypoint-C="), "{tree}");
    machine.ca_entrypoint(&["--remove"]).run().ok().is_silent();
}

#[test]
fn removal_where_nothing_was_installed_is_silent_and_writes_nothing() {
    let machine = Machine::new();
    let before = (machine.added(), machine.written(), machine.tree());
    machine.ca_entrypoint(&["--remove"]).run().ok().is_silent();
    assert_eq!((machine.added(), machine.written(), machine.tree()), before);
}

#[test]
fn an_entry_that_somebody_deleted_is_put_back() {
    let machine = Machine::new();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    let before = machine.added();
    for entry in &before.entries[..2] {
        machine.delete(&entry.store, &entry.fingerprint);
    }
    machine.ca_entrypoint(&[]).run().ok().says("trust store");
    assert_eq!(machine.added(), before);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn an_anchor_s_file_that_somebody_deleted_is_put_back() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    let name = entry("Root", "root.crt", CA_SLUG).name.unwrap();
    let path = format!(r"{ANCHORS}\{name}.crt");
    let file = machine.read(&path);
    std::fs::remove_file(machine.at(&path)).unwrap();
    machine.ca_entrypoint(&[]).run().ok().says("trust store");
    assert_eq!(machine.read(&path), file);
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn starts_at_the_same_time_end_with_one_store() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    let starts: Vec<_> = (0..4).map(|_| machine.ca_entrypoint(&["exit", "7"]).spawn()).collect();
    let mut lines: Vec<String> = starts
        .into_iter()
        .map(|start| {
            let outcome = start.end();
            outcome.code(7).err()
        })
        .filter(|err| !err.is_empty())
        .collect();
    lines.dedup();
    assert_eq!(lines, [updated(3, 0)]);
    assert_eq!(machine.added().entries.len(), 3);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn fifty_cas_are_installed_at_once() {
    let machine = Machine::new();
    let cas: Vec<_> = (0..50).map(|number| Certificate::ca(&format!("CA {number}"))).collect();
    machine.write(CA, cas.iter().map(Certificate::pem).collect::<String>());
    machine.ca_entrypoint(&[]).run().ok().assert_stderr(&updated(50, 0));
    let mut expected: Vec<_> =
        cas.iter().map(|ca| named_entry("Root", &ca.fingerprint(), CA_SLUG)).collect();
    expected.sort_unstable();
    assert_eq!(machine.added().entries, expected);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn the_certificate_in_the_store_is_the_ca_s_to_the_byte() {
    let machine = Machine::new();
    machine.write(CA, der("root.crt"));
    machine.ca_entrypoint(&[]).run().ok();
    // The store's own listing has the digest of all bytes.
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

#[test]
fn the_stores_of_an_image_that_isn_t_running_are_out_of_reach() {
    let machine = Machine::new();
    machine.write(r"C:\image\Windows\System32\kernel32.dll", "");
    machine.write(r"C:\image\ca.crt", crate::certificates::text("root.crt"));
    let written = machine.written();
    let outcome = machine.ca_entrypoint(&["--root", r"C:\image", "--ca", "/ca.crt"]).run();
    outcome.code(125).says("cannot reach the certificate store").says("\nhint: ");
    assert_eq!((machine.added(), machine.written()), (Store::default(), written));
}
