//! `--print-env=cmd`, read by cmd.exe in both ways: by `for /f`, and as a batch file.

use std::fs;
use std::path::Path;

use crate::certificates;
use crate::command::Command;
use crate::command::Outcome;
use crate::fixtures::CA;
use crate::fixtures::mount;
use crate::machine::Machine;
use crate::seen::Seen;

/// How a batch file has the variables set that a command prints.
const FOR: [&str; 2] = ["for /f \"tokens=1*\" %%i in ('", "') do set %%j"];

/// Between the quotes of a loop, the equals sign of a bare word counts for a blank.
const QUOTED: &str = r#"C:\ca-entrypoint.exe "--print-env=cmd""#;

/// Runs the lines of a batch file, and `echo` behind them.
#[track_caller]
fn run<'a>(machine: &'a Machine, ca: &str, lines: &str) -> Outcome<'a> {
    machine
        .write(r"C:\batch\test.cmd", format!("@echo off\r\n{lines}\r\nC:\\programs\\echo.exe\r\n"));
    let command = Command::new(machine, "cmd", &["/d", "/c", r"C:\batch\test.cmd"]);
    command.env("CA_CERTIFICATES_PATH", ca).run()
}

/// What the unit tests have written, and the values that they have written there.
fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[track_caller]
fn assert_values(seen: &Seen) {
    let variables = seen.variables();
    let values = golden("print-env-cmd.txt");
    let expected: Vec<&str> = values.lines().filter(|line| !line.ends_with('=')).collect();
    assert!(expected.len() > 300);
    let missing: Vec<&&str> =
        expected.iter().filter(|line| !variables.iter().any(|is| is == **line)).collect();
    assert!(missing.is_empty(), "{missing:#?}\nin\n{variables:#?}");
}

#[test]
fn a_batch_file_of_hundreds_of_values_is_read_as_it_is() {
    let machine = Machine::shared();
    machine.write(r"C:\batch\variables.cmd", golden("print-env-cmd.cmd"));
    assert_values(&run(&machine, CA, "call C:\\batch\\variables.cmd").seen());
}

#[test]
fn a_loop_over_hundreds_of_values_reads_them_as_they_are() {
    let machine = Machine::shared();
    machine.write(r"C:\batch\variables.txt", golden("print-env-cmd.cmd"));
    let lines = FOR.join("type C:\\batch\\variables.txt");
    assert_values(&run(&machine, CA, &lines).seen());
}

#[test]
fn a_loop_and_a_batch_file_set_what_a_command_is_given() {
    let machine = Machine::new();
    let ca = r"C:\a b (x86)\it's & more ^ 100!.crt";
    machine.write(ca, certificates::text("root.crt"));
    let direct = machine.ca_entrypoint(&["--ca", ca, "echo"]).run().seen();
    assert_eq!(direct.variable("DENO_CERT").as_deref(), Some(ca));
    let print = r"C:\ca-entrypoint.exe --print-env=cmd";
    let file = r"C:\batch\ca.cmd";
    for lines in [FOR.join(QUOTED), format!("{print} >{file}\r\ncall {file}")] {
        let seen = run(&machine, ca, &lines).seen();
        for name in ["CI_SERVER_TLS_CA_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
            assert_eq!(seen.variable(name), direct.variable(name), "{name} by {lines}");
        }
    }
}

#[test]
fn nothing_is_set_where_there_is_no_ca() {
    let machine = Machine::new();
    let seen = run(&machine, CA, &FOR.join(QUOTED)).seen();
    assert_eq!(seen.variable("DENO_CERT"), None);
}

#[test]
fn what_cmd_would_change_is_left_out_and_the_other_dialects_have_it() {
    let machine = Machine::new();
    let ca = r"C:\100% ü.crt";
    machine.write(ca, certificates::text("root.crt"));
    let outcome = machine.ca_entrypoint(&["--print-env=cmd", "--ca", ca]).run();
    outcome.ok().prints("").says("leaving out variable DENO_CERT: cmd.exe would change its value");
    let text = machine.ca_entrypoint(&["--print-env=powershell", "--ca", ca]).run().ok().out();
    let line = r"$env:DENO_CERT=[regex]::Unescape('C:\\100% \u00fc.crt')";
    assert!(text.lines().any(|of| of == line), "{text}");
    let text = machine.ca_entrypoint(&["--print-env=json", "--ca", ca]).run().ok().out();
    assert!(text.contains(r#""DENO_CERT":"C:\\100% \u00fc.crt""#), "{text}");
    let text = machine.ca_entrypoint(&["--print-env=dotenv", "--ca", ca]).run().ok().out();
    assert!(text.contains("DENO_CERT=C:\\100% ü.crt\n"), "{text}");
    mount(&machine, "root.crt");
    let text = machine.ca_entrypoint(&["--print-env=cmd"]).run().ok().out();
    assert!(text.contains(&format!("set \"DENO_CERT={CA}\"\r\n")), "{text}");
}
