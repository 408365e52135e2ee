//! A keystore.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes| ca_entrypoint::fuzzing::keystore(bytes));
