//! The command's arguments: it is given the rest of our line as it is, by whatever rules it reads it.

use std::sync::OnceLock;

use crate::launch::Launch;
use crate::machine::CA_ENTRYPOINT;
use crate::machine::Machine;
use crate::machine::program;
use crate::seen::Seen;

/// Rests of lines that programs read by many rules.
const TAILS: &[&str] = &[
    "",
    "plain words",
    r#""a b" c"#,
    r#"a\"b "c\"d" \"e\""#,
    r#"\ \\ \\\ a\ "b\\" c\\d"#,
    r#""trailing\\" "odd\\\"" x"#,
    r#""" "" """#,
    r#""a""b" "a"""b" "a""""b""#,
    r#"a"b c"d e"" f"#,
    r#""never closed"#,
    r#""never closed \""#,
    "%PATH% %% %0 !PATH!",
    "^ ^^ ^& a&b a|b a<b a>b (a) ; , = @",
    r#"& calc.exe | more > C:\out.txt"#,
    "ü ñ 中国 \u{202e}rtl 😀 \u{10ffff}",
    "a\tb \t c",
    "  many   blanks   ",
    "-v --ca x -- --remove -h",
    "*.exe C:\\*.* ?",
    "'single quotes' `backticks` $HOME ${x} $(x)",
    "a\u{a0}b\u{3000}c\u{b}d",
    "/c /S /C:\"x y\"",
    "line\nfeed and\rreturn",
];

/// What stands between our name and the command's.
const OPENINGS: &[&str] =
    &["", "-- ", "-v -q -- ", r#"--ca "C:\no such\ca.crt" "#, r#""--ca=C:\no \"file" "#];

fn echo(launch: Launch<'_>) -> Seen {
    launch.run().seen()
}

/// What the command sees of each of the [`TAILS`] without us.
fn direct(machine: &Machine) -> &'static [Seen] {
    static DIRECT: OnceLock<Vec<Seen>> = OnceLock::new();
    let see = |tail: &&str| echo(machine.launch(format!("{} {tail}", program("echo"))));
    DIRECT.get_or_init(|| TAILS.iter().map(see).collect())
}

#[track_caller]
fn arrive_unchanged(opening: &str) {
    let machine = Machine::shared();
    for (tail, without) in TAILS.iter().zip(direct(&machine)) {
        let line = format!("{CA_ENTRYPOINT} {opening}{} {tail}", program("echo"));
        let with = echo(machine.launch(line));
        assert_eq!(with.arguments[1..], without.arguments[1..], "{opening:?} {tail:?}");
        // What the command is called, and the blanks behind that, may be written in another way.
        assert_eq!(rest(&with.line()), rest(&without.line()), "{opening:?} {tail:?}");
    }
}

/// A line behind the name of `echo`.
fn rest(line: &str) -> &str {
    let is_blank = |letter| letter == ' ' || letter == '\t';
    line.split_once("echo.exe").unwrap().1.trim_start_matches('"').trim_matches(is_blank)
}

#[test]
fn arguments_arrive_unchanged() {
    arrive_unchanged(OPENINGS[0]);
}

#[test]
fn arguments_arrive_unchanged_after_two_dashes() {
    arrive_unchanged(OPENINGS[1]);
}

#[test]
fn arguments_arrive_unchanged_after_options() {
    arrive_unchanged(OPENINGS[2]);
}

#[test]
fn arguments_arrive_unchanged_after_a_quoted_value() {
    arrive_unchanged(OPENINGS[3]);
}

#[test]
fn arguments_arrive_unchanged_after_a_value_with_a_quote_in_it() {
    arrive_unchanged(OPENINGS[4]);
}

#[test]
fn arguments_arrive_unchanged_however_our_own_name_is_written() {
    let machine = Machine::shared();
    for name in [r#""C:\ca-entrypoint.exe""#, r"C:\ca-entrypoint", "C:/ca-entrypoint.exe"] {
        let seen = echo(machine.launch(format!(r#"{name} {} "a b" c\"d"#, program("echo"))));
        assert_eq!(seen.arguments(), ["a b", "c\"d"], "{name}");
    }
}

#[test]
fn arguments_arrive_unchanged_when_the_command_s_name_is_quoted() {
    let machine = Machine::shared();
    for name in [r#""C:\programs\echo.exe""#, r#"C:\prog"rams\echo".exe"#, r#""echo""#, "echo"] {
        let seen = echo(machine.launch(format!(r#"{CA_ENTRYPOINT} {name} "a b" "" c\"d "e\\""#)));
        assert_eq!(seen.arguments(), ["a b", "", "c\"d", r"e\"], "{name}");
    }
}

#[test]
fn units_that_are_no_text_arrive_unchanged() {
    let machine = Machine::shared();
    let mut line: Vec<u16> =
        format!("{CA_ENTRYPOINT} {} a", program("echo")).encode_utf16().collect();
    line.extend([0xd83d, u16::from(b' '), 0xde00, 0xdc00, 0xd800, u16::from(b'z')]);
    let seen = echo(Launch::new(&machine, &line));
    assert_eq!(seen.arguments[1], [u16::from(b'a'), 0xd83d]);
    assert_eq!(seen.arguments[2], [0xde00, 0xdc00, 0xd800, u16::from(b'z')]);
}

#[test]
fn a_line_as_long_as_windows_allows_arrives_whole() {
    let machine = Machine::shared();
    let start = format!("{CA_ENTRYPOINT} {} ", program("echo"));
    // 32,767 units with the NUL at the end; our own name may make room for the command's.
    let long = "x".repeat(32_000 - start.len());
    let seen = echo(machine.launch(format!("{start}{long}")));
    assert_eq!(seen.arguments(), [long]);
}

#[test]
fn the_prefix_of_a_manager_image_gets_all_arguments() {
    let machine = Machine::shared();
    let launch = machine.launch(format!(r#"{CA_ENTRYPOINT} --version "a b" -- c"#));
    let seen = echo(launch.variable("CA_ENTRYPOINT_PREFIX=echo"));
    assert_eq!(seen.arguments(), ["--version", "a b", "--", "c"]);
}

#[test]
fn the_prefix_gets_no_argument_where_there_is_none() {
    let machine = Machine::shared();
    let launch = machine.launch(CA_ENTRYPOINT).variable("CA_ENTRYPOINT_PREFIX=echo");
    assert_eq!(echo(launch).arguments(), Vec::<String>::new());
}

#[test]
fn the_working_directory_is_the_command_s() {
    let machine = Machine::shared();
    let launch = machine.launch(format!("{CA_ENTRYPOINT} echo")).in_directory(r"C:\Program Files");
    assert_eq!(String::from_utf16_lossy(&echo(launch).directory), r"C:\Program Files");
}
