//! Unix, which is to say Linux.

use dlmalloc::GlobalDlmalloc;

mod file;
mod process;

pub(crate) use file::*;
pub(crate) use process::*;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
