//! What else a process has, and hands on as it was given: streams, descriptors, signals, limits.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use nix::libc;
use nix::sys::signal::SigHandler;
use nix::sys::signal::SigSet;
use nix::sys::signal::SigmaskHow;
use nix::sys::signal::Signal;
use nix::sys::signal::sigprocmask;

use crate::command::Command;
use crate::util::BINARY;

fn command(arguments: &[&str]) -> Command {
    Command::new(arguments).env("PATH", "/usr/bin:/bin")
}

/// A line of a `/proc/self/status`.
#[track_caller]
fn status_line(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

/// A bit for each signal that is ignored, by a `/proc/self/status`.
#[track_caller]
pub(crate) fn ignored(status: &str) -> u64 {
    let line = status_line(status, "SigIgn:");
    u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap()
}

#[expect(unsafe_code, reason = "sigaction(2) between fork and exec")]
pub(crate) fn set(signal: Signal, handler: SigHandler) {
    // SAFETY: neither handler is code of ours.
    unsafe { nix::sys::signal::signal(signal, handler) }.unwrap();
}

#[test]
fn the_command_has_our_process_id() {
    let mut command = std::process::Command::new(BINARY);
    let child = command.args(["sh", "-c", "echo $$"]).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{id}\n"));
}

#[test]
fn signals_are_ignored_and_blocked_as_they_were() {
    // Rust's runtime ignores SIGPIPE in every program, and spawning one undoes that.
    for signal in [Signal::SIGPIPE, Signal::SIGINT, Signal::SIGHUP, Signal::SIGCHLD] {
        for handler in [SigHandler::SigDfl, SigHandler::SigIgn] {
            let prepare = move || {
                set(signal, handler);
                Ok(())
            };
            let outcome = command(&["cat", "/proc/self/status"]).before_exec(prepare).run();
            let bit = 1_u64 << (signal as i32 - 1);
            let ignored = ignored(&outcome.ok().out());
            let is_ignored = matches!(handler, SigHandler::SigIgn);
            outcome.assert((ignored & bit != 0) == is_ignored, &format!("{signal}: {handler:?}"));
        }
    }
}

#[test]
fn the_signal_mask_is_as_it_was() {
    let blocked = SigSet::from_iter([Signal::SIGUSR1, Signal::SIGTERM]);
    let prepare = move || Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&blocked), None)?);
    let outcome = command(&["cat", "/proc/self/status"]).before_exec(prepare).run();
    let expected = format!("SigBlk:\t{:016x}", 1_u64 << 9 | 1_u64 << 14);
    assert_eq!(status_line(&outcome.ok().out(), "SigBlk:"), expected);
}

#[test]
fn a_reader_that_goes_away_ends_the_command() {
    let mut command = std::process::Command::new(BINARY);
    let mut child = command.args(["yes"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let status = child.wait().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(libc::SIGPIPE));
}

#[test]
fn no_descriptor_is_added() {
    let descriptors =
        |program: &str, arguments: &[&str]| Command::of(program, arguments).run().ok().out();
    let arguments = ["ls", "/proc/self/fd"];
    assert_eq!(descriptors(BINARY, &arguments), descriptors("/usr/bin/env", &arguments));
}

#[test]
fn an_open_descriptor_is_handed_on() {
    let script = "exec 7</etc/passwd && exec \"$0\" sh -c 'read -r line <&7 && echo \"$line\"'";
    let outcome = Command::of("/bin/sh", &["-c", script, BINARY]).run();
    outcome.ok().assert(outcome.out().starts_with("root:"), "the first line of /etc/passwd");
}

#[test]
fn closed_streams_stay_closed() {
    for (closing, descriptor) in [("<&-", 0), (">&-", 1), ("2>&-", 2), ("<&- 2>&-", 2)] {
        let report = if descriptor == 1 { 2 } else { 1 };
        let script = format!(
            "\"$0\" sh -c '[ -e /proc/$$/fd/{descriptor} ] && s=open || s=closed; echo $s >&{report}' \
             {closing}"
        );
        let outcome = Command::of("/bin/sh", &["-c", &script, BINARY]).run();
        let said = [outcome.out(), outcome.err()].concat();
        outcome.ok().assert(said == "closed\n", &format!("{descriptor} closed after {closing}"));
    }
}

#[test]
fn a_failure_with_closed_streams_is_a_failure_still() {
    for closing in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let script = format!("\"$0\" /no/such/command {closing}");
        Command::of("/bin/sh", &["-c", &script, BINARY]).run().code(127);
        let script = format!("\"$0\" --no-such-option {closing}");
        Command::of("/bin/sh", &["-c", &script, BINARY]).run().code(125);
    }
}

#[test]
fn stdin_belongs_to_the_command() {
    let bytes: Vec<u8> = (0..=255).cycle().take(50_000).collect();
    command(&["cat"]).stdin(&bytes).run().ok().prints(&bytes);
    // The CA is bad, but its message takes nothing from the stream either.
    let outcome = command(&["--ca", "/dev/null", "cat"]).stdin(&bytes).run();
    outcome.ok().prints(&bytes);
}

#[test]
fn limits_and_umask_are_handed_on() {
    let script = "umask 027; ulimit -S -n 77; ulimit -c 0; \
        exec \"$0\" sh -c 'umask; ulimit -S -n; ulimit -c'";
    let outcome = Command::of("/bin/sh", &["-c", script, BINARY]).run();
    outcome.ok().prints("0027\n77\n0\n");
}

#[test]
fn group_and_session_are_handed_on() {
    let mut command = std::process::Command::new(BINARY);
    command.args(["sh", "-c", "cut -d' ' -f5 /proc/$$/stat"]).process_group(0);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{id}\n"));
}

#[test]
fn a_signal_reaches_the_command() {
    let mut command = std::process::Command::new(BINARY);
    command.args(["sh", "-c", "trap 'exit 33' TERM; echo ready; while :; do sleep 1; done"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(33));
}
