//! What happens when this program itself can't go on: no memory, or a defect of its own. A container
//! whose command doesn't start is worse than one without the CA, so the command starts all the same.

use std::ffi::CString;
use std::ffi::OsString;
use std::mem::size_of;
use std::os::unix::ffi::OsStrExt;
use std::panic;
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use nix::libc;
use nix::libc::c_char;
use nix::libc::c_int;

use super::signals::ignore_write_signals;
use super::signals::restore_signals;
use crate::error::OWN_FAILURE;

/// The process's arguments, which need no memory of their own, and how many there are.
static ARGUMENTS: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Where the command begins in them; zero arguments are no command.
static COMMAND: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());

/// Keeps the arguments in mind.
pub(super) fn remember(arguments: *const *const c_char, count: usize) {
    ARGUMENTS.store(arguments.cast_mut(), Ordering::Relaxed);
    COUNT.store(count, Ordering::Relaxed);
}

/// From now on this command starts, whatever becomes of this program. It ends with the process's own
/// arguments; a program that was put before them all stands in the place of this program's name.
#[expect(unsafe_code, reason = "the memory in which the kernel put the arguments")]
pub(crate) fn arm(command: &[OsString]) {
    let arguments = ARGUMENTS.load(Ordering::Relaxed);
    let count = COUNT.load(Ordering::Relaxed);
    let Some(start) = count.checked_sub(command.len()).filter(|&start| start < count) else {
        return;
    };
    if start == 0
        && let Some(prefix) = command.first().and_then(|name| CString::new(name.as_bytes()).ok())
    {
        // SAFETY: there is at least one argument, and nobody else reads its name after this.
        unsafe { *arguments = prefix.into_raw() };
    }
    // SAFETY: `start` is within the arguments.
    COMMAND.store(unsafe { arguments.add(start) }, Ordering::Relaxed);
}

/// Has the last resort taken where the program would be ended by a panic.
#[expect(unsafe_code, reason = "std has no signal handlers")]
pub(super) fn catch_defects() {
    panic::set_hook(Box::new(|panic| {
        say(format!("{panic}\n").as_bytes());
        take(DEFECT);
    }));
    // Where the standard library is built so that a panic is nothing but an instruction that no
    // processor has. By the kernel's own call: the C library's makes two. No code is returned to,
    // which is why any will do for it.
    let handler = on_signal as extern "C" fn(c_int) as usize;
    let flags = (libc::SA_NODEFER | SA_RESTORER) as usize;
    let action: KernelAction = [handler, flags, handler, 0];
    let mut before = KernelAction::default();
    // SAFETY: both are the kernel's `struct sigaction`, with a mask of 64 bits.
    unsafe {
        let [new, old] = [&raw const action, &raw mut before];
        libc::syscall(libc::SYS_rt_sigaction, DEFECT_SIGNAL, new, old, size_of::<u64>());
        // What is ignored is to be ignored by the command.
        if before[0] == libc::SIG_IGN {
            libc::signal(DEFECT_SIGNAL, libc::SIG_IGN);
        }
    }
}

/// Handler, flags, restorer and mask.
type KernelAction = [usize; 4];

extern "C" fn on_signal(_signal: c_int) {
    take(DEFECT);
}

/// Says why, and becomes the command; or ends, where there is none that is to start. Takes no memory.
#[expect(unsafe_code, reason = "nothing of std that may take memory can be used")]
fn take(why: &str) -> ! {
    say(why.as_bytes());
    let command = COMMAND.load(Ordering::Relaxed);
    if !command.is_null() {
        restore_signals();
        // SAFETY: the command is a list of C strings that ends with a null pointer.
        unsafe {
            libc::execvp(*command, command);
            // A script without an interpreter line is for sh, in the place of what stands before it.
            if *libc::__errno_location() == libc::ENOEXEC
                && command > ARGUMENTS.load(Ordering::Relaxed)
            {
                let shell = command.sub(1);
                *shell = c"/bin/sh".as_ptr();
                libc::execv(*shell, shell);
            }
        }
    }
    // SAFETY: it ends the process.
    unsafe { libc::_exit(c_int::from(OWN_FAILURE)) }
}

/// Writes to stderr, if that can be done.
#[expect(unsafe_code, reason = "std's stderr would have to be locked, which may be what failed")]
fn say(text: &[u8]) {
    ignore_write_signals();
    // SAFETY: the text is as long as is told.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

/// What is done where there is no memory left: std would end the process.
pub(super) fn out_of_memory() -> ! {
    take(OUT_OF_MEMORY)
}

const OUT_OF_MEMORY: &str = "ca-entrypoint: cannot install the CA: out of memory\n\
    hint: give the container more memory, or the processes in it a higher RLIMIT_AS\n";

const DEFECT: &str = "ca-entrypoint: cannot install the CA: internal error\n\
    hint: report it, with what the option --verbose says and the CA file\n";

/// By which a processor tells that it has no such instruction: the one that the compiler ends a
/// function with that can't go on.
const DEFECT_SIGNAL: c_int =
    if cfg!(target_arch = "aarch64") { libc::SIGTRAP } else { libc::SIGILL };

/// The kernel's, which the C library keeps to itself: the handler is told what to return to.
const SA_RESTORER: c_int = 0x0400_0000;
