//! What a process was given, as the tests' own `echo` tells it.

/// UTF-16 units, which needn't be text.
pub(crate) type Units = Vec<u16>;

/// What a process finds at its start.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// `GetCommandLineW`.
    pub(crate) line: Units,
    /// What the C runtime makes of it; the first is the program's name.
    pub(crate) arguments: Vec<Units>,
    /// `NAME=value`, in the block's order.
    pub(crate) variables: Vec<Units>,
    pub(crate) directory: Units,
}

impl Seen {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut seen = Self::default();
        for line in String::from_utf8_lossy(text).lines() {
            let (kind, digits) = line.split_once(' ').unwrap_or((line, ""));
            match kind {
                "line" => seen.line = units(digits),
                "argument" => seen.arguments.push(units(digits)),
                "variable" => seen.variables.push(units(digits)),
                "directory" => seen.directory = units(digits),
                _ => panic!("not printed by echo: {line}"),
            }
        }
        seen
    }

    pub(crate) fn line(&self) -> String {
        String::from_utf16_lossy(&self.line)
    }

    /// The arguments after the program's name.
    pub(crate) fn arguments(&self) -> Vec<String> {
        self.arguments.iter().skip(1).map(|units| String::from_utf16_lossy(units)).collect()
    }

    /// The value of a variable of exactly this name.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables()
            .into_iter()
            .find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }

    pub(crate) fn variables(&self) -> Vec<String> {
        self.variables.iter().map(|units| String::from_utf16_lossy(units)).collect()
    }
}

/// Reads units of four hexadecimal digits.
pub(crate) fn units(digits: &str) -> Units {
    let unit = |digits: &[u8]| u16::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap();
    digits.as_bytes().chunks(4).map(unit).collect()
}
