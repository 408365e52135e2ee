//! os-release(5): the distribution's own statement of what it is.

#![forbid(unsafe_code)]

use std::path::Path;

use crate::root::Root;

#[derive(Debug, Default, PartialEq)]
pub(super) struct OsRelease {
    /// The file that was read.
    pub(super) path: &'static str,
    pub(super) id: String,
    /// Words, the nearest relative first.
    pub(super) id_like: String,
}

impl OsRelease {
    /// `None` where an image doesn't say, or can't be read: detection goes on with other evidence.
    pub(super) fn read(root: &Root) -> Option<Self> {
        PATHS.iter().find_map(|path| {
            let text = root.read(Path::new(path), SIZE_MAX).ok()?;
            Some(Self { path, ..Self::parse(&String::from_utf8_lossy(&text)) })
        })
    }

    /// Lines of `NAME=value`, the value quoted as in a shell or bare. Of a name given twice the
    /// last counts.
    pub(super) fn parse(text: &str) -> Self {
        let mut os_release = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.trim().split_once('=') else {
                continue;
            };
            let value =
                || value.trim_matches(|quote| quote == '"' || quote == '\'').to_ascii_lowercase();
            match name {
                "ID" => os_release.id = value(),
                "ID_LIKE" => os_release.id_like = value(),
                _ => {}
            }
        }
        os_release
    }
}

const PATHS: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];

const SIZE_MAX: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (String, String) {
        let os_release = OsRelease::parse(text);
        (os_release.id, os_release.id_like)
    }

    #[test]
    fn values_are_read_with_and_without_quotes() {
        assert_eq!(parse("NAME=\"Alpine Linux\"\nID=alpine\n"), ("alpine".into(), "".into()));
        assert_eq!(
            parse("ID=\"linuxmint\"\r\nID_LIKE='ubuntu debian'"),
            ("linuxmint".into(), "ubuntu debian".into())
        );
    }

    #[test]
    fn other_names_and_nonsense_are_passed_over() {
        assert_eq!(parse("VERSION_ID=12\nMY_ID=x\n# ID=y\nID\n"), ("".into(), "".into()));
    }
}
