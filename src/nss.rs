//! NSS's certificate databases, which Chromium and Firefox read in place of the system's store.
//!
//! They are SQLite files with a format of NSS's own, so NSS's certutil(1) writes them. What is in
//! them is seen without it: a certificate's nickname stands there as it was given.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::change::Change;
use crate::error::Error;
use crate::local;
use crate::local::Goal;
use crate::root::Root;
use crate::sys;

/// The databases of a user; none where there is no certutil.
#[derive(Default)]
pub(crate) struct State {
    databases: Vec<Database>,
}

struct Database {
    directory: PathBuf,
    /// None where it is to be made, for a browser that hasn't run yet.
    content: Option<Vec<u8>>,
}

/// Looks below `home` for databases, and for browsers that will want one. Not where anybody but the
/// user could put something in the way.
///
/// # Errors
/// When a database can't be read.
pub(crate) fn observe(root: &Root, home: Option<&Path>) -> Result<State, Error> {
    let mut state = State::default();
    let is_tool = root.is_system() && has(root, Path::new(CERTUTIL));
    let Some(home) = home.filter(|home| is_tool && sys::is_own_directory(home)) else {
        return Ok(state);
    };
    let shared = home.join(".pki/nssdb");
    if !has(root, &shared.join(DATABASE)) && BROWSERS.iter().any(|path| has(root, Path::new(path)))
    {
        state.databases.push(Database { directory: shared.clone(), content: None });
    }
    let profiles = home.join(".mozilla/firefox");
    let mut names = root.names(&profiles).unwrap_or_default();
    names.sort_unstable();
    let profiles = names.iter().map(|name| profiles.join(name));
    for directory in [shared].into_iter().chain(profiles) {
        if let Some(content) = root.read_store_file(&directory.join(DATABASE))? {
            state.databases.push(Database { directory, content: Some(content) });
        }
    }
    Ok(state)
}

fn has(root: &Root, path: &Path) -> bool {
    root.has_entry(path).is_ok_and(|exists| exists)
}

/// Makes the databases hold the wanted anchors, and none that was replaced at its source.
pub(crate) fn changes(state: &State, goal: Goal<'_>) -> Vec<Change> {
    let anchors = match goal {
        Goal::Install(anchors) => anchors.as_slice(),
        Goal::Remove => &[],
    };
    let wanted: Vec<String> = anchors.iter().map(local::stem_of).collect();
    let mut changes = Vec::new();
    for Database { directory, content } in &state.databases {
        let run = |arguments: &[&str], input| certutil(directory, arguments, input);
        let present = nicknames(content.as_deref().unwrap_or_default());
        if content.is_none() && !wanted.is_empty() {
            changes.push(Change::Directory { path: directory.clone() });
            changes.push(run(&["-N", "--empty-password"], Vec::new()));
        }
        let others = present.iter().filter(|nickname| !wanted.contains(nickname));
        for nickname in others.filter(|nickname| is_unwanted(nickname, goal)) {
            changes.push(run(&["-D", "-n", nickname], Vec::new()));
        }
        let pairs = anchors.iter().zip(&wanted);
        for (anchor, nickname) in pairs.filter(|(_, nickname)| !present.contains(nickname)) {
            // Trusted to sign servers' certificates.
            let arguments = ["-A", "-a", "-t", "C,,", "-n", nickname];
            changes.push(run(&arguments, anchor.certificate.to_pem()));
        }
    }
    changes
}

fn certutil(directory: &Path, arguments: &[&str], input: Vec<u8>) -> Change {
    let mut database = OsString::from("sql:");
    database.push(directory);
    let mut arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    arguments.extend([OsString::from("-d"), database]);
    Change::Run { path: PathBuf::from(CERTUTIL), arguments, directory: directory.to_owned(), input }
}

fn is_unwanted(nickname: &str, goal: Goal<'_>) -> bool {
    match goal {
        Goal::Install(anchors) => {
            local::source_of_stem(nickname).is_some_and(|source| anchors.replace(source))
        }
        Goal::Remove => true,
    }
}

/// The nicknames of ours in a database. What stands behind one may look like more of it.
fn nicknames(database: &[u8]) -> Vec<String> {
    let prefix = local::NAME_PREFIX.as_bytes();
    let mut nicknames = Vec::new();
    for start in 0..database.len() {
        let rest = database.get(start..).unwrap_or_default();
        if !rest.starts_with(prefix) {
            continue;
        }
        let is_part = |byte: &u8| byte.is_ascii_graphic();
        let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let text = rest.get(..end).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default();
        let ends = prefix.len()..=text.len();
        let mut candidates = ends.filter_map(|end| text.get(..end));
        if let Some(nickname) = candidates.find(|text| local::source_of_stem(text).is_some()) {
            nicknames.push(nickname.to_owned());
        }
    }
    nicknames.sort_unstable();
    nicknames.dedup();
    nicknames
}

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
