//! Unix, which is to say Linux.

mod file;
mod process;

pub(crate) use file::*;
pub(crate) use process::*;
