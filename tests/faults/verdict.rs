//! What must hold of a store at any time, and of a start that something went wrong with.

use std::path::Path;

use crate::rootfs::CA;
use crate::scenario::Stage;
use crate::skeletons::extracted;
use crate::tracer::End;
use crate::tree::Entry;
use crate::tree::Kind;
use crate::tree::Tree;
use crate::util::contains;

/// Whether each path is the old one or the new one, whole. Where a start may be under way, or have
/// ended without a word, temporary files may be there besides.
pub(crate) fn store(stage: &Stage, tree: &Tree, may_have_temporaries: bool) -> Result<(), String> {
    for path in tree.differing(&stage.old) {
        let entry = tree.0.get(path);
        let is_temporary = may_have_temporaries
            && path.file_name().is_some_and(|name| {
                name.to_string_lossy().starts_with(TEMPORARY_PREFIX)
                    && is_place(stage, path.parent().unwrap())
            });
        let is_right = entry == stage.new.0.get(path)
            || is_temporary
            || entry.is_some_and(|entry| is_private(path, entry) || is_between(stage, path, entry));
        if !is_right {
            let shown =
                |entry: Option<&Entry>| entry.map_or_else(|| "none".to_owned(), Entry::to_string);
            return Err(format!(
                "/{} is neither old nor new: {}; old {}; new {}",
                path.display(),
                shown(entry),
                shown(stage.old.0.get(path)),
                shown(stage.new.0.get(path))
            ));
        }
    }
    Ok(())
}

/// Whether it is the new store, apart from private files, which stay.
pub(crate) fn is_new(stage: &Stage, tree: &Tree) -> Result<(), String> {
    store(stage, tree, false)?;
    let may_stay = is_private;
    let mut stale = tree
        .differing(&stage.new)
        .filter(|path| !tree.0.get(*path).is_some_and(|entry| may_stay(path, entry)));
    stale.next().map_or(Ok(()), |path| Err(format!("/{} is not the new one", path.display())))
}

/// Whether what is said is in the known form, and there is something said where the goal wasn't
/// reached, with a path.
pub(crate) fn messages(stage: &Stage, tree: &Tree, end: &End) -> Result<(), String> {
    let is_message = |line: &str| line.starts_with("ca-entrypoint: ") || line.starts_with("hint: ");
    if let Some(line) = end.stderr.lines().find(|line| !is_message(line)) {
        return Err(format!("says {line:?}"));
    }
    let is_reached = is_new(stage, tree).is_ok() && names(end) == names(&stage.end);
    let is_complaint = |line: &str| {
        line.starts_with("ca-entrypoint: cannot ") && line.contains("'/")
            || line.starts_with("ca-entrypoint: trust store cannot be written (")
            || line.starts_with("ca-entrypoint: Java keystore '/")
            || WITHOUT_A_PATH.iter().any(|known| line.starts_with(known))
    };
    if is_reached || end.stderr.lines().any(is_complaint) {
        return Ok(());
    }
    Err(format!("did not reach the goal and says {:?}", end.stderr))
}

/// Of the command's variables.
fn names(end: &End) -> Vec<&str> {
    let variables = end.environment.iter().flatten();
    variables.filter_map(|variable| Some(variable.split_once('=')?.0)).collect()
}

/// Whether the files that variables name are there, and programs lose no public root by them.
pub(crate) fn variables(tree: &Tree, end: &End) -> Result<(), String> {
    for variable in end.environment.iter().flatten() {
        let Some((name, path)) = variable.split_once('=') else {
            continue;
        };
        if !path.starts_with('/') || name == "PATH" {
            continue;
        }
        let Some(content) = resolve(tree, path) else {
            return Err(format!("{name} names {path}, which isn't there"));
        };
        if !ADDING.contains(&name) && !has_public_roots(content) {
            return Err(format!("{name} names {path}, which lacks public roots"));
        }
    }
    Ok(())
}

/// The file at a path whose last component may be a link.
fn resolve<'a>(tree: &'a Tree, path: &str) -> Option<&'a [u8]> {
    match &tree.0.get(Path::new(path.trim_start_matches('/')))?.kind {
        Kind::Link(target) if target.is_absolute() => resolve(tree, target.to_str()?),
        Kind::File(content) => Some(content),
        _ => None,
    }
}

