//! The command's streams are those that we were given.

use crate::fixtures::mount;
use crate::machine::Machine;

/// A mebibyte of all bytes, as no text has them.
pub(crate) fn bytes() -> Vec<u8> {
    (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn what_is_piped_in_reaches_the_command_byte_for_byte() {
    let machine = Machine::shared();
    let outcome = machine.ca_entrypoint(&["cat"]).stdin(&bytes()).run();
    outcome.ok().prints(bytes()).assert_stderr("1048576 bytes\n");
}

#[test]
fn what_is_piped_in_reaches_the_command_after_an_installation() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    let outcome = machine.ca_entrypoint(&["cat"]).stdin(&bytes()).run();
    outcome.ok().prints(bytes()).says("3 added").says("1048576 bytes\n");
}

#[test]
fn what_is_piped_in_is_left_alone_without_a_command() {
    let machine = Machine::shared();
    machine.ca_entrypoint(&[]).stdin(b"exit 3\r\n").run().ok().is_silent();
}

#[test]
fn stdout_and_stderr_stay_apart() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let outcome = machine.ca_entrypoint(&["cat"]).stdin(b"on stdout").run();
    outcome.ok().prints("on stdout");
    outcome.assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n9 bytes\n");
}

#[test]
fn quiet_and_verbose_are_told_apart() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    machine.ca_entrypoint(&["-q", "exit", "0"]).run().ok().is_silent();
    machine.ca_entrypoint(&["-v", "exit", "0"]).run().ok().says("platform windows");
}
