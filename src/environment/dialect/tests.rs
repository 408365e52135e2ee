//! Each dialect is read back: by the shells themselves, and by readers that follow the rules of those
//! that aren't everywhere. Needs dash, bash, busybox, zsh and fish.

#![forbid(unsafe_code)]

#[path = "../../../tests/integration/random.rs"]
mod random;
mod readers;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt;
use std::process::Command;
use std::process::Stdio;

use random::Random;

use super::readers::of_cmd;
use super::readers::of_fish;
use super::readers::of_sh;
use super::*;
use crate::golden::assert_golden;

const ENVIRONMENTS: usize = 10_000;

/// As many to one start of a shell.
const CHUNK: usize = 500;

/// A shell without its user's files, and what it is told.
type Shell = (&'static [&'static str], &'static str);

const POSIX: &str = "eval \"$(cat)\"; exec env -0";

const SHELLS: [Shell; 6] = [
    (&["dash"], POSIX),
    (&["bash", "--norc"], POSIX),
    (&["busybox", "sh"], POSIX),
    (&["zsh", "-f"], POSIX),
    (&["fish", "--no-config"], "eval (cat); exec env -0"),
    (&["fish", "--no-config"], "cat | source; exec env -0"),
];

impl Random {
    /// Any bytes but NUL, and what shells have a meaning for more often.
    fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(24) {
            match self.below(3) {
                0 => bytes.push(1 + self.below(255) as u8),
                _ => bytes.extend_from_slice(self.of(NASTY).as_bytes()),
            }
            if self.below(8) == 0 {
                // CTLESC of dash and Meta of zsh are among them.
                bytes.push(0x80 + self.below(12) as u8);
            }
        }
        bytes
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(24) {
            match self.below(4) {
                0 => text.extend(char::from_u32(1 + self.below(0x10_ffff) as u32)),
                1 => text.push(char::from(b' ' + self.below(95) as u8)),
                _ => text.push_str(self.of(NASTY)),
            }
        }
        text
    }

    /// What stands in variables: paths, with a character here and there that is special to somebody.
    fn path(&mut self) -> String {
        let mut path = self.of(&["/ca/", r"C:\ca\", "-Dx=\"C:\\", ""]).to_owned();
        for _ in 0..self.below(6) {
            path.push_str(self.of(&["a b", "crt", ".", "é", r"\", "/", "(x86)", "!", "%TEMP%"]));
            path.push(char::from(b' ' + self.below(95) as u8));
        }
        path
    }
}

/// The last ones are of fish's own private use, and quotes to PowerShell.
const NASTY: &[&str] = &[
    "'",
    "\\",
    "\n",
    "\"",
    "$",
    "`",
    "\r",
    "\t",
    " ",
    "-",
    "!",
    "#",
    "~",
    ";",
    "&",
    "|",
    "%",
    "^",
    "${HOME}",
    "$(exit 1)",
    "'\\''",
    "\\n",
    "\\u0027",
    "\n\n",
    "\x01",
    "\x1a",
    "\x1b",
    "\x7f",
    "é",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{1f600}",
    "\u{f600}",
    "\u{f6ff}",
    "\u{f73f}",
    "\u{fdd0}",
    "\u{2018}",
    "\u{2019}",
    "\u{201a}",
    "\u{201b}",
];

fn setting(number: usize, value: impl Into<Vec<u8>>) -> Setting {
    Setting { name: format!("V{number}"), value: OsString::from_vec(value.into()) }
}

/// The settings of many environments, of one to four variables each.
fn environments(random: &mut Random, count: usize) -> Vec<Setting> {
    let counts = (0..count).map(|_| 1 + random.below(4)).sum();
    (0..counts).map(|number| setting(number, random.bytes())).collect()
}

fn entries(settings: &[Setting]) -> BTreeMap<&[u8], &[u8]> {
    let entries = settings.iter();
    entries.map(|Setting { name, value }| (name.as_bytes(), value.as_encoded_bytes())).collect()
}

/// What `env -0` prints in a shell that has evaluated the text.
fn evaluated(shell: &Shell, text: &[u8], locale: &str) -> Vec<u8> {
    let (command, script) = shell;
    let install = "apt-get install dash bash busybox zsh fish, or make test";
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .args(["-c", script])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", locale)
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}: {install}", command[0]));
    // All of it is read before anything is printed.
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{command:?} {locale}: {stderr}");
    output.stdout
}

fn assert_every_environment_survives(shells: &[Shell], dialect: Dialect) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for chunk in 0..ENVIRONMENTS / CHUNK {
        let settings = environments(&mut random, CHUNK);
        let (text, errors) = render(&settings, dialect);
        assert!(errors.is_empty(), "{errors:?}");
        let read = if dialect == Dialect::Fish { of_fish(&text) } else { of_sh(&text) };
        let said =
            settings.iter().map(|Setting { name, value }| (&**name, value.as_encoded_bytes()));
        assert!(read.iter().map(|(name, value)| (*name, value.as_slice())).eq(said));
        let locale = ["C.UTF-8", "C"][chunk % 2];
        for shell in shells {
            let stdout = evaluated(shell, &text, locale);
            let mut expected = entries(&settings);
            for entry in stdout.split(|&byte| byte == 0) {
                let at = entry.iter().position(|&byte| byte == b'=').unwrap_or(entry.len());
                let Some(value) = expected.remove(&entry[..at]) else {
                    continue;
                };
                assert_eq!(
                    entry[at + 1..].escape_ascii().to_string(),
                    value.escape_ascii().to_string(),
                    "{shell:?} {locale}"
                );
            }
            assert!(expected.is_empty(), "{shell:?} {locale}: not set: {:?}", expected.keys());
        }
    }
}

