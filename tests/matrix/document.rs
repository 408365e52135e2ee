//! The page that the table is on.

use std::fmt::Write;

use crate::clients::CLIENTS;
use crate::columns::COLUMNS;
use crate::matrix::Cell;
use crate::matrix::Public;
use crate::matrix::cell;
use crate::matrix::note;
use crate::notes::NOTES;
use crate::results::Results;

pub(crate) fn document(results: &Results) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(&table(results));
    page.push_str(NOTES_TITLE);
    for (index, note) in NOTES.iter().enumerate() {
        let _ = write!(page, "\n### Note {}\n\n{}\n", index + 1, note.text);
        page.push_str("\nThe run tries what follows, and it has to succeed:\n\n");
        for remedy in note.remedies {
            page.push_str(&code(remedy.command));
        }
    }
    page
}

/// A command as Markdown's code.
fn code(command: &str) -> String {
    let mut text = String::new();
    let mut indentation = "    ";
    for line in command.lines().map(str::trim) {
        let _ = writeln!(text, "{indentation}{line}");
        let is_continued = line.ends_with(['\\', '|', '&']);
        indentation = if is_continued { "        " } else { "    " };
    }
    text
}

fn table(results: &Results) -> String {
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    let mut table = format!("\n| client | from | {} |\n", names.join(" | "));
    let _ = writeln!(table, "|{}", "---|".repeat(2 + COLUMNS.len()));
    for client in CLIENTS {
        let _ = write!(table, "| {} | {} |", client.name, client.origin);
        for (column, results) in COLUMNS.iter().zip(&results.columns) {
            let text = cell(client, column, results).map_or_else(|| "-".to_owned(), text);
            let _ = match note(client, column).filter(|_| column.runs(client)) {
                Some((index, _)) => {
                    let number = index + 1;
                    write!(table, " {text} [({number})](#note-{number}) |")
                }
                None => write!(table, " {text} |"),
            };
        }
        table.push('\n');
    }
    table
}

fn text(cell: Cell) -> String {
    let private = if cell.private { "yes" } else { "**no**" };
    let public = match cell.public {
        Public::Kept => "yes",
        Public::Gained => "gained",
        Public::OwnRoots => "own roots",
        Public::NoRoots => "no roots",
        Public::Refused => "**no**",
        Public::Lost => "**lost**",
    };
    format!("{private} / {public}")
}

const INTRODUCTION: &str = "\
<!-- The matrix writes this page: make matrix, with UPDATE_GOLDEN=1 in the environment. Changes made by hand fail it. -->
# The trust matrix

Which programs reach a server with a private CA when ca-entrypoint has started them, and whether they still reach all others.
`make matrix` measures it, and fails when a cell differs from this page.

Each client runs in each kind of container four times: without ca-entrypoint and with it, for a server whose certificate the mounted CA signed, and for one that a stand-in for a public CA signed.
The stand-in is in the image's bundle, as the real public CAs are; the image's own tool put it there.
A server is reached when the client's command succeeds and the server logged its request; each command is a real one, such as a clone, an installation or a page, in an empty home directory, with no variables but the image's and ca-entrypoint's.

Without ca-entrypoint no client reaches the private server: that is part of the test.
A cell is *private / public*, with ca-entrypoint:

| private | meaning |
|---|---|
| yes | reached |
| **no** | not reached; the note tells why, and what the user can do |

| public | meaning |
|---|---|
| yes | reached, as without ca-entrypoint |
| gained | reached, and not without ca-entrypoint: the client brings its own roots, and a variable leads it to the image's bundle, where the private CA is too |
| own roots | never reached, as the stand-in is not among the roots that the client brings and keeps; it reaches what they signed, as before |
| no roots | never reached, as the image has no public CAs |
| - | not in this image |

The containers:

| column | container | where the CA goes |
|---|---|---|
| Debian, root | Debian 12 | the system's store |
| Debian, uid 1000 | the same image, `/tmp` can be written | files that variables name |
| Debian, uid 12345, read-only | the same with a read-only root file system, a `tmpfs` at `/tmp`, no capabilities, no new privileges | files that variables name |
| Alpine, root | Alpine 3.23 with `ca-certificates` | the system's store |
| Alpine base, uid 1000 | Alpine 3.23 with the bundle alone, as the `alpine` image has it | files that variables name |
| no bundle, root | the Debian image without `ca-certificates` and all that it made | a bundle that ca-entrypoint makes |

In Alpine, curl and wget are Alpine's; Node.js, uv, Bun, and the programs of tests/matrix/programs are built for musl or linked statically; the other programs are Debian's, put beside Alpine's files.
git is Debian's, once with the libcurl that it is made for and once with Debian's other one in its place.
";

const NOTES_TITLE: &str = "\n## Notes\n";
