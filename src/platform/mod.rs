//! Which distribution this is, and where its trust store lies.

#![forbid(unsafe_code)]

#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod os_release;
mod table;

use std::path::Path;

use os_release::OsRelease;

use crate::purpose::Purpose;
use crate::root::Root;
use crate::sys;

/// How one family of distributions keeps its trust store: a row of the table.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) name: &'static str,
    evidence: &'static [Evidence],
    /// Where an administrator puts CAs for the distribution's tool to find.
    pub(crate) anchors_directory: &'static str,
    /// Where the anchors stand together when no other file holds just them.
    pub(crate) anchors_file: &'static str,
    /// The ending of an anchor's file name, which isn't part of the names of links to it.
    pub(crate) suffix: &'static str,
    /// Whether the tool takes files without the suffix too, but those whose names begin with a dot.
    pub(crate) takes_any_name: bool,
    /// Whether the tool looks into the directories below the anchors directory.
    pub(crate) is_recursive: bool,
    /// Where the tool makes the store of single certificates, and not of whole files.
    pub(crate) collection: Option<Collection>,
    /// That of programs first.
    pub(crate) bundles: &'static [Bundle],
    /// Whether the first is made where it has no file.
    pub(crate) makes_bundle: bool,
    pub(crate) hash_directories: &'static [HashDirectory],
    pub(crate) java_keystores: JavaKeystores,
    /// Directories where packages, the official images and installers put Java runtimes.
    pub(crate) java_runtimes: &'static [(&'static str, Company)],
    /// Stores of the operating system's own, which are no files.
    pub(crate) system_stores: Option<&'static SystemStores>,
    /// Signature databases of UEFI firmware (EDK2). Those that exist are kept up to date.
    pub(crate) signature_databases: &'static [&'static str],
    pub(crate) hooks: Option<Hooks>,
    /// Directories in which files never change: a link that leads there is replaced by a file.
    pub(crate) immutable: &'static [&'static str],
    /// How the path of the image's own bundle in one of them ends, where variables name it.
    pub(crate) named_bundle: Option<&'static str>,
}

impl Platform {
    /// The paths of the bundle that programs read.
    pub(crate) fn main_bundles(&self) -> &'static [&'static str] {
        self.bundles.first().map_or(&[], |bundle| bundle.paths)
    }
}

/// What tells a family from the others.
#[derive(Debug)]
enum Evidence {
    /// `ID`, or a word of `ID_LIKE`, in os-release(5).
    Id(&'static str),
    /// A file in the root.
    File(&'static str),
}

/// How p11-kit's tools find certificates: one by one, each once, in several directories.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The program that makes the outputs anew.
    pub(crate) tool: &'static str,
    /// Directories with files of certificates, besides the anchors directory.
    pub(crate) sources: &'static [&'static str],
    /// Directories with certificates that nobody shall trust, whoever else says so.
    pub(crate) blocklists: &'static [&'static str],
}

/// A file with certificates in PEM, one after the other.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Those that exist are kept up to date.
    pub(crate) paths: &'static [&'static str],
    pub(crate) entries: BundleEntries,
}

/// What a bundle is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BundleEntries {
    /// The anchors' files as they are.
    Files(Separator),
    /// Certificates.
    Certificates {
        form: Form,
        /// Each has its label before it, as a comment.
        has_labels: bool,
    },
}

/// Which certificates p11-kit takes for an output, and how it writes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) filter: Filter,
    pub(crate) block: Block,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filter {
    /// All, be they CAs or not.
    Certificates,
    /// CAs, for whatever purpose.
    Authorities,
    /// CAs for this purpose.
    Purpose(Purpose),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Block {
    /// `BEGIN CERTIFICATE`.
    Plain,
    /// `BEGIN TRUSTED CERTIFICATE`, with OpenSSL's trust settings.
    Trusted,
}

/// What the tool puts behind each file that it copies into the bundle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Separator {
    /// A line feed, always.
    LineFeed,
    /// A line feed where the file doesn't end with one.
    MissingLineFeed,
}

