//! os-release(5), and what it says of the platform.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failure is what is looked for")]

use super::Evidence;
use super::Platform;
use super::by_os_release;
use super::os_release::OsRelease;
use super::table;

/// Every row, the fallback last.
pub(crate) fn rows() -> impl Iterator<Item = &'static Platform> {
    table::PLATFORMS.iter().chain([&table::FALLBACK])
}

/// An os-release file. Where it is as os-release(5) has it, a reader that takes nothing else finds
/// the same; and what was found, written as that reader wants it, leads to the same platform.
pub fn os_release(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let found = OsRelease::parse(&text);
    if let Some((id, id_like)) = strict(&text) {
        assert_eq!((found.id.as_str(), found.id_like.as_str()), (id, id_like));
    }
    let ids = table::PLATFORMS.iter().flat_map(|platform| platform.evidence);
    let mut ids = ids.filter_map(|evidence| match evidence {
        Evidence::Id(id) => Some(id),
        Evidence::File(_) => None,
    });
    let other = ids.next().unwrap();
    let comment = format!("\n\n# ID={other}\n");
    for line_end in ["\n", "\r\n", &comment, &format!("\nNAME=\"ID={other}\"\n")] {
        let OsRelease { id, id_like, .. } = &found;
        let [id, id_like] = [format!("ID=\"{id}\""), format!("ID_LIKE=\"{id_like}\"")];
        let text =
            [&format!("ID_LIKE={other}"), &id, &id_like].map(|line| line.to_owned() + line_end);
        let again = OsRelease::parse(&text.concat());
        let platforms = [&again, &found].map(|found| Some(by_os_release(found)?.platform.name));
        assert_eq!(platforms[0], platforms[1], "{found:?} {again:?}");
    }
    if let Some(detected) = by_os_release(&found) {
        let is_word =
            |id: &str| id == found.id || found.id_like.split_whitespace().any(|word| word == id);
        assert!(
            detected
                .platform
                .evidence
                .iter()
                .any(|evidence| matches!(evidence, Evidence::Id(id) if is_word(id)))
        );
        assert!(detected.reason.chars().all(|c| matches!(c, ' '..='~')), "{:?}", detected.reason);
    }
}

/// `ID` and `ID_LIKE` of a text that a shell would read the same, lower case and all.
fn strict(text: &str) -> Option<(&str, &str)> {
    let (mut id, mut id_like) = ("", "");
    for line in text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=')?;
        let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
        let value = match quoted('"').or_else(|| quoted('\'')) {
            Some(value) => value,
            None => Some(value).filter(|value| value.chars().all(is_plain))?,
        };
        let is_name = name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        let is_text = value.chars().all(|c| matches!(c, ' '..='~') && !"\"'\\$`".contains(c));
        let is_lower = !value.bytes().any(|byte| byte.is_ascii_uppercase());
        match name {
            _ if name.is_empty() || !is_name || !is_text => return None,
            "ID" if is_lower => id = value,
            "ID_LIKE" if is_lower => id_like = value,
            "ID" | "ID_LIKE" => return None,
            _ => {}
        }
    }
    Some((id, id_like))
}
