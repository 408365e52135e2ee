//! Directories with a file for each certificate, named by its label, and hash links to it.

use std::os::unix::fs::MetadataExt;

use crate::collections::ARCH;
use crate::collections::CA;
use crate::collections::FAMILIES;
use crate::collections::Family;
use crate::collections::Labelled;
use crate::collections::RHEL;
use crate::collections::hashes;
use crate::collections::labelled;
use crate::collections::roots;
use crate::collections::trusted;
use crate::collections::twin;
use crate::openssl;
use crate::util::Root;
use crate::x509::*;

fn corp() -> Labelled {
    labelled("Corp CA")
}

fn pem_of(entries: &[Labelled]) -> String {
    entries.iter().map(|entry| entry.certificate.pem()).collect()
}

/// The image with these installed, and the names that are new in its directory.
fn installed(family: &Family, entries: &[Labelled]) -> (Root, Vec<String>) {
    let root = family.image(&roots());
    let before = root.names(family.directory);
    root.write(CA, pem_of(entries));
    root.run(&[]).ok();
    let mut names = root.names(family.directory);
    names.retain(|name| !before.contains(name));
    (root, names)
}

fn target(root: &Root, path: &str) -> Option<String> {
    Some(root.at(path).read_link().ok()?.to_str().unwrap().to_owned())
}

#[test]
fn a_directory_is_as_the_tool_would_have_made_it() {
    for family in FAMILIES {
        let ours = [corp(), labelled("Rødt Sertifikat é"), labelled("Org only, Ltd. ")];
        let (root, _) = installed(&family, &ours);
        let theirs = family.image(&roots());
        // In this order, the numbers are the same.
        family.extract(&theirs, &[&roots()[..], &ours].concat());
        let lines = |root: &Root| -> Vec<String> {
            let tree = root.tree();
            let is_there = |line: &&str| {
                line.contains(&format!("{}/", family.directory))
                    || family.trusted_directory.is_some_and(|path| line.contains(path))
                    || line.contains("/etc/pki/tls/certs")
                    || line.contains("/etc/ssl/certs")
            };
            tree.lines().filter(is_there).map(str::to_owned).collect()
        };
        assert_eq!(lines(&root), lines(&theirs), "{}", family.name);
    }
}

#[test]
fn a_file_s_name_has_an_underscore_for_each_odd_byte() {
    let cases = [
        ("Rødt Sertifikat é", "R__dt_Sertifikat___.pem"),
        ("Org only, Ltd.", "Org_only__Ltd..pem"),
        ("trailing ", "trailing_.pem"),
        ("../../etc/passwd", ".._.._etc_passwd.pem"),
        ("..", "...pem"),
        (".", "..pem"),
        ("-rf *", "-rf__.pem"),
        ("a\nb", "a_b.pem"),
    ];
    for (label, name) in cases {
        let (root, names) = installed(&RHEL, &[labelled(label)]);
        assert!(names.contains(&name.to_owned()), "{label}: {names:?}");
        assert_eq!(names.len(), 3);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.names(RHEL.directory).len(), 9, "{label}");
    }
}

#[test]
fn a_file_s_name_has_room_for_a_number() {
    let label = "x".repeat(300);
    let twins = [1, 2].map(|serial| twin(&label, serial));
    let (_, names) = installed(&RHEL, &twins);
    let cut = "x".repeat(235);
    assert!(names.contains(&format!("{cut}.pem")) && names.contains(&format!("{cut}.1.pem")));
}

#[test]
fn hash_links_are_openssl_s_by_both_hashes() {
    let mut random = crate::random::Random(0xd1ce);
    let entries: Vec<Labelled> = (1..60)
        .map(|serial| {
            let certificate = Certificate::with_subject(random.name());
            Labelled { label: String::new(), certificate: Certificate { serial, ..certificate } }
        })
        .collect();
    let (root, names) = installed(&RHEL, &entries);
    for Labelled { certificate, .. } in &entries {
        for hash in hashes(certificate) {
            let is_it = |name: &&String| {
                name.starts_with(&format!("{hash}."))
                    && root.read(&format!("{}/{name}", RHEL.directory))
                        == certificate.pem().as_bytes()
            };
            assert_eq!(names.iter().filter(is_it).count(), 1, "{hash}");
        }
    }
    root.run(&[]).ok().is_silent();
}

#[test]
fn openssl_finds_ours_in_the_directory() {
    for family in FAMILIES {
        let (certificate, _) = openssl::self_signed("/CN=Real CA", &[]);
        let root = family.image(&roots());
        root.write(CA, &certificate);
        root.run(&[]).ok();
        let directory = root.at(family.directory);
        assert!(openssl::verifies(["-CApath", directory.to_str().unwrap()], &certificate));
        if let Some(path) = family.trusted_directory {
            let directory = root.at(path);
            assert!(openssl::verifies(["-CApath", directory.to_str().unwrap()], &certificate));
        }
    }
}

