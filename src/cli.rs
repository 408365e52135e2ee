//! Options and variables: what was typed, and what it means.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::path::PathBuf;

use lexopt::Arg;
use lexopt::ValueExt;
use log::LevelFilter;

use crate::environment::Environment;
use crate::error::Error;
use crate::source::Location;

/// What this start is to do.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) root: PathBuf,
    pub(crate) locations: Vec<Location>,
    /// Take out what this program put in, instead of putting in.
    pub(crate) is_removal: bool,
    /// Show what would be done, and do nothing.
    pub(crate) show_plan: Option<Format>,
    pub(crate) on_error: OnError,
    pub(crate) log: Log,
    /// A variable that makes no sense.
    pub(crate) ignored: Option<Error>,
    /// The command belongs to a program that `CA_ENTRYPOINT_PREFIX` names.
    pub(crate) has_prefix: bool,
    /// The command and its arguments; none when installing is all there is to do.
    pub(crate) command: Vec<OsString>,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Json,
    Text,
}

/// What an error leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OnError {
    /// Exit with 125 before the command.
    Fail,
    /// Say so and go on.
    Warn,
}

/// What is said on stderr.
#[derive(Debug, PartialEq)]
pub(crate) struct Log {
    pub(crate) level: LevelFilter,
    /// In the syntax of `env_logger`.
    pub(crate) filter: Option<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LevelFilter::Info, filter: None }
    }
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Request {
    Run(Config),
    /// Print this text and exit.
    Show(String),
}

/// What was typed.
#[derive(Default)]
struct Options {
    root: Option<PathBuf>,
    ca: Vec<PathBuf>,
    on_error: Option<OnError>,
    is_dry_run: bool,
    format: Option<Format>,
    is_removal: bool,
    verbosity: i32,
    command: Vec<OsString>,
}

/// Reads the arguments, without the program's name, and the variables that stand for options. An
/// option wins over its variable.
///
/// # Errors
/// When an option isn't known or its value makes no sense. A variable that makes no sense is passed
/// over: it may come from a job's author, and shall not end the job.
pub(crate) fn parse(arguments: Vec<OsString>, environment: &Environment) -> Result<Request, Error> {
    let prefix = environment.non_empty("CA_ENTRYPOINT_PREFIX");
    let options = match prefix {
        Some(prefix) => {
            Options { command: [vec![prefix.to_owned()], arguments].concat(), ..Options::default() }
        }
        None => match parse_options(arguments)? {
            Typed::Options(options) => options,
            Typed::Show(text) => return Ok(Request::Show(text)),
        },
    };
    if options.root.is_some() && !options.command.is_empty() {
        return Err(usage("option '--root' takes no command, as nothing of another root is run"));
    }
    if options.is_removal && !options.ca.is_empty() {
        return Err(usage(
            "option '--remove' takes no '--ca': it takes out what came from all of them",
        ));
    }
    let default_on_error = if options.command.is_empty() { OnError::Fail } else { OnError::Warn };
    let variable_on_error = environment.non_empty(ON_ERROR).map(OsStr::to_string_lossy);
    let known_on_error = variable_on_error.as_deref().and_then(on_error);
    let ignored = variable_on_error.filter(|_| known_on_error.is_none()).map(|value| {
        Error::BadVariable { name: ON_ERROR, value: value.into_owned(), known: ON_ERROR_VALUES }
    });
    let level = match options.verbosity {
        i32::MIN..0 => LevelFilter::Error,
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        2.. => LevelFilter::Trace,
    };
    let filter = if options.verbosity == 0 {
        environment
            .non_empty("CA_ENTRYPOINT_LOG")
            .map(|filter| filter.to_string_lossy().into_owned())
    } else {
        None
    };
    Ok(Request::Run(Config {
        locations: locations(&options, environment),
        is_removal: options.is_removal,
        show_plan: options.is_dry_run.then_some(options.format.unwrap_or(Format::Text)),
        on_error: options.on_error.or(known_on_error).unwrap_or(default_on_error),
        log: Log { level, filter },
        ignored,
        has_prefix: prefix.is_some(),
        root: options.root.unwrap_or_else(|| PathBuf::from("/")),
        command: options.command,
    }))
}

enum Typed {
    Options(Options),
    Show(String),
}