/// A directory that OpenSSL searches for a certificate by the hash of its subject.
#[derive(Debug)]
pub(crate) struct HashDirectory {
    pub(crate) path: &'static str,
    pub(crate) entries: DirectoryEntries,
}

/// What the hash links of a directory lead to.
#[derive(Debug)]
pub(crate) enum DirectoryEntries {
    /// Links to the anchors' files.
    Links {
        /// What stands before an anchor's name in the name of the link to it.
        prefix: &'static str,
        hash_links: HashLinks,
    },
    /// Files with a certificate each, named by its label. There are none where the directory isn't.
    Files { form: Form, mirror: Option<Mirror> },
}

/// A second directory with links to the files of the first, in which programs look.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) path: &'static str,
    /// There are links under the files' own names too, and not hash links alone.
    pub(crate) has_files: bool,
    /// How a link there leads to the first directory.
    pub(crate) target: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HashLinks {
    Always,
    /// Where the directory has hash links already.
    WhereUsed,
    /// There too, and where it has none, no links to the anchors' files either.
    AllWhereUsed,
}

/// Keystores that the distribution makes for its Java runtimes.
#[derive(Debug)]
pub(crate) struct JavaKeystores {
    /// Those that exist are kept up to date.
    pub(crate) paths: &'static [&'static str],
    /// In these and in the runtimes' own.
    pub(crate) alias: Alias,
}

/// How the entries of a keystore are named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Alias {
    /// By an anchor's file, with something before it and behind it.
    Name { prefix: &'static str, suffix: &'static str },
    /// By the certificate's label, as p11-kit does.
    Label,
}

/// What else is in a directory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Company {
    None,
    /// Other things: only a runtime's name tells it.
    Others,
}

/// The names of the operating system's stores.
#[derive(Debug, PartialEq)]
pub(crate) struct SystemStores {
    /// Of what is trusted for its own sake.
    pub(crate) roots: &'static str,
    /// Of what completes a chain, and is trusted for its issuer's.
    pub(crate) intermediates: &'static str,
    /// Of what nobody shall trust, whoever else says so.
    pub(crate) distrusted: &'static str,
    /// What is to be said where they can't be written, and programs have variables only.
    pub(crate) hint: &'static str,
    /// What makes git read files in place of them: keys of its configuration, with their values.
    pub(crate) git_settings: &'static [(&'static str, &'static str)],
}

/// Programs that the distribution's tool runs when the store has changed.
#[derive(Debug)]
pub(crate) struct Hooks {
    /// The program in the first of these that has one of a name is taken.
    pub(crate) directories: &'static [&'static str],
    /// The ending of their names; where it is empty, the names are those that run-parts(8) takes.
    pub(crate) suffix: &'static str,
    /// Where they are run.
    pub(crate) working_directory: &'static str,
    pub(crate) input: HookInput,
    /// Variables that they ask for.
    pub(crate) environment: &'static [(&'static str, &'static str)],
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
///
/// What runs on a system that isn't Unix needs no look at files, which anybody may have put there.
pub(crate) fn detect(root: &Root) -> Detected {
    if let Some(name) = sys::PLATFORM.filter(|_| root.is_system())
        && let Some(platform) = table::PLATFORMS.iter().find(|platform| platform.name == name)
    {
        return Detected { platform, reason: "it is running".to_owned() };
    }
    if let Some(detected) = OsRelease::read(root).as_ref().and_then(by_os_release) {
        return detected;
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

fn by_os_release(os_release: &OsRelease) -> Option<Detected> {
    let OsRelease { path, id, id_like } = os_release;
    if let Some(platform) = by_id(id) {
        return Some(Detected { platform, reason: format!("ID={id} in {path}") });
    }
    id_like.split_whitespace().find_map(|id| {
        let platform = by_id(id)?;
        Some(Detected { platform, reason: format!("ID_LIKE={id} in {path}") })
    })
}

fn by_id(id: &str) -> Option<&'static Platform> {
    table::PLATFORMS.iter().find(|platform| {
        platform
            .evidence
            .iter()
            .any(|evidence| matches!(evidence, Evidence::Id(known) if *known == id))
    })
}
