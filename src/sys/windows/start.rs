//! What is done before anything else, and what is left when this program itself can't go on.

use std::env;
use std::ffi::OsString;
use std::ffi::c_char;
use std::ffi::c_int;
use std::io;
use std::io::Write;
use std::panic;
use std::process;
use std::process::Command;
use std::sync::OnceLock;

use crate::error::OWN_FAILURE;

/// What starts even so; none where nothing shall.
static COMMAND: OnceLock<Vec<OsString>> = OnceLock::new();

/// The process's arguments, without the program's name, as Windows has them: those of `main` are in
/// another encoding.
///
/// # Safety
/// There is nothing to keep to.
#[expect(unsafe_code, reason = "it isn't safe elsewhere")]
pub unsafe fn arguments(_count: c_int, _arguments: *const *const c_char) -> Vec<OsString> {
    panic::set_hook(Box::new(|panic| {
        // Where stderr is closed, nobody reads it.
        let _ =
            writeln!(io::stderr(), "{panic}\nca-entrypoint: cannot install the CA: internal error");
        process::exit(start_command().unwrap_or_else(|| OWN_FAILURE.into()));
    }));
    env::args_os().skip(1).collect()
}

/// From now on this command starts, whatever defect this program has.
pub(crate) fn arm(command: &[OsString]) {
    // The first call is the only one.
    let _ = COMMAND.set(command.to_vec());
}

fn start_command() -> Option<c_int> {
    let (program, arguments) = COMMAND.get()?.split_first()?;
    Command::new(program).args(arguments).status().ok()?.code()
}

/// A write that fails is an error here, whatever it fails of.
pub(crate) fn ignore_write_signals() {}
