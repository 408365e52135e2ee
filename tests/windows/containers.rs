//! What other containers and GitLab Runner have a hand in: a copy of the program, and the runner's own
//! files.

use crate::certificates;
use crate::command::Command;
use crate::fixtures::CA;
use crate::fixtures::mount;
use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;

#[test]
fn a_copy_of_the_program_runs_where_it_was_put() {
    let machine = Machine::new();
    machine.ca_entrypoint(&["--copy-to", r"C:\shared\bin"]).run().ok().is_silent();
    let copy = machine.read(r"C:\shared\bin\ca-entrypoint.exe");
    assert_eq!(copy, machine.read(CA_ENTRYPOINT));
    let outcome = Command::new(&machine, r"C:\shared\bin\ca-entrypoint.exe", &["--version"]).run();
    outcome.ok().prints(concat!("ca-entrypoint ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_server_s_ca_is_in_the_working_directory() {
    let machine = Machine::new();
    machine.write(r"C:\runner\certs\gitlab.example.com.crt", certificates::text("second.crt"));
    let value = |host: &str| {
        let command = machine.ca_entrypoint(&["echo"]).in_directory(r"C:\runner");
        let outcome = command.env("CI_SERVER_HOST", host).run();
        outcome.ok().seen().variable("CI_SERVER_TLS_CA_FILE")
    };
    let file = r"C:\runner\certs\gitlab.example.com.crt".to_owned();
    assert_eq!(value("gitlab.example.com"), Some(file.clone()));
    assert_eq!(value("other.example.com"), None);
    assert_eq!(value(r"C:\runner\certs\gitlab.example.com"), None);
    assert_eq!(value(r"..\certs\gitlab.example.com"), None);
    mount(&machine, "root.crt");
    assert_eq!(value("gitlab.example.com"), Some(file));
    assert_eq!(value("other.example.com"), Some(CA.to_owned()));
}
