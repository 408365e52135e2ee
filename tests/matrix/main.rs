//! Real clients in front of two servers: one whose CA is the mounted one, and one whose CA is a
//! stand-in for the public ones in the image's bundle. With ca-entrypoint in place, a client has to
//! reach the first, which it doesn't otherwise, and all that it reached before.
//!
//! The result is the table in `docs/matrix.md`. `make matrix` provides the binary
//! (`CA_ENTRYPOINT_BIN`), the engine and the images.

// Only the functions marked as tests are exempt by clippy.toml, and these are all called by tests.
#![allow(clippy::expect_used)]

#[allow(dead_code)] // The compliance tests use all of it.
#[path = "../compliance/certificates.rs"]
mod certificates;
mod checks;
mod clients;
mod columns;
mod document;
#[allow(dead_code)]
#[path = "../compliance/engine.rs"]
mod engine;
mod matrix;
mod notes;
mod results;
mod server;
