//! Who lives how long: the command dies with us, takes the console's events itself, and what it
//! leaves running goes on.

use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::machine::program;

/// Where `wait` leaves its marks.
const MARKS: &str = r"C:\marks";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.directory(MARKS);
    machine
}

/// The file that is there as long as the process which is called so.
fn alive(name: &str) -> String {
    format!(r"{MARKS}\{name}.alive")
}

/// The line of a `wait` that is called so.
fn wait_line(kind: &str, name: &str) -> String {
    format!("{} {kind} {MARKS} {name}", program("wait"))
}

/// The mark by which a `wait` is told to end.
fn stop(machine: &Machine, name: &str) {
    machine.write(&format!(r"{MARKS}\{name}.stop"), "");
}

#[test]
fn the_command_and_its_children_die_with_us_when_the_host_kills_us() {
    let machine = machine();
    let line = format!("{} {}", wait_line("obedient", "parent"), wait_line("obedient", "child"));
    let mut running = machine.ca_entrypoint(&line.split(' ').collect::<Vec<_>>()).spawn();
    let both = ["parent", "child"].map(alive);
    both.iter().for_each(|path| machine.soon_has(path));
    running.kill();
    both.iter().for_each(|path| machine.soon_lacks(path));
    assert_eq!(running.end().code, None);
}

#[test]
fn the_command_and_its_children_die_with_us_when_another_program_ends_us() {
    let machine = machine();
    let line = format!(
        "{CA_ENTRYPOINT} {} {}",
        wait_line("obedient", "parent"),
        wait_line("obedient", "child")
    );
    let launched = machine.launch(line).terminate(&alive("parent"), 77).spawn();
    launched.end().code(77);
    for name in ["parent", "child"] {
        machine.soon_lacks(&alive(name));
    }
}

#[test]
fn what_the_command_leaves_running_goes_on() {
    let machine = machine();
    let line = format!("{} {}", wait_line("obedient", "parent"), wait_line("obedient", "child"));
    let launched = machine.launch(format!("{CA_ENTRYPOINT} {line}")).unheard().spawn();
    machine.soon_has(&alive("child"));
    stop(&machine, "parent");
    launched.end().code(33);
    stop(&machine, "child");
    machine.soon_lacks(&alive("child"));
    // It came to its own end, which a killed process doesn't.
    assert_eq!(machine.read(&format!(r"{MARKS}\child.end")), b"33\n");
}

#[test]
fn control_c_is_the_command_s_and_its_code_is_ours() {
    let machine = machine();
    let line = format!("{CA_ENTRYPOINT} {}", wait_line("obedient", "wait"));
    let launch = machine.launch(line).control_c(&alive("wait"));
    launch.run().code(44);
    assert_eq!(machine.read(&format!(r"{MARKS}\wait.event")), b"0\n");
}

#[test]
fn we_outlive_a_command_that_takes_its_time_after_control_c() {
    let machine = machine();
    let line = format!("{CA_ENTRYPOINT} {}", wait_line("slow", "wait"));
    let launch = machine.launch(line).control_c(&alive("wait"));
    let launched = launch.spawn();
    machine.soon_has(&format!(r"{MARKS}\wait.event"));
    stop(&machine, "wait");
    launched.end().code(33);
}

#[test]
fn a_command_that_knows_nothing_of_control_c_ends_as_it_would_without_us() {
    let machine = machine();
    let end_of = |line: String, name: &str| machine.launch(line).control_c(&alive(name)).run().code;
    let without = end_of(wait_line("deaf", "without"), "without");
    let with = end_of(format!("{CA_ENTRYPOINT} {}", wait_line("deaf", "with")), "with");
    // On Windows STATUS_CONTROL_C_EXIT, with Wine 0.
    assert_eq!(with, without);
    assert!(!machine.at(&format!(r"{MARKS}\with.end")).exists());
}
