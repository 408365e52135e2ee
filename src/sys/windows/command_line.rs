//! The command line: on Windows a process is given one text, and takes it apart as it likes.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;

use windows_sys::Win32::System::Environment::GetCommandLineW;

use super::wide::from_wide;

/// The text of the last `count` arguments, as this process was given it: the command reads just what
/// it would have read without us, by whatever rules it has.
#[expect(unsafe_code, reason = "std gives the arguments alone, taken apart")]
pub(super) fn tail(count: usize) -> OsString {
    // SAFETY: the text ends with a NUL, and is there as long as the process.
    let line = unsafe { from_wide(GetCommandLineW()) };
    let starts = starts(line);
    let first = starts.len().saturating_sub(count);
    OsString::from_wide(starts.get(first).map_or(&[], |&start| &line[start..]))
}

/// Where the arguments begin, without the program's name, by the rules of Microsoft's C runtime
/// since 2008 ("Parsing C command-line arguments"), which std's are.
fn starts(line: &[u16]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = end_of_program(line);
    loop {
        at += line[at..].iter().take_while(|&&unit| is_blank(unit)).count();
        if at == line.len() {
            return starts;
        }
        starts.push(at);
        at += length_of_argument(&line[at..]);
    }
}

/// In the program's name, a quote is no part of it, and nothing escapes it.
fn end_of_program(line: &[u16]) -> usize {
    let mut is_quoted = false;
    let is_end = |&unit: &u16| {
        is_quoted ^= unit == QUOTE;
        is_blank(unit) && !is_quoted
    };
    line.iter().position(is_end).unwrap_or(line.len())
}

fn length_of_argument(text: &[u16]) -> usize {
    let mut is_quoted = false;
    let mut at = 0;
    while at < text.len() && (is_quoted || !is_blank(text[at])) {
        match text[at] {
            BACKSLASH => {
                let count = text[at..].iter().take_while(|&&unit| unit == BACKSLASH).count();
                at += count;
                // An odd number escapes the quote behind it.
                if count % 2 == 1 && text.get(at) == Some(&QUOTE) {
                    at += 1;
                }
            }
            // Two in a quoted part are one that belongs to the argument.
            QUOTE if is_quoted && text.get(at + 1) == Some(&QUOTE) => at += 2,
            QUOTE => {
                is_quoted = !is_quoted;
                at += 1;
            }
            _ => at += 1,
        }
    }
    at
}

fn is_blank(unit: u16) -> bool {
    unit == u16::from(b' ') || unit == u16::from(b'\t')
}

const BACKSLASH: u16 = b'\\' as u16;

const QUOTE: u16 = b'"' as u16;
