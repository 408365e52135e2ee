//! The recipes of the documentation, taken out of it and run.
//!
//! A block of code in `README.md` or `docs/*.md`, fenced or indented, has a line before it that says
//! how it is run, or why it isn't:
//!
//! ```text
//! <!-- recipe: KIND [WORD...] -->
//! <!-- not run: REASON -->
//! ```
//!
//! A block without one is a failure, and so is a KIND that isn't listed in [`markdown::KINDS`], which
//! tells what each of them does. Files of `examples/` and `docker/` have their kind by their names.
//!
//! What can't be had where the tests run has stand-ins, all of them in [`stand_ins`]: images of
//! registries are the test images, hosts of `example.com` are a TLS server on a container's loopback,
//! whose certificate the mounted CA signed.
//!
//! `make recipes` provides the binary (`CA_ENTRYPOINT_BIN`), the engine, the images and Python.

// Only the functions marked as tests are exempt by clippy.toml, and these are all called by tests.
#![allow(clippy::expect_used)]

#[allow(dead_code)] // The compliance tests use all of it.
#[path = "../compliance/certificates.rs"]
mod certificates;
mod docker_host;
mod dockerfiles;
#[allow(dead_code)]
#[path = "../compliance/engine.rs"]
mod engine;
mod errors;
mod image;
mod jobs;
mod keys;
mod kubernetes;
mod manifests;
mod markdown;
mod messages;
mod nodes;
mod pod;
mod security;
mod server;
mod stand_ins;
mod tree;
mod workspace;
