//! Two starts at once, one of them held at each of its system calls in turn while the other one runs:
//! what comes of both is what comes of one after the other.

use std::fs;
use std::process::Child;
use std::process::Stdio;

use nix::libc;
use nix::sys::wait::WaitStatus;

use crate::command::Command;
use crate::rootfs;
use crate::rootfs::COMMAND;
use crate::rootfs::Rootfs;
use crate::rootfs::USER;
use crate::tracer::Answer;
use crate::tracer::trace;
use crate::tree::Tree;
use crate::util::Root;
use crate::x509::Certificate;

const FIRST: &[&str] = &["--ca", "/first.crt"];
const SECOND: &[&str] = &["--ca", "/second.crt"];
const REMOVAL: &[&str] = &["--remove"];

/// An image, and who starts the program in it.
struct Stage {
    rootfs: Rootfs,
    user: Option<u32>,
}

impl Stage {
    /// Where a third CA is installed already.
    fn new(image: &Root, user: Option<u32>) -> Self {
        let mut stage = Self { rootfs: Rootfs::new(image), user };
        for name in ["first", "second", "third"] {
            stage.rootfs.root.write(&format!("/{name}.crt"), Certificate::ca(name).pem());
        }
        stage.command(&["--ca", "/third.crt"]).run().ok();
        stage.rootfs.keep();
        stage
    }

    fn command(&self, options: &[&str]) -> Command {
        self.rootfs.start(options, &COMMAND, self.user)
    }

    fn one_after_the_other(&self, starts: [&[&str]; 2]) -> Tree {
        self.rootfs.reset();
        for options in starts {
            self.command(options).run().ok();
        }
        self.rootfs.tree()
    }

    /// Holds the first start before the call of this number until the second one is through, or waits
    /// for the first one's lock. Tells whether the first one makes that many calls.
    fn holds_at(&self, number: usize, [held, other]: [&[&str]; 2]) -> bool {
        self.rootfs.reset();
        let mut child = None;
        let end = trace(self.command(held), 10_000, &mut |index, _| {
            if index == number {
                child = Some(until_it_waits(self.command(other)));
            }
            Answer::Go
        });
        assert!(matches!(end.status, WaitStatus::Exited(_, 0)), "{:?}: {}", end.status, end.stderr);
        let Some(child) = child else {
            return false;
        };
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        true
    }
}

/// Starts a process, and comes back when it has ended, or sleeps, which it does for a lock alone.
pub(crate) fn until_it_waits(command: Command) -> Child {
    let mut command = command.inner;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let sleeps = [libc::SYS_nanosleep, libc::SYS_clock_nanosleep].map(|call| format!("{call} "));
    while child.try_wait().unwrap().is_none() {
        let call = fs::read_to_string(format!("/proc/{}/syscall", child.id())).unwrap_or_default();
        if sleeps.iter().any(|sleep| call.starts_with(sleep)) {
            break;
        }
    }
    child
}

/// Tries every call of the first start.
#[track_caller]
fn assert_one_of_two_orders(stage: &Stage, starts: [&[&str]; 2]) {
    let [one, other] = starts;
    let orders = [stage.one_after_the_other([one, other]), stage.one_after_the_other([other, one])];
    let mut number = 0;
    while stage.holds_at(number, starts) {
        let tree = stage.rootfs.tree();
        assert!(
            orders.contains(&tree),
            "{starts:?}, the first held before call {number}: neither order gives {:?}",
            tree.differing(&orders[0]).collect::<Vec<_>>()
        );
        number += 1;
    }
    assert!(number > 40, "the first start makes {number} calls");
}

#[test]
fn two_starts_on_debian_are_one_after_the_other() {
    let stage = Stage::new(&rootfs::debian(), None);
    for starts in [[FIRST, SECOND], [FIRST, FIRST], [FIRST, REMOVAL], [REMOVAL, FIRST]] {
        assert_one_of_two_orders(&stage, starts);
    }
}

#[test]
fn two_starts_on_alpine_are_one_after_the_other() {
    let stage = Stage::new(&rootfs::alpine(), None);
    for starts in [[FIRST, SECOND], [REMOVAL, REMOVAL]] {
        assert_one_of_two_orders(&stage, starts);
    }
}

#[test]
fn two_starts_of_a_user_are_one_after_the_other() {
    let stage = Stage::new(&rootfs::debian(), Some(USER));
    for starts in [[FIRST, SECOND], [FIRST, FIRST]] {
        assert_one_of_two_orders(&stage, starts);
    }
}
