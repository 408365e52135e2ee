//! The databases of UEFI firmware, which know certificates by lists.

use crate::collections::CA;
use crate::collections::RHEL;
use crate::collections::list;
use crate::collections::roots;
use crate::util::Root;
use crate::x509::Certificate;

fn corp() -> Vec<u8> {
    Certificate::ca("Corp CA").der()
}

fn of(database: &[u8]) -> Root {
    let root = RHEL.image(&roots());
    root.write(path(), database).write(CA, Certificate::ca("Corp CA").pem());
    root
}

fn path() -> &'static str {
    RHEL.database.unwrap()
}

/// A list of several signatures of one size, or a header of its own.
fn foreign(kind: u8, header: usize, signature: usize, count: usize) -> Vec<u8> {
    let mut list = vec![kind; 16];
    for number in [28 + header + signature * count, header, signature] {
        list.extend((number as u32).to_le_bytes());
    }
    list.resize(28 + header + signature * count, kind);
    list
}

#[test]
fn ours_is_appended_once_and_removed_again() {
    let base: Vec<u8> = roots().iter().flat_map(|root| list(&root.certificate.der())).collect();
    for database in [
        Vec::new(),
        [&foreign(1, 0, 48, 7)[..], &base, &foreign(2, 16, 100, 2)].concat(),
        foreign(3, 0, 0, 0),
        base,
    ] {
        let root = of(&database);
        root.run(&[]).ok();
        assert_eq!(root.read(path()), [&database[..], &list(&corp())].concat());
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(path()), database);
    }
}

#[test]
fn ours_is_removed_from_between_others() {
    let [a, b] = [0, 1].map(|at: usize| list(&roots()[at].certificate.der()));
    let root = of(&a);
    root.run(&[]).ok();
    root.write(path(), [&a[..], &list(&corp()), &b].concat());
    root.run(&[]).ok().is_silent();
    root.run(&["--remove"]).ok();
    assert_eq!(root.read(path()), [a, b].concat());
}

#[test]
fn a_database_that_is_not_understood_is_left_alone() {
    let whole = list(&roots()[0].certificate.der());
    let sized = |size: u32| {
        let mut list = whole.clone();
        list[16..20].copy_from_slice(&size.to_le_bytes());
        list
    };
    let length = whole.len() as u32;
    let mut databases: Vec<Vec<u8>> =
        [0, 1, 16, 27, length - 1, length + 1, u32::MAX, u32::MAX - 27, 1 << 31]
            .map(sized)
            .to_vec();
    databases.extend((1..whole.len()).step_by(7).map(|end| whole[..end].to_vec()));
    databases.push([&whole[..], b"\0"].concat());
    databases.push(vec![0; 28]);
    databases.push(vec![0xff; 100]);
    databases.push(b"no database\n".repeat(40));
    let mut found = Vec::new();
    for database in databases {
        let root = of(&database);
        root.run(&[]).ok();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(path()), database, "never less than there was");
        let root = of(&database);
        root.run(&[]).ok();
        if root.read(path()) != database {
            found.push(format!("{} bytes, size {:?}", database.len(), database.get(16..20)));
        }
    }
    assert!(found.is_empty(), "written to: {found:#?}");
}

#[test]
fn a_start_without_a_database_makes_none() {
    let root = of(b"");
    root.remove(path());
    root.run(&[]).ok();
    assert!(!root.at(path()).exists());
}
