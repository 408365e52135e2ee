//! The command's end is ours, in all 32 bits.

use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;

#[test]
fn the_command_s_exit_code_is_ours() {
    let machine = Machine::shared();
    for code in [
        0,
        1,
        42,
        125,
        126,
        127,
        128,
        255,
        256,
        259,
        0x8000_0000,
        0xC000_0005,
        0xC000_013A,
        0xFFFF_FFFF,
    ] {
        machine.launch(format!("{CA_ENTRYPOINT} exit {code}")).run().code(code).is_silent();
    }
}

#[test]
fn our_own_exit_codes_are_no_others() {
    let machine = Machine::shared();
    for (line, code) in [("", 0), ("no-such", 127), (r"C:\windows", 126), ("--no-such", 125)] {
        machine.launch(format!("{CA_ENTRYPOINT} {line}")).run().code(code);
    }
}

#[test]
fn the_command_s_exit_code_is_ours_after_an_installation() {
    let machine = Machine::new();
    crate::fixtures::mount(&machine, "root.crt");
    let outcome = machine.launch(format!("{CA_ENTRYPOINT} exit 0xC0000005")).run();
    outcome.code(0xC000_0005).says("1 added");
}
