//! The forms in which a trust store is kept for its readers: one file of code each.

pub(crate) mod hash_directory;
pub(crate) mod java_keystore;
mod labelled;
pub(crate) mod pem_bundle;
pub(crate) mod signature_database;
