//! `--print-env=WORD`: what each shell reads is what a command is given, whatever is in a path; and
//! what a dialect can't hold is told.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::USER;
use crate::container::command;
use crate::container::container;
use crate::container::corp;
use crate::random::Random;
use crate::util::Root;

/// How often each of two users starts with another path.
const ROUNDS: usize = 24;

/// A dialect, a shell that reads it, and how.
const SHELLS: [(&str, &[&str], &str); 6] = [
    ("sh", &["dash"], "eval \"$(cat)\"; exec env -0"),
    ("sh", &["bash", "--norc"], "eval \"$(cat)\"; exec env -0"),
    ("sh", &["busybox", "sh"], "eval \"$(cat)\"; exec env -0"),
    ("sh", &["zsh", "-f"], "eval \"$(cat)\"; exec env -0"),
    ("fish", &["fish", "--no-config"], "eval (cat); exec env -0"),
    ("fish", &["fish", "--no-config"], "cat | source; exec env -0"),
];

/// Puts a CA there, and gives its path.
fn mount(root: &Root, name: &[u8]) -> Vec<u8> {
    fs::write(root.path().join(OsStr::from_bytes(name)), corp().pem()).unwrap();
    [b"/", name].concat()
}

/// A file's name of any bytes, with more of those that shells have a meaning for.
fn name(random: &mut Random) -> Vec<u8> {
    let special = b"'\\\n\"$`!~#*?[]{}()<>|&;%^= \t\r\x01\x1b\x7f\x80\x81\x83\x88\xff";
    let mut name: Vec<u8> = (0..=random.below(24))
        .map(|_| match random.below(2) {
            0 => special[random.below(special.len())],
            _ => 1 + random.below(255) as u8,
        })
        .filter(|&byte| byte != b'/')
        .collect();
    name.push(b'a');
    name
}

fn run(root: &Root, user: u32, arguments: &[&str], path: &[u8], rest: &[&str]) -> Outcome {
    let mut command = Command::inside(root, arguments);
    command.inner.arg("--ca").arg(OsStr::from_bytes(path)).args(rest);
    if user == 0 { command.run() } else { command.by(user).run() }
}

fn entries(stdout: &[u8]) -> BTreeSet<&[u8]> {
    stdout.split(|&byte| byte == 0).filter(|entry| !entry.is_empty()).collect()
}

#[test]
fn every_shell_reads_what_a_command_is_given_whatever_is_in_a_path() {
    let mut random = Random(6);
    for user in [0, USER] {
        let root = container();
        for round in 0..ROUNDS {
            let path = mount(&root, &name(&mut random));
            let direct = run(&root, user, &[], &path, &["/bin/env", "-0"]);
            let expected = entries(&direct.ok().stdout);
            assert!(
                expected.contains([b"DENO_CERT=", &*path].concat().as_slice()),
                "{}",
                direct.out()
            );
            let printed = ["sh", "fish"].map(|dialect| {
                let option = format!("--print-env={dialect}");
                (dialect, run(&root, user, &[&option], &path, &[]))
            });
            for (dialect, shell, script) in SHELLS {
                let (_, text) = printed.iter().find(|(of, _)| *of == dialect).unwrap();
                let shell = [shell, &["-c", script]].concat();
                let evaluated = Command::of(shell[0], &shell[1..])
                    .env("PATH", "/usr/bin:/bin")
                    .env("LC_ALL", ["C", "C.UTF-8"][round % 2])
                    .env("HOME", "/nonexistent")
                    .stdin(&text.ok().stdout)
                    .run();
                evaluated.ok().assert_stderr("");
                let is_same = expected.is_subset(&entries(&evaluated.stdout));
                evaluated.assert(is_same, &format!("the same as {}", direct.out()));
            }
        }
    }
}

#[test]
fn each_dialect_has_the_same_variables() {
    let root = container();
    let text =
        |dialect: &str| command(&root, &[&format!("--print-env={dialect}")]).run().ok().out();
    let names = |text: &str, before: &str, after: &str| -> Vec<String> {
        let name = |line: &str| Some(line.strip_prefix(before)?.split_once(after)?.0.to_owned());
        text.lines().filter_map(name).collect()
    };
    let expected = names(&text("sh"), "export ", "=");
    assert!(expected.len() > 10, "{expected:?}");
    assert_eq!(names(&text("fish"), "set -gx ", " '"), expected);
    assert_eq!(names(&text("powershell"), "$env:", "=[regex]::Unescape('"), expected);
    assert_eq!(names(&text("cmd"), "set \"", "="), expected);
    assert_eq!(names(&text("dotenv"), "", "="), expected);
    let json = text("json").replace("\",\"", "\"\n\"").replace(['{', '}'], "");
    assert_eq!(names(&json, "\"", "\":\""), expected);
    assert!(text("dotenv").contains(&format!("\nDENO_CERT={CA}\n")));
    assert_eq!(text("sh"), command(&root, &["--print-env"]).run().ok().out());
}

#[test]
fn what_a_dialect_cannot_hold_is_told_and_the_rest_printed() {
    let root = container();
    let path = mount(&root, b"\xff%.crt");
    run(&root, 0, &["-q"], &path, &[]).ok();
    for (dialect, rest) in [
        ("cmd", "set \"SSL_CERT_FILE="),
        ("dotenv", "SSL_CERT_FILE="),
        ("json", "\"SSL_CERT_FILE\":"),
        ("powershell", "$env:SSL_CERT_FILE="),
    ] {
        let option = format!("--print-env={dialect}");
        let outcome = run(&root, 0, &[&option], &path, &[]);
        let out = outcome.ok().out();
        outcome.assert(out.contains(rest) && !out.contains("DENO_CERT"), rest);
        for name in ["CI_SERVER_TLS_CA_FILE", "NODE_EXTRA_CA_CERTS", "DENO_CERT"] {
            outcome.says(&format!("ca-entrypoint: leaving out variable {name}: "));
        }
        outcome.assert(outcome.err().lines().count() == 3, "a line for each of three");
        let failed = run(&root, 0, &[&option, "--on-error=fail"], &path, &[]);
        failed.code(125).prints("").says("leaving out variable DENO_CERT: ");
    }
    for dialect in ["sh", "fish"] {
        run(&root, 0, &[&format!("--print-env={dialect}")], &path, &[]).ok().assert_stderr("");
    }
}

#[test]
fn without_a_ca_there_is_nothing_to_evaluate() {
    let root = container();
    root.remove(CA);
    for (dialect, text) in [
        ("sh", ""),
        ("fish", ""),
        ("powershell", "#\n"),
        ("cmd", ""),
        ("dotenv", ""),
        ("json", "{}\n"),
    ] {
        let outcome = command(&root, &[&format!("--print-env={dialect}")]).run();
        outcome.ok().prints(text).assert_stderr("");
    }
}
