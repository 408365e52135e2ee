//! What somebody else put into the stores stays as it is, whatever we do.

use crate::fixtures::CA_SLUG;
use crate::fixtures::der;
use crate::fixtures::entry;
use crate::fixtures::fingerprint;
use crate::fixtures::mount;
use crate::machine::Machine;
use crate::store::Entry;

/// A machine to which somebody has given the first root and another CA, named and nameless.
fn with_others() -> (Machine, Vec<Entry>) {
    let machine = Machine::new();
    machine.add("Root", &der("root.crt"), None);
    machine.add("Root", &der("other-1.crt"), Some("Somebody's"));
    machine.add("CA", &der("intermediate.crt"), Some("ca-entrypoint"));
    let others = machine.added().entries;
    assert_eq!(others.len(), 3);
    (machine, others)
}

/// The other's entries and these.
#[track_caller]
fn holds(machine: &Machine, others: &[Entry], more: &[Entry]) {
    let mut expected = [others, more].concat();
    expected.sort_unstable();
    assert_eq!(machine.added().entries, expected);
}

#[test]
fn the_same_ca_of_somebody_else_is_neither_renamed_nor_doubled() {
    let (machine, others) = with_others();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    holds(&machine, &others, &[entry("Root", "second.crt", CA_SLUG)]);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn the_same_ca_of_somebody_else_stays_when_ours_is_replaced() {
    let (machine, others) = with_others();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    mount(&machine, "twin-a.crt").ca_entrypoint(&[]).run().ok();
    holds(&machine, &others, &[entry("Root", "twin-a.crt", CA_SLUG)]);
}

#[test]
fn the_same_ca_of_somebody_else_stays_when_ours_are_removed() {
    let (machine, others) = with_others();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    machine.ca_entrypoint(&["--remove"]).run().ok();
    holds(&machine, &others, &[]);
}

#[test]
fn with_the_same_ca_of_somebody_else_nothing_but_the_files_changes() {
    let machine = Machine::new();
    machine.add("Root", &der("root.crt"), None);
    let before = (machine.added(), machine.written());
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    assert_eq!((machine.added(), machine.written()), before);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
}

#[test]
fn what_somebody_added_after_us_stays() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    machine.add("Root", &der("other-1.crt"), None);
    machine.ca_entrypoint(&[]).run().ok().is_silent();
    machine.ca_entrypoint(&["--remove"]).run().ok();
    holds(&machine, &[Entry::new("Root", &fingerprint("other-1.crt"), None)], &[]);
}

#[test]
fn a_name_that_is_like_ours_and_not_made_by_us_stays() {
    let machine = Machine::new();
    let names = [
        "ca-entrypoint-",
        "ca-entrypoint-x-123",
        "Ca-entrypoint-x-0123456789ab",
        "ca-entrypoint-x-0123456789ag",
    ];
    let files = ["root.crt", "second.crt", "other-1.crt", "other-2.crt"];
    for (name, file) in names.into_iter().zip(files) {
        machine.add("Root", &der(file), Some(name));
    }
    let before = machine.added();
    machine.ca_entrypoint(&["--remove"]).run().ok().is_silent();
    assert_eq!(machine.added(), before);
}

#[test]
fn a_ca_of_ours_that_somebody_gave_a_name_of_their_own_is_theirs() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    machine.delete("Root", &fingerprint("root.crt"));
    machine.add("Root", &der("root.crt"), Some("Theirs"));
    machine.ca_entrypoint(&[]).run().ok();
    machine.ca_entrypoint(&["--remove"]).run().ok();
    holds(&machine, &[Entry::new("Root", &fingerprint("root.crt"), Some("Theirs"))], &[]);
}
