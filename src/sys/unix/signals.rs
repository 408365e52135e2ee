//! Signals that a failed write would end the process by.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use nix::libc;
use nix::libc::c_int;

/// A reader that went away, and RLIMIT_FSIZE.
const SIGNALS: [c_int; 2] = [libc::SIGPIPE, libc::SIGXFSZ];

/// What they did before: `SIG_DFL` or `SIG_IGN`, for a program begins with no other; `SIG_ERR` where
/// nothing was changed.
static BEFORE: [AtomicUsize; 2] = [const { AtomicUsize::new(libc::SIG_ERR) }; 2];

/// Makes a write that can't be done an error, as any other. To be called before each write that may
/// be one of those.
#[expect(unsafe_code, reason = "the C library's call")]
pub(crate) fn ignore_write_signals() {
    for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
        if before.load(Ordering::Relaxed) == libc::SIG_ERR {
            // SAFETY: to ignore a signal is to run no code.
            before.store(unsafe { libc::signal(signal, libc::SIG_IGN) }, Ordering::Relaxed);
        }
    }
}

/// Undoes that: what becomes of this process is to find the signals as it did.
#[expect(unsafe_code, reason = "the C library's call")]
pub(super) fn restore_signals() {
    for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
        if before.swap(libc::SIG_ERR, Ordering::Relaxed) == libc::SIG_DFL {
            // SAFETY: the default action runs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}
