//! Windows.

mod access;
mod command_line;
mod file;
mod job;
mod process;
mod search;
mod start;
mod system_store;
mod wide;
mod words;

pub(crate) use access::*;
pub(crate) use file::*;
pub(crate) use process::*;
pub(crate) use search::*;
pub use start::arguments;
pub(crate) use start::*;
pub(crate) use system_store::*;
pub(crate) use words::*;
