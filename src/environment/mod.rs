//! The command's environment: the one that was given, and what the installed CA adds to it.

#![forbid(unsafe_code)]

mod dialect;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod java_options;
mod variables;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

pub(crate) use dialect::Dialect;
pub(crate) use dialect::render;
pub(crate) use variables::CI_SERVER_TLS_CA_FILE;
use variables::VARIABLES;
use variables::Variable;

use crate::places::Places;
use crate::plan::TrustFiles;
use crate::private;
use crate::root::Root;
use crate::root::is_in;
use crate::sys;

/// Entries `NAME=value`, byte for byte and in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Environment {
    entries: Vec<OsString>,
}

/// A variable that gets a value, in place of the one that it had.
#[derive(Debug, PartialEq)]
pub(crate) struct Setting {
    name: String,
    value: OsString,
}

impl Environment {
    /// This process's own, as it was given.
    pub(crate) fn of_process() -> Self {
        Self { entries: sys::environment() }
    }

    /// What of it may configure this program: nothing when the caller has fewer rights than the
    /// program.
    pub(crate) fn trusted(&self) -> Cow<'_, Self> {
        if sys::is_privileged_by_file() { Cow::Owned(Self::default()) } else { Cow::Borrowed(self) }
    }

    pub(crate) fn entries(&self) -> &[OsString] {
        &self.entries
    }

    /// The value of a variable; of one that is given twice the first, as getenv(3) has it.
    pub(crate) fn value(&self, name: &str) -> Option<&OsStr> {
        self.entries.iter().find_map(|entry| sys::value_of(entry, name))
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// The environment with these settings in it.
    pub(crate) fn with(mut self, settings: Vec<Setting>) -> Self {
        for Setting { name, value } in settings {
            let present =
                self.entries.iter_mut().find(|entry| sys::value_of(entry, &name).is_some());
            let mut entry = OsString::from(name);
            entry.push("=");
            entry.push(value);
            match present {
                Some(present) => *present = entry,
                None => self.entries.push(entry),
            }
        }
        self
    }
}

/// The settings that point programs which don't read the store at the anchors, or at the bundle
/// with them. A variable that has a value is somebody's decision and stays.
pub(crate) fn settings(
    environment: &Environment,
    root: &Root,
    trust: &TrustFiles,
    has_prefix: bool,
) -> Vec<Setting> {
    let decision = |name: &str| {
        let value = environment.non_empty(name)?;
        let is_kept = name == CI_SERVER_TLS_CA_FILE || !is_no_decision(root, trust, value);
        is_kept.then_some(value)
    };
    let is_free = |variable: &Variable| {
        decision(variable.name).is_none()
            && (!variable.only_over_default || environment.non_empty(variable.name).is_some())
            && variable.yields_to.iter().all(|name| decision(name).is_none())
            && variable.only_with.is_none_or(|path| root.exists(Path::new(path)))
            && !(has_prefix && variable.name == CI_SERVER_TLS_CA_FILE)
    };
    let mut settings = Vec::new();
    for variable in VARIABLES {
        let Some(value) = variable.value(trust) else {
            continue;
        };
        if !is_free(variable) {
            if environment.non_empty(variable.name).is_some() {
                log::debug!("variable {} has a value, which stays", variable.name);
            }
            continue;
        }
        // An image that has its whole bundle added to a program's own roots has it still.
        let default = environment.non_empty(variable.name).map(Path::new);
        let default = default.filter(|default| !private::is_copy(default));
        let value = default.and_then(|_| trust.merged_bundle.clone()).unwrap_or(value);
        settings.push(Setting { name: variable.name.to_owned(), value: value.into() });
    }
    settings.extend(git_settings(environment, trust));
    settings.extend(java_options::setting(environment, trust));
    settings.retain(|setting| environment.value(&setting.name) != Some(&setting.value));
    settings
}

/// Whether nobody decided anything by a value: images name their own bundle, or its directory, for
/// everybody, and an earlier start of this program named files of ours, which may be out of date.
fn is_no_decision(root: &Root, trust: &TrustFiles, value: &OsStr) -> bool {
    let path = Path::new(value);
    let is_of_image = |bundle: &PathBuf| {
        let file = root.without_links(path);
        file.is_ok_and(|file| file == *bundle || Some(file.as_path()) == bundle.parent())
    };
    let is_immutable = |name: &str| {
        let is_bundle = |file: PathBuf| file.ends_with(name) && is_in(&file, trust.immutable);
        root.without_links(path).is_ok_and(is_bundle)
    };
    path.is_absolute()
        && (private::is_copy(path)
            || trust.image_bundle.as_ref().is_some_and(is_of_image)
            || trust.named_bundle.is_some_and(is_immutable))
}

