//! NSS's databases. They are looked at in the running system alone, where there is a certutil: what it
//! would be run for is shown, and nothing is done.

use std::path::Path;

use crate::Case;
use crate::Input;
use crate::anchors::ANCHORS;
use crate::anchors::distinct;
use crate::stores::write;
use crate::x509::Certificate;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "NSS: anchors that a database lacks, shown",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Home(|home, size| with_database(home, size, "Other")),
        before: &[],
        arguments: SHOW,
    },
    Case {
        name: "NSS: anchors that a database has under other names, shown",
        unit: "certificates",
        size: ANCHORS,
        input: Input::Home(|home, size| with_database(home, size, "Worst CA")),
        before: &[],
        arguments: SHOW,
    },
];

const SHOW: &[&str] = &["-q", "--dry-run", "--ca", "ca.crt"];

/// As many anchors, and as many of these in a database, as far as that is read.
fn with_database(home: &Path, size: usize, name: &str) {
    assert!(Path::new("/usr/bin/certutil").is_file(), "no certutil: run make bounds");
    write(home, "ca.crt", distinct(size).as_bytes());
    let entry = |number| {
        let der = Certificate::ca(&format!("{name} {number}")).der();
        [format!("theirs {number}").as_bytes(), &der].concat()
    };
    let database: Vec<u8> = (0..size).flat_map(entry).collect();
    write(home, ".pki/nssdb/cert9.db", &database);
}
