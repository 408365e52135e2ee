//! `ca-entrypoint [OPTIONS] [--] [COMMAND [ARG]...]`: the program is [`ca_entrypoint::run`].

// What Rust's runtime does before its own `main` is two thirds of the system calls of a start without
// a CA, and undone before the command; what of it is needed, `ca_entrypoint::arguments` does.
#![no_main]

use std::ffi::c_char;
use std::ffi::c_int;

#[expect(unsafe_code, reason = "the C library calls a function of this name")]
#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: they are the process's own, as the C library has them, and no other thread exists.
    let arguments = unsafe { ca_entrypoint::arguments(count, arguments) };
    let Err(stop) = ca_entrypoint::run(arguments);
    c_int::from(stop.report())
}
