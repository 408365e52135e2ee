//! Options and variables: what was typed, and what it means.

#![forbid(unsafe_code)]

use std::env;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::path::PathBuf;

use lexopt::Arg;
use log::LevelFilter;

use crate::environment::CI_SERVER_TLS_CA_FILE;
use crate::environment::Dialect;
use crate::environment::Environment;
use crate::error::Error;
use crate::option_table;
use crate::option_table::OPTIONS;
use crate::option_table::Opt;
use crate::option_table::Row;
use crate::server_ca;
use crate::source::Location;
use crate::sys;

/// What this start is to do.
#[derive(Debug)]
pub(crate) struct Config {
    /// That of an unpacked image; none for the running system.
    pub(crate) root: Option<PathBuf>,
    pub(crate) locations: Vec<Location>,
    /// Take out what this program put in, instead of putting in.
    pub(crate) is_removal: bool,
    pub(crate) placement: Placement,
    /// Show what would be done, and do nothing.
    pub(crate) show_plan: Option<Format>,
    /// Print the variables for this reader, instead of giving them to a command.
    pub(crate) print_env: Option<Dialect>,
    pub(crate) on_error: OnError,
    pub(crate) log: Log,
    /// Variables that make no sense.
    pub(crate) ignored: Vec<Error>,
    /// Where the CA of the GitLab server may be, if the command is to be told.
    pub(crate) server_ca: Option<PathBuf>,
    /// The command belongs to a program that `CA_ENTRYPOINT_PREFIX` names.
    pub(crate) has_prefix: bool,
    /// The directory that the system gives a user for files of its own.
    pub(crate) runtime_directory: Option<PathBuf>,
    /// `HOME`.
    pub(crate) home: Option<PathBuf>,
    /// `JAVA_HOME`.
    pub(crate) java_home: Option<PathBuf>,
    /// The command and its arguments; none when installing is all there is to do.
    pub(crate) command: Vec<OsString>,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Json,
    Text,
}

/// Where the anchors go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Placement {
    /// Into the system's store where it can be written, else into files of the user's own.
    Auto,
    Private,
    System,
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
    /// Put a copy of this program into this directory and exit.
    CopyTo(PathBuf),
    Run(Box<Config>),
    /// Print this text and exit.
    Show(String),
}

/// What was typed.
#[derive(Default)]
struct Options {
    root: Option<PathBuf>,
    ca: Vec<PathBuf>,
    copy_to: Option<PathBuf>,
    placement: Option<Placement>,
    on_error: Option<OnError>,
    print_env: Option<Dialect>,
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
    if let Some(conflict) = conflict(&options) {
        return Err(usage(conflict));
    }
    if let Some(directory) = options.copy_to {
        return Ok(Request::CopyTo(directory));
    }
    // What is to be evaluated is a job's: its variables are worth having, whatever else failed.
    let default_on_error = if options.command.is_empty() && options.print_env.is_none() {
        OnError::Fail
    } else {
        OnError::Warn
    };
    let mut ignored = Vec::new();
    let on_error = options.on_error.or_else(|| ON_ERROR.of_variable(environment, &mut ignored));
    let placement = options.placement.or_else(|| PLACEMENT.of_variable(environment, &mut ignored));
    let level = match options.verbosity {
        i32::MIN..0 => LevelFilter::Error,
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        2.. => LevelFilter::Trace,
    };
    let filter = if options.verbosity == 0 {
        environment.non_empty(LOG_VARIABLE).map(|filter| filter.to_string_lossy().into_owned())
    } else {
        None
    };
    Ok(Request::Run(Box::new(Config {
        locations: locations(&options, environment),
        is_removal: options.is_removal,
        show_plan: options.is_dry_run.then_some(options.format.unwrap_or(Format::Text)),
        placement: placement.unwrap_or(Placement::Auto),
        print_env: options.print_env,
        on_error: on_error.unwrap_or(default_on_error),
        log: Log { level, filter },
        ignored,
        // Somebody's value stays.
        server_ca: match environment.non_empty(CI_SERVER_TLS_CA_FILE) {
            Some(_) => None,
            None => server_ca::path(environment),
        },
        has_prefix: prefix.is_some(),
        runtime_directory: environment.non_empty(sys::USER_DIRECTORY).map(PathBuf::from),
        home: environment.non_empty("HOME").map(PathBuf::from),
        java_home: environment.non_empty("JAVA_HOME").map(PathBuf::from),
        root: options.root,
        command: options.command,
    })))
}

