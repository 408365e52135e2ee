//! Standard descriptors that are closed, full or of nobody's interest; signals, umasks and working
//! directories as nobody expects them.

use std::fs;
use std::fs::File;
use std::fs::Permissions;
use std::io;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;

use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::signal::SigmaskHow;
use nix::sys::signal::sigprocmask;
use nix::sys::stat::Mode;
use nix::sys::stat::umask;
use nix::unistd;

use crate::command::Command;
use crate::rootfs::CA;
use crate::rootfs::USER;
use crate::witness::Start;
use crate::witness::World;
use crate::witness::assert_mended;
use crate::witness::container;
use crate::witness::corp;
use crate::witness::survives;

/// Closes the standard descriptors whose bits are set.
#[expect(unsafe_code, reason = "close(2) between fork and exec")]
fn closed(command: Command, bits: u32) -> Command {
    command.before_exec(move || {
        for descriptor in (0..3).filter(|descriptor| bits & (1 << descriptor) != 0) {
            // SAFETY: nothing of this process uses it any more.
            unsafe { libc::close(descriptor) };
        }
        Ok(())
    })
}

/// Puts a file in the place of a standard descriptor.
#[expect(unsafe_code, reason = "dup2(2) between fork and exec")]
fn replaced(command: Command, descriptor: i32, file: impl Into<OwnedFd>) -> Command {
    let file = file.into();
    command.before_exec(move || {
        // SAFETY: the descriptor is this process's to replace.
        match unsafe { libc::dup2(file.as_raw_fd(), descriptor) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    })
}

#[test]
fn nothing_is_written_into_a_file_that_has_the_number_of_a_closed_stream() {
    for has_devices in [true, false] {
        for is_broken in [false, true] {
            let mut rootfs = container();
            if !has_devices {
                rootfs.root.remove("/dev/null");
                fs::remove_dir_all(rootfs.root.at("/dev")).unwrap();
            }
            if is_broken {
                // There is more to say.
                rootfs.root.write(CA, corp().pem() + "-----BEGIN CERTIFICATE-----\n");
            }
            rootfs.keep();
            for bits in 0..8 {
                for user in [0, USER] {
                    rootfs.reset();
                    let what = format!("{bits:#b} closed, devices: {has_devices}, by {user}");
                    let prepare = |command| {
                        let command = closed(command, bits);
                        if user == 0 { command } else { command.by(user) }
                    };
                    Start::new(&rootfs, &prepare).check(&what).expect("it runs without us");
                    if !is_broken {
                        assert_mended(&what, &rootfs);
                    }
                }
            }
        }
    }
}

#[test]
fn streams_that_take_nothing_keep_no_command_from_running() {
    let worlds = [1, 2].into_iter().flat_map(|descriptor| -> [World; 3] {
        [
            (
                format!("{descriptor} leads to a full device"),
                Box::new(move |command| {
                    replaced(command, descriptor, File::create("/dev/full").unwrap())
                }),
            ),
            (
                format!("{descriptor} leads to nobody"),
                Box::new(move |command| {
                    replaced(command, descriptor, unistd::pipe2(OFlag::O_CLOEXEC).unwrap().1)
                }),
            ),
            (
                format!("{descriptor} leads to a full pipe"),
                Box::new(move |command| {
                    let (reader, writer) =
                        unistd::pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).unwrap();
                    while unistd::write(&writer, &[0; 4096]).is_ok() {}
                    // It stays open as long as the command may be there.
                    std::mem::forget(reader);
                    replaced(command, descriptor, writer)
                }),
            ),
        ]
    });
    survives(12, worlds);
}

#[expect(unsafe_code, reason = "signal(2) between fork and exec")]
fn ignoring(
    command: Command,
    signals: impl Iterator<Item = i32> + Clone + Send + Sync + 'static,
) -> Command {
    command.before_exec(move || {
        for signal in signals.clone() {
            // SAFETY: to ignore a signal is to run no code. For two of them it fails.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        Ok(())
    })
}

#[test]
fn signals_are_blocked_and_ignored_for_the_command_as_they_were() {
    let block = |signals: SigSet| {
        move |command: Command| {
            command.before_exec(move || {
                Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&signals), None)?)
            })
        }
    };
    let mut worlds: Vec<World> = vec![
        ("all signals blocked".to_owned(), Box::new(block(SigSet::all()))),
        ("no signal blocked".to_owned(), Box::new(block(SigSet::empty()))),
        ("all signals ignored".to_owned(), Box::new(|command| ignoring(command, 1..65))),
        (
            "a signal that waits".to_owned(),
            Box::new(move |command| {
                let command = block(SigSet::all())(command);
                command
                    .before_exec(|| Ok(nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM)?))
            }),
        ),
    ];
    worlds.extend((1..65).map(|signal| -> World {
        (
            format!("signal {signal} ignored"),
            Box::new(move |command| ignoring(command, signal..=signal)),
        )
    }));
    survives(2 * 66, worlds);
}

#[test]
fn what_is_made_is_for_everybody_and_the_umask_is_the_command_s() {
    let worlds = [0o777, 0, 0o077, 0o022].map(|mode| -> World {
        let mask = move || {
            umask(Mode::from_bits_truncate(mode));
            Ok(())
        };
        (format!("umask {mode:o}"), Box::new(move |command| command.before_exec(mask)))
    });
    survives(8, worlds);
}

#[test]
fn a_working_directory_that_is_gone_or_closed_is_the_command_s() {
    let gone = || {
        fs::create_dir("/tmp/gone")?;
        std::env::set_current_dir("/tmp/gone")?;
        fs::remove_dir("/tmp/gone")
    };
    let closed = || {
        // Root finds the one that it made.
        let _ = fs::create_dir("/run/ca-entrypoint-closed");
        std::env::set_current_dir("/run/ca-entrypoint-closed")?;
        fs::set_permissions(".", Permissions::from_mode(0o000))
    };
    let worlds: [World; 2] = [
        ("a directory that is gone".to_owned(), Box::new(move |command| command.before_exec(gone))),
        ("a closed directory".to_owned(), Box::new(move |command| command.before_exec(closed))),
    ];
    survives(4, worlds);
}
