//! The options that every Java runtime reads from its environment.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use super::Environment;
use super::Setting;
use crate::plan::TrustFiles;
use crate::private;

/// A Java runtime whose own keystore is without the anchors takes another one's path by an option.
/// Each says so on stderr (`Picked up JAVA_TOOL_OPTIONS`), which is why there is no other use of it.
/// Its type is found out, whatever `keystore.type` says (`keystore.type.compat` in java.security),
/// and a password isn't needed, and would be tried on an application's own.
pub(super) fn setting(environment: &Environment, trust: &TrustFiles) -> Option<Setting> {
    let keystore = trust.keystore.as_ref()?;
    let mut option = OsString::from(OPTION);
    option.push(keystore);
    if option.to_string_lossy().contains(char::is_whitespace) {
        option = [OsStr::new("\""), &option, OsStr::new("\"")].join(OsStr::new(""));
    }
    let name = NAME.to_owned();
    let Some(given) = environment.non_empty(NAME) else {
        return Some(Setting { name, value: option });
    };
    let mut text = given.to_string_lossy().into_owned();
    let Some((place, present)) = find_keystore(&text) else {
        let value = [given, &option].join(OsStr::new(" "));
        return Some(Setting { name, value });
    };
    // An earlier start's, or somebody's decision.
    if !private::is_copy(Path::new(&present)) {
        return None;
    }
    text.replace_range(place, &option.to_string_lossy());
    (text.as_str() != given).then(|| Setting { name, value: text.into() })
}

/// The first option that names a keystore: where it stands, and the keystore. Words are as the
/// runtime has them (`parse_options_buffer` in HotSpot's arguments.cpp): quotes of both kinds keep
/// white space in a word, wherever they begin in it, and nothing escapes them.
fn find_keystore(text: &str) -> Option<(Range<usize>, String)> {
    let mut word = String::new();
    let mut start = 0;
    let mut quote = None;
    for (place, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && (c == '"' || c == '\'') {
            quote = Some(c);
        } else if c.is_ascii_whitespace() && (quote.is_none() || place == text.len()) {
            if let Some(keystore) = word.strip_prefix(OPTION) {
                return Some((start..place, keystore.to_owned()));
            }
            word.clear();
            start = place + 1;
        } else {
            word.push(c);
        }
    }
    None
}

const NAME: &str = "JAVA_TOOL_OPTIONS";

const OPTION: &str = "-Djavax.net.ssl.trustStore=";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_however_it_is_quoted() {
        for (text, place, keystore) in [
            ("-Djavax.net.ssl.trustStore=/a", 0..29, "/a"),
            ("-Xmx1g  -Djavax.net.ssl.trustStore=/a -ea", 8..37, "/a"),
            ("\t'-Djavax.net.ssl.trustStore=/a b' -ea", 1..34, "/a b"),
            ("-Djavax.net.ssl.trustStore=\"C:\\a b\"", 0..35, "C:\\a b"),
            ("-D\"javax.net.ssl\".trustStore='/a\" b'", 0..36, "/a\" b"),
            ("-Djavax.net.ssl.trustStore=\"/a b", 0..32, "/a b"),
            ("-Djavax.net.ssl.trustStore=/é -Djavax.net.ssl.trustStore=/b", 0..30, "/é"),
        ] {
            assert_eq!(find_keystore(text), Some((place, keystore.to_owned())), "{text}");
        }
        for text in [
            "",
            " ",
            "-Xmx1g",
            "x-Djavax.net.ssl.trustStore=/a",
            "-Djavax.net.ssl.trustStoreType=x",
        ] {
            assert_eq!(find_keystore(text), None, "{text}");
        }
    }
}
