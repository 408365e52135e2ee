//! What programs make of the stores that use the system's own TLS.

use crate::certificates;
use crate::fixtures::CA;
use crate::fixtures::der;
use crate::fixtures::mount;
use crate::machine::Machine;
use crate::server::Server;

#[test]
fn a_program_that_uses_schannel_reaches_a_server_of_the_ca_and_no_longer_after_removal() {
    let machine = Machine::new();
    let server = Server::start("root-server");
    server.get(&machine).code(1);
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    server.get(&machine).ok().prints("status 200\n");
    machine.ca_entrypoint(&["--remove"]).run().ok();
    server.get(&machine).code(1);
}

#[test]
fn the_command_itself_reaches_a_server_of_the_ca() {
    let machine = Machine::new();
    let server = Server::start("root-server");
    mount(&machine, "root.crt");
    let port = server.port.as_str();
    let outcome = machine.ca_entrypoint(&["https", "localhost", port, "/"]).run();
    outcome.ok().prints("status 200\n");
}

#[test]
fn a_server_that_sends_no_intermediate_is_reached_when_the_ca_file_has_it() {
    let machine = Machine::new();
    let server = Server::start("intermediate-server");
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    server.get(&machine).code(1);
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    server.get(&machine).ok().prints("status 200\n");
}

#[test]
fn an_intermediate_alone_makes_no_server_trusted() {
    let machine = Machine::new();
    machine.write(r"C:\server.der", der("intermediate-server.crt"));
    let chain = || machine.program("chain", &[r"C:\server.der"]).run();
    mount(&machine, "intermediate.crt").ca_entrypoint(&[]).run().ok();
    chain().code(1);
    machine.write(CA, certificates::text("chain.crt")).ca_entrypoint(&[]).run().ok();
    chain().ok().prints("trusted\n");
}

#[test]
fn after_a_rotation_the_new_ca_s_servers_alone_are_trusted() {
    let machine = Machine::new();
    let [old, new] = ["root-server.crt", "second-server.crt"].map(|name| {
        let path = format!(r"C:\{name}");
        machine.write(&path, der(name));
        path
    });
    let chain = |path: &str| machine.program("chain", &[path]).run();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    chain(&old).ok();
    chain(&new).code(1);
    mount(&machine, "second.crt").ca_entrypoint(&[]).run().ok();
    chain(&old).code(1);
    chain(&new).ok();
}
