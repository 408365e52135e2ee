//! The steps that a plan is made of.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// One step.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// Make a directory, and those above it, with mode 0755.
    Directory { path: PathBuf },
    /// Put a file with this content in the place of what is there.
    File { path: PathBuf, content: Vec<u8>, mode: u32 },
    /// Make a directory that nobody but this user can write to, or see that it is one.
    PrivateDirectory { path: PathBuf },
    /// Like [`Change::File`], of a Java keystore: one that can't be written keeps nothing else back.
    Keystore {
        path: PathBuf,
        content: Vec<u8>,
        mode: u32,
        /// Something goes that is in it.
        has_unwanted: bool,
    },
    /// Put a symbolic link in the place of what is there.
    Link { path: PathBuf, target: PathBuf },
    /// Remove a file or a link.
    Remove { path: PathBuf },
    /// Remove a file that tells what has to go, unless that stays in a Java keystore: the next start
    /// is to know of it.
    Forget { path: PathBuf },
    /// Put a certificate into one of the operating system's stores, under a name that tells whose it
    /// is.
    AddToStore { store: &'static str, der: Vec<u8>, name: String },
    /// Take a certificate of this name out of one of the operating system's stores.
    RemoveFromStore { store: &'static str, der: Vec<u8>, name: String },
    /// Run a program of the distribution's, with this on its stdin.
    Run { program: Program, input: Vec<u8> },
}

/// A program to be run.
#[derive(Debug, PartialEq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) directory: PathBuf,
    /// Variables besides PATH.
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// How long it may run.
    pub(crate) patience: Duration,
}

/// For programs that take seconds.
pub(crate) const PROGRAM_PATIENCE: Duration = Duration::from_secs(60);
