//! The files of the anchors directory: as they are, and as they shall be.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::anchor::Anchor;
use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::certificate::Fingerprint;
use crate::pem;
use crate::platform::Platform;

/// What a run is to bring about.
#[derive(Clone, Copy)]
pub(crate) enum Goal<'a> {
    Install(&'a TrustAnchors),
    Remove,
}

/// A file of the anchors directory as it was found.
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// A file of the anchors directory with what is to become of it.
pub(crate) struct LocalAnchor {
    pub(crate) path: PathBuf,
    pub(crate) text: Vec<u8>,
    /// The certificate in it, if there is exactly one.
    pub(crate) certificate: Option<Certificate>,
    /// The file was there, whatever was in it: the outputs hold what was made of it.
    pub(crate) existed: bool,
    /// The file is as it shall be.
    pub(crate) is_current: bool,
    pub(crate) fate: Fate,
}

/// What shall be in the outputs after this run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// In all of them.
    Present,
    /// In none.
    Absent,
    /// Wherever it is now: somebody else's file that isn't fit to be added, or not asked to be.
    AsFound,
}

impl LocalAnchor {
    /// The fingerprint of the one certificate in it.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.certificate.as_ref().map(|certificate| certificate.fingerprint)
    }

    /// The name without the directory and the suffix, from which the names of links are made.
    pub(crate) fn stem(&self, platform: &Platform) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(platform.suffix).unwrap_or(&name).to_owned()
    }
}

/// Joins what is there with what is wanted, in the order in which Debian's tool reads the
/// directory: by the bytes of the path, as sort(1) has it in the C locale.
pub(crate) fn anchors(
    platform: &Platform,
    files: Vec<LocalFile>,
    goal: Goal<'_>,
) -> Vec<LocalAnchor> {
    let mut locals: BTreeMap<OsString, LocalAnchor> = match goal {
        Goal::Install(anchors) => {
            anchors.as_slice().iter().map(|anchor| wanted(platform, anchor)).collect()
        }
        Goal::Remove => BTreeMap::new(),
    };
    for file in files {
        match locals.get_mut(file.path.as_os_str()) {
            Some(wanted) => {
                wanted.existed = true;
                wanted.is_current = wanted.text == file.bytes;
            }
            None => {
                locals.insert(file.path.clone().into_os_string(), found(platform, file, goal));
            }
        }
    }
    // Somebody's own file serves as well as one of ours. A directory that is mounted read-only, and
    // named as the CA too, takes no other.
    let others: BTreeSet<Fingerprint> = locals
        .values()
        .filter(|local| source_of(&local.path, platform).is_none())
        .filter(|local| local.fate == Fate::Present)
        .filter_map(LocalAnchor::fingerprint)
        .collect();
    locals.retain(|_, local| {
        local.existed
            || !local.fingerprint().is_some_and(|fingerprint| others.contains(&fingerprint))
    });
    locals.into_values().collect()
}

fn wanted(platform: &Platform, anchor: &Anchor) -> (OsString, LocalAnchor) {
    let path = path(anchor, platform);
    let certificate = Some(anchor.certificate.clone());
    let text = anchor.certificate.to_pem();
    (
        path.clone().into_os_string(),
        LocalAnchor {
            path,
            text,
            certificate,
            existed: false,
            is_current: false,
            fate: Fate::Present,
        },
    )
}

fn found(platform: &Platform, file: LocalFile, goal: Goal<'_>) -> LocalAnchor {
    let certificates = whole_certificates(&file.bytes);
    let fate = match (source_of(&file.path, platform), goal) {
        (Some(_), Goal::Remove) => Fate::Absent,
        // What stands here under a name of ours, and isn't wanted any more, was replaced at its
        // source.
        (Some(source), Goal::Install(anchors)) if anchors.replace(source) => Fate::Absent,
        (Some(_), Goal::Install(_)) => Fate::Present,
        // The distribution's tool would take in whatever somebody put here. So do we, but what
        // isn't a certificate.
        (None, Goal::Install(_)) if !certificates.is_empty() => Fate::Present,
        (None, _) => Fate::AsFound,
    };
    let certificate = match <[Certificate; 1]>::try_from(certificates) {
        Ok([certificate]) => Some(certificate),
        Err(_) => None,
    };
    LocalAnchor {
        path: file.path,
        text: file.bytes,
        certificate,
        existed: true,
        is_current: true,
        fate,
    }
}

/// The certificates of a file that holds nothing but certificates; none of any other.
fn whole_certificates(text: &[u8]) -> Vec<Certificate> {
    let parsed: Option<Vec<Certificate>> = pem::blocks(text)
        .map(|block| match block.label {
            b"CERTIFICATE" => Certificate::parse(&pem::decode(block.body?)?),
            _ => None,
        })
        .collect();
    parsed.unwrap_or_default()
}

/// The name of an anchor of ours: `ca-entrypoint-SOURCE-FINGERPRINT`.
pub(crate) fn stem_of(anchor: &Anchor) -> String {
    format!("{NAME_PREFIX}{}-{}", anchor.source, anchor.certificate.fingerprint.short())
}

/// The file in the anchors directory that an anchor gets.
fn path(anchor: &Anchor, platform: &Platform) -> PathBuf {
    Path::new(platform.anchors_directory).join(stem_of(anchor) + platform.suffix)
}

/// The source that an anchor of ours came from, as told by its file's name; `None` for somebody
/// else's.
fn source_of<'a>(path: &'a Path, platform: &Platform) -> Option<&'a str> {
    let name = path.strip_prefix(platform.anchors_directory).ok()?.to_str()?;
    source_of_stem(name.strip_suffix(platform.suffix)?)
}

/// The source in a name that [`stem_of`] made; `None` for any other name.
pub(crate) fn source_of_stem(stem: &str) -> Option<&str> {
    let (source, fingerprint) = stem.strip_prefix(NAME_PREFIX)?.rsplit_once('-')?;
    let is_fingerprint =
        fingerprint.len() == 12 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_fingerprint.then_some(source)
}

/// How the name of each anchor of ours begins.
pub(crate) const NAME_PREFIX: &str = "ca-entrypoint-";
