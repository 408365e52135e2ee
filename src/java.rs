//! Where Java runtimes keep the certificates that they trust: in keystores of their own.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use crate::platform::Platform;
use crate::root::Root;

/// The keystores that exist, without links, each once: the distribution's before those of runtimes
/// that bring one.
pub(crate) fn keystores(
    root: &Root,
    platform: &Platform,
    java_home: Option<&Path>,
) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut look = |path: &Path| {
        let is_file = |path: &Path| {
            root.metadata(path).ok().flatten().is_some_and(|metadata| metadata.is_file())
        };
        if is_file(path)
            && let Ok(path) = root.without_links(path)
            && !found.contains(&path)
        {
            found.push(path);
        }
    };
    for path in platform.java_keystores.paths {
        look(Path::new(path));
    }
    for home in runtimes(root, java_home) {
        for directory in ["lib/security", "jre/lib/security"] {
            for name in ["jssecacerts", "cacerts"] {
                look(&home.join(directory).join(name));
            }
        }
    }
    found
}

/// The directories that may hold a runtime.
fn runtimes(root: &Root, java_home: Option<&Path>) -> Vec<PathBuf> {
    let mut homes: Vec<PathBuf> =
        java_home.filter(|path| path.is_absolute()).map(Path::to_owned).into_iter().collect();
    for (parent, is_theirs) in PARENTS {
        let parent = Path::new(parent);
        let mut names = root.names(parent).unwrap_or_default();
        names.retain(|name| {
            let name = name.to_string_lossy();
            *is_theirs || WORDS.iter().any(|word| name.contains(word))
        });
        names.sort_unstable();
        homes.extend(names.iter().map(|name| parent.join(name)));
    }
    homes
}

/// Where packages, the official images and installers put runtimes, and whether there is nothing
/// else in it.
const PARENTS: &[(&str, bool)] = &[
    ("/usr/lib/jvm", true),
    ("/usr/lib64/jvm", true),
    ("/usr/java", true),
    ("/opt/java", true),
    ("/opt", false),
    ("/usr/local", false),
];

/// One of these is in a runtime's name where other things are beside it.
const WORDS: &[&str] = &["jdk", "jre", "java", "graalvm", "zulu", "corretto", "temurin", "semeru"];
