//! The files of the anchors directory: as they are, and as they shall be.

#![forbid(unsafe_code)]

use std::path::Path;
use std::path::PathBuf;

use crate::anchor::Anchor;
use crate::anchor::TrustAnchors;
use crate::certificate::Certificate;
use crate::certificate::Fingerprint;
use crate::pem;
use crate::places::Places;
use crate::places::key;
use crate::platform::Filter;
use crate::platform::Platform;
use crate::purpose::Purpose;

/// What a run is to bring about.
#[derive(Clone, Copy)]
pub(crate) enum Goal<'a> {
    Install(&'a TrustAnchors),
    Remove(Whose<'a>),
}

/// The sources whose anchors go.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    All,
    /// Those with these names.
    Only(&'a Places),
}

impl Goal<'_> {
    /// Whether what is there of a source, and isn't wanted, goes.
    pub(crate) fn replaces(&self, source: &str) -> bool {
        match self {
            Self::Install(anchors) => anchors.replace(source),
            Self::Remove(Whose::All) => true,
            Self::Remove(Whose::Only(names)) => names.contains(source.as_bytes()),
        }
    }
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
    /// Those in it, if it holds nothing else.
    pub(crate) certificates: Vec<Certificate>,
    /// The file is, or shall be, this program's.
    pub(crate) is_ours: bool,
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
    /// Not in the anchors directory any more, and in the outputs as they are: the tool finds the
    /// certificate elsewhere too.
    AbsentHere,
    /// Wherever it is now: somebody else's file that isn't fit to be added, or not asked to be.
    AsFound,
}

/// A certificate of the anchors directory, once however many files have it.
pub(crate) struct Member<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) fate: Fate,
    /// The image had it before.
    pub(crate) is_known: bool,
    /// What is to become of it as far as it is this program's.
    own_fate: Option<Fate>,
}

impl Member<'_> {
    /// What is to become of it among CAs, or those for a purpose; `None` where it has no place there.
    /// What the user gave has one among those for servers, even where the distribution's tool would
    /// leave it out.
    fn fate_for(&self, filter: Filter) -> Option<Fate> {
        let (is_taken, is_for_servers) = match filter {
            Filter::Certificates => (true, false),
            Filter::Authorities => (self.certificate.is_authority, true),
            Filter::Purpose(purpose) => {
                let is_taken = self.certificate.purposes.contains(&purpose);
                (is_taken, purpose == Purpose::ServerAuth)
            }
        };
        if is_taken { Some(self.fate) } else { self.own_fate.filter(|_| is_for_servers) }
    }
}

impl LocalAnchor {
    /// The certificate in it, if there is exactly one.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match self.certificates.as_slice() {
            [certificate] => Some(certificate),
            _ => None,
        }
    }

    /// The fingerprint of the one certificate in it.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.certificate().map(|certificate| certificate.fingerprint)
    }

    /// Notes in the file that the image had the certificate before.
    pub(crate) fn mark_known(&mut self) {
        self.text.splice(0..0, KNOWN.iter().copied());
    }

    /// Whether the image had the certificate before.
    pub(crate) fn is_known(&self) -> bool {
        self.text.starts_with(KNOWN)
    }

    /// Whether its file goes.
    pub(crate) fn is_removed(&self) -> bool {
        matches!(self.fate, Fate::Absent | Fate::AbsentHere)
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
    let mut locals: Vec<LocalAnchor> = Vec::new();
    let mut places = Places::default();
    if let Goal::Install(anchors) = goal {
        for anchor in anchors.as_slice() {
            let wanted = wanted(platform, anchor);
            if places.enter(key(&wanted.path), locals.len()).is_none() {
                locals.push(wanted);
            }
        }
    }
    for file in files {
        match places.enter(key(&file.path), locals.len()) {
            Some(place) => {
                let wanted = &mut locals[place];
                wanted.existed = true;
                let known = file.bytes.strip_prefix(KNOWN);
                if known == Some(&wanted.text) {
                    wanted.mark_known();
                }
                wanted.is_current = wanted.text == file.bytes;
            }
            None => locals.push(found(platform, file, goal)),
        }
    }
    // Somebody's own file serves as well as one of ours. A directory that is mounted read-only, and
    // named as the CA too, takes no other.
    let mut others = Places::default();
    let is_as_good = |local: &&LocalAnchor| {
        // Where the tool would leave it out, only a file of ours gets it in.
        let is_left_out = platform.collection.is_some()
            && !local
                .certificates
                .iter()
                .all(|other| other.purposes.contains(&Purpose::ServerAuth));
        !local.is_ours && local.fate == Fate::Present && !is_left_out
    };
    for local in locals.iter().filter(is_as_good) {
        if let Some(Fingerprint(fingerprint)) = local.fingerprint() {
            others.add(&fingerprint);
        }
    }
    let mut sorted = Vec::with_capacity(locals.len());
    let mut unsorted: Vec<Option<LocalAnchor>> = locals.into_iter().map(Some).collect();
    for place in places.in_order() {
        let is_needed = |local: &LocalAnchor| {
            let fingerprint = local.fingerprint();
            local.existed || !fingerprint.is_some_and(|fingerprint| others.contains(&fingerprint.0))
        };
        sorted.extend(unsorted[place].take().filter(is_needed));
    }
    sorted
}

