//! What is kept in files, to be reviewed as diffs; `UPDATE_GOLDEN=1` rewrites them.

use std::env;
use std::fs;
use std::path::Path;

#[track_caller]
pub(crate) fn assert_golden(name: &str, actual: &(impl AsRef<[u8]> + ?Sized)) {
    assert_file(&format!("tests/golden/{name}"), actual.as_ref());
}

/// Of a file by its path in the repository.
#[track_caller]
pub(crate) fn assert_file(name: &str, actual: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(&path, actual).unwrap();
    }
    let present = fs::read(&path).unwrap_or_default();
    let [old, new] = [&present, actual].map(String::from_utf8_lossy);
    let differing = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    assert!(
        present == actual,
        "{name} differs, first in {differing:?}; UPDATE_GOLDEN=1 rewrites it\n{new}"
    );
}
