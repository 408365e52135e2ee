//! What is done before anything else.

use std::env;
use std::ffi::OsString;
use std::ffi::c_char;
use std::ffi::c_int;

/// The process's arguments, without the program's name, as Windows has them: those of `main` are in
/// another encoding.
///
/// # Safety
/// There is nothing to keep to.
#[expect(unsafe_code, reason = "it isn't safe elsewhere")]
pub unsafe fn arguments(_count: c_int, _arguments: *const *const c_char) -> Vec<OsString> {
    env::args_os().skip(1).collect()
}

/// There is no other way to start a command than the one that may fail.
pub(crate) fn arm(_command: &[OsString]) {}

/// A write that fails is an error here, whatever it fails of.
pub(crate) fn ignore_write_signals() {}
