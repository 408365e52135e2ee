//! Subjects as wild as certificates may have them.

use crate::random::Random;
use crate::x509::*;

impl Random {
    /// Words of a script, with white space inside and around them.
    fn text(&mut self) -> String {
        let spaces =
            ["", " ", " ", "  ", "\t", "\n", "\r\n", "\u{b}", "\u{c}", " \t \u{b} ", "   "];
        let mut text = self.of(&spaces).to_owned();
        for _ in 0..=self.below(3) {
            text += self.of(WORDS);
            text += self.of(&spaces);
        }
        match self.below(40) {
            0 => text.repeat(12),
            1 => text.repeat(40),
            2 => String::new(),
            _ => text,
        }
    }

    /// A value of any string type, with bytes that the type allows.
    fn attribute(&mut self) -> Vec<u8> {
        let oid = self.of(&[CN, O, OU, C, DC, EMAIL]);
        let text = self.text();
        let ascii: String = text.chars().filter(char::is_ascii).collect();
        let tag = self.of(&[UTF8, UTF8, UTF8, PRINTABLE, T61, IA5, NUMERIC, BMP, UNIVERSAL]);
        let value: Vec<u8> = match tag {
            UTF8 => text.into_bytes(),
            // Latin-1, by which everybody reads it.
            T61 => text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            NUMERIC => format!(" {}  {} ", self.below(1000), self.below(9)).into_bytes(),
            BMP => text
                .chars()
                .filter_map(|c| u16::try_from(u32::from(c)).ok())
                .flat_map(u16::to_be_bytes)
                .collect(),
            UNIVERSAL => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
            _ => ascii.into_bytes(),
        };
        attribute(oid, tag, &value)
    }

    /// One attribute a level mostly; now and then several, in one order or the other.
    pub(crate) fn name(&mut self) -> Vec<u8> {
        let levels = match self.below(30) {
            0 => 0,
            1 => 25,
            _ => 1 + self.below(4),
        };
        let mut rdns = Vec::new();
        for _ in 0..levels {
            let mut members = vec![self.attribute()];
            while self.below(6) == 0 {
                let at = self.below(members.len() + 1);
                let member = self.attribute();
                members.insert(at, member);
            }
            rdns.extend(tlv(SET, &members.concat()));
        }
        tlv(SEQUENCE, &rdns)
    }
}

const WORDS: &[&str] = &[
    "Corp",
    "ROOT",
    "ca",
    "CA",
    "G2",
    "Example, Inc.",
    "a+b",
    "O=x",
    "\"quoted\"",
    "#1",
    "-",
    ".",
    "Ärzte",
    "École",
    "straße",
    "GROẞ",
    "İstanbul",
    "ılık",
    "Ελλάς",
    "ΣΊΣΥΦΟΣ",
    "Россия",
    "e\u{301}",
    "\u{212b}",
    "中国",
    "日本 株式会社",
    "한국",
    "𝔘nicode",
    "\u{a0}nbsp\u{a0}",
    "\u{2003}em",
    "ÿ",
    "©",
];
