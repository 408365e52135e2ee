//! The ways in which this program ends without becoming another.

#![forbid(unsafe_code)]

use std::io;
use std::io::Write;

use crate::cli::Log;
use crate::error::Error;
use crate::error::OWN_FAILURE;
use crate::report;
use crate::sys;

/// Why there is no command that runs now.
#[derive(Debug)]
pub struct Stop(Reason);

#[derive(Debug)]
enum Reason {
    Done,
    Failed(Error),
    Print { text: Vec<u8>, is_failure: bool },
    Reported,
}

impl Stop {
    /// All is done, and no command was given.
    pub(crate) fn done() -> Self {
        Self(Reason::Done)
    }

    /// A text was asked for.
    pub(crate) fn print(text: impl Into<Vec<u8>>) -> Self {
        Self(Reason::Print { text: text.into(), is_failure: false })
    }

    /// A text was asked for, and errors that were reported already make it less than it should be.
    pub(crate) fn print_after_errors(text: String) -> Self {
        Self(Reason::Print { text: text.into(), is_failure: true })
    }

    /// Errors that were reported already end the program.
    pub(crate) fn reported() -> Self {
        Self(Reason::Reported)
    }

    /// Says what there is to say, and gives the exit code.
    #[must_use]
    pub fn report(self) -> u8 {
        match self.0 {
            Reason::Done => SUCCESS,
            Reason::Failed(error) => fail(&error),
            Reason::Print { text, is_failure } => match print(&text) {
                Ok(()) if is_failure => OWN_FAILURE,
                Ok(()) => SUCCESS,
                Err(cause) => fail(&Error::Print { cause }),
            },
            Reason::Reported => OWN_FAILURE,
        }
    }
}

fn fail(error: &Error) -> u8 {
    // For what fails before the options have said how much to say.
    report::init(&Log::default());
    report::error(error);
    error.exit_code()
}

/// std's macros panic when stdout is closed.
fn print(text: &[u8]) -> io::Result<()> {
    sys::ignore_write_signals();
    let mut stdout = io::stdout();
    stdout.write_all(text)?;
    stdout.flush()
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self(Reason::Failed(error))
    }
}

const SUCCESS: u8 = 0;
