//! What becomes of a trust store, and of the command, when something goes wrong with a start.
//!
//! `make faults` provides the binary (`CA_ENTRYPOINT_BIN`). Needs root, for chroot(2) and ptrace(2).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy.toml allows them in tests, which the helpers of tests are no less"
)]
#![allow(clippy::print_stdout, reason = "how many points were tried is a result")]

mod budget;
mod calls;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/command.rs"]
mod command;
mod denied;
mod disk;
mod given;
mod interleaving;
mod limits;
mod mounts;
mod neighbours;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/openssl.rs"]
mod openssl;
mod points;
mod races;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/random.rs"]
mod random;
mod rootfs;
mod scenario;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/skeletons/mod.rs"]
mod skeletons;
mod starts;
mod streams;
mod tracer;
mod tree;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/util.rs"]
mod util;
mod verdict;
mod witness;
#[allow(dead_code, reason = "the integration tests use all of it")]
#[path = "../integration/x509.rs"]
mod x509;
