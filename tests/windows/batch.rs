//! Batch files, which cmd.exe runs, and whose arguments it takes apart by rules of its own: they
//! arrive as text or are refused, and never run anything.

use crate::command::Outcome;
use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::machine::program;
use crate::seen::Seen;

/// Hands its arguments on to a program, as npm.cmd and its like do, and exits with 9.
const SCRIPT: &str = "@C:\\programs\\echo.exe %*\r\n@exit /b 9\r\n";

/// What it would leave who is made to run something.
const MARK: &str = r"C:\marks\ran";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write(r"C:\batch\show.cmd", SCRIPT).write(r"C:\batch\other.bat", SCRIPT);
    machine.write(r"C:\batch\with space\show.cmd", SCRIPT).directory(r"C:\marks");
    machine.write(r"C:\batch\mark.cmd", format!("@echo ran> {MARK}\r\n"));
    machine
}

/// Runs a line behind our name, with the directory of the batch files in PATH.
fn run<'a>(machine: &'a Machine, line: &str) -> Outcome<'a> {
    let launch = machine.launch(format!("{CA_ENTRYPOINT} {line}"));
    launch.variable(r"PATH=C:\batch;C:\windows\system32").run()
}

/// The arguments that reach the program behind the batch file; none when they were refused.
#[track_caller]
fn arrived(outcome: &Outcome<'_>) -> Option<Vec<String>> {
    if outcome.code == Some(126) {
        outcome.prints("").says("ca-entrypoint: cannot run '").says(": ");
        return None;
    }
    outcome.code(9);
    Some(Seen::parse(&outcome.stdout).arguments())
}

#[test]
fn a_batch_file_is_found_through_path_and_pathext() {
    let machine = machine();
    for name in ["show", "show.cmd", "SHOW.CMD", "other", "other.bat", r"C:\batch\show"] {
        let outcome = run(&machine, &format!("{name} one two"));
        assert_eq!(arrived(&outcome).unwrap(), ["one", "two"], "{name}");
    }
}

#[test]
fn a_batch_file_s_path_may_have_spaces() {
    let machine = machine();
    let outcome = run(&machine, r#""C:\batch\with space\show.cmd" "a b" c"#);
    assert_eq!(arrived(&outcome).unwrap(), ["a b", "c"]);
}

#[test]
fn a_batch_file_without_arguments_gets_none() {
    let machine = machine();
    assert_eq!(arrived(&run(&machine, "show")).unwrap(), Vec::<String>::new());
}

#[test]
fn ordinary_arguments_reach_a_batch_file() {
    let machine = machine();
    let line =
        r#"show -x --long=1 "with space" C:\path\ "C:\my path\\" a+b x=1,2;3 /c "" ü 'q' @file"#;
    let expected = [
        "-x",
        "--long=1",
        "with space",
        r"C:\path\",
        r"C:\my path\",
        "a+b",
        "x=1,2;3",
        "/c",
        "",
        "ü",
        "'q'",
        "@file",
    ];
    assert_eq!(arrived(&run(&machine, line)).unwrap(), expected);
}

/// Arguments by which cmd.exe would be made to run something.
const HOSTILE: &[&str] = &[
    r#"&mark"#,
    r#""&mark""#,
    r#""\"&mark""#,
    r#""\"&mark&\"""#,
    r#"\"&mark"#,
    r#"a\"b&mark"#,
    r#""a""&mark""#,
    r#""""&mark&""""#,
    r#""|mark""#,
    r#""a|mark|b""#,
    r#""||mark""#,
    r#""&&mark""#,
    r#"^&mark"#,
    r#""^&mark""#,
    r#""^"&mark"#,
    r#""\"^&mark""#,
    r#"%COMSPEC%"#,
    r#""%COMSPEC%""#,
    r#"%COMSPEC:~0,1%"#,
    r#""%CMDCMDLINE:~-1%&mark""#,
    r#""%=C:%""#,
    r#"!COMSPEC!"#,
    r#"">C:\marks\ran""#,
    r#""\">C:\marks\ran""#,
    r#""<C:\none""#,
    r#""(mark)""#,
    r#""`mark`""#,
    r#""a;mark,b=c""#,
    "\"a\nmark\"",
    "\"a\r\nmark\"",
    r#""\\"&mark"#,
    r#""\\\"&mark""#,
];

#[test]
fn hostile_arguments_reach_a_batch_file_as_text_or_are_refused() {
    let machine = machine();
    for argument in HOSTILE {
        let direct = machine.launch(format!("{} {argument}", program("echo"))).run().seen();
        let outcome = run(&machine, &format!("show {argument}"));
        outcome.assert(!machine.at(MARK).exists(), &format!("that {argument:?} runs nothing"));
        let Some(arguments) = arrived(&outcome) else {
            continue;
        };
        // std passes a percent sign by an empty piece of a variable, which Wine's cmd.exe doesn't know.
        if !argument.contains('%') {
            outcome.assert(arguments == direct.arguments(), &format!("{argument:?} as it is"));
        }
    }
}

/// Ways to write a batch file's name that Windows takes for the same file.
const ALIASES: &[&str] = &[
    r"C:\batch\show.cmd.",
    r"C:\batch\show.cmd...",
    r#""C:\batch\show.cmd ""#,
    r#""C:\batch\show.cmd . .""#,
    r"C:\batch\show.CMD",
    r"C:\batch\.\show.cmd",
    r"C:/batch/show.cmd",
    r"\\?\C:\batch\show.cmd",
    r"C:\batch\show.cmd::$DATA",
    r"C:\batch\show.cmd:",
    r#"show.cmd."#,
    r#""show.cmd ""#,
    r#"show."#,
];

#[test]
fn no_way_to_write_a_batch_file_s_name_lets_an_argument_run_anything() {
    let machine = machine();
    for name in ALIASES {
        for argument in [r#"&mark"#, r#""&mark""#, r#""\"&mark""#, r#""a\"&mark&\"""#] {
            let outcome = run(&machine, &format!("{name} {argument}"));
            outcome.assert(
                !machine.at(MARK).exists(),
                &format!("that {name} {argument} runs nothing"),
            );
            let is_known = matches!(outcome.code, Some(9 | 126 | 127));
            outcome.assert(is_known, &format!("{name} {argument} as text, or refused"));
        }
    }
}

#[test]
fn the_test_s_own_mark_is_left_by_who_runs_something() {
    let machine = machine();
    run(&machine, "mark").ok();
    assert!(machine.at(MARK).exists());
}

#[test]
fn a_line_feed_for_a_batch_file_is_refused() {
    let machine = machine();
    assert_eq!(arrived(&run(&machine, "show \"a\nb\"")), None);
}

#[test]
fn a_batch_file_s_exit_code_is_ours() {
    let machine = machine();
    machine.write(r"C:\batch\code.cmd", "@exit %1\r\n");
    for code in [0, 1, 42, 255, 256] {
        run(&machine, &format!("code {code}")).code(code);
    }
}
