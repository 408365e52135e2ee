//! The binary against each distribution's own tool, and in front of real clients, in containers.
//!
//! *Ours* is this program; *theirs* is the distribution's `update-ca-certificates` or
//! `update-ca-trust`, given the same files. What theirs does wrong is asserted too, so that the day
//! is noticed when it is mended; `docs/trust-stores.md` lists it.
//!
//! `make compliance` provides the binary (`CA_ENTRYPOINT_BIN`), the engine and the images.

// Only the functions marked as tests are exempt by clippy.toml, and these are all called by tests.
#![allow(clippy::expect_used)]

mod alpine_faults;
mod bare_images;
mod certificates;
mod clients;
mod container;
mod debian_faults;
mod engine;
mod families;
mod hooks;
mod keystores;
mod manifest;
mod nss;
mod p11_kit_faults;
mod p11_kit_store;
mod print_env;
mod private;
mod races;
mod restarts;
mod restricted;
mod same_store;
mod shell;
mod side;
mod ubi;
