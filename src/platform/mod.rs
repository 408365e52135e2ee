//! Which distribution this is, and where its trust store lies.

#![forbid(unsafe_code)]

mod os_release;
mod table;

use std::path::Path;

use os_release::OsRelease;

use crate::root::Root;

/// How one family of distributions keeps its trust store: a row of the table.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) name: &'static str,
    evidence: &'static [Evidence],
    /// Where an administrator puts CAs for the distribution's tool to find.
    pub(crate) anchors_directory: &'static str,
    /// The ending of an anchor's file name, which isn't part of the names of links to it.
    pub(crate) suffix: &'static str,
    /// Whether the tool takes files without the suffix too, but those whose names begin with a dot.
    pub(crate) takes_any_name: bool,
    /// Whether the tool looks into the directories below the anchors directory.
    pub(crate) is_recursive: bool,
    pub(crate) bundle: PemBundle,
    pub(crate) hash_directory: Option<HashDirectory>,
    pub(crate) java_keystores: JavaKeystores,
    pub(crate) hooks: Option<Hooks>,
}

/// What tells a family from the others.
#[derive(Debug)]
enum Evidence {
    /// `ID`, or a word of `ID_LIKE`, in os-release(5).
    Id(&'static str),
    /// A file in the root.
    File(&'static str),
}

/// A file with all trusted certificates, one after the other.
#[derive(Debug)]
pub(crate) struct PemBundle {
    /// Those that exist are kept up to date; where there are none, the first is made.
    pub(crate) paths: &'static [&'static str],
    pub(crate) separator: Separator,
}

/// What the tool puts behind each file that it copies into the bundle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Separator {
    /// A line feed, always.
    LineFeed,
    /// A line feed where the file doesn't end with one.
    MissingLineFeed,
}

/// A directory of links, named so that OpenSSL finds a certificate by the hash of its subject.
#[derive(Debug)]
pub(crate) struct HashDirectory {
    pub(crate) path: &'static str,
    /// What stands before an anchor's name in the name of the link to it.
    pub(crate) prefix: &'static str,
    pub(crate) hash_links: HashLinks,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HashLinks {
    Always,
    /// Where the directory has hash links already.
    WhereUsed,
}

/// Keystores that the distribution makes for its Java runtimes.
#[derive(Debug)]
pub(crate) struct JavaKeystores {
    /// Those that exist are kept up to date.
    pub(crate) paths: &'static [&'static str],
    /// What stands around an anchor's name in its alias, in these and in the runtimes' own.
    pub(crate) alias_prefix: &'static str,
    pub(crate) alias_suffix: &'static str,
}

/// Programs that the distribution's tool runs when the store has changed.
#[derive(Debug)]
pub(crate) struct Hooks {
    pub(crate) directory: &'static str,
    pub(crate) input: HookInput,
    /// Hooks whose result this program makes itself.
    pub(crate) redundant: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HookInput {
    /// A line for each link in the hash directory: `+` or `-` and its path.
    ChangedLinks,
    Nothing,
}

/// A platform with the reason why it was chosen.
pub(crate) struct Detected {
    pub(crate) platform: &'static Platform,
    pub(crate) reason: String,
}

/// The first row that `ID` of os-release names, else a word of `ID_LIKE` (nearest relative first),
/// else a file; else the fallback.
pub(crate) fn detect(root: &Root) -> Detected {
    if let Some(os_release) = OsRelease::read(root) {
        if let Some(platform) = by_id(&os_release.id) {
            return Detected {
                platform,
                reason: format!("ID={} in {}", os_release.id, os_release.path),
            };
        }
        for id in os_release.id_like.split_whitespace() {
            if let Some(platform) = by_id(id) {
                return Detected {
                    platform,
                    reason: format!("ID_LIKE={id} in {}", os_release.path),
                };
            }
        }
    }
    for platform in table::PLATFORMS {
        for evidence in platform.evidence {
            if let Evidence::File(path) = evidence
                && let Ok(true) = root.has_entry(Path::new(path))
            {
                return Detected { platform, reason: format!("{path} exists") };
            }
        }
    }
    Detected { platform: &table::FALLBACK, reason: "no known distribution".to_owned() }
}

fn by_id(id: &str) -> Option<&'static Platform> {
    table::PLATFORMS.iter().find(|platform| {
        platform
            .evidence
            .iter()
            .any(|evidence| matches!(evidence, Evidence::Id(known) if *known == id))
    })
}
