//! What is done before anything else.

use std::ffi::CStr;
use std::ffi::OsString;
use std::ffi::c_char;
use std::ffi::c_int;
use std::os::unix::ffi::OsStringExt;

use nix::libc;

use super::last_resort;

/// The process's arguments, without the program's name. Makes sure before that no file is opened as
/// the standard input, output or error, where one of them is closed: a message would be written
/// into it.
///
/// # Safety
/// To be called with what `main` was called with, before there is another thread.
#[expect(unsafe_code, reason = "Rust's runtime, which has the arguments, isn't there")]
pub unsafe fn arguments(count: c_int, arguments: *const *const c_char) -> Vec<OsString> {
    occupy_closed_descriptors();
    last_resort::catch_defects();
    let count = usize::try_from(count).unwrap_or(0);
    last_resort::remember(arguments, count);
    let mut found = Vec::with_capacity(count);
    for index in 1..count {
        // SAFETY: `main` gets as many C strings as it is told.
        let argument = unsafe { CStr::from_ptr(*arguments.add(index)) };
        found.push(OsString::from_vec(argument.to_bytes().to_vec()));
    }
    found
}

/// Opens something as each of the three standard descriptors that are closed, until `execve`.
#[expect(unsafe_code, reason = "a number that stands for nothing is no file of std's")]
fn occupy_closed_descriptors() {
    let mut polled = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: it is as long as is told, and writable.
    let is_told = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) } >= 0;
    for libc::pollfd { fd, revents, .. } in polled {
        let is_closed = if is_told {
            revents & libc::POLLNVAL != 0
        } else {
            // Under a limit of less than three descriptors, poll(2) isn't allowed.
            // SAFETY: F_GETFD changes nothing, whatever the descriptor.
            unsafe { libc::fcntl(fd, libc::F_GETFD) == -1 }
        };
        let is_open = |path: &CStr, flags| {
            // SAFETY: the path is a C string. The descriptor is the lowest that is free: this one.
            unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC) != -1 }
        };
        // Where nothing can be opened, no file will be in its place either.
        let _ = is_closed && (is_open(c"/dev/null", libc::O_RDWR) || is_open(c"/", libc::O_RDONLY));
    }
}
