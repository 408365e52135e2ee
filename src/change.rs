//! The steps that a plan is made of.

#![forbid(unsafe_code)]

use std::path::PathBuf;

/// One step.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// Make a directory, and those above it, with mode 0755.
    Directory { path: PathBuf },
    /// Put a file with this content in the place of what is there.
    File { path: PathBuf, content: Vec<u8>, mode: u32 },
    /// Run a program of the distribution's.
    Hook { path: PathBuf, directory: PathBuf, input: Vec<u8> },
    /// Put a symbolic link in the place of what is there.
    Link { path: PathBuf, target: PathBuf },
    /// Remove a file or a link.
    Remove { path: PathBuf },
}
