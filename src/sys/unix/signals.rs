//! Signals that would get in the way, and what is done by them meanwhile.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use nix::libc;
use nix::libc::c_int;

/// A failed write would end the process by them: a reader that went away, and RLIMIT_FSIZE.
static WRITES: [Signal; 2] =
    [Signal::new(libc::SIGPIPE, libc::SIG_IGN), Signal::new(libc::SIGXFSZ, libc::SIG_IGN)];

/// Where it is ignored, nobody is told how a child ended.
static CHILDREN: Signal = Signal::new(libc::SIGCHLD, libc::SIG_DFL);

struct Signal {
    number: c_int,
    /// What it does meanwhile.
    action: usize,
    /// What it did before: `SIG_DFL` or `SIG_IGN`, for a program begins with no other; `SIG_ERR` where
    /// nothing was changed.
    before: AtomicUsize,
}

impl Signal {
    const fn new(number: c_int, action: usize) -> Self {
        Self { number, action, before: AtomicUsize::new(libc::SIG_ERR) }
    }

    #[expect(unsafe_code, reason = "the C library's call")]
    fn change(&self) {
        if self.before.load(Ordering::Relaxed) == libc::SIG_ERR {
            // SAFETY: neither action runs code of ours.
            let before = unsafe { libc::signal(self.number, self.action) };
            self.before.store(before, Ordering::Relaxed);
        }
    }

    #[expect(unsafe_code, reason = "the C library's call")]
    fn restore(&self) {
        let before = self.before.swap(libc::SIG_ERR, Ordering::Relaxed);
        if before != libc::SIG_ERR && before != self.action {
            // SAFETY: as above.
            unsafe { libc::signal(self.number, before) };
        }
    }
}

/// Makes a write that can't be done an error, as any other. To be called before each write that may
/// be one of those.
pub(crate) fn ignore_write_signals() {
    WRITES.iter().for_each(Signal::change);
}

/// Has the kernel keep what a child ended with. To be called before one is started.
pub(super) fn heed_children() {
    CHILDREN.change();
}

/// Undoes both: what becomes of this process is to find the signals as it did.
pub(super) fn restore_signals() {
    WRITES.iter().chain([&CHILDREN]).for_each(Signal::restore);
}
