//! What a process can be given at its start by who sets its variables and arguments: anything.

use std::ffi::CString;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::ffi::OsStringExt;

use nix::sys::stat::Mode;
use nix::unistd;

use crate::command::Command;
use crate::random::Random;
use crate::witness::OURS;
use crate::witness::Start;
use crate::witness::World;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::is_exhaustive;
use crate::witness::survives;

/// Variables that the program, or a library in it, might listen to; but for the two that say that the
/// command shall not run.
const NAMES: [&str; 33] = [
    "ADDITIONAL_CA_CERT_BUNDLE",
    "CA_CERTIFICATES_PATH",
    "CA_ENTRYPOINT_LOG",
    "CA_ENTRYPOINT_ON_ERROR",
    "CA_ENTRYPOINT_PLACEMENT",
    "CI_SERVER_HOST",
    "CI_SERVER_TLS_CA_FILE",
    "CURL_CA_BUNDLE",
    "DENO_TLS_CA_STORE",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_0",
    "HOME",
    "IFS",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "LANG",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LOCAL_CA_PATH",
    "MALLOC_CONF",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "PATH",
    "PWD",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
    "XDG_RUNTIME_DIR",
];

fn values(random: &mut Random) -> Vec<OsString> {
    let bytes = |random: &mut Random, count: usize| {
        let bytes = (0..count).map(|_| 1 + random.below(255) as u8).collect();
        OsString::from_vec(bytes)
    };
    let mut values: Vec<OsString> = [
        "",
        "/",
        ".",
        "..",
        "relative/path",
        "/nonexistent",
        "/tmp",
        "/etc/shadow",
        "/dev/zero",
        "/proc/self/mem",
        "-1",
        "0",
        "99999999999999999999",
        "a:b:c",
        ":::",
        "%s%n%s",
        "$(id)",
        "~",
        "trace",
        "auto",
        "system",
        "private",
        "warn",
    ]
    .map(OsString::from)
    .to_vec();
    values.push(bytes(random, 1));
    values.push(bytes(random, 300));
    values.push(bytes(random, 100_000));
    values.push("/..".repeat(2000).into());
    values.push("x".repeat(120_000).into());
    values
}

fn with(command: Command, variables: &[(&str, OsString)]) -> Command {
    let mut command = command;
    for (name, value) in variables {
        command.inner.env(name, value);
    }
    command
}

#[test]
fn no_variable_keeps_a_command_from_running_or_has_anything_written_elsewhere() {
    let mut random = Random(11);
    let values = values(&mut random);
    let count = if is_exhaustive() { 3000 } else { 40 };
    let worlds = (0..count).map(|number| -> World {
        let mut variables: Vec<(&str, OsString)> = Vec::new();
        for name in NAMES {
            if random.below(3) == 0 {
                variables.push((name, values[random.below(values.len())].clone()));
            }
        }
        (format!("variables {number}"), Box::new(move |command| with(command, &variables)))
    });
    survives(count, worlds);
}

#[test]
fn a_fifo_that_a_variable_names_is_not_waited_for() {
    let rootfs = container();
    unistd::mkfifo(&rootfs.root.directory("/mnt").at("/mnt/fifo"), Mode::S_IRWXU).unwrap();
    for name in NAMES {
        let prepare = |command| with(command, &[(name, "/mnt/fifo".into())]);
        Start::new(&rootfs, &prepare).check(name).expect("it runs without us");
    }
}

/// An environment that no library would make: each entry is as it is here.
fn exactly(command: Command, entries: Vec<CString>) -> Command {
    let program = CString::new(command.inner.get_program().as_bytes()).unwrap();
    let arguments = command.inner.get_args().map(|argument| CString::new(argument.as_bytes()));
    let arguments: Vec<CString> =
        [Ok(program.clone())].into_iter().chain(arguments).collect::<Result<_, _>>().unwrap();
    command.before_exec(move || Ok(unistd::execve(&program, &arguments, &entries).map(|_| ())?))
}

#[test]
fn an_environment_of_any_form_is_the_command_s() {
    let text = |entry: String| CString::new(entry).unwrap();
    let forms: [(&str, Vec<CString>); 6] = [
        (
            "10,000 variables",
            (0..10_000).map(|n| text(format!("N{n}={}", "x".repeat(180)))).collect(),
        ),
        (
            "no name and no value",
            ["", "=", "==", "=x", "x", "PATH"].map(|e| text(e.into())).to_vec(),
        ),
        ("a name ten thousand times", vec![text("SAME=value".into()); 10_000]),
        (
            "variables of ours twice",
            [
                "HOME=/a",
                "HOME=/b",
                "PATH=/a",
                "PATH=/b",
                "CA_ENTRYPOINT_LOG=off",
                "CA_ENTRYPOINT_LOG=x",
            ]
            .map(|e| text(e.into()))
            .to_vec(),
        ),
        ("a variable of 120,000 bytes", vec![text(format!("HUGE={}", "x".repeat(120_000)))]),
        ("bytes that are no text", vec![CString::new((1..=255).collect::<Vec<u8>>()).unwrap()]),
    ];
    let worlds = forms.map(|(what, entries)| -> World {
        let what = format!("an environment of {what}");
        (what, Box::new(move |command| exactly(command, entries.clone())))
    });
    survives(12, worlds);
}

#[test]
fn a_hundred_thousand_arguments_are_the_command_s() {
    let rootfs = container();
    let arguments = vec!["x"; 100_000];
    let start = Start { arguments: &arguments, ..Start::new(&rootfs, &|command| command) };
    start.check("100,000 arguments").expect("it runs without us");
    assert_mended("100,000 arguments", &rootfs);
}

/// Linux since 5.18 gives such a process an empty one.
#[test]
fn without_even_a_name_among_the_arguments_nothing_goes_wrong() {
    let rootfs = container();
    let execute = || {
        let nothing: [&std::ffi::CStr; 0] = [];
        Ok(unistd::execve(&CString::new(OURS)?, &nothing, &nothing).map(|_| ())?)
    };
    let outcome = Command::inside(&rootfs.root, &[]).before_exec(execute).run();
    outcome.ok().says("1 added");
}
