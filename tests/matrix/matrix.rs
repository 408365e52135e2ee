//! The table of clients and columns, which is a page of the documentation.

use std::env;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::clients::CLIENTS;
use crate::clients::Client;
use crate::columns::COLUMNS;
use crate::columns::Column;
use crate::document::document;
use crate::notes::NOTES;
use crate::notes::Note;
use crate::results::ColumnResults;
use crate::results::Results;
use crate::results::measure;

/// Measured once for all tests.
pub(crate) fn results() -> &'static Results {
    static RESULTS: OnceLock<Results> = OnceLock::new();
    RESULTS.get_or_init(measure)
}

/// What a client reaches in a column.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) private: bool,
    pub(crate) public: Public,
}

impl Cell {
    fn is_served(self) -> bool {
        self.private && self.public != Public::Refused
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Public {
    /// Before and after.
    Kept,
    /// Only with ca-entrypoint.
    Gained,
    /// Neither before nor after, by a client that brings its own roots.
    OwnRoots,
    /// Neither before nor after, for the image has no public roots.
    NoRoots,
    /// Neither before nor after, for no such reason.
    Refused,
    /// Only without ca-entrypoint.
    Lost,
}

/// None where the client doesn't run.
pub(crate) fn cell(client: &Client, column: &Column, results: &ColumnResults) -> Option<Cell> {
    if !column.runs(client) {
        return None;
    }
    let before = results.before(client.key, "public").reached();
    let after = results.after(client.key, "public").reached();
    let public = match (before, after) {
        (true, true) => Public::Kept,
        (false, true) => Public::Gained,
        (true, false) => Public::Lost,
        (false, false) if client.own_roots => Public::OwnRoots,
        (false, false) if !column.has_public_roots => Public::NoRoots,
        (false, false) => Public::Refused,
    };
    Some(Cell { private: results.after(client.key, "private").reached(), public })
}

/// The note that explains a cell.
pub(crate) fn note(client: &Client, column: &Column) -> Option<(usize, &'static Note)> {
    let mut notes = NOTES.iter().enumerate();
    notes.find(|(_, note)| note.clients.contains(&client.key) && note.columns.contains(&column.key))
}

/// Every client in every column, with what it reaches.
fn cells() -> impl Iterator<Item = (&'static Client, &'static Column, &'static ColumnResults, Cell)>
{
    COLUMNS.iter().zip(&results().columns).flat_map(|(column, results)| {
        CLIENTS.iter().filter_map(move |client| {
            cell(client, column, results).map(|cell| (client, column, results, cell))
        })
    })
}

#[test]
fn the_private_server_is_refused_without_ca_entrypoint() {
    for (client, column, results, _) in cells() {
        let attempt = results.before(client.key, "private");
        assert!(attempt.is_refused_by(client), "{} in {}", client.name, column.name);
    }
}

#[test]
fn nothing_is_lost() {
    for (client, column, results, cell) in cells() {
        let output = &results.after(client.key, "public").output;
        assert!(cell.public != Public::Lost, "{} in {}: {output}", client.name, column.name);
    }
}

#[test]
fn every_command_reaches_a_server_or_refuses_it() {
    for (column, results) in COLUMNS.iter().zip(&results().columns) {
        for ((name, server), attempt) in results.before.iter().chain(&results.after) {
            let client = CLIENTS.iter().find(|client| client.key == name);
            let is_clear =
                client.is_none_or(|client| attempt.reached() || attempt.is_refused_by(client));
            assert!(
                is_clear && !attempt.is_odd(),
                "{name} for {server} in {}: exit code {}, request logged: {}\n{}",
                column.name,
                attempt.code,
                attempt.is_logged,
                attempt.output
            );
        }
    }
}

#[test]
fn what_is_not_served_has_a_note() {
    for (client, column, results, cell) in cells() {
        let server = if cell.private { "public" } else { "private" };
        let output = &results.after(client.key, server).output;
        assert!(
            cell.is_served() || note(client, column).is_some(),
            "{} in {} fails for no known reason: {output}",
            client.name,
            column.name
        );
    }
}

#[test]
fn what_has_a_note_is_not_served() {
    for (client, column, _, cell) in cells() {
        let note = note(client, column);
        assert!(
            !cell.is_served() || note.is_none(),
            "{} in {} is served",
            client.name,
            column.name
        );
    }
}

#[test]
fn every_remedy_helps() {
    for (column, results) in COLUMNS.iter().zip(&results().columns) {
        let notes = NOTES.iter().filter(|note| note.columns.contains(&column.key));
        let servers: &[_] =
            if column.has_public_roots { &["private", "public"] } else { &["private"] };
        for remedy in notes.flat_map(|note| note.remedies) {
            for server in servers.iter().filter(|_| column.runs(remedy.client())) {
                let attempt = results.after(remedy.key, server);
                let output = &attempt.output;
                assert!(
                    attempt.reached(),
                    "{} for {server}, {}: {output}",
                    remedy.key,
                    column.name
                );
            }
        }
    }
}

/// `UPDATE_GOLDEN=1` rewrites the page.
#[test]
fn the_page_is_what_was_measured() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/matrix.md");
    let actual = document(results());
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).expect("docs can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differences: String = expected
        .lines()
        .filter(|line| !actual.lines().any(|other| other == *line))
        .map(|line| format!("- {line}\n"))
        .chain(
            actual
                .lines()
                .filter(|line| !expected.lines().any(|other| other == *line))
                .map(|line| format!("+ {line}\n")),
        )
        .collect();
    assert!(
        expected == actual,
        "docs/matrix.md differs; UPDATE_GOLDEN=1 rewrites it\n{differences}"
    );
}
