//! Which command is run: by name, by path, with and without its extension.

use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::machine::program;

/// A machine with files of these paths: programs that exit with their argument, and batch files that
/// exit with [`BAT`] or [`CMD`].
fn with(paths: &[&str]) -> Machine {
    let machine = Machine::new();
    for path in paths {
        match path.rsplit_once('.').unwrap().1 {
            "bat" => machine.write(path, format!("@exit /b {BAT}\r\n")),
            "cmd" => machine.write(path, format!("@exit /b {CMD}\r\n")),
            _ => machine.write(path, machine.read(&program("exit"))),
        };
    }
    machine
}

const BAT: u32 = 11;

const CMD: u32 = 12;

#[test]
fn a_name_is_searched_in_path_with_its_extension_and_without() {
    let machine = Machine::shared();
    for name in ["exit", "exit.exe", "EXIT", "Exit.EXE"] {
        machine.ca_entrypoint(&[name, "7"]).run().code(7).is_silent();
    }
}

#[test]
fn a_path_is_taken_as_it_is_with_and_without_its_extension() {
    let machine = Machine::shared();
    for path in [
        r"C:\programs\exit.exe",
        r"C:\programs\exit",
        "C:/programs/exit.exe",
        r"\programs\exit.exe",
        r"programs\exit.exe",
        r".\programs\exit",
        "programs/exit",
        r"C:\windows\..\programs\exit.exe",
        r"\\?\C:\programs\exit.exe",
    ] {
        let outcome = machine.ca_entrypoint(&[path, "7"]).run();
        outcome.code(7).is_silent();
    }
}

#[test]
fn a_path_may_have_spaces_and_letters_of_any_script() {
    let machine = with(&[r"C:\Tools für 😀\my tool.exe"]);
    for path in [r"C:\Tools für 😀\my tool.exe", r"Tools für 😀\my tool"] {
        machine.ca_entrypoint(&[path, "7"]).run().code(7).is_silent();
    }
}

#[test]
fn a_relative_path_begins_in_the_working_directory() {
    let machine = with(&[r"C:\work\sub\tool.exe"]);
    let command = machine.ca_entrypoint(&[r"sub\tool", "7"]).in_directory(r"C:\work");
    command.run().code(7);
}

#[test]
fn a_name_is_found_in_a_directory_of_path_whose_name_is_quoted_or_has_spaces() {
    let machine = with(&[r"C:\my tools\tool.exe", r"C:\a;b\tool.exe"]);
    for path in [r"C:\none;C:\my tools", r#""C:\my tools""#, r"C:\my tools\", r#""C:\a;b""#] {
        let line = format!("{CA_ENTRYPOINT} tool 7");
        let launch = machine.launch(line).variable(&format!("PATH={path}"));
        launch.run().code(7);
    }
}

#[test]
fn the_first_directory_of_path_wins() {
    let machine = with(&[r"C:\a\tool.bat", r"C:\b\tool.exe"]);
    let tool = |path: &str| {
        let line = format!("{CA_ENTRYPOINT} tool 7");
        machine.launch(line).variable(&format!("PATH={path}")).run().code
    };
    assert_eq!(tool(r"C:\a;C:\b"), Some(BAT));
    assert_eq!(tool(r"C:\b;C:\a"), Some(7));
}

#[test]
fn the_order_of_extensions_is_that_of_pathext() {
    let machine = with(&[r"C:\a\tool.bat", r"C:\a\tool.cmd"]);
    let tool = |pathext: &str| {
        let line = format!("{CA_ENTRYPOINT} tool");
        let launch = machine.launch(line).variable(&format!("PATHEXT={pathext}"));
        launch.variable(r"PATH=C:\a;C:\windows\system32").run().code
    };
    assert_eq!(tool(".EXE;.BAT;.CMD"), Some(BAT));
    assert_eq!(tool(".EXE;.CMD;.BAT"), Some(CMD));
}

#[test]
fn what_the_system_can_t_start_is_passed_by() {
    let machine = with(&[r"C:\b\tool.exe"]);
    machine.write(r"C:\a\tool.js", "").write(r"C:\a\tool.vbs", "").write(r"C:\a\tool", "");
    let launch = machine.launch(format!("{CA_ENTRYPOINT} tool 7")).variable(r"PATH=C:\a;C:\b");
    launch.variable("PATHEXT=.JS;.VBS;.EXE").run().code(7);
}

#[test]
fn without_pathext_a_program_is_found_all_the_same() {
    let machine = Machine::shared();
    let line = format!("{CA_ENTRYPOINT} exit 7");
    machine.launch(&line).without("PATHEXT").run().code(7);
    machine.launch(&line).variable("PATHEXT=").run().code(7);
}

#[test]
fn without_path_the_system_s_programs_are_found() {
    let machine = Machine::shared();
    let line = format!("{CA_ENTRYPOINT} cmd /c exit 7");
    machine.launch(line).without("PATH").run().code(7);
}

#[test]
fn a_program_in_the_working_directory_takes_no_place_of_one_in_path() {
    let machine = with(&[r"C:\work\cmd.exe"]);
    let command = machine.ca_entrypoint(&["cmd", "/c", "exit 7"]).in_directory(r"C:\work");
    command.run().code(7);
}

#[test]
fn a_command_that_is_not_found_is_127() {
    let machine = Machine::shared();
    let outcome = machine.ca_entrypoint(&["no-such-command"]).run();
    outcome
        .code(127)
        .prints("")
        .assert_stderr("ca-entrypoint: cannot run 'no-such-command': command not found\n");
    for path in [r"C:\no\such\command.exe", r"no\such", "C:/no/such", r"C:\programs\no.exe", ""] {
        machine.ca_entrypoint(&[path]).run().code(127).prints("").says("cannot run '");
    }
}

#[test]
fn what_is_no_program_is_126() {
    let machine = Machine::new();
    machine.write(r"C:\tools\text.txt", "echo hello\r\n").write(r"C:\tools\text.exe", "MZ no");
    machine.write(r"C:\tools\empty.exe", "").directory(r"C:\tools\directory.exe");
    for path in [r"C:\tools\text.txt", r"C:\tools\text.exe", r"C:\tools\empty.exe", r"C:\tools"] {
        machine.ca_entrypoint(&[path]).run().code(126).prints("").says(path);
    }
    machine.ca_entrypoint(&[r"C:\tools\directory.exe"]).run().code(126);
}

#[test]
fn a_failure_of_our_own_is_125_and_runs_no_command() {
    let machine = Machine::new();
    machine.write(r"C:\bad.crt", "no certificate");
    let bad = ["--on-error=fail", "--ca", r"C:\bad.crt", "echo"];
    machine.ca_entrypoint(&bad).run().code(125).complains_once_of(r"C:\bad.crt");
    machine.ca_entrypoint(&["--no-such-option", "echo"]).run().code(125).prints("");
    machine.ca_entrypoint(&["--ca"]).run().code(125).says("missing argument");
    machine.ca_entrypoint(&["--placement=here", "echo"]).run().code(125).says("invalid value");
}

#[test]
fn the_version_and_the_help_are_printed() {
    let machine = Machine::shared();
    let version = format!("ca-entrypoint {}\n", env!("CARGO_PKG_VERSION"));
    machine.ca_entrypoint(&["--version"]).run().ok().prints(version);
    let help = machine.ca_entrypoint(&["-h"]).run();
    let starts = help.out().starts_with("Usage: ca-entrypoint");
    help.ok().assert(starts, "the usage first");
}
