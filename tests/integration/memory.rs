//! Files in memory, where no directory can be written: the last resort.

use std::io;

use nix::libc;

use crate::command::Command;
use crate::command::Outcome;
use crate::container::CA;
use crate::container::STRANGER;
use crate::container::USER;
use crate::container::bundle;
use crate::container::command;
use crate::container::command_with;
use crate::container::container;
use crate::container::corp;
use crate::container::variable;
use crate::mounts::Mount;
use crate::skeletons::BUNDLE;
use crate::skeletons::public_bundle;
use crate::skeletons::with_programs;
use crate::util::Root;

const CLOSED: [Mount; 2] = [Mount::ReadOnlyRoot, Mount::Proc];

const WARNING: &str = "ca-entrypoint: trust store cannot be written (Permission denied): \
    1 added in memory, for programs that read variables\nhint: it lasts as long as the command, \
    for its user alone: mount a tmpfs at /tmp, mode 1777\n";

/// A container with a shell, and nothing in it that can be written.
fn closed() -> Root {
    let root = container();
    with_programs(&root, &["/usr/bin/dash", "/usr/bin/bash", "/usr/bin/cat", "/usr/bin/ls"]);
    root
}

/// A script of bash's in a closed container.
fn script(root: &Root, script: &str) -> Command {
    command_with(root, &CLOSED, &["/bin/bash", "-c", script]).env("PATH", "/bin")
}

/// The number of the descriptor that a path in /proc names.
#[track_caller]
fn descriptor(path: &str) -> u32 {
    let (head, number) = path.rsplit_once('/').unwrap();
    assert!(head.starts_with("/proc/") && head.ends_with("/fd"), "{path}");
    number.parse().unwrap()
}

#[test]
fn the_command_and_its_children_read_them() {
    let root = closed();
    let outcome = script(&root, "cat \"$SSL_CERT_FILE\"; dash -c 'cat $SSL_CERT_FILE'").run();
    let expected = public_bundle() + &corp().pem();
    outcome.ok().assert_stderr(WARNING).prints(expected.repeat(2));
    // A clean source needs no copy, here as elsewhere.
    let outcome = script(&root, "echo $NODE_EXTRA_CA_CERTS; cat $NODE_EXTRA_CA_CERTS").run();
    outcome.ok().prints(format!("{CA}\n{}", corp().pem()));
}

#[test]
fn anchors_that_need_a_copy_are_in_memory_too() {
    let root = closed();
    root.write(CA, corp().der());
    let outcome = script(&root, "cat $CI_SERVER_TLS_CA_FILE; cat $NODE_EXTRA_CA_CERTS").run();
    outcome.ok().assert_stderr(WARNING).prints(corp().pem().repeat(2));
}

#[test]
fn they_are_named_by_the_process_and_a_high_descriptor() {
    let root = closed();
    let outcome = script(&root, "echo $$; echo $SSL_CERT_FILE").run();
    let out = outcome.ok().out();
    let [process, path] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(path, format!("/proc/{process}/fd/{}", descriptor(path)));
    assert!(descriptor(path) >= 100, "{path}");
}

#[test]
fn nobody_can_change_them() {
    let root = closed();
    for attempt in [
        "echo x >> $SSL_CERT_FILE",
        "echo x > $SSL_CERT_FILE",
        ": > $SSL_CERT_FILE",
        "exec 5<>$SSL_CERT_FILE && echo x >&5",
    ] {
        let attempt = format!("({attempt}) && echo changed; cat $SSL_CERT_FILE");
        let outcome = script(&root, &attempt).run();
        outcome.ok().prints(public_bundle() + &corp().pem()).says("Operation not permitted");
    }
}

/// Descriptors that this script of bash's finds open.
fn descriptors(command: Command) -> Vec<u32> {
    let outcome = command.env("PATH", "/bin").run();
    let mut open: Vec<u32> = outcome.ok().out().lines().map(|line| line.parse().unwrap()).collect();
    open.sort_unstable();
    open
}

#[test]
fn just_the_files_that_are_named_are_left_open() {
    let root = closed();
    let bash = ["-c", "ls /proc/$$/fd"];
    let without_us = Command::of("/bin/bash", &bash).enter_with(&root, &CLOSED).by(USER);
    let without_us = descriptors(without_us);
    let with_us =
        || descriptors(command_with(&root, &CLOSED, &[&["/bin/bash"], &bash[..]].concat()));
    let one = with_us();
    assert_eq!(one.len(), without_us.len() + 1, "{one:?}, {without_us:?}");
    // A file of its own for the anchors makes two.
    root.write(CA, corp().der());
    let two = with_us();
    assert_eq!(two.len(), without_us.len() + 2, "{two:?}, {without_us:?}");
}

#[test]
fn another_user_cannot_read_them() {
    let root = closed();
    // Both processes are in one container; the stranger is told the path.
    let mounts = [Mount::ReadOnlyRoot, Mount::Bind { from: "/proc".into(), to: "/proc" }];
    let command = ["/bin/bash", "-c", "echo $SSL_CERT_FILE; read line; cat $SSL_CERT_FILE"];
    let holder = command_with(&root, &mounts, &command);
    let mut holder = holder.env("PATH", "/bin").spawn();
    let path = holder.line();
    for (user, can) in [(STRANGER, false), (USER, true)] {
        let reader = Command::of("/bin/cat", &[&path]).enter_with(&root, &mounts).by(user).run();
        assert_eq!(!reader.stdout.is_empty(), can, "{user}: {}", reader.err());
    }
    holder.end().ok().prints(public_bundle() + &corp().pem());
}

