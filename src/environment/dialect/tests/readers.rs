//! PowerShell, JSON and dotenv, by the readers of their rules.

#![forbid(unsafe_code)]

use super::super::readers::of_dotenv;
use super::super::readers::of_json;
use super::super::readers::of_powershell;
use super::*;

/// Values as text, and which of them are left out.
fn texts(make: impl Fn(&mut Random) -> String, dialect: Dialect) -> (Vec<Setting>, String, usize) {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let values = (0..ENVIRONMENTS).map(|_| make(&mut random)).filter(|text| !text.contains('\0'));
    let mut settings: Vec<Setting> =
        values.enumerate().map(|(number, value)| setting(number, value)).collect();
    let (text, errors) = render(&settings, dialect);
    let errors: Vec<String> = errors.iter().map(Error::to_string).collect();
    let name = |error: &String| error.split([' ', ':']).nth(3).unwrap().to_owned();
    let left_out: std::collections::BTreeSet<String> = errors.iter().map(name).collect();
    settings.retain(|setting| !left_out.contains(&setting.name));
    (settings, String::from_utf8(text).unwrap(), left_out.len())
}

#[test]
fn powershell_reads_10_000_values() {
    let (settings, text, left_out) = texts(Random::text, Dialect::PowerShell);
    assert_eq!(left_out, 0);
    assert_eq!(text.lines().count(), settings.len());
    for (line, Setting { name, value }) in text.lines().zip(&settings) {
        assert_eq!(of_powershell(line), (name.as_str(), value.to_str().unwrap().to_owned()));
    }
}

#[test]
fn json_has_10_000_values() {
    let (settings, text, left_out) = texts(Random::text, Dialect::Json);
    assert_eq!(left_out, 0);
    let entries = of_json(&text);
    assert_eq!(entries.len(), settings.len());
    for ((name, value), setting) in entries.iter().zip(&settings) {
        assert_eq!((*name, value.as_str()), (&*setting.name, setting.value.to_str().unwrap()));
    }
}

#[test]
fn readers_of_dotenv_agree_on_10_000_values() {
    for make in [Random::text, Random::path] {
        let (settings, text, left_out) = texts(make, Dialect::Dotenv);
        assert!(left_out < ENVIRONMENTS * 2 / 3, "{left_out} are left out");
        let entries = of_dotenv(&text);
        assert_eq!(entries.len(), settings.len());
        for ((name, value), setting) in entries.iter().zip(&settings) {
            assert_eq!((*name, value.as_str()), (&*setting.name, setting.value.to_str().unwrap()));
        }
    }
}

/// Those that know no quotes: `docker run --env-file` and GitLab's reports.
#[test]
fn a_path_without_what_is_special_has_no_quotes() {
    for path in ["/ca/it's.crt", "/ca/a b.crt", "/ca/é (1).crt", r"C:\Users\a\ca.crt", "", "a=b"] {
        let (text, _) = render(&[setting(1, path)], Dialect::Dotenv);
        assert_eq!(String::from_utf8(text).unwrap(), format!("V1={path}\n"));
    }
    for path in ["/ca/#1.crt", "/ca/$x.crt", " ", "/ca/\n.crt", "\"a\"", "\u{a0}a", "a\u{feff}"] {
        let (text, _) = render(&[setting(1, path)], Dialect::Dotenv);
        assert_eq!(String::from_utf8(text).unwrap(), format!("V1='{path}'\n"));
    }
}
