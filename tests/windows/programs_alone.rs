//! What the tests rest on, without the program under test: Wine's stores, its process creation, and
//! the tests' own programs.

use crate::certificates;
use crate::fixtures::der;
use crate::fixtures::fingerprint;
use crate::machine::Machine;
use crate::machine::program;
use crate::server::Server;
use crate::store::Entry;
use crate::store::Store;
use crate::streams;

#[test]
fn a_certificate_is_in_the_store_by_its_name_until_it_is_deleted() {
    let machine = Machine::new();
    let root = fingerprint("root.crt");
    machine.add("Root", &der("root.crt"), Some("Näme 😀"));
    assert_eq!(machine.added().entries, [Entry::new("Root", &root, Some("Näme 😀"))]);
    machine.restart();
    assert_eq!(machine.added().entries, [Entry::new("Root", &root, Some("Näme 😀"))]);
    machine.delete("Root", &root);
    assert_eq!(machine.added(), Store::default());
}

#[test]
fn reading_a_store_writes_nothing_and_adding_to_it_does() {
    let machine = Machine::new();
    let written = machine.written();
    machine.store();
    assert_eq!(machine.written(), written);
    machine.add("CA", &der("root.crt"), None);
    assert_ne!(machine.written(), written);
}

#[test]
fn a_server_is_trusted_only_while_its_root_is_in_the_store() {
    let machine = Machine::new();
    let chain = || machine.program("chain", &[r"C:\server.der"]).run();
    machine.write(r"C:\server.der", der("root-server.crt"));
    chain().code(1);
    machine.add("Root", &der("root.crt"), None);
    chain().ok().prints("trusted\n");
    machine.delete("Root", &fingerprint("root.crt"));
    chain().code(1);
}

#[test]
fn the_system_s_tls_reaches_a_server_only_while_its_root_is_in_the_store() {
    let machine = Machine::new();
    let server = Server::start("root-server");
    server.get(&machine).code(1).prints("send: error 12157\n");
    machine.add("Root", &der("root.crt"), None);
    server.get(&machine).ok().prints("status 200\n");
}

#[test]
fn a_launched_process_has_its_line_to_the_unit() {
    let machine = Machine::shared();
    let line = format!(r#"{}  a\"b "c d" "" \\ ü 😀 %PATH% "#, program("echo"));
    let seen = machine.launch(&line).run().seen();
    assert_eq!(seen.line(), line);
    assert_eq!(seen.arguments(), ["a\"b", "c d", "", r"\\", "ü", "😀", "%PATH%"]);
}

#[test]
fn a_launched_process_has_the_variables_that_it_is_given() {
    let machine = Machine::shared();
    let launch = machine.launch(program("echo")).variable("=X:=C:\\x").variable("EMPTY=");
    let seen = launch.variable("Ünï=ß").without("TEMP").run().seen();
    assert_eq!(seen.variable("=X:").as_deref(), Some("C:\\x"));
    assert_eq!(seen.variable("EMPTY").as_deref(), Some(""));
    assert_eq!(seen.variable("Ünï").as_deref(), Some("ß"));
    assert_eq!(seen.variable("TEMP"), None);
}

#[test]
fn all_32_bits_of_an_exit_code_are_seen() {
    let machine = Machine::shared();
    for code in [0, 1, 255, 256, 0xC000_0005, 0xFFFF_FFFF] {
        machine.launch(format!("{} {code}", program("exit"))).run().code(code);
    }
}

#[test]
fn a_restricted_process_is_no_administrator() {
    let machine = Machine::shared();
    machine.program("administrator", &[]).run().ok().prints("administrator\n");
    machine.launch(program("administrator")).restricted().run().ok().prints("user\n");
}

#[test]
fn a_console_event_reaches_a_process() {
    let machine = Machine::new();
    machine.directory(r"C:\marks");
    let line = format!(r"{} obedient C:\marks wait", program("wait"));
    machine.launch(line).control_c(r"C:\marks\wait.alive").run().code(44);
    assert_eq!(machine.read(r"C:\marks\wait.event"), b"0\n");
}

#[test]
fn what_is_on_stdin_comes_out_of_cat() {
    let bytes = streams::bytes();
    let machine = Machine::shared();
    let outcome = machine.program("cat", &[]).stdin(&bytes).run();
    outcome.ok().prints(&bytes).assert_stderr("1048576 bytes\n");
}

#[test]
fn the_fixtures_are_on_the_machine() {
    let machine = Machine::shared();
    assert_eq!(machine.read(r"C:\fixtures\root.crt"), certificates::text("root.crt").as_bytes());
}
