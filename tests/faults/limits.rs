//! Starts with hardly anything left: limits of every kind that the kernel has.

use std::io;

use nix::libc;

use crate::command::Command;
use crate::skeletons::public_bundle;
use crate::witness::World;
use crate::witness::corp;
use crate::witness::is_exhaustive;
use crate::witness::survives;

/// A limit that can't be raised again.
#[expect(unsafe_code, reason = "setrlimit(2) between fork and exec")]
pub(crate) fn limited(command: Command, kind: u32, value: u64) -> Command {
    command.before_exec(move || {
        let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        // SAFETY: the pointer leads to a limit that outlives the call.
        match unsafe { libc::setrlimit(kind, &limit) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    })
}

fn limits(name: &str, kind: u32, values: impl IntoIterator<Item = u64>) -> Vec<World> {
    let world = |value| -> World {
        (format!("{name} {value}"), Box::new(move |command| limited(command, kind, value)))
    };
    values.into_iter().map(world).collect()
}

#[test]
fn memory_that_does_not_suffice_costs_nothing_but_the_ca() {
    // With less than its own size a program isn't even loaded.
    let step = if is_exhaustive() { 4 << 10 } else { 128 << 10 };
    let space = ((768 << 10)..(3 << 20)).step_by(step);
    let data = (0..(1 << 20)).step_by(step);
    let stack = ((64 << 10)..(256 << 10)).step_by(step);
    survives(2, limits("RLIMIT_AS", libc::RLIMIT_AS, space));
    survives(2, limits("RLIMIT_DATA", libc::RLIMIT_DATA, data));
    survives(2, limits("RLIMIT_STACK", libc::RLIMIT_STACK, stack));
}

#[test]
fn files_that_may_not_be_large_enough_cost_nothing_but_the_ca() {
    let anchor = corp().pem().len() as u64;
    let bundle = public_bundle().len() as u64 + anchor;
    let step = if is_exhaustive() { 1 } else { 400 };
    let sizes = (0..bundle).step_by(step).chain([anchor - 1, anchor, bundle - 1, bundle]);
    survives(20, limits("RLIMIT_FSIZE", libc::RLIMIT_FSIZE, sizes));
}

#[test]
fn without_a_descriptor_left_the_command_runs() {
    survives(24, limits("RLIMIT_NOFILE", libc::RLIMIT_NOFILE, 0..12));
}

#[test]
fn no_other_limit_keeps_a_command_from_running() {
    let kinds = [
        ("RLIMIT_CORE", libc::RLIMIT_CORE),
        ("RLIMIT_LOCKS", libc::RLIMIT_LOCKS),
        ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK),
        ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE),
        ("RLIMIT_NICE", libc::RLIMIT_NICE),
        ("RLIMIT_NPROC", libc::RLIMIT_NPROC),
        ("RLIMIT_RSS", libc::RLIMIT_RSS),
        ("RLIMIT_RTPRIO", libc::RLIMIT_RTPRIO),
        ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME),
        ("RLIMIT_SIGPENDING", libc::RLIMIT_SIGPENDING),
    ];
    let worlds = kinds.into_iter().flat_map(|(name, kind)| limits(name, kind, [0, 1]));
    survives(30, worlds);
    // In seconds: none would be over before the command has begun.
    survives(2, limits("RLIMIT_CPU", libc::RLIMIT_CPU, [10]));
}