#[test]
fn every_shell_of_posix_reads_10_000_environments() {
    assert_every_environment_survives(&SHELLS[..4], Dialect::Sh);
}

#[test]
fn fish_reads_10_000_environments() {
    assert_every_environment_survives(&SHELLS[4..], Dialect::Fish);
}

/// What is evaluated where nothing is to be set.
#[test]
fn nothing_is_a_text_that_can_be_evaluated() {
    let text = |dialect| String::from_utf8(render(&[], dialect).0).unwrap();
    for dialect in [Dialect::Sh, Dialect::Fish, Dialect::Cmd, Dialect::Dotenv] {
        assert_eq!(text(dialect), "");
    }
    assert_eq!((text(Dialect::PowerShell), text(Dialect::Json)), ("#\n".into(), "{}\n".into()));
    for shell in &SHELLS {
        evaluated(shell, b"", "C");
    }
}

#[test]
fn usual_values_are_written_as_people_write_them() {
    let settings = [setting(1, "/ca/a b.crt"), setting(2, r"C:\Program Files (x86)\ca.crt")];
    let written = [
        (Dialect::Cmd, "set \"V1=/ca/a b.crt\"\r\nset \"V2=C:\\Program Files (x86)\\ca.crt\"\r\n"),
        (Dialect::Dotenv, "V1=/ca/a b.crt\nV2=C:\\Program Files (x86)\\ca.crt\n"),
        (
            Dialect::Fish,
            "set -gx V1 '/ca/a b.crt';\nset -gx V2 'C:\\\\Program Files (x86)\\\\ca.crt';\n",
        ),
        (
            Dialect::Json,
            "{\"V1\":\"/ca/a b.crt\",\"V2\":\"C:\\\\Program Files (x86)\\\\ca.crt\"}\n",
        ),
        (
            Dialect::PowerShell,
            "$env:V1=[regex]::Unescape('/ca/a b.crt')\n\
             $env:V2=[regex]::Unescape('C:\\\\Program Files (x86)\\\\ca.crt')\n",
        ),
        (Dialect::Sh, "export V1='/ca/a b.crt'\nexport V2='C:\\Program Files (x86)\\ca.crt'\n"),
    ];
    for (dialect, text) in written {
        let (written, errors) = render(&settings, dialect);
        assert_eq!(String::from_utf8(written).unwrap(), text);
        assert!(errors.is_empty());
    }
}

