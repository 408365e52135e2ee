//! A number of entries of the environment, those, and the arguments, each ended by a NUL.
#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

libfuzzer_sys::fuzz_target!(|bytes| {
    if let Some((count, words)) = bytes.split_first() {
        let words = words.split(|&byte| byte == 0).map(|word| OsString::from_vec(word.to_vec()));
        let mut entries: Vec<OsString> = words.collect();
        let arguments = entries.split_off(usize::from(count % 8).min(entries.len()));
        ca_entrypoint::fuzzing::command_line(entries, &arguments);
    }
});