#[test]
fn files_and_directories_have_the_tool_s_modes() {
    for family in FAMILIES {
        let (root, names) = installed(&family, &[corp()]);
        let mode = |path: &str| root.at(path).symlink_metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode(family.directory), 0o555);
        assert!(names.contains(&"Corp_CA.pem".to_owned()));
        assert_eq!(mode(&format!("{}/Corp_CA.pem", family.directory)), 0o444);
        for path in [family.bundle, family.keystore] {
            assert_eq!(mode(path), 0o444, "{path}");
        }
    }
}

#[test]
fn a_certificate_that_is_there_under_another_name_is_not_added() {
    let renamed = Labelled { label: "Another name".to_owned(), ..corp() };
    for family in FAMILIES {
        let root = family.image(&roots());
        family.extract(&root, &[&roots()[..1], std::slice::from_ref(&renamed)].concat());
        let before = root.names(family.directory);
        root.write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        assert_eq!(root.names(family.directory), before, "{}", family.name);
    }
}

#[test]
fn twins_are_numbered_and_gaps_are_closed() {
    let twins: Vec<Labelled> = (1..=5).map(|serial| twin("Twin", serial)).collect();
    for family in FAMILIES {
        let root = family.image(&roots());
        let [new, old] = hashes(&twins[0].certificate);
        root.write(CA, pem_of(&twins));
        root.run(&[]).ok();
        let numbers = |hash: &str| -> Vec<String> {
            let names = root.names(family.directory).into_iter();
            names.filter(|name| name.starts_with(hash)).collect()
        };
        assert_eq!(numbers(&new).len(), 5);
        root.write(CA, pem_of(&[twins[4].clone(), twins[1].clone()]));
        root.run(&[]).ok();
        for hash in [&new, &old] {
            assert_eq!(numbers(hash), [format!("{hash}.0"), format!("{hash}.1")]);
        }
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.names(family.directory).len(), 9);
    }
}

#[test]
fn a_file_in_the_place_of_a_hash_link_keeps_it() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let [hash, _] = hashes(&corp().certificate);
        let theirs = twin("Corp CA", 9).certificate.pem();
        let file = format!("{}/{hash}.0", family.directory);
        root.write(&file, &theirs);
        let before = root.tree();
        root.write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        assert_eq!(root.read(&file), theirs.as_bytes());
        let link = target(&root, &format!("{}/{hash}.1", family.directory));
        assert_eq!(link.as_deref(), Some("Corp_CA.pem"));
        root.remove(CA);
        root.run(&["--remove"]).ok();
        let files = |tree: &str| {
            tree.replace("d 0755 /etc/gitlab-runner\n", "")
                .replace("d 0755 /etc/gitlab-runner/certs\n", "")
                .replace("d 0755 /usr/local\n", "")
                .replace("d 0755 /usr/local/share\n", "")
        };
        assert_eq!(files(&root.tree()), files(&before), "{}", family.name);
    }
}

#[test]
fn files_of_our_name_that_are_others_stay() {
    for family in FAMILIES {
        let root = family.image(&roots());
        let directory = family.directory;
        root.write(&format!("{directory}/Corp_CA.pem"), "somebody's")
            .link(&format!("{directory}/Corp_CA.1.pem"), "nowhere")
            .directory(&format!("{directory}/Corp_CA.2.pem"))
            .write(&format!("{directory}/unrelated"), "x")
            .write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        let [hash, _] = hashes(&corp().certificate);
        let link = target(&root, &format!("{directory}/{hash}.0"));
        assert_eq!(link.as_deref(), Some("Corp_CA.3.pem"), "{}", family.name);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        assert_eq!(root.read(&format!("{directory}/Corp_CA.pem")), b"somebody's");
        assert!(!root.names(directory).contains(&"Corp_CA.3.pem".to_owned()));
    }
}

#[test]
fn an_interrupted_start_is_mended() {
    for family in FAMILIES {
        let (good, _) = installed(&family, &[corp()]);
        let [new, old] = hashes(&corp().certificate);
        let directory = family.directory;
        let damages: [&[&str]; 4] = [
            &["Corp_CA.pem", &format!("{new}.0"), &format!("{old}.0")],
            &[&format!("{new}.0"), &format!("{old}.0")],
            &[&format!("{old}.0")],
            &[&format!("{new}.0")],
        ];
        for damage in damages {
            let (root, _) = installed(&family, &[corp()]);
            for name in damage {
                root.remove(&format!("{directory}/{name}"));
            }
            root.write(&format!("{}/.ca-entrypoint-unfinished", family.anchors), "");
            root.run(&[]).ok();
            assert_eq!(root.tree(), good.tree(), "{} {damage:?}", family.name);
            root.run(&[]).ok().is_silent();
        }
    }
}

