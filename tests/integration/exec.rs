//! Becoming the command: which one, with which arguments and variables, and its exit code.

use std::ffi::CString;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use nix::libc;

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::command;
use crate::container::container;
use crate::container::variable;
use crate::memory::limit;
use crate::util::BINARY;
use crate::util::Root;

const PATH: &str = "/usr/bin:/bin";

fn run(arguments: &[&str]) -> Outcome {
    Command::new(arguments).env("PATH", PATH).run()
}

/// A directory with an executable file.
fn with_file(name: &str, content: &str, mode: u32) -> (Root, String) {
    let root = Root::new();
    root.write(name, content).mode(name, mode);
    let path = root.at(name).display().to_string();
    (root, path)
}

#[test]
fn the_command_s_exit_code_is_ours() {
    for code in [0, 1, 2, 42, 125, 126, 127, 128, 255] {
        run(&["sh", "-c", &format!("exit {code}")]).code(code).is_silent();
    }
}

#[test]
fn the_command_s_death_by_a_signal_is_seen_as_such() {
    for (name, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("PIPE", 13)] {
        let outcome = run(&["sh", "-c", &format!("ulimit -c 0; kill -{name} $$")]);
        outcome.assert(outcome.signal() == Some(number), &format!("death by {name}"));
    }
}

#[test]
fn a_command_that_is_not_found_is_127() {
    run(&["no-such-command"])
        .code(127)
        .prints("")
        .assert_stderr("ca-entrypoint: cannot run 'no-such-command': command not found\n");
    run(&["/no/such/command"]).code(127).says("'/no/such/command': No such file or directory");
    run(&["./no-such-command"]).code(127);
    run(&[""]).code(127);
}

#[test]
fn a_command_that_may_not_be_executed_is_126() {
    let (root, path) = with_file("/bin/plain", "#!/bin/sh\n", 0o644);
    let denied = format!("ca-entrypoint: cannot run '{path}': Permission denied\n");
    run(&[&path]).code(126).prints("").assert_stderr(&denied);
    let directory = root.at("/bin").display().to_string();
    run(&[&directory]).code(126).says("Permission denied");
    let in_path = Command::new(&["plain"]).env("PATH", &directory).run();
    in_path.code(126).says("cannot run 'plain': Permission denied");
}

#[test]
fn a_directory_of_path_that_may_not_be_searched_is_126_when_nothing_else_is_found() {
    let (root, _) = with_file("/secret/tool", "#!/bin/sh\n", 0o755);
    root.mode("/secret", 0o700);
    let path = root.at("/secret").display().to_string();
    let with = |path: &str| Command::new(&["tool"]).env("PATH", path).by_nobody().run();
    with(&path).code(126).says("Permission denied");
    let (good, _) = with_file("/tool", "#!/bin/sh\necho good\n", 0o755);
    with(&format!("{path}:{}", good.path().display())).ok().prints("good\n");
}

#[test]
fn a_later_directory_of_path_makes_up_for_a_file_that_is_not_executable() {
    let (first, _) = with_file("/tool", "#!/bin/sh\necho first\n", 0o644);
    let (second, _) = with_file("/tool", "#!/bin/sh\necho second\n", 0o755);
    let path = format!("{}:{}", first.path().display(), second.path().display());
    Command::new(&["tool"]).env("PATH", &path).run().ok().prints("second\n");
}

#[test]
fn an_interpreter_that_is_missing_is_127_with_and_without_path() {
    let (root, path) = with_file("/tool", "#!/no/such/interpreter\n", 0o755);
    run(&[&path]).code(127).says("the interpreter that it names is not there");
    let directory = root.path().display().to_string();
    Command::new(&["tool"])
        .env("PATH", &directory)
        .run()
        .code(127)
        .says("cannot run 'tool': the interpreter that it names is not there");
}

#[test]
fn a_script_without_an_interpreter_line_is_run_by_sh() {
    let (root, path) = with_file("/script", "echo \"$0|$#|$1|$2\"\nexit 7\n", 0o755);
    run(&[&path, "a b", ""]).code(7).prints(format!("{path}|2|a b|\n"));
    let directory = root.path().display().to_string();
    let found = Command::new(&["script", "x"]).env("PATH", &directory).run();
    found.code(7).prints(format!("{path}|1|x|\n"));
    let (_root, empty) = with_file("/empty", "", 0o755);
    run(&[&empty]).ok().is_silent();
}

#[test]
fn a_path_through_a_file_is_no_command() {
    let outcome = run(&["/etc/passwd/tool"]);
    outcome.code(126).says("Not a directory");
}

#[test]
fn without_path_the_usual_directories_are_searched() {
    Command::new(&["echo", "found"]).run().ok().prints("found\n");
}

#[test]
fn an_empty_element_of_path_is_the_working_directory() {
    let (root, _) = with_file("/here", "#!/bin/sh\necho here\n", 0o755);
    for path in ["", ":/bin", "/bin:", "/bin::/usr/bin"] {
        let mut command = Command::new(&["here"]).env("PATH", path);
        command.inner.current_dir(root.path());
        command.run().ok().prints("here\n");
    }
}

#[test]
fn a_name_with_a_slash_is_not_searched_in_path() {
    let (root, _) = with_file("/sub/tool", "#!/bin/sh\necho \"$0\"\n", 0o755);
    let mut command = Command::new(&["sub/tool"]).env("PATH", "/bin");
    command.inner.current_dir(root.path());
    command.run().ok().prints("sub/tool\n");
    Command::new(&["sub/tool"]).env("PATH", root.path().to_str().unwrap()).run().code(127);
}

