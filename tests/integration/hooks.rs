//! The programs that a distribution's tool runs after it.

use nix::sys::signal::SigHandler;
use nix::sys::signal::Signal;

use crate::command::Command;
use crate::mounts::Mount;
use crate::process::ignored;
use crate::process::set;
use crate::skeletons::alpine;
use crate::skeletons::debian;
use crate::skeletons::with_programs;
use crate::x509::Certificate;

const CA: &str = "/etc/gitlab-runner/certs/ca.crt";

fn ca(name: &str) -> String {
    Certificate::ca(name).pem()
}

#[test]
fn hooks_of_another_root_are_neither_planned_nor_run() {
    let root = debian();
    let ran = root.at("/ran");
    let hook = "/etc/ca-certificates/update.d/hook";
    root.write(CA, ca("A"))
        .write(hook, format!("#!/bin/sh\ntouch {}\n", ran.display()))
        .mode(hook, 0o755)
        .write("/etc/ca-certificates/update.d/not-executable", "#!/bin/sh\n")
        .write("/etc/ca-certificates/update.d/has.dot", "#!/bin/sh\n")
        .mode("/etc/ca-certificates/update.d/has.dot", 0o755);
    assert!(!root.run(&["--dry-run"]).ok().out().contains("run "));
    root.run(&[]).ok();
    assert!(!ran.exists());
}

#[test]
fn the_hook_whose_work_is_done_already_is_not_run() {
    let root = alpine();
    root.write(CA, ca("A"));
    assert!(!root.run(&["--dry-run"]).ok().out().contains("certhash"));
}

#[test]
fn hooks_run_after_a_change_with_nothing_of_the_job_s_environment() {
    let root = debian();
    with_programs(&root, &["/bin/sh", "/bin/cat", "/usr/bin/env"]);
    let hook = "/etc/ca-certificates/update.d/hook";
    root.write(CA, ca("Corp CA"))
        .write(
            hook,
            "#!/bin/sh\n/bin/env >/seen\n/bin/cat >>/seen\npwd >>/seen\necho to stdout\nexit 3\n",
        )
        .mode(hook, 0o755);
    let start = || {
        let start =
            Command::inside(&root, &["/bin/cat"]).stdin(b"the job's").env("LD_DEBUG_X", "x");
        start.env("PATH", "/evil").run()
    };
    let first = start();
    // What it prints goes to stderr, and its failure is told and fails nothing.
    first.ok().prints("the job's").says("to stdout").says(hook).says("3");
    let seen = String::from_utf8(root.read("/seen")).unwrap();
    let lines: Vec<&str> = seen.lines().filter(|line| !line.starts_with("PWD=")).collect();
    let [path, link, directory] = lines[..] else { panic!("{seen}") };
    assert_eq!(path, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert!(link.starts_with("+/etc/ssl/certs/ca-entrypoint-"), "{link}");
    assert_eq!(directory, "/etc/ssl/certs");
    root.remove("/seen");
    start().ok().assert_stderr("");
    assert!(!root.at("/seen").exists(), "nothing changed, and the hook ran");
}

/// A shell that ignores its children has those that it starts ignore theirs.
#[test]
fn a_hook_s_end_is_seen_where_children_are_ignored_and_the_command_ignores_its_own_still() {
    let root = debian();
    with_programs(&root, &["/bin/sh", "/bin/cat"]);
    let hook = "/etc/ca-certificates/update.d/hook";
    root.directory("/proc")
        .write(CA, ca("Corp CA"))
        .write(hook, "#!/bin/sh\ncat /proc/self/status >/seen\n");
    root.mode(hook, 0o755);
    let start = Command::of("/bin/ca-entrypoint", &["/bin/cat", "/proc/self/status"]);
    let ignore = || {
        set(Signal::SIGCHLD, SigHandler::SigIgn);
        Ok(())
    };
    let outcome = start.before_exec(ignore).enter_with(&root, &[Mount::Proc]).run();
    outcome.ok().assert_stderr("ca-entrypoint: trust store updated: 1 added, 0 removed\n");
    let is_ignored = |status: &str| ignored(status) & 1 << (Signal::SIGCHLD as i32 - 1) != 0;
    assert!(is_ignored(&outcome.out()), "{}", outcome.out());
    let seen = String::from_utf8(root.read("/seen")).unwrap();
    assert!(!is_ignored(&seen), "{seen}");
}
