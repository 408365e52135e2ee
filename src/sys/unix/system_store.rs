//! Stores of certificates that the operating system keeps itself: it keeps none.

#![forbid(unsafe_code)]

use std::io;

use crate::system_store::Entry;

pub(crate) fn open_system_store(_name: &'static str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn read_system_store(_name: &'static str) -> io::Result<Vec<Entry>> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn add_to_system_store(_store: &str, _der: &[u8], _name: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn remove_from_system_store(_store: &str, _der: &[u8], _name: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