#[test]
fn arguments_arrive_byte_for_byte() {
    let odd: [&[u8]; 9] =
        [b"", b" ", b"a\nb", b"\xff\xfe", b"--ca", b"-v", b"--", b"*", "ü\u{202e}".as_bytes()];
    let mut command = Command::new(&["/usr/bin/printf", "%s|"]);
    command.inner.args(odd.map(OsStr::from_bytes));
    let expected: Vec<u8> = odd.iter().flat_map(|part| [part, &b"|"[..]].concat()).collect();
    command.run().ok().prints(expected);
}

#[test]
fn the_command_s_own_name_is_as_it_was_typed() {
    for name in ["cat", "/bin/cat"] {
        let outcome = run(&[name, "/proc/self/cmdline"]);
        outcome.ok().prints(format!("{name}\0/proc/self/cmdline\0"));
    }
}

/// Starts the program with entries that `Command` would refuse to give.
fn with_entries(entries: &[&[u8]], arguments: &[&str]) -> Outcome {
    let c_string = |bytes: &[u8]| CString::new(bytes).unwrap();
    let program = c_string(BINARY.as_bytes());
    let arguments: Vec<CString> =
        [BINARY].iter().chain(arguments).map(|part| c_string(part.as_bytes())).collect();
    let entries: Vec<CString> = entries.iter().map(|entry| c_string(entry)).collect();
    let exec = move || match nix::unistd::execve(&program, &arguments, &entries) {
        Err(errno) => Err(errno.into()),
        Ok(never) => match never {},
    };
    Command::new(&[]).before_exec(exec).run()
}

#[test]
fn the_environment_arrives_byte_for_byte_in_its_order() {
    let entries: [&[u8]; 12] = [
        b"Z=last letter first",
        b"no equals sign",
        b"TWICE=1",
        b"A=",
        b"=begins with it",
        b"",
        b"TWICE=2",
        b"BYTES=\xff\xfe\n\x01",
        b"\xff=name",
        b"X=a=b=",
        b"PATH=/usr/bin:/bin",
        b"SSL_CERT_FILE=",
    ];
    let outcome = with_entries(&entries, &["cat", "/proc/self/environ"]);
    let expected: Vec<u8> = entries.iter().flat_map(|entry| [entry, &b"\0"[..]].concat()).collect();
    outcome.ok().prints(expected);
}

#[test]
fn no_environment_at_all_stays_none() {
    with_entries(&[], &["cat", "/proc/self/environ"]).ok().is_silent();
}

#[test]
fn a_large_environment_and_many_arguments_are_passed_on() {
    let large = format!("LARGE={}", "x".repeat(100_000));
    let entries: Vec<&[u8]> = vec![large.as_bytes(); 10];
    let outcome = with_entries(&entries, &["cat", "/proc/self/environ"]);
    outcome.ok().assert(outcome.stdout.len() == 10 * (large.len() + 1), "all of it");
    let many = vec!["argument"; 20_000];
    let outcome = run(&[&["sh", "-c", "echo $#", "sh"], many.as_slice()].concat());
    outcome.ok().prints("20000\n");
}

/// Starts it with as much in its environment as the kernel lets through, but for 300 bytes at most.
pub(crate) fn crowded(make: impl Fn() -> Command) -> Outcome {
    let full = "x".repeat(100_000);
    let start = |length: usize| {
        let command = make().env("A", &full).env("B", &full).env("C", &full[..length]);
        // A quarter of it is for arguments and variables.
        command.before_exec(|| limit(libc::RLIMIT_STACK, 1 << 20)).try_spawn().ok()
    };
    (0..70_000).rev().step_by(300).find_map(start).expect("a length that fits").end()
}

#[test]
fn a_command_that_has_no_room_for_the_variables_runs_without_them() {
    let root = container();
    command(&root, &["-q", "/bin/env"]).run().ok();
    let outcome = crowded(|| command(&root, &["/bin/env"]));
    outcome.ok().assert_stderr(NO_ROOM);
    assert_eq!(variable(&outcome, "SSL_CERT_FILE"), None);
    assert_eq!(outcome.out().lines().count(), 3, "{}", outcome.err());
    let outcome = crowded(|| command(&root, &["--on-error=fail", "/bin/env"]));
    outcome.code(125).prints("").assert_stderr(NO_ROOM);
}

#[test]
fn a_command_that_has_no_room_for_what_was_given_is_told_of_as_ever() {
    let root = container();
    root.remove(CA);
    // The prefix stands in the arguments once more.
    let prefix = "/bin/..".repeat(500) + "/bin/env";
    let outcome = crowded(|| command(&root, &[]).env("CA_ENTRYPOINT_PREFIX", &prefix));
    let cause = "Argument list too long";
    outcome.code(126).assert_stderr(&format!("ca-entrypoint: cannot run '{prefix}': {cause}\n"));
}

const NO_ROOM: &str = "ca-entrypoint: leaving out the variables: the command's arguments and \
    environment have no room for them\n\
    hint: give the command fewer arguments and variables, or shorter ones\n";

#[test]
fn a_relative_command_begins_at_the_working_directory_which_stays() {
    let (root, _) = with_file("/sub/where", "#!/bin/sh\npwd\n", 0o755);
    let mut command = Command::new(&["./where"]).env("PATH", PATH);
    let directory = fs::canonicalize(root.at("/sub")).unwrap();
    command.inner.current_dir(&directory);
    command.run().ok().prints(format!("{}\n", directory.display()));
}
