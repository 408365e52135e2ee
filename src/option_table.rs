//! The one table of options: what the parser knows, what `--help` says, and what the manual page and
//! the shells' completions are made of.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

/// A row of the table.
pub(crate) struct Row {
    pub(crate) option: Opt,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    pub(crate) value: Value,
    /// What it does: a sentence without its full stop.
    pub(crate) help: &'static str,
    /// What stands for it when it isn't given.
    pub(crate) variables: &'static str,
    pub(crate) default: &'static str,
}

/// Which option a row is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Opt {
    Ca,
    CopyTo,
    DryRun,
    Format,
    Help,
    OnError,
    Placement,
    PrintEnv,
    Quiet,
    Remove,
    Root,
    Verbose,
    Version,
}

/// What follows an option: a kind of thing in capitals, or one of the words between bars.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    None,
    /// After `=` or not at all.
    Optional(&'static str),
    Required(&'static str),
}

impl Row {
    const fn new(option: Opt, long: &'static str, help: &'static str) -> Self {
        Self { option, short: None, long, value: Value::None, help, variables: "", default: "" }
    }

    const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    const fn value(self, value: &'static str) -> Self {
        Self { value: Value::Required(value), ..self }
    }

    const fn optional_value(self, value: &'static str) -> Self {
        Self { value: Value::Optional(value), ..self }
    }

    const fn variables(self, variables: &'static str) -> Self {
        Self { variables, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// The option as it is typed, with its value.
    pub(crate) fn usage(&self) -> String {
        let mut usage = String::new();
        if let Some(short) = self.short {
            usage.extend(['-', short, ',', ' ']);
        }
        let (before, value, after) = match self.value {
            Value::None => ("", "", ""),
            Value::Optional(value) => ("[=", value, "]"),
            Value::Required(value) => (" ", value, ""),
        };
        usage + &["--", self.long, before, value, after].concat()
    }

    /// The words that it takes, between bars; of another value what kind of thing that is.
    pub(crate) fn words(&self) -> &'static str {
        match self.value {
            Value::None => "",
            Value::Optional(words) | Value::Required(words) => words,
        }
    }

    /// What it does, with what stands for it.
    pub(crate) fn description(&self) -> String {
        let mut text = self.help.to_owned();
        for (before, what) in [(" [", self.variables), (" [default: ", self.default)] {
            if !what.is_empty() {
                text.push_str(&[before, what, "]"].concat());
            }
        }
        text
    }
}

/// What `--help` prints.
pub(crate) fn help() -> String {
    let mut text = ["Usage: ca-entrypoint ", USAGE, "\n\n", SUMMARY, "\n\nOptions:\n"].concat();
    for row in OPTIONS {
        entry(&mut text, &row.usage(), &row.description());
    }
    for (title, entries) in
        [("\nVariables without an option:\n", VARIABLES), ("\nExit codes:\n", EXIT_CODES)]
    {
        text.push_str(title);
        for (term, meaning) in entries {
            entry(&mut text, term, meaning);
        }
    }
    text
}

/// A term, and beside it its description in lines of [`WIDTH`].
fn entry(text: &mut String, term: &str, description: &str) {
    let mut column = 2 + term.len();
    text.push_str("  ");
    text.push_str(term);
    let mut is_first = true;
    for word in description.split(' ') {
        if column + 1 + word.len() > WIDTH || (is_first && column + 2 > INDENT) {
            text.push('\n');
            column = 0;
        }
        let gap = if column < INDENT { INDENT - column } else { 1 };
        text.extend((0..gap).map(|_| ' '));
        text.push_str(word);
        column += gap + word.len();
        is_first = false;
    }
    text.push('\n');
}

pub(crate) const USAGE: &str = "[OPTIONS] [--] [COMMAND [ARG]...]";

pub(crate) const SUMMARY: &str = "\
Installs a mounted CA in the container's trust store, then becomes COMMAND.
Without a COMMAND it installs and exits.";

pub(crate) const OPTIONS: &[Row] = &[
    Row::new(
        Opt::Ca,
        "ca",
        "CA file, or directory of *.crt, *.pem and *.cer files; may be given more than once",
    )
    .value("PATH")
    .variables("CA_CERTIFICATES_PATH, ADDITIONAL_CA_CERT_BUNDLE; on Windows LOCAL_CA_PATH too")
    .default("/etc/gitlab-runner/certs/ca.crt; on Windows C:\\GitLab-Runner\\certs\\ca.crt"),
    Row::new(
        Opt::Placement,
        "placement",
        "where the CA goes: the system's trust store, or files of the user's own that variables \
         name",
    )
    .value("auto|system|private")
    .variables("CA_ENTRYPOINT_PLACEMENT")
    .default("auto, the store where it can be written, else private"),
    Row::new(
        Opt::OnError,
        "on-error",
        "what an error leads to: go on with COMMAND, or exit with 125",
    )
    .value("warn|fail")
    .variables("CA_ENTRYPOINT_ON_ERROR")
    .default("warn with a COMMAND and --print-env, else fail"),
    Row::new(
        Opt::PrintEnv,
        "print-env",
        "print the variables as a shell's commands, or in a format that programs read, instead of \
         running a COMMAND",
    )
    .optional_value("sh|fish|powershell|cmd|dotenv|json")
    .default("sh"),
    Row::new(Opt::DryRun, "dry-run", "print what would be done, and do nothing"),
    Row::new(Opt::Format, "format", "how --dry-run prints it").value("text|json").default("text"),
    Row::new(Opt::Remove, "remove", "take out what this program put in"),
    Row::new(
        Opt::Root,
        "root",
        "work on the image that is unpacked at DIR; the paths of --ca too are in it",
    )
    .value("DIR"),
    Row::new(
        Opt::CopyTo,
        "copy-to",
        "copy this program to DIR, for containers that share it, and do nothing else",
    )
    .value("DIR"),
    Row::new(Opt::Verbose, "verbose", "say more").short('v').variables("CA_ENTRYPOINT_LOG"),
    Row::new(Opt::Quiet, "quiet", "say errors alone").short('q'),
    Row::new(Opt::Help, "help", "print this help").short('h'),
    Row::new(Opt::Version, "version", "print the version").short('V'),
];

/// Variables that no option stands for.
pub(crate) const VARIABLES: &[(&str, &str)] = &[(
    "CA_ENTRYPOINT_PREFIX",
    "a program that all arguments belong to, gitlab-runner for instance",
)];

pub(crate) const EXIT_CODES: &[(&str, &str)] = &[
    ("125", "this program failed"),
    ("126", "COMMAND can't be executed"),
    ("127", "COMMAND isn't found"),
    ("other", "COMMAND's own"),
];

/// Of the help, in characters.
const WIDTH: usize = 100;

/// The column of the descriptions.
const INDENT: usize = 25;
