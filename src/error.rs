//! What can go wrong, in the words that a user reads.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::sys;

/// Everything that this program reports. The text is one line: what failed, on which file, and the
/// cause last.
#[derive(Debug)]
#[allow(dead_code, reason = "not every system runs programs")]
pub(crate) enum Error {
    BadVariable { name: &'static str, value: String, known: String },
    Blocked { path: PathBuf, number: usize, subject: String, by: PathBuf },
    BrokenBlock { path: PathBuf, number: usize, line: usize, why: BrokenBlock },
    Copy { directory: PathBuf, cause: io::Error },
    EmptyCa { path: PathBuf },
    ExecNotFound { command: OsString, what: Missing },
    ExecRefused { command: OsString, cause: io::Error },
    Keystore { path: PathBuf, why: Unusable },
    LeftOut { name: String, why: &'static str },
    LockTimeout { path: PathBuf, seconds: u64 },
    NoCaInDirectory { path: PathBuf },
    NoCertificate { path: PathBuf, looks_like: Lookalike },
    NoRoom,
    NotRegular { path: PathBuf, is: FileKind },
    Nowhere { closed: Option<Closed> },
    OpenRoot { path: PathBuf, cause: io::Error },
    Print { cause: io::Error },
    ReadCa { path: PathBuf, cause: io::Error },
    ReadProgram { cause: io::Error },
    ReadStore { path: PathBuf, cause: io::Error },
    Run { path: PathBuf, cause: io::Error },
    RunFailed { path: PathBuf, status: String, has_hung: bool },
    StoreElsewhere,
    TooLarge { path: PathBuf, limit: u64 },
    TooManyCertificates { path: PathBuf, limit: usize },
    TrailingBytes { path: PathBuf, count: usize },
    Usage { message: String },
    WriteStore { operation: Operation, path: PathBuf, cause: io::Error },
}

/// Why a PEM block gives no certificate.
#[derive(Debug)]
pub(crate) enum BrokenBlock {
    Base64,
    Distrusted,
    NotX509,
    Pkcs7,
    TrailingBytes { count: usize },
    Truncated,
}

/// What execve(2) didn't find.
#[derive(Debug)]
pub(crate) enum Missing {
    Command,
    File,
    /// Of a script, or the loader of a dynamic program.
    Interpreter,
}

/// What a file is that should be a regular one.
#[derive(Debug)]
#[allow(dead_code, reason = "not every system has all kinds")]
pub(crate) enum FileKind {
    Directory,
    Device,
    Fifo,
    Socket,
}

/// What a file without certificates seems to be.
#[derive(Debug)]
pub(crate) enum Lookalike {
    Binary,
    Html,
    OneLine,
    OtherPem,
    PrivateKey,
    Text,
}

/// What was being done to the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    AddToStore,
    CreateDirectory,
    Link,
    Lock,
    Remove,
    RemoveFromStore,
    Write,
}

/// Why a keystore can't be changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unusable {
    /// It is in neither form, or broken.
    Malformed,
    /// Its integrity is kept with another password than everybody's.
    Password,
}

/// What can't be written where it is, so that a private copy takes its place.
#[derive(Debug)]
pub(crate) struct Closed {
    what: String,
    cause: io::Error,
}

impl Closed {
    pub(crate) fn store(cause: io::Error) -> Self {
        Self { what: "trust store".to_owned(), cause }
    }

    pub(crate) fn keystore(path: &Path, cause: io::Error) -> Self {
        Self { what: format!("Java keystore '{}'", path.display()), cause }
    }
}

impl Lookalike {
    /// Guesses from the first bytes of a file.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(512)];
        let is_text =
            head.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
        let lower = head.to_ascii_lowercase();
        let contains = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
        if !is_text {
            Self::Binary
        } else if contains(b"-----begin ") {
            Self::OneLine
        } else if contains(b"<html") || contains(b"<!doctype") {
            Self::Html
        } else {
            Self::Text
        }
    }
}

