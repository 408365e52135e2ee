//! Unix, which is to say Linux.

use dlmalloc::GlobalDlmalloc;

mod file;
mod process;
mod system_store;

pub(crate) use file::*;
pub(crate) use process::*;
pub(crate) use system_store::*;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
