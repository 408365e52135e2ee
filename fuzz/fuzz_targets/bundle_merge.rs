//! A row of decisions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes| ca_entrypoint::fuzzing::bundle_merge(bytes));
