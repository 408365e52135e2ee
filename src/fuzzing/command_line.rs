//! The arguments and the environment.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::ffi::OsString;

use crate::cli;
use crate::cli::Config;
use crate::cli::Request;
use crate::environment::Environment;
use crate::source::Location;

/// The entries of an environment, and arguments. What the command gets are the last arguments, byte
/// for byte; variables end no start; and neither depends on the other.
pub fn command_line(entries: Vec<OsString>, arguments: &[OsString]) {
    let environment = Environment::of(entries);
    check_entries(&environment);
    let prefix = environment.non_empty("CA_ENTRYPOINT_PREFIX");
    let Some(config) = parse(arguments, &environment) else {
        assert!(prefix.is_none(), "a prefix takes any arguments");
        // No variable makes the arguments good or bad.
        assert!(parse(arguments, &Environment::default()).is_none());
        return;
    };
    for location in &config.locations {
        assert!(matches!(location, Location::Text { .. }) || is_absolute(location));
    }
    assert!(!config.locations.is_empty());
    if let Some(prefix) = prefix {
        assert_eq!(config.command[0], prefix);
        assert_eq!(config.command[1..], *arguments);
        return;
    }
    assert!(parse(arguments, &Environment::default()).is_some());
    let options = options(arguments, &config.command, &environment);
    // An option behind them would be one, if the last of them didn't want it for a value.
    for marked in [&["--"][..], &[]] {
        let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        if marked.is_empty() && config.command.first().is_none_or(is_option) {
            continue;
        }
        let marked: Vec<OsString> = marked.iter().map(OsString::from).collect();
        let again = [options, &marked, &config.command].concat();
        let again = parse(&again, &environment).expect("the same with `--`");
        assert_eq!(format!("{again:?}"), format!("{config:?}"));
    }
    // Any command is as good as this one, and changes nothing else.
    if !config.command.is_empty() {
        let as_option = |word: &OsString| [OsStr::new("--ca="), word].iter().copied().collect();
        let command: Vec<OsString> = config.command.iter().rev().map(as_option).collect();
        let mut other = parse(&[options, &["--".into()], &command].concat(), &environment).unwrap();
        assert_eq!(other.command, command);
        other.command.clone_from(&config.command);
        assert_eq!(format!("{other:?}"), format!("{config:?}"));
    }
}

/// The arguments before the command, and before the `--` that parts it from them, if it isn't the
/// value of the option before it.
fn options<'a>(
    arguments: &'a [OsString],
    command: &[OsString],
    environment: &Environment,
) -> &'a [OsString] {
    assert!(arguments.ends_with(command), "{command:?} is not the end of {arguments:?}");
    let before = &arguments[..arguments.len() - command.len()];
    match before.split_last() {
        Some((last, options)) if last == "--" && parse(options, environment).is_some() => options,
        _ => before,
    }
}

/// What is to be run; `None` of what is refused or answered.
fn parse(arguments: &[OsString], environment: &Environment) -> Option<Config> {
    match cli::parse(arguments.to_vec(), environment) {
        Ok(Request::Run(config)) => Some(*config),
        Ok(Request::CopyTo(_) | Request::Show(_)) | Err(_) => None,
    }
}

fn is_absolute(location: &Location) -> bool {
    matches!(location, Location::Path(path) if path.is_absolute())
}

/// A setting changes one entry, or adds one, and every other stays as it is and where it is.
fn check_entries(environment: &Environment) {
    for name in ["CI_SERVER_TLS_CA_FILE", "HOME", "UNSET"] {
        let after = environment.clone().with_value(name, "a value");
        assert_eq!(after.value(name), Some(OsStr::new("a value")));
        let (before, after) = (environment.entries(), after.entries());
        let changed = before.iter().zip(after).filter(|(before, after)| before != after).count();
        let added = after.len() - before.len();
        assert!(changed + added <= 1, "{before:?} {after:?}");
    }
}
