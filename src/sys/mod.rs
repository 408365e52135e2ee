//! The operating system: the only place that writes, runs programs, or needs unsafe code.

mod unix;

pub(crate) use unix::*;
