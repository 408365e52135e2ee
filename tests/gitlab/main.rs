//! The contract that GitLab Runner has with the entrypoints of its images, and with its executors'
//! containers: a test for each of its points, by the Docker engine.
//!
//! GitLab's images are on registries only. What stands in for them is in `stand-ins`, and has what
//! the contract names; *theirs* is an entrypoint script written after what is known of GitLab's.
//! *Ours* are the images that the Dockerfiles in `docker` make of them.
//!
//! A test's name begins with the section that its point is in: 1 is about the entrypoints
//! themselves, 2 about `CI_SERVER_TLS_CA_FILE`, 3 about files for one server, 4 about how executors
//! start containers. They are those of the notes that the project was begun with, read in GitLab
//! Runner 19.4.
//!
//! `make gitlab` provides the binary (`CA_ENTRYPOINT_BIN`), the engine and the images.

// Only the functions marked as tests are exempt by clippy.toml, and these are all called by tests.
#![allow(clippy::expect_used)]

#[allow(dead_code)] // The compliance tests use all of it.
#[path = "../compliance/certificates.rs"]
mod certificates;
#[allow(dead_code)]
#[path = "../compliance/engine.rs"]
mod engine;
mod executor;
mod images;
mod job;
mod section_1_entrypoints;
mod section_1_flavours;
mod section_1_runner;
mod section_2_variables;
mod section_3_host_file;
mod section_4_docker;
mod section_4_helm;
mod section_4_job_variables;
mod section_4_kubernetes;
mod section_4_signals;
mod side_by_side;
mod site;