fn wanted(platform: &Platform, anchor: &Anchor) -> LocalAnchor {
    LocalAnchor {
        path: path(anchor, platform),
        text: anchor.certificate.to_pem(),
        certificates: vec![anchor.certificate.clone()],
        is_ours: true,
        existed: false,
        is_current: false,
        fate: Fate::Present,
    }
}

fn found(platform: &Platform, file: LocalFile, goal: Goal<'_>) -> LocalAnchor {
    let mut certificates = whole_certificates(&file.bytes);
    if certificates.is_empty() && platform.collection.is_some() {
        certificates.extend(Certificate::parse(&file.bytes));
    }
    let source = source_of(&file.path, platform);
    if let (None, Goal::Install(anchors)) = (source, goal) {
        certificates.retain(|certificate| !anchors.is_blocked(certificate));
    }
    let fate = match (source, goal) {
        // What stands here under a name of ours, and isn't wanted any more, was replaced at its
        // source.
        (Some(source), _) if goal.replaces(source) => Fate::Absent,
        (Some(_), Goal::Install(anchors))
            if certificates.iter().any(|certificate| anchors.is_blocked(certificate)) =>
        {
            Fate::Absent
        }
        // The distribution's tool would take in whatever somebody put here. So do we, but what
        // isn't a certificate.
        (_, Goal::Install(_)) if !certificates.is_empty() => Fate::Present,
        (_, _) => Fate::AsFound,
    };
    LocalAnchor {
        is_ours: source.is_some(),
        path: file.path,
        text: file.bytes,
        certificates,
        existed: true,
        is_current: true,
        fate,
    }
}

/// The certificates of all files that have a place in an output. Where files differ in what is to
/// become of one, it is there.
pub(crate) fn members(locals: &[LocalAnchor], filter: Filter) -> Vec<Member<'_>> {
    let mut members: Vec<Member<'_>> = Vec::new();
    let mut places = Places::default();
    let certificates = locals
        .iter()
        .flat_map(|local| local.certificates.iter().map(move |certificate| (local, certificate)));
    for (local, certificate) in certificates {
        let present = places.enter(&certificate.fingerprint.0, members.len());
        let place = present.unwrap_or_else(|| {
            let (fate, is_known, own_fate) = (Fate::Absent, false, None);
            members.push(Member { certificate, fate, is_known, own_fate });
            members.len() - 1
        });
        let member = &mut members[place];
        member.fate = joined(member.fate, local.fate);
        if local.is_ours {
            member.is_known |= local.is_known();
            let own_fate = member.own_fate.unwrap_or(Fate::Absent);
            member.own_fate = Some(joined(own_fate, local.fate));
        }
    }
    members.retain_mut(|member| {
        let fate = member.fate_for(filter);
        member.fate = fate.unwrap_or(Fate::AsFound);
        fate.is_some()
    });
    members
}

fn joined(one: Fate, other: Fate) -> Fate {
    match (one, other) {
        (Fate::Present, _) | (_, Fate::Present) => Fate::Present,
        (Fate::Absent, fate) => fate,
        (fate, _) => fate,
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

/// Whether a file of the anchors directory is one of ours.
pub(crate) fn is_ours(path: &Path, platform: &Platform) -> bool {
    source_of(path, platform).is_some()
}

/// The source that an anchor of ours came from, as told by its file's name; `None` for somebody
/// else's.
fn source_of<'a>(path: &'a Path, platform: &Platform) -> Option<&'a str> {
    let name = path.strip_prefix(platform.anchors_directory).ok()?.to_str()?;
    source_of_stem(name.strip_suffix(platform.suffix)?)
}

/// The source in a name that [`stem_of`] made; `None` for any other name.
pub(crate) fn source_of_stem(stem: &str) -> Option<&str> {
    parts_of_stem(stem).map(|(source, _)| source)
}

/// Both parts of such a name: the source, and the fingerprint in short.
pub(crate) fn parts_of_stem(stem: &str) -> Option<(&str, &str)> {
    let (source, fingerprint) = stem.strip_prefix(NAME_PREFIX)?.rsplit_once('-')?;
    let is_fingerprint =
        fingerprint.len() == 12 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_fingerprint.then_some((source, fingerprint))
}

/// Stands before a certificate that the image trusted before it was given.
const KNOWN: &[u8] = b"# The image had this certificate before.\n";

/// How the name of each anchor of ours begins.
pub(crate) const NAME_PREFIX: &str = "ca-entrypoint-";
