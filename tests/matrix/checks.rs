//! What holds beside the table.

use crate::columns::COLUMNS;
use crate::matrix::results;

/// A command that runs in every column with ca-entrypoint in place, for both servers as clients do.
pub(crate) struct Check {
    pub(crate) key: &'static str,
    pub(crate) command: &'static str,
}

pub(crate) const CHECKS: [Check; 2] = [
    Check {
        key: "check-cacert",
        command: "curl --silent --show-error --fail --cacert \"$CI_SERVER_TLS_CA_FILE\" $url/hello",
    },
    // As GitLab Runner does it for a server with a CA of its own.
    Check {
        key: "check-git-per-url",
        command: "other=https://localhost:4433
            if git clone --quiet $other$path/repository.git refused; then exit 3; fi
            git config --global http.$other/.sslCAInfo /matrix/other.crt &&
            git clone --quiet $other$path/repository.git other &&
            git clone --quiet $url/repository.git",
    },
];

#[test]
fn the_file_for_job_scripts_verifies_the_private_server() {
    for (column, results) in COLUMNS.iter().zip(&results().columns) {
        let attempt = results.after(CHECKS[0].key, "private");
        assert!(attempt.reached(), "{}: {}", column.name, attempt.output);
    }
}

#[test]
fn git_takes_another_ca_for_another_server() {
    for (column, results) in COLUMNS.iter().zip(&results().columns) {
        let servers: &[_] =
            if column.has_public_roots { &["private", "public"] } else { &["private"] };
        for server in servers {
            let attempt = results.after(CHECKS[1].key, server);
            assert!(attempt.reached(), "{}, {server}: {}", column.name, attempt.output);
        }
    }
}

#[test]
fn no_more_than_a_line_is_said() {
    for (column, results) in COLUMNS.iter().zip(&results().columns) {
        let stderr: Vec<_> = results.stderr.lines().collect();
        assert!(
            matches!(stderr[..], [line] if line.starts_with("ca-entrypoint: trust store ")),
            "{}: {stderr:?}",
            column.name
        );
    }
}
