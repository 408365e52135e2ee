//! An os-release file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes| ca_entrypoint::fuzzing::os_release(bytes));
