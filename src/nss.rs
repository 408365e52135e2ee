//! NSS's certificate databases, which Chromium and Firefox read in place of the system's store.
//!
//! They are SQLite files with a format of NSS's own, so NSS's certutil(1) writes them. What is in
//! them is seen without it: a certificate's nickname stands there as it was given.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::certificate::Certificate;
use crate::change::Change;
use crate::change::PROGRAM_PATIENCE;
use crate::change::Program;
use crate::der::Element;
use crate::der::Reader;
use crate::der::SEQUENCE;
use crate::error::Error;
use crate::local;
use crate::local::Goal;
use crate::places::Places;
use crate::root::Root;
use crate::sys;

/// The databases of a user; none where there is no certutil.
#[derive(Default)]
pub(crate) struct State {
    databases: Vec<Database>,
    /// Of databases that can't be read.
    pub(crate) errors: Vec<Error>,
}

struct Database {
    directory: PathBuf,
    /// None where it is to be made, for a browser that hasn't run yet.
    content: Option<Vec<u8>>,
}

/// Looks below `home` for databases that can be written, and for browsers that will want one. Not
/// where anybody but the user could put something in the way.
pub(crate) fn observe(root: &Root, home: Option<&Path>) -> State {
    let mut state = State::default();
    // Where it isn't Unix that runs, a program of this name is somebody else's.
    let has_certutil =
        root.is_system() && sys::PLATFORM.is_none() && root.exists(Path::new(CERTUTIL));
    if !has_certutil {
        return state;
    }
    let home = home.and_then(|home| root.resolve(home).ok());
    let Some(home) = home.filter(|home| sys::is_safe_directory(home)) else {
        return state;
    };
    let shared = home.join(".pki/nssdb");
    let profiles = home.join(".mozilla/firefox");
    let mut names = root.names(&profiles).unwrap_or_default();
    names.sort_unstable();
    let profiles = names.iter().map(|name| profiles.join(name));
    for directory in [shared.clone()].into_iter().chain(profiles) {
        let is_wanted =
            directory == shared && BROWSERS.iter().any(|path| root.exists(Path::new(path)));
        let nearest = directory.ancestors().find(|path| path.is_dir());
        if nearest.is_none_or(|path| !sys::is_safe_directory(path) || sys::writable(path).is_err())
        {
            continue;
        }
        match root.read_store_file(&directory.join(DATABASE)) {
            Ok(None) if !is_wanted => {}
            Ok(content) => state.databases.push(Database { directory, content }),
            Err(error) => state.errors.push(error),
        }
    }
    state
}

/// Makes the databases hold the wanted anchors, and none that was replaced at its source.
pub(crate) fn changes(state: &State, goal: Goal<'_>) -> Vec<Change> {
    let anchors = match goal {
        Goal::Install(anchors) => anchors.as_slice(),
        Goal::Remove(_) => &[],
    };
    let mut changes = Vec::new();
    if state.databases.is_empty() {
        return changes;
    }
    let nicknames: Vec<String> = anchors.iter().map(local::stem_of).collect();
    let (mut wanted, mut sought) = (Places::default(), Places::default());
    for (anchor, nickname) in anchors.iter().zip(&nicknames) {
        wanted.add(nickname.as_bytes());
        sought.add(&anchor.certificate.der);
    }
    for Database { directory, content } in &state.databases {
        let run = |arguments: &[&str], input| certutil(directory, arguments, input);
        if content.is_none() && !anchors.is_empty() {
            changes.push(Change::Directory { path: directory.clone() });
            changes.push(run(&["-N", "--empty-password"], Vec::new()));
        }
        let content = content.as_deref().unwrap_or_default();
        let present = nicknames_in(content);
        let mut deleted = Places::default();
        for nickname in &present {
            if !wanted.contains(nickname.as_bytes())
                && let Some((source, fingerprint)) = local::parts_of_stem(nickname)
                && goal.replaces(source)
            {
                changes.push(run(&["-D", "-n", nickname], Vec::new()));
                deleted.add(fingerprint.as_bytes());
            }
        }
        let is_there = |nickname: &String| present.binary_search(nickname).is_ok();
        let held = if nicknames.iter().all(is_there) {
            Places::default()
        } else {
            certificates_in(content, &sought)
        };
        for (anchor, nickname) in anchors.iter().zip(&nicknames) {
            // A certificate has one nickname. Who gave it another, decided about its trust too; a
            // source that doesn't have it any more didn't.
            let Certificate { der, fingerprint, .. } = &anchor.certificate;
            let is_held = held.contains(der) && !deleted.contains(fingerprint.short().as_bytes());
            if !is_there(nickname) && !is_held {
                // Trusted to sign servers' certificates.
                let arguments = ["-A", "-a", "-t", "C,,", "-n", nickname];
                changes.push(run(&arguments, anchor.certificate.to_pem()));
            }
        }
    }
    changes
}

fn certutil(directory: &Path, arguments: &[&str], input: Vec<u8>) -> Change {
    let mut database = OsString::from("sql:");
    database.push(directory);
    let mut arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    // No password, and none is asked for.
    arguments.extend([OsString::from("-f"), "/dev/null".into(), "-d".into(), database]);
    let path = PathBuf::from(CERTUTIL);
    let program = Program {
        path,
        arguments,
        directory: directory.to_owned(),
        environment: &[],
        patience: PROGRAM_PATIENCE,
    };
    Change::Run { program, input }
}

/// Those of the certificates that stand in a database, under whatever nickname. There may be thousands
/// of them, and megabytes of it: what may be one is looked up among them all.
fn certificates_in(database: &[u8], sought: &Places) -> Places {
    let mut held = Places::default();
    for (start, _) in database.iter().enumerate().filter(|&(_, &byte)| byte == SEQUENCE) {
        if let Some(Element { whole, .. }) = Reader(&database[start..]).next()
            && sought.contains(whole)
        {
            held.add(whole);
        }
    }
    held
}

/// The nicknames of ours in a database. What stands behind one may look like more of it, and a
/// source's name may end as a nickname does: the longest is taken.
fn nicknames_in(database: &[u8]) -> Vec<String> {
    let prefix = local::NAME_PREFIX.as_bytes();
    let mut nicknames = Vec::new();
    for start in 0..database.len() {
        let rest = database.get(start..).unwrap_or_default();
        if !rest.starts_with(prefix) {
            continue;
        }
        let text = rest.get(..NICKNAME_MAX).unwrap_or(rest);
        let end = text.iter().position(|byte| !byte.is_ascii_graphic()).unwrap_or(text.len());
        let text = text.get(..end).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default();
        let mut candidates = (0..=text.len()).rev().filter_map(|end| text.get(..end));
        if let Some(nickname) = candidates.find(|text| local::source_of_stem(text).is_some()) {
            nicknames.push(nickname.to_owned());
        }
    }
    nicknames.sort_unstable();
    nicknames.dedup();
    nicknames
}

/// Bytes: the prefix, a source's name and a fingerprint.
const NICKNAME_MAX: usize = 200;

const CERTUTIL: &str = "/usr/bin/certutil";

const DATABASE: &str = "cert9.db";

/// Chromium and what is made of it: they read the database below the home directory.
const BROWSERS: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/microsoft-edge",
];
