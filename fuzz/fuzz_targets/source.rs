//! A CA file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes| ca_entrypoint::fuzzing::source(bytes));
