//! Text in ASCII, by escapes.

#![forbid(unsafe_code)]

/// What stands between the quotes of a string of JSON (RFC 8259, section 7), in ASCII and without a
/// single quote, so that it can stand between those of other languages too. .NET's `Regex.Unescape`
/// reads it back as well.
pub(crate) fn escaped(text: &str) -> Vec<u8> {
    let digit = |number: u16| b"0123456789abcdef"[usize::from(number & 0xf)];
    let mut escaped = Vec::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\')) => escaped.extend_from_slice(&[b'\\', byte]),
            Ok(byte @ b' '..=b'~') if byte != b'\'' => escaped.push(byte),
            _ => {
                let [a, b, c, d] = [unit >> 12, unit >> 8, unit >> 4, unit].map(digit);
                escaped.extend_from_slice(&[b'\\', b'u', a, b, c, d]);
            }
        }
    }
    escaped
}
