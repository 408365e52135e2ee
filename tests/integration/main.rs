//! The program from outside: its files, its messages, and the process that it becomes. Needs
//! `openssl`, and root for what only root may.

mod bad_input;
mod change;
mod directories;
mod exec;
mod foreign;
mod hash;
mod install;
mod openssl;
mod options;
mod process;
mod skeletons;
mod sources;
mod util;
mod warnings;
mod x509;