/// Whether a bundle has what is in both, and nothing that is in neither: a certificate that goes may
/// stay longer than one that comes, where its file couldn't be read, or one that may hold it too. The
/// same holds while a mounted file is written where it is; a keystore's end is cut off last then.
fn is_between(stage: &Stage, path: &Path, entry: &Entry) -> bool {
    let (Some(old), Some(new)) = (stage.old.0.get(path), stage.new.0.get(path)) else {
        return false;
    };
    let (Kind::File(content), Kind::File(before), Kind::File(after)) =
        (&entry.kind, &old.kind, &new.kind)
    else {
        return false;
    };
    let is_cut_last = content.len() == before.len()
        && content.starts_with(after)
        && before.ends_with(&content[after.len()..]);
    let [present, old_ones, new_ones] = [content, before, after].map(|bytes| blocks(bytes));
    let has_both =
        old_ones.iter().filter(|one| new_ones.contains(one)).all(|one| present.contains(one));
    let has_no_other = present.iter().all(|one| old_ones.contains(one) || new_ones.contains(one));
    let is_bundle = !old_ones.is_empty() && has_both && has_no_other;
    let is_database = path.ends_with("edk2/cacerts.bin") && has_public_roots(content);
    let is_keystore = path.ends_with("java/cacerts")
        && has_public_roots(content)
        && keystore_entries(content).starts_with(keystore_entries(before));
    entry.has_rights_of(old) && (is_bundle || is_cut_last || is_database || is_keystore)
}

/// Of a JKS, without what counts them and the digest, which the next start checks.
fn keystore_entries(bytes: &[u8]) -> &[u8] {
    bytes.get(12..bytes.len().saturating_sub(20)).unwrap_or_default()
}

/// The PEM blocks of a bundle, without what stands between them.
fn blocks(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let (begin, end) = ("-----BEGIN ", "\n-----END ");
    let whole = text.split(begin).skip(1).filter_map(|block| block.split_once(end));
    whole.map(|(block, _)| block.to_owned()).collect()
}

/// A directory that has an output, or something of ours.
fn is_place(stage: &Stage, directory: &Path) -> bool {
    let is_ours = |path: &Path| {
        path.to_string_lossy().contains("/ca-entrypoint-")
            || OUTPUTS.contains(&path.to_str().unwrap())
    };
    let paths = stage.old.0.keys().chain(stage.new.0.keys());
    paths.filter(|path| path.parent() == Some(directory)).any(|path| is_ours(path))
        || PRIVATE.iter().any(|private| directory.to_string_lossy().starts_with(private))
}

/// A user's own directory, or a whole file in it.
fn is_private(path: &Path, entry: &Entry) -> bool {
    if !PRIVATE.iter().any(|private| path.to_string_lossy().starts_with(private)) {
        return false;
    }
    let name = path.file_name().unwrap().to_string_lossy();
    match &entry.kind {
        Kind::Directory => true,
        Kind::File(content) => {
            name.starts_with("anchors-") && content.ends_with(b"-----END CERTIFICATE-----\n")
                || (name.starts_with("bundle-") || name.starts_with("cacerts-"))
                    && has_public_roots(content)
        }
        Kind::Link(_) | Kind::Other => false,
    }
}

/// As PEM, with trust settings after them or without, or as DER.
fn has_public_roots(content: &[u8]) -> bool {
    extracted::public().iter().all(|root| {
        let pem = root.pem();
        // The last line is another one where more follows.
        let lines: Vec<&str> = pem.lines().collect();
        let lines = lines[1..lines.len() - 2].join("\n");
        contains(content, lines.as_bytes()) || contains(content, root.der())
    })
}

/// Every output that is there at the start, or at the end, has all public roots: what is only ever
/// one of the two then never lacks any.
pub(crate) fn outputs(stage: &Stage) {
    let mut count = 0;
    for tree in [&stage.old, &stage.new] {
        for (path, entry) in &tree.0 {
            let is_output = OUTPUTS.contains(&path.to_str().unwrap());
            if let (true, Kind::File(content)) = (is_output, &entry.kind) {
                assert!(has_public_roots(content), "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 2, "no outputs");
    assert!(stage.old.file(CA).is_none_or(|ca| !ca.is_empty()));
}

const OUTPUTS: &[&str] = &[
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/certs/java/cacerts",
    "etc/pki/ca-trust/extracted/edk2/cacerts.bin",
    "etc/pki/ca-trust/extracted/java/cacerts",
    "etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// Where a user's own files may be.
const PRIVATE: &[&str] = &["run/ca-entrypoint", "dev/shm/ca-entrypoint-", "tmp/ca-entrypoint-"];

/// Variables of files that are taken beside a program's own roots.
const ADDING: &[&str] = &["CI_SERVER_TLS_CA_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];

const TEMPORARY_PREFIX: &str = ".ca-entrypoint-";

/// Messages of what concerns no single path.
const WITHOUT_A_PATH: [&str; 4] = [
    "ca-entrypoint: cannot install the CA: no directory is fit ",
    "ca-entrypoint: cannot install the CA: out of memory",
    "ca-entrypoint: cannot install the CA: internal error",
    "ca-entrypoint: leaving out the variables: ",
];