#[test]
fn what_a_dialect_cannot_hold_is_left_out_and_told() {
    let settings = [setting(1, "a"), setting(2, b"\xff\n\r'\""), setting(3, "b")];
    for (dialect, text, why) in [
        (Dialect::Cmd, "set \"V1=a\"\r\nset \"V3=b\"\r\n", NOT_FOR_CMD),
        (Dialect::Dotenv, "V1=a\nV3=b\n", NOT_UNICODE),
        (Dialect::Json, "{\"V1\":\"a\",\"V3\":\"b\"}\n", NOT_UNICODE),
        (
            Dialect::PowerShell,
            "$env:V1=[regex]::Unescape('a')\n$env:V3=[regex]::Unescape('b')\n",
            NOT_UNICODE,
        ),
    ] {
        let (written, errors) = render(&settings, dialect);
        assert_eq!(String::from_utf8(written).unwrap(), text);
        let errors: Vec<String> = errors.iter().map(Error::to_string).collect();
        assert_eq!(errors, [format!("leaving out variable V2: {why}")]);
    }
    let (_, errors) = render(&[setting(1, "a\r"), setting(2, "'\" #")], Dialect::Dotenv);
    let errors: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert_eq!(errors, [1, 2].map(|at| format!("leaving out variable V{at}: {NOT_FOR_DOTENV}")));
}

/// The tests for Windows have cmd.exe read this file, and look for these values.
#[test]
fn the_file_that_cmd_reads_in_its_tests_is_what_is_written() {
    let mut random = Random(1);
    let mut values: Vec<String> = (0..600).map(|_| random.path()).collect();
    values.extend((b' '..=b'~').map(|byte| format!("a{0}b{0}{0}", char::from(byte))));
    let settings: Vec<Setting> =
        values.into_iter().enumerate().map(|(number, value)| setting(number, value)).collect();
    let (text, errors) = render(&settings, Dialect::Cmd);
    let mut values = String::new();
    for Setting { name, value } in &settings {
        let bytes = value.as_encoded_bytes();
        let is_left_out =
            errors.iter().any(|error| error.to_string().contains(&format!(" {name}:")));
        let is_plain = !bytes.contains(&b'%') && bytes.is_ascii();
        let is_quoted = bytes.contains(&b'"') && bytes.iter().any(|byte| b"&|<>^".contains(byte));
        assert_eq!(is_left_out, !is_plain || is_quoted, "{value:?}");
        if !is_left_out {
            values += &format!("{name}={}\n", value.to_str().unwrap());
        }
    }
    assert!(values.lines().count() > 300);
    let lines = str::from_utf8(&text).unwrap().split_terminator("\r\n").map(of_cmd);
    assert_eq!(lines.map(|(name, value)| format!("{name}={value}\n")).collect::<String>(), values);
    assert_golden("print-env-cmd.cmd", &text);
    assert_golden("print-env-cmd.txt", values.as_bytes());
}

#[test]
fn git_is_told_of_all_of_its_settings_or_of_none() {
    let setting = |name: &str, value: &str| Setting { name: name.to_owned(), value: value.into() };
    let settings = |bundle| {
        [
            setting("GIT_CONFIG_KEY_0", "http.sslCAInfo"),
            setting("GIT_CONFIG_VALUE_0", bundle),
            setting("GIT_CONFIG_COUNT", "1"),
        ]
    };
    for dialect in [Dialect::Cmd, Dialect::Dotenv] {
        let (text, errors) = render(&settings("/a/bundle.pem"), dialect);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("GIT_CONFIG_COUNT") && errors.is_empty());
        let (text, errors) = render(&settings("/it's \"100%\" $HOME/bundle.pem\r"), dialect);
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains("GIT_CONFIG_COUNT"), "{dialect:?}");
        assert_eq!(errors.len(), 1);
    }
}
