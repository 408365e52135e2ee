//! Values of variables, each ended by a NUL.
#![no_main]

use std::os::unix::ffi::OsStringExt;

libfuzzer_sys::fuzz_target!(|bytes| {
    let values = bytes.split(|&byte| byte == 0).map(|value| OsStringExt::from_vec(value.to_vec()));
    ca_entrypoint::fuzzing::print_env(values.collect());
});
