//! Where Java runtimes keep the certificates that they trust: in keystores of their own.

#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::places::Places;
use crate::places::key;
use crate::platform::Company;
use crate::platform::Platform;
use crate::root::Root;
use crate::root::is_in;
use crate::sys;

/// A keystore that exists.
pub(crate) struct Keystore {
    /// Without links.
    pub(crate) path: PathBuf,
    /// Nobody but this user and root can lead a write to it elsewhere: by a variable, or by a link
    /// in a directory of their own.
    pub(crate) is_safe: bool,
}

/// Each once, however many names lead to it.
#[derive(Default)]
struct Found {
    keystores: Vec<Keystore>,
    paths: Places,
}

/// The keystores, each once: that of `java_home`, then the distribution's, then those of runtimes
/// that bring one.
pub(crate) fn keystores(
    root: &Root,
    platform: &Platform,
    java_home: Option<&Path>,
) -> Vec<Keystore> {
    let mut found = Found::default();
    if let Some(home) = java_home.filter(|home| home.is_absolute()) {
        look_into(root, platform, home, &mut found);
    }
    for path in platform.java_keystores.paths {
        look_at(root, platform, Path::new(path), true, &mut found);
    }
    // Several names may lead to one runtime.
    let mut homes = Vec::new();
    for (parent, company) in platform.java_runtimes {
        add_homes(root, Path::new(parent), *company, &mut homes);
    }
    homes.sort_unstable();
    homes.dedup();
    for home in homes {
        look_into(root, platform, &home, &mut found);
    }
    found.keystores
}

fn add_homes(root: &Root, parent: &Path, company: Company, homes: &mut Vec<PathBuf>) {
    for name in root.names(parent).unwrap_or_default() {
        let text = name.to_string_lossy().to_ascii_lowercase();
        let is_one = company == Company::None || WORDS.iter().any(|word| text.contains(word));
        if text.starts_with('.') || !is_one {
            continue;
        }
        let path = parent.join(&name);
        if company == Company::Others && text == DIRECTORY {
            add_homes(root, &path, Company::None, homes);
        }
        homes.extend(root.without_links(&path));
    }
}

fn look_into(root: &Root, platform: &Platform, home: &Path, found: &mut Found) {
    let is_safe = is_safe(root, home);
    // Until Java 8, a JDK had its runtime in a directory of its own.
    for directory in ["lib/security", "jre/lib/security"] {
        let directory = home.join(directory);
        for name in ["jssecacerts", "cacerts"] {
            look_at(root, platform, &directory.join(name), is_safe, found);
        }
    }
}

fn look_at(root: &Root, platform: &Platform, path: &Path, is_safe_so_far: bool, found: &mut Found) {
    let is_file = match root.metadata(path) {
        Ok(metadata) => metadata.is_some_and(|metadata| metadata.is_file()),
        // To be told of by whoever reads it; what a user may not see is nothing to that user.
        Err(error) => sys::is_root() || error.kind() != io::ErrorKind::PermissionDenied,
    };
    if !is_file {
        return;
    }
    let resolved = root.without_links_into(path, platform.immutable);
    // What isn't known to be the file itself isn't written.
    let is_safe_so_far = is_safe_so_far && resolved.is_ok();
    let path = resolved.unwrap_or_else(|_| path.to_owned());
    if found.paths.add(key(&path)) {
        let is_safe = is_safe_so_far
            && !is_in(&path, platform.immutable)
            && path.parent().is_some_and(|parent| is_safe(root, parent));
        found.keystores.push(Keystore { path, is_safe });
    }
}

/// Another root is somebody's who may write anywhere in it; no way leads out of it.
fn is_safe(root: &Root, directory: &Path) -> bool {
    !root.is_system() || root.resolve(directory).is_ok_and(|path| sys::is_safe_directory(&path))
}

/// What has this name among other things may be one runtime, or a directory of several.
const DIRECTORY: &str = "java";

/// One of these is in a runtime's name where other things are beside it.
const WORDS: &[&str] = &["jdk", "jre", "java", "graalvm", "zulu", "corretto", "temurin", "semeru"];
