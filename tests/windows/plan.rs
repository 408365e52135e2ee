//! What is shown instead of being done: the plan, and the variables for a shell.

use crate::fixtures::CA;
use crate::fixtures::CA_SLUG;
use crate::fixtures::entry;
use crate::fixtures::fingerprint;
use crate::fixtures::mount;
use crate::machine::Machine;

/// Asserts that a start changes nothing, and gives what it prints.
#[track_caller]
fn shown(machine: &Machine, arguments: &[&str]) -> String {
    let before = (machine.added(), machine.written(), machine.tree());
    let outcome = machine.ca_entrypoint(arguments).run();
    outcome.ok().assert_stderr("");
    assert_eq!((machine.added(), machine.written(), machine.tree()), before);
    outcome.out()
}

#[test]
fn the_plan_says_what_would_go_to_which_store() {
    let machine = Machine::new();
    mount(&machine, "chain.crt");
    let plan = shown(&machine, &["--dry-run"]);
    assert!(plan.starts_with("platform: windows ("), "{plan}");
    for (store, name) in [("Root", "root.crt"), ("Root", "second.crt"), ("CA", "intermediate.crt")]
    {
        let (fingerprint, name) = (fingerprint(name), entry(store, name, CA_SLUG).name.unwrap());
        let line = format!("add to store {store}, sha256 {fingerprint}, name {name}\n");
        assert!(plan.contains(&line), "{line}{plan}");
    }
}

#[test]
fn the_plan_says_what_would_go_out_of_which_store() {
    let machine = Machine::new();
    mount(&machine, "root.crt").ca_entrypoint(&[]).run().ok();
    let line = format!("remove from store Root, sha256 {}", fingerprint("root.crt"));
    let plan = shown(&machine, &["--remove", "--dry-run"]);
    assert!(plan.contains(&line), "{line}\n{plan}");
    mount(&machine, "second.crt");
    let plan = shown(&machine, &["--dry-run"]);
    assert!(plan.contains(&line), "{line}\n{plan}");
}

#[test]
fn the_plan_of_a_second_start_is_empty() {
    let machine = Machine::new();
    mount(&machine, "chain.crt").ca_entrypoint(&[]).run().ok();
    let plan = shown(&machine, &["--dry-run"]);
    assert!(plan.ends_with("\nnothing to do\n"), "{plan}");
}

#[test]
fn the_plan_of_private_files_names_no_store() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let plan = shown(&machine, &["--dry-run", "--placement=private"]);
    assert!(plan.contains(r"write C:\Program Files\ca-entrypoint\bundle-"), "{plan}");
    assert!(!plan.contains("to store"), "{plan}");
}

#[test]
fn the_plan_in_json_has_backslashes_escaped() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let plan = shown(&machine, &["--dry-run", "--format=json"]);
    assert!(plan.contains(r#""path":"C:\\Program Files\\ca-entrypoint\\anchors\\"#), "{plan}");
    assert!(plan.contains(r#"{"do":"add to store","store":"Root","sha256":""#), "{plan}");
}

#[test]
fn the_plan_where_no_ca_is_mounted_is_empty() {
    let machine = Machine::new();
    let plan = shown(&machine, &["--dry-run"]);
    assert!(plan.ends_with("nothing to do\n"), "{plan}");
}

#[test]
fn the_variables_are_printed_for_a_shell_after_the_installation() {
    let machine = Machine::new();
    mount(&machine, "root.crt");
    let outcome = machine.ca_entrypoint(&["--print-env"]).run();
    let names = ["CI_SERVER_TLS_CA_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"];
    let lines = names.map(|name| format!("export {name}='{CA}'\n")).concat();
    outcome.ok().prints(lines).says("1 added, 0 removed");
    assert_eq!(machine.added().entries, [entry("Root", "root.crt", CA_SLUG)]);
}

#[test]
fn a_quote_in_a_path_is_quoted_for_the_shell() {
    let machine = Machine::new();
    machine.write(r"C:\it's\ca.crt", crate::certificates::text("root.crt"));
    let outcome = machine.ca_entrypoint(&["--print-env", "--ca", r"C:\it's\ca.crt"]).run();
    let output = std::process::Command::new("sh")
        .args(["-c", "eval \"$1\"; printf %s \"$DENO_CERT\"", "sh", &outcome.ok().out()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), r"C:\it's\ca.crt");
}

#[test]
fn no_command_goes_with_the_variables_for_a_shell() {
    let machine = Machine::shared();
    machine.ca_entrypoint(&["--print-env", "echo"]).run().code(125).prints("");
}