impl Error {
    /// What the reader can do, where there is anything.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let hint = match self {
            Self::BadVariable { .. } => "correct it where the container's variables are set",
            Self::Blocked { .. } => "take it out of there if it is to be trusted",
            Self::BrokenBlock { why: BrokenBlock::Distrusted, .. } => {
                "export it anew with 'openssl x509', which leaves trust settings out"
            }
            Self::BrokenBlock { .. } => "copy the certificate again, whole, as PEM",
            Self::Copy { .. } => "give a directory that this user may write",
            Self::EmptyCa { .. } => "write the CA's certificate into it, as PEM or DER",
            Self::ExecRefused { .. }
            | Self::ExecNotFound { .. }
            | Self::LeftOut { .. }
            | Self::RunFailed { .. }
            | Self::Run { .. } => {
                return None;
            }
            Self::Keystore { .. } => "add the CA to it with keytool, where the keystore is made",
            Self::LockTimeout { .. } => "end the process that holds the lock",
            Self::NoCaInDirectory { .. } => "put the CA there as a *.crt, *.pem or *.cer file",
            Self::NoCertificate { looks_like, .. } => match looks_like {
                Lookalike::Html => {
                    "it is a web page, often a login or an error: download the certificate itself"
                }
                Lookalike::OneLine => {
                    "its line breaks are lost, or written as \\n: keep the lines of the PEM"
                }
                Lookalike::PrivateKey => "mount the CA's certificate, and keep its key to yourself",
                Lookalike::OtherPem => {
                    "its PEM blocks are of other kinds: a CA stands in a CERTIFICATE block"
                }
                Lookalike::Binary | Lookalike::Text => {
                    "give the CA's certificate as PEM, DER or PKCS#7"
                }
            },
            Self::NoRoom => "give the command fewer arguments and variables, or shorter ones",
            Self::NotRegular { is: FileKind::Directory, .. } => {
                "Docker makes a directory of a mount whose file is missing on the host: check the host's path"
            }
            Self::NotRegular { .. } => "give a regular file",
            Self::Nowhere { .. } => sys::HINT_NOWHERE,
            Self::OpenRoot { .. } => "give the directory that holds the unpacked image",
            Self::Print { .. } => "use nothing of what was written: it may be cut short",
            Self::ReadCa { cause, .. } if cause.kind() == io::ErrorKind::NotFound => {
                "it is a link to a file that is not there: check the mount"
            }
            Self::ReadCa { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => {
                sys::HINT_UNREADABLE
            }
            Self::ReadCa { .. } => "check the mount",
            Self::ReadProgram { .. } => "copy it where /proc is mounted",
            Self::ReadStore { .. } | Self::WriteStore { .. } => sys::HINT_STORE,
            Self::StoreElsewhere => "install the CA by a start in a container of that image",
            Self::TooLarge { .. } | Self::TooManyCertificates { .. } => {
                "give the CAs that you need alone"
            }
            Self::TrailingBytes { .. } => {
                "export the certificate again: something was appended to it"
            }
            Self::Usage { .. } => {
                "see 'ca-entrypoint --help'; put '--' before a command that begins with '-'"
            }
        };
        Some(hint)
    }

    /// The exit code when this ends the program: 126 and 127 as a shell gives them, 125 for all
    /// that is this program's own.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ExecNotFound { .. } => 127,
            Self::ExecRefused { .. } => 126,
            _ => OWN_FAILURE,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadVariable { name, value, known } => {
                write!(f, "ignoring variable {name}='{value}': it takes {known}")
            }
            Self::Blocked { path, number, subject, by } => {
                write!(
                    f,
                    "not installing certificate {number} of CA file '{}' ({subject}): blocked by '{}'",
                    path.display(),
                    by.display()
                )
            }
            Self::BrokenBlock { path, number, line, why } => {
                write!(
                    f,
                    "cannot use block {number}, at line {line}, of CA file '{}': {why}",
                    path.display()
                )
            }
            Self::Copy { directory, cause } => {
                let directory = directory.display();
                write!(f, "cannot copy this program to '{directory}': {}", Cause(cause))
            }
            Self::EmptyCa { path } => {
                write!(f, "cannot use CA file '{}': it is empty", path.display())
            }
            Self::ExecNotFound { command, what } => {
                let what = match what {
                    Missing::Command => "command not found",
                    Missing::File => "No such file or directory",
                    Missing::Interpreter => "the interpreter that it names is not there",
                };
                write!(f, "cannot run '{}': {what}", command.display())
            }
            Self::ExecRefused { command, cause } => {
                write!(f, "cannot run '{}': {}", command.display(), Cause(cause))
            }
            Self::Run { path, cause } => {
                write!(f, "cannot run program '{}': {}", path.display(), Cause(cause))
            }
            Self::RunFailed { path, status, .. } => {
                write!(f, "program '{}' failed: {status}", path.display())
            }
            Self::Keystore { path, why } => {
                let why = match why {
                    Unusable::Malformed => "it is neither JKS nor PKCS#12, or broken",
                    Unusable::Password => "its password is not 'changeit'",
                };
                write!(f, "cannot add to Java keystore '{}': {why}", path.display())
            }
            Self::LeftOut { name, why } => write!(f, "leaving out variable {name}: {why}"),
            Self::LockTimeout { path, seconds } => {
                write!(
                    f,
                    "cannot lock '{}': still locked by another process after {seconds} s",
                    path.display()
                )
            }
            Self::NoCaInDirectory { path } => {
                write!(
                    f,
                    "cannot use CA directory '{}': no *.crt, *.pem or *.cer file in it",
                    path.display()
                )
            }
            Self::NoCertificate { path, .. } => {
                write!(f, "cannot use CA file '{}': no certificate in it", path.display())
            }
            Self::NoRoom => f.write_str(
                "leaving out the variables: the command's arguments and environment have no room for them",
            ),
            Self::NotRegular { path, is } => {
                let is = match is {
                    FileKind::Directory => "a directory",
                    FileKind::Device => "a device",
                    FileKind::Fifo => "a FIFO",
                    FileKind::Socket => "a socket",
                };
                write!(f, "cannot read CA file '{}': it is {is}", path.display())
            }
            Self::Nowhere { closed } => {
                f.write_str("cannot install the CA: no directory is fit for a private copy")?;
                match closed {
                    Some(closed) => write!(f, ", and {closed}"),
                    None => Ok(()),
                }
            }
            Self::OpenRoot { path, cause } => {
                write!(f, "cannot open root '{}': {}", path.display(), Cause(cause))
            }
            Self::Print { cause } => write!(f, "cannot write to stdout: {}", Cause(cause)),
            Self::ReadCa { path, cause } => {
                write!(f, "cannot read CA file '{}': {}", path.display(), Cause(cause))
            }
            Self::ReadProgram { cause } => write!(f, "cannot read this program: {}", Cause(cause)),
            Self::ReadStore { path, cause } => {
                write!(f, "cannot read '{}': {}", path.display(), Cause(cause))
            }
            Self::StoreElsewhere => {
                f.write_str("cannot reach the certificate store of a system that isn't running")
            }
            Self::TooLarge { path, limit } => {
                write!(
                    f,
                    "cannot read CA file '{}': it is larger than {} MiB",
                    path.display(),
                    limit >> 20
                )
            }
            Self::TooManyCertificates { path, limit } => {
                write!(
                    f,
                    "cannot use CA file '{}': it has more than {limit} certificates",
                    path.display()
                )
            }
            Self::TrailingBytes { path, count } => {
                write!(
                    f,
                    "cannot use CA file '{}': {count} bytes follow the certificate",
                    path.display()
                )
            }
            Self::Usage { message } => f.write_str(message),
            Self::WriteStore { operation, path, cause } => {
                let operation = match operation {
                    Operation::AddToStore => "add to certificate store",
                    Operation::CreateDirectory => "create directory",
                    Operation::Link => "make link",
                    Operation::Lock => "lock",
                    Operation::Remove => "remove",
                    Operation::RemoveFromStore => "remove from certificate store",
                    Operation::Write => "write",
                };
                write!(f, "cannot {operation} '{}': {}", path.display(), Cause(cause))
            }
        }
    }
}

impl fmt::Display for BrokenBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 => f.write_str("it is not base64"),
            Self::Distrusted => f.write_str("its trust settings don't allow TLS servers"),
            Self::NotX509 => f.write_str("it is not an X.509 certificate"),
            Self::Pkcs7 => f.write_str("it is not a PKCS#7 with certificates"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the certificate"),
            Self::Truncated => f.write_str("its end marker is missing"),
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be written ({})", self.what, Cause(&self.cause))
    }
}

/// An I/O error in the operating system's words alone, without the number that std appends, the
/// temporary path that tempfile appends to that, and the full stop of Windows.
pub(crate) struct Cause<'a>(pub(crate) &'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split(" (os error").next().unwrap_or(&text).trim_end_matches('.'))
    }
}

/// This program's own failure, as env(1), timeout(1) and Docker have it.
pub(crate) const OWN_FAILURE: u8 = 125;