#[test]
fn those_of_an_earlier_start_are_no_decision() {
    let root = closed();
    let outcome = script(&root, "echo $SSL_CERT_FILE; exec ca-entrypoint env").run();
    let out = outcome.ok().out();
    let (before, path) = (out.lines().next().unwrap(), bundle(&outcome));
    assert!(descriptor(before) < descriptor(&path), "{before}, {path}");
}

#[test]
fn each_start_makes_and_tells_of_them() {
    let root = closed();
    for _ in 0..2 {
        script(&root, ":").run().ok().assert_stderr(WARNING);
    }
}

#[test]
fn without_a_command_there_is_nothing_to_hold_them() {
    let root = closed();
    let what = "cannot install the CA: no directory is fit for a private copy";
    for arguments in [&["--placement=private"][..], &["--print-env", "--on-error=fail"]] {
        let outcome = command_with(&root, &CLOSED, arguments).run();
        outcome.code(125).says(what).prints("");
    }
}

/// Beyond the soft limit of open files no number can be had.
fn with_descriptors(command: Command, count: u64) -> Command {
    command.before_exec(move || limit(libc::RLIMIT_NOFILE, count))
}

#[expect(unsafe_code, reason = "setrlimit(2) between fork and exec")]
pub(crate) fn limit(resource: libc::__rlimit_resource_t, value: libc::rlim_t) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer leads to a limit that outlives the call.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn a_low_limit_of_open_files_makes_a_low_descriptor_or_none() {
    let root = closed();
    for limit in [64, 100, 101] {
        let outcome = with_descriptors(script(&root, "cat $SSL_CERT_FILE"), limit).run();
        outcome.ok().prints(public_bundle() + &corp().pem()).assert_stderr(WARNING);
    }
    for limit in [3, 4, 5, 6] {
        let env = command_with(&root, &CLOSED, &["/bin/bash", "-c", ": ran; exit 7"]);
        let outcome = with_descriptors(env.env("PATH", "/bin"), limit).run();
        // Whether the few will do is the program's business; the command runs.
        outcome.assert(!outcome.err().contains("panicked"), "no panic");
    }
}

fn assert_told(root: &Root, outcome: &Outcome) {
    outcome.ok().says("cannot install the CA").says("\nhint: ");
    assert_eq!(variable(outcome, "SSL_CERT_FILE"), None);
    assert_eq!(variable(outcome, "GIT_CONFIG_COUNT"), None);
    assert_eq!(variable(outcome, "NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
    assert_eq!(root.read(BUNDLE), public_bundle().as_bytes());
}

#[test]
fn without_proc_it_is_told_and_the_command_has_the_source_alone() {
    let root = closed();
    let outcome = command_with(&root, &CLOSED[..1], &["/bin/env"]).run();
    assert_told(&root, &outcome);
    command_with(&root, &CLOSED[..1], &["--on-error=fail", "/bin/env"]).run().code(125).prints("");
    // A source that only our copy could stand for is not named.
    root.write(CA, corp().der());
    command_with(&root, &CLOSED[..1], &["/bin/env"]).run().ok().prints("");
}

#[test]
fn a_file_in_memory_that_nobody_can_reach_is_not_left_open() {
    let root = closed();
    let script = "for n in {100..110}; do { true <&$n; } 2>&- && echo $n; done; :";
    let command = command_with(&root, &CLOSED[..1], &["/bin/bash", "-c", script]);
    command.env("PATH", "/bin").run().ok().prints("");
}

#[test]
fn without_anything_for_memory_nothing_is_said_to_be_there() {
    // No bundle to merge with, and a source that is named itself.
    let root = closed();
    root.remove(BUNDLE);
    let outcome = command_with(&root, &CLOSED, &["/bin/env"]).run();
    assert_eq!(variable(outcome.ok(), "NODE_EXTRA_CA_CERTS").as_deref(), Some(CA));
    assert_eq!(variable(&outcome, "SSL_CERT_FILE"), None);
    outcome.says_nothing_of("in memory");
}

#[test]
fn a_directory_is_used_as_soon_as_there_is_one() {
    let root = closed();
    let tmpfs = Mount::Tmpfs { to: "/tmp", options: "mode=1777" };
    let mounts = [&CLOSED[..], &[tmpfs]].concat();
    let outcome = command_with(&root, &mounts, &["/bin/env"]).run();
    outcome.ok().assert(bundle(&outcome).starts_with("/tmp/ca-entrypoint-1000/"), "a directory");
    outcome.says_nothing_of("memory");
}

#[test]
fn a_private_placement_may_end_in_memory_too() {
    let root = closed();
    root.mode("/dev/shm", 0o755).mode("/tmp", 0o755);
    let arguments = ["--placement=private", "/bin/env"];
    let outcome = command_with(&root, &CLOSED[1..], &arguments).run();
    outcome.ok().says("trust store left alone: 1 added in memory");
    assert!(descriptor(&bundle(&outcome)) >= 100);
    // The same program without a way to it: it takes no command to say so.
    command(&root, &["--placement=private"]).run().code(125);
}
