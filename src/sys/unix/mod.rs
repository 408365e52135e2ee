//! Unix, which is to say Linux.

mod file;
mod last_resort;
mod memory;
mod memory_file;
mod process;
mod reading;
mod search;
mod signals;
mod start;
mod system_store;
mod words;

pub(crate) use file::*;
pub(crate) use last_resort::*;
pub(crate) use memory_file::*;
pub(crate) use process::*;
pub(crate) use reading::*;
pub(crate) use search::*;
pub(crate) use signals::*;
pub use start::arguments;
pub(crate) use system_store::*;
pub(crate) use words::*;