/// Options that make no sense together.
fn conflict(options: &Options) -> Option<&'static str> {
    let has_root = options.root.is_some();
    let does_other =
        has_root || options.is_dry_run || options.is_removal || options.print_env.is_some();
    if has_root && !options.command.is_empty() {
        Some("option '--root' takes no command, as nothing of another root is run")
    } else if has_root && options.print_env.is_some() {
        Some("option '--root' takes no '--print-env', as nothing of another root is run")
    } else if has_root && options.placement == Some(Placement::Private) {
        Some("option '--root' takes no '--placement private': that is for one user's processes")
    } else if options.is_removal && !options.ca.is_empty() {
        Some("option '--remove' takes no '--ca': it takes out what came from all of them")
    } else if options.print_env.is_some() && !options.command.is_empty() {
        Some("option '--print-env' takes no command, which would have the variables")
    } else if options.copy_to.is_some() && (does_other || !options.command.is_empty()) {
        Some("option '--copy-to' takes no command and nothing else to do: it copies and exits")
    } else {
        None
    }
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
        let Some(argument) = parser.next().map_err(invalid)? else {
            return Ok(Typed::Options(options));
        };
        let row = match argument {
            Arg::Value(command) => {
                options.command.push(command);
                options.command.extend(parser.raw_args().map_err(invalid)?);
                return Ok(Typed::Options(options));
            }
            Arg::Long(long) => OPTIONS.iter().find(|row| row.long == long),
            Arg::Short(short) => OPTIONS.iter().find(|row| row.short == Some(short)),
        };
        let Some(row) = row else {
            return Err(invalid(argument.unexpected()));
        };
        match row.option {
            Opt::Ca => options.ca.push(path(&mut parser)?),
            Opt::CopyTo => options.copy_to = Some(path(&mut parser)?),
            Opt::DryRun => options.is_dry_run = true,
            Opt::Format => options.format = Some(FORMAT.of_option(row, &mut parser)?),
            Opt::Help => return Ok(Typed::Show(option_table::help())),
            Opt::OnError => options.on_error = Some(ON_ERROR.of_option(row, &mut parser)?),
            Opt::Placement => options.placement = Some(PLACEMENT.of_option(row, &mut parser)?),
            Opt::PrintEnv => {
                options.print_env = Some(match parser.optional_value() {
                    Some(word) => PRINT_ENV.of_word(row, &word)?,
                    None => Dialect::Sh,
                });
            }
            Opt::Quiet => options.verbosity -= 1,
            Opt::Remove => options.is_removal = true,
            Opt::Root => options.root = Some(path(&mut parser)?),
            Opt::Verbose => options.verbosity += 1,
            Opt::Version => return Ok(Typed::Show(VERSION.to_owned())),
        }
    }
}

fn path(parser: &mut lexopt::Parser) -> Result<PathBuf, Error> {
    parser.value().map(PathBuf::from).map_err(invalid)
}

/// `--ca` turns both variables off: who bakes it into an image chooses the CA.
fn locations(options: &Options, environment: &Environment) -> Vec<Location> {
    let is_system = options.root.is_none();
    let located = |paths: &mut dyn Iterator<Item = PathBuf>| {
        let named = paths.filter(|path| !path.as_os_str().is_empty());
        let locations: Vec<_> =
            named.map(|path| Location::Path(absolute(&path, is_system))).collect();
        if locations.is_empty() {
            vec![Location::Path(PathBuf::from(sys::DEFAULT_CA))]
        } else {
            locations
        }
    };
    if !options.ca.is_empty() {
        return located(&mut options.ca.iter().cloned());
    }
    let lists = sys::CA_VARIABLES.iter().filter_map(|name| environment.non_empty(name));
    let mut locations = located(&mut lists.flat_map(env::split_paths));
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

/// What the words in an option's row mean, in their order there.
struct Choice<T: 'static> {
    option: Opt,
    values: &'static [T],
}

impl<T: Copy> Choice<T> {
    fn row(&self) -> Option<&'static Row> {
        OPTIONS.iter().find(|row| row.option == self.option)
    }

    fn find(&self, row: &Row, word: &str) -> Option<T> {
        self.values.get(row.words().split('|').position(|known| known == word)?).copied()
    }

    fn of_option(&self, row: &Row, parser: &mut lexopt::Parser) -> Result<T, Error> {
        let word = parser.value().map_err(invalid)?;
        self.of_word(row, &word)
    }

    fn of_word(&self, row: &Row, word: &OsStr) -> Result<T, Error> {
        let word = word.to_string_lossy();
        self.find(row, &word).ok_or_else(|| {
            let (option, known) = (row.long, known(row));
            usage(&format!("invalid value '{word}' for option '--{option}': it takes {known}"))
        })
    }

    fn of_variable(&self, environment: &Environment, ignored: &mut Vec<Error>) -> Option<T> {
        let row = self.row()?;
        let name = row.variables;
        let word = environment.non_empty(name)?.to_string_lossy();
        let value = self.find(row, &word);
        if value.is_none() {
            let known = known(row);
            ignored.push(Error::BadVariable { name, value: word.into_owned(), known });
        }
        value
    }
}

/// The words of a row in a message: "one, two or three".
fn known(row: &Row) -> String {
    let mut known = row.words().replace('|', ", ");
    if let Some(comma) = known.rfind(',') {
        known.replace_range(comma..=comma, " or");
    }
    known
}

fn invalid(error: impl Display) -> Error {
    usage(&error.to_string())
}

fn usage(message: &str) -> Error {
    Error::Usage { message: message.to_owned() }
}

const ON_ERROR: Choice<OnError> =
    Choice { option: Opt::OnError, values: &[OnError::Warn, OnError::Fail] };

const PLACEMENT: Choice<Placement> = Choice {
    option: Opt::Placement,
    values: &[Placement::Auto, Placement::System, Placement::Private],
};

const FORMAT: Choice<Format> =
    Choice { option: Opt::Format, values: &[Format::Text, Format::Json] };

const PRINT_ENV: Choice<Dialect> = Choice {
    option: Opt::PrintEnv,
    values: &[
        Dialect::Sh,
        Dialect::Fish,
        Dialect::PowerShell,
        Dialect::Cmd,
        Dialect::Dotenv,
        Dialect::Json,
    ],
};

pub(crate) const LOG_VARIABLE: &str = "CA_ENTRYPOINT_LOG";

/// The convention of GitLab's analyzers: PEM text, or a path.
const ADDITIONAL_CA_CERT_BUNDLE: &str = "ADDITIONAL_CA_CERT_BUNDLE";

const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n");