/// git reads the store, but where there is only a private bundle it has to be told. By the generic
/// key, which yields to `http.<url>.sslCAInfo`, the way in which GitLab Runner passes the server's
/// own chain; GIT_SSL_CAINFO would override that. git-config(1): `GIT_CONFIG_COUNT`, since 2.31.
fn git_settings(environment: &Environment, trust: &TrustFiles) -> Vec<Setting> {
    let (Some(bundle), true) = (&trust.merged_bundle, trust.is_private) else {
        return Vec::new();
    };
    let count = match environment.non_empty(GIT_CONFIG_COUNT).map(OsStr::to_str) {
        None => Some(0),
        Some(count) => count.and_then(|count| count.parse::<u16>().ok()),
    };
    let others = trust.system_stores.map_or(&[][..], |stores| stores.git_settings);
    // git itself refuses what is no number.
    let Some(count) = count.filter(|&count| usize::from(count) + others.len() < COUNT_MAX) else {
        return Vec::new();
    };
    let value_name = |number| format!("GIT_CONFIG_VALUE_{number}");
    let value = OsString::from(bundle);
    let Some(number) = first_git_key(environment, count) else {
        let others = others.iter().map(|&(key, value)| (key, value.into()));
        let mut settings = Vec::new();
        let mut number = count;
        for (key, value) in [(GIT_KEY, value)].into_iter().chain(others) {
            settings.push(Setting { name: format!("{GIT_CONFIG_KEY}{number}"), value: key.into() });
            settings.push(Setting { name: value_name(number), value });
            number += 1;
        }
        let count = number.to_string().into();
        settings.push(Setting { name: GIT_CONFIG_COUNT.to_owned(), value: count });
        return settings;
    };
    let name = value_name(number);
    match environment.value(&name) {
        Some(present) if private::is_copy(Path::new(present)) && present != value => {
            vec![Setting { name, value }]
        }
        _ => Vec::new(),
    }
}

/// The number of the first of so many pairs whose key is ours. There may be as many variables: each
/// is looked at once.
fn first_git_key(environment: &Environment, count: u16) -> Option<u16> {
    let mut seen = Places::default();
    let numbers = environment.entries.iter().filter_map(|entry| {
        let (_, rest) = entry.as_encoded_bytes().split_at_checked(GIT_CONFIG_KEY.len())?;
        let digits = rest.split(|&byte| byte == b'=').next()?;
        let number: u16 = str::from_utf8(digits).ok()?.parse().ok()?;
        // Of more ways to write a number, this is git's.
        let key = sys::value_of(entry, &format!("{GIT_CONFIG_KEY}{number}"))?;
        // Of a variable that is given twice, the first counts.
        let is_first = seen.add(&number.to_be_bytes());
        (is_first && number < count && key.eq_ignore_ascii_case(GIT_KEY)).then_some(number)
    });
    numbers.min()
}

const GIT_CONFIG_KEY: &str = "GIT_CONFIG_KEY_";

const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

const COUNT_MAX: usize = u16::MAX as usize;

const GIT_KEY: &str = "http.sslCAInfo";

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the pair that names the key, where 8 pairs are given; none where there is none.
    fn found(entries: &[&str]) -> Option<u16> {
        let copy = "/dev/shm/ca-entrypoint-1/bundle-old.crt";
        let values = (0..12).map(|number| format!("GIT_CONFIG_VALUE_{number}={copy}").into());
        let given = entries.iter().map(OsString::from).chain(values);
        let entries = given.chain(["GIT_CONFIG_COUNT=8".into()]).collect();
        let trust = TrustFiles {
            merged_bundle: Some("/new".into()),
            is_private: true,
            ..TrustFiles::default()
        };
        match &git_settings(&Environment { entries }, &trust)[..] {
            [value] => Some(value.name.strip_prefix("GIT_CONFIG_VALUE_")?.parse().unwrap()),
            [key, _, count] => {
                assert_eq!((&*key.name, &*count.value), ("GIT_CONFIG_KEY_8", "9".as_ref()));
                None
            }
            others => panic!("{others:?}"),
        }
    }

    #[test]
    fn the_first_pair_with_git_s_key_is_found_as_git_finds_it() {
        for (entries, number) in [
            (&["GIT_CONFIG_KEY_0=http.sslCAInfo"][..], Some(0)),
            (&["GIT_CONFIG_KEY_7=http.sslcainfo"], Some(7)),
            (&["GIT_CONFIG_KEY_5=http.sslCAInfo", "GIT_CONFIG_KEY_3=http.sslCAInfo"], Some(3)),
            (&["GIT_CONFIG_KEY_3=user.name", "GIT_CONFIG_KEY_5=http.sslCAInfo"], Some(5)),
            (&["GIT_CONFIG_KEY_2=http.sslCAInfo", "GIT_CONFIG_KEY_2=user.name"], Some(2)),
            (&["GIT_CONFIG_KEY_2=user.name", "GIT_CONFIG_KEY_2=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_2=", "GIT_CONFIG_KEY_2=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_8=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_65536=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_07=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_+7=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_7 =http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_7"], None),
            (&["GIT_CONFIG_KEY_7=http.sslCAInfo=x"], None),
            (&["XGIT_CONFIG_KEY_7=http.sslCAInfo", "GIT_CONFIG_KEX_7=http.sslCAInfo"], None),
            (&["GIT_CONFIG_KEY_07=http.sslCAInfo", "GIT_CONFIG_KEY_7=http.sslCAInfo"], Some(7)),
        ] {
            assert_eq!(found(entries), number, "{entries:?}");
        }
    }
}
