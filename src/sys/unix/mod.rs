//! Unix, which is to say Linux.

use dlmalloc::GlobalDlmalloc;

mod file;
mod process;
mod search;
mod system_store;
mod words;

pub(crate) use file::*;
pub(crate) use process::*;
pub(crate) use search::*;
pub(crate) use system_store::*;
pub(crate) use words::*;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
