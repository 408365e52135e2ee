//! A copy of this program, for a container that shares a directory with another one's image.

#![forbid(unsafe_code)]

use std::env::consts::EXE_SUFFIX;
use std::path::Path;

use crate::error::Error;
use crate::sys;

/// Puts a copy of this program into `directory`, which is made where it isn't there, under the
/// program's name. Everybody may run it.
///
/// # Errors
/// When this program can't be read, or the directory can't be written.
pub(crate) fn to(directory: &Path) -> Result<(), Error> {
    let path = directory.join(format!("{}{EXE_SUFFIX}", env!("CARGO_PKG_NAME")));
    let program = sys::own_program().map_err(|cause| Error::ReadProgram { cause })?;
    sys::create_directory(directory)
        .and_then(|()| sys::write_file(&path, &program, 0o755, &sys::unique_temporary_name()))
        .map_err(|cause| Error::Copy { directory: directory.to_owned(), cause })
}
