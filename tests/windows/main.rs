//! The program on Windows, which is Wine here: its stores, its messages, and the process that it
//! starts. What Wine can't show is in `README.md` beside this file.
//!
//! `make windows` provides the binary (`CA_ENTRYPOINT_BIN`), Wine and the compiler of the tests' own
//! programs.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy.toml allows them in tests, which the helpers of tests are no less"
)]

mod arguments;
mod batch;
#[allow(dead_code, reason = "the compliance tests use all of it")]
#[path = "../compliance/certificates.rs"]
mod certificates;
mod command;
mod containers;
mod distrusted;
mod exit_codes;
mod fixtures;
mod hostile;
mod install;
mod launch;
mod lifetimes;
mod machine;
mod others;
mod plan;
mod print_env;
mod private;
mod programs;
mod programs_alone;
mod search;
mod seen;
mod server;
mod session;
mod sources;
mod store;
mod streams;
mod tls;
mod variables;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/x509.rs"]
mod x509;
