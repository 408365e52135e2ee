//! What the fuzzer's targets call: bytes come in, and what must hold of them is asserted. What needs
//! a module's private parts is in a module of this name below it.
//!
//! docs/fuzzing.md has the same for users.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a failure is what is looked for")]

mod certificates;
mod command_line;
#[path = "../tests/integration/x509.rs"]
#[expect(dead_code, reason = "the tests make more kinds of certificates")]
mod x509;

use std::sync::LazyLock;

pub use certificates::certificate;
pub use certificates::source;
pub use command_line::command_line;

pub use crate::environment::fuzzing::print_env;
pub use crate::format::java_keystore::fuzzing::keystore;
pub use crate::format::pem_bundle::fuzzing::bundle_merge;
pub use crate::platform::fuzzing::os_release;

use crate::certificate::Certificate;

/// An input as a row of decisions, and of texts. Where it ends, each decision is the first choice.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(byte) % end
    }

    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = self.below(256).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }
}

/// A few certificates: CAs, two of one name, one without a name, and a server's.
pub(crate) fn certificates() -> &'static [Certificate] {
    static CERTIFICATES: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
        let ca = x509::Certificate::ca("A");
        let renewed = x509::Certificate { serial: 7, ..ca.clone() };
        let other = x509::Certificate::ca("(B) ü");
        let nameless = x509::Certificate::with_subject(x509::name(&[]));
        let server =
            x509::Certificate { extensions: Vec::new(), ..x509::Certificate::ca("server") };
        let all = [ca, renewed, other, nameless, server];
        all.iter().map(|made| Certificate::parse(&made.der()).unwrap()).collect()
    });
    &CERTIFICATES
}