#[test]
fn a_file_that_is_gone_behind_its_links_is_made_again() {
    for family in FAMILIES {
        let (root, _) = installed(&family, &[corp()]);
        let good = root.tree();
        root.remove(&format!("{}/Corp_CA.pem", family.directory));
        root.run(&[]).ok();
        assert_eq!(root.tree(), good, "{}", family.name);
    }
}

#[test]
fn the_mirror_has_links_of_whatever_the_directory_has() {
    for family in [RHEL, ARCH] {
        let (root, _) = installed(&family, &[corp()]);
        let path = if family.name == "rhel" { "/etc/pki/tls/certs" } else { "/etc/ssl/certs" };
        for hash in hashes(&corp().certificate) {
            let link = target(&root, &format!("{path}/{hash}.0")).unwrap();
            assert!(
                link.ends_with("extracted/pem/directory-hash/Corp_CA.pem")
                    || link == "../../ca-certificates/extracted/cadir/Corp_CA.pem",
                "{link}"
            );
        }
        let has_file = target(&root, &format!("{path}/Corp_CA.pem")).is_some();
        assert_eq!(has_file, family.name == "arch");
    }
}

#[test]
fn a_mirror_without_hash_links_gets_none() {
    for family in [RHEL, ARCH] {
        let path = if family.name == "rhel" { "/etc/pki/tls/certs" } else { "/etc/ssl/certs" };
        let root = family.image(&roots());
        for name in root.names(path) {
            if name.as_bytes()[8] == b'.' {
                root.remove(&format!("{path}/{name}"));
            }
        }
        let before = root.names(path);
        root.write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        assert_eq!(root.names(path), before, "{}", family.name);
        root.run(&["--remove"]).ok();
        assert_eq!(root.names(path), before, "{}", family.name);
    }
}

#[test]
fn somebody_s_own_links_in_the_mirror_stay() {
    for family in [RHEL, ARCH] {
        let path = if family.name == "rhel" { "/etc/pki/tls/certs" } else { "/etc/ssl/certs" };
        let root = family.image(&roots());
        let [hash, _] = hashes(&corp().certificate);
        let own = [format!("{path}/{hash}.7"), format!("{path}/own.pem"), format!("{path}/0.0")];
        for link in &own {
            root.link(link, "/opt/own.pem");
        }
        root.write("/opt/own.pem", twin("Corp CA", 5).certificate.pem());
        root.write(CA, corp().certificate.pem());
        root.run(&[]).ok();
        root.run(&["--remove"]).ok();
        for link in &own {
            assert_eq!(target(&root, link).as_deref(), Some("/opt/own.pem"), "{link}");
        }
        assert!(root.at("/opt/own.pem").exists());
    }
}

#[test]
fn suse_s_second_directory_has_trust_settings() {
    let family = crate::collections::SUSE;
    let (root, _) = installed(&family, &[corp()]);
    let path = format!("{}/Corp_CA.pem", family.trusted_directory.unwrap());
    assert_eq!(root.read(&path), trusted(&corp()).as_bytes());
}

/// As `cp -as` leaves the images of SUSE's without a tool: all of it links into the vendor's files.
#[test]
fn files_that_are_links_to_the_vendor_s_are_replaced_and_not_written_through() {
    let family = crate::collections::SUSE;
    let vendor = "/usr/share/factory";
    let mut found = Vec::new();
    for installs in [corp(), roots()[1].clone()] {
        let made = family.prebuilt(&roots());
        let root = Root::new();
        root.write("/etc/os-release", "ID=\"sles\"\n");
        for path in crate::util::walk(&made.at("/var/lib/ca-certificates")) {
            let name = path.strip_prefix(made.path()).unwrap().to_str().unwrap();
            if path.is_dir() {
                continue;
            }
            match path.read_link() {
                Ok(target) => {
                    root.link(&format!("{vendor}/{name}"), target.to_str().unwrap());
                }
                Err(_) => {
                    root.write(&format!("{vendor}/{name}"), std::fs::read(&path).unwrap());
                }
            }
            root.link(&format!("/{name}"), &format!("{vendor}/{name}"));
        }
        let theirs = |root: &Root| -> Vec<String> {
            let tree = root.tree();
            let lines = tree.lines().filter(|line| line[7..].starts_with(vendor));
            lines.map(str::to_owned).collect()
        };
        let before = theirs(&root);
        assert!(before.len() > 10);
        root.write(CA, installs.certificate.pem());
        root.run(&[]).ok();
        let installed = theirs(&root);
        root.run(&[]).ok().is_silent();
        root.run(&["--remove"]).ok();
        let gone: Vec<String> = [("installed", installed), ("removed", theirs(&root))]
            .iter()
            .flat_map(|(what, after)| {
                let gone = before.iter().filter(|line| !after.contains(line));
                gone.map(move |line| format!("{what}: {line}")).collect::<Vec<_>>()
            })
            .collect();
        found.extend(gone.into_iter().map(|line| format!("{}, {line}", installs.label)));
    }
    assert!(found.is_empty(), "not as it was any more:\n{}", found.join("\n"));
}
