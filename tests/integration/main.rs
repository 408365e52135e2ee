//! The program from outside: its files, its messages, and the process that it becomes. Needs
//! `openssl`, some shells, and root for what only root may.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "clippy.toml allows them in tests, which the helpers of tests are no less"
)]

mod bad_input;
mod blocklists;
mod change;
mod collection_fitness;
mod collection_removal;
mod collections;
mod command;
mod completions;
mod container;
mod copy;
mod detection;
mod directories;
mod environment;
mod exec;
mod families;
mod families_extracted;
mod families_kept;
mod foreign;
mod git;
mod golden;
mod hash;
mod hooks;
mod install;
mod label_directories;
mod label_keystores;
mod labels;
mod left_out;
mod leftovers;
mod links;
mod memory;
mod messages;
mod mounts;
mod names;
mod nss;
mod openssl;
mod options;
mod placement;
mod print_env;
mod print_env_dialects;
mod private_content;
mod private_directory;
mod private_environment;
mod private_reuse;
mod private_users;
mod process;
mod properties;
mod random;
mod random_images;
mod random_lives;
mod server_ca;
mod signature_databases;
mod skeletons;
mod sources;
mod suffixed_hooks;
mod tidy;
mod toolless;
mod util;
mod warnings;
mod x509;
