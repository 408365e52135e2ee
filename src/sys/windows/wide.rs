//! Text as Windows' functions take and give it: UTF-16, ended by a NUL.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::ffi::OsStringExt;

pub(super) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// What stands before the NUL at `start`.
///
/// # Safety
/// `start` leads to text that a NUL ends.
#[expect(unsafe_code, reason = "a string of Windows' own")]
pub(super) unsafe fn from_wide<'a>(start: *const u16) -> &'a [u16] {
    let mut length = 0;
    // SAFETY: every unit up to the NUL can be read, as the caller promises.
    unsafe {
        while *start.add(length) != 0 {
            length += 1;
        }
        std::slice::from_raw_parts(start, length)
    }
}

/// The text that a function of Windows writes into a buffer of the given size; it returns the length
/// of the text, or the size that it needs.
pub(super) fn filled(fill: impl Fn(*mut u16, u32) -> u32) -> OsString {
    let mut buffer = vec![0; 260];
    loop {
        let length = fill(buffer.as_mut_ptr(), buffer.len() as u32) as usize;
        if length < buffer.len() {
            return OsString::from_wide(&buffer[..length]);
        }
        buffer.resize(length + 1, 0);
    }
}