/// Options end at the first argument that is none, or at `--`. What follows is the command's,
/// whatever it looks like.
fn parse_options(arguments: Vec<OsString>) -> Result<Typed, Error> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    loop {
        if let Some(rest) = parser.try_raw_args()
            && rest.peek() == Some(OsStr::new("--"))
        {
            options.command = rest.skip(1).collect();
            return Ok(Typed::Options(options));
        }
        match parser.next().map_err(invalid)? {
            None => return Ok(Typed::Options(options)),
            Some(Arg::Value(command)) => {
                options.command.push(command);
                options.command.extend(parser.raw_args().map_err(invalid)?);
                return Ok(Typed::Options(options));
            }
            Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Typed::Show(HELP.to_owned())),
            Some(Arg::Short('V') | Arg::Long("version")) => {
                return Ok(Typed::Show(VERSION.to_owned()));
            }
            Some(Arg::Long("ca")) => options.ca.push(parser.value().map_err(invalid)?.into()),
            Some(Arg::Long("root")) => options.root = Some(parser.value().map_err(invalid)?.into()),
            Some(Arg::Long("on-error")) => {
                let value = parser.value().and_then(ValueExt::string).map_err(invalid)?;
                let known = on_error(&value);
                options.on_error = Some(
                    known.ok_or_else(|| unknown_value("--on-error", &value, ON_ERROR_VALUES))?,
                );
            }
            Some(Arg::Long("dry-run")) => options.is_dry_run = true,
            Some(Arg::Long("format")) => {
                options.format =
                    match parser.value().and_then(ValueExt::string).map_err(invalid)?.as_str() {
                        "json" => Some(Format::Json),
                        "text" => Some(Format::Text),
                        other => return Err(unknown_value("--format", other, "text or json")),
                    };
            }
            Some(Arg::Long("remove")) => options.is_removal = true,
            Some(Arg::Short('v') | Arg::Long("verbose")) => options.verbosity += 1,
            Some(Arg::Short('q') | Arg::Long("quiet")) => options.verbosity -= 1,
            Some(unknown) => return Err(invalid(unknown.unexpected())),
        }
    }
}

/// `--ca` turns both variables off: who bakes it into an image chooses the CA.
fn locations(options: &Options, environment: &Environment) -> Vec<Location> {
    let is_system = options.root.is_none();
    let located = |paths: &mut dyn Iterator<Item = PathBuf>| {
        let named = paths.filter(|path| !path.as_os_str().is_empty());
        let locations: Vec<_> =
            named.map(|path| Location::Path(absolute(&path, is_system))).collect();
        if locations.is_empty() {
            vec![Location::Path(PathBuf::from(DEFAULT_CA))]
        } else {
            locations
        }
    };
    if !options.ca.is_empty() {
        return located(&mut options.ca.iter().cloned());
    }
    let list = environment.non_empty("CA_CERTIFICATES_PATH").unwrap_or_default();
    let mut locations = located(&mut env::split_paths(list));
    if let Some(bundle) = environment.non_empty(ADDITIONAL_CA_CERT_BUNDLE) {
        let pem = bundle.as_encoded_bytes();
        locations.push(if pem.windows(11).any(|window| window == b"-----BEGIN ") {
            Location::Text { variable: ADDITIONAL_CA_CERT_BUNDLE, pem: pem.to_vec() }
        } else {
            Location::Path(absolute(Path::new(bundle), is_system))
        });
    }
    locations
}

/// Relative to the working directory; in another root, to its top.
fn absolute(path: &Path, is_system: bool) -> PathBuf {
    if is_system {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    } else {
        Path::new("/").join(path)
    }
}

fn on_error(value: &str) -> Option<OnError> {
    match value {
        "fail" => Some(OnError::Fail),
        "warn" => Some(OnError::Warn),
        _ => None,
    }
}

fn unknown_value(option: &str, value: &str, known: &str) -> Error {
    usage(&format!("invalid value '{value}' for option '{option}': it takes {known}"))
}

fn invalid(error: impl Display) -> Error {
    usage(&error.to_string())
}

fn usage(message: &str) -> Error {
    Error::Usage { message: message.to_owned() }
}

const ON_ERROR: &str = "CA_ENTRYPOINT_ON_ERROR";
const ON_ERROR_VALUES: &str = "warn or fail";

/// Where GitLab Runner's images look for a CA.
const DEFAULT_CA: &str = "/etc/gitlab-runner/certs/ca.crt";

/// The convention of GitLab's analyzers: PEM text, or a path.
const ADDITIONAL_CA_CERT_BUNDLE: &str = "ADDITIONAL_CA_CERT_BUNDLE";

const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = "\
Usage: ca-entrypoint [OPTIONS] [--] [COMMAND [ARG]...]

Installs a mounted CA in the container's trust store, then becomes COMMAND.
Without a COMMAND it installs and exits.

Options:
  --ca PATH              CA file, or directory of *.crt, *.pem and *.cer files; may be given
                         more than once [CA_CERTIFICATES_PATH, ADDITIONAL_CA_CERT_BUNDLE]
                         [default: /etc/gitlab-runner/certs/ca.crt]
  --on-error warn|fail   what an error leads to: go on with COMMAND, or exit with 125
                         [CA_ENTRYPOINT_ON_ERROR] [default: warn with a COMMAND, else fail]
  --dry-run              print what would be done, and do nothing
  --format text|json     how --dry-run prints it [default: text]
  --remove               take out what this program put in
  --root DIR             work on the image that is unpacked at DIR; the paths of --ca too are in it
  -v, --verbose          say more [CA_ENTRYPOINT_LOG]
  -q, --quiet            say errors alone
  -h, --help             print this help
  -V, --version          print the version

Variables without an option:
  CA_ENTRYPOINT_PREFIX   a program that all arguments belong to, gitlab-runner for instance

Exit codes: 125 when this program fails, 126 when COMMAND can't be executed, 127 when it
isn't found, otherwise COMMAND's own.
";
