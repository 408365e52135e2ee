//! What the clients reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use crate::certificates;
use crate::checks::CHECKS;
use crate::clients::CLIENTS;
use crate::clients::Client;
use crate::columns::COLUMNS;
use crate::columns::Column;
use crate::engine::Run;
use crate::engine::binary;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::notes::NOTES;
use crate::server::Server;

/// All columns, in their order.
pub(crate) struct Results {
    pub(crate) columns: Vec<ColumnResults>,
}

/// By a command's key and a server's name.
pub(crate) struct ColumnResults {
    pub(crate) before: BTreeMap<(String, String), Attempt>,
    pub(crate) after: BTreeMap<(String, String), Attempt>,
    /// What ca-entrypoint said.
    pub(crate) stderr: String,
}

impl ColumnResults {
    pub(crate) fn before(&self, key: &str, server: &str) -> &Attempt {
        &self.before[&(key.to_owned(), server.to_owned())]
    }

    pub(crate) fn after(&self, key: &str, server: &str) -> &Attempt {
        &self.after[&(key.to_owned(), server.to_owned())]
    }
}

/// A command, run for one of the servers.
pub(crate) struct Attempt {
    pub(crate) code: i32,
    /// The server logged a request of it.
    pub(crate) is_logged: bool,
    /// The last lines that it printed.
    pub(crate) output: String,
}

impl Attempt {
    pub(crate) fn reached(&self) -> bool {
        self.code == 0 && self.is_logged
    }

    /// Neither reached nor refused: it hangs, it isn't there, or it says that it succeeded and
    /// didn't ask.
    pub(crate) fn is_odd(&self) -> bool {
        (self.code == 0 && !self.is_logged) || [124, 126, 127, 143].contains(&self.code)
    }

    /// Refused, and not for an answer that it didn't like.
    pub(crate) fn is_refused_by(&self, client: &Client) -> bool {
        self.code != 0 && (client.is_hasty || !self.is_logged)
    }
}

/// Runs everything, two containers at a time.
pub(crate) fn measure() -> Results {
    let directory = directory();
    let server = Server::start(&directory);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(column) = COLUMNS.get(index) else { return };
                    let result = measure_column(column, &server, &directory);
                    results.lock().expect("no thread panics with the lock").insert(index, result);
                }
            });
        }
    });
    let columns =
        results.into_inner().expect("no thread panics with the lock").into_values().collect();
    Results { columns }
}

fn measure_column(column: &Column, server: &Server, directory: &str) -> ColumnResults {
    let clients = CLIENTS.iter().filter(|client| column.runs(client)).map(|client| client.key);
    let before: Vec<_> = clients.clone().collect();
    let remedies = NOTES
        .iter()
        .filter(|note| note.columns.contains(&column.key))
        .flat_map(|note| note.remedies)
        .filter(|remedy| column.runs(remedy.client()))
        .map(|remedy| remedy.key);
    let checks = CHECKS.iter().map(|check| check.key);
    let after: Vec<_> = clients.chain(remedies).chain(checks).collect();

    let run = |phase: &str, entrypoint: &[&str], arguments: &[&str], names: &[&str]| {
        let who = format!("{}.{phase}", column.key);
        let name = unique_name(&who);
        let network = server.network();
        let mount = format!("--volume={directory}:/matrix:ro");
        let mut command = vec!["run", "--rm", "--init", "--name", &name, &network, &mount];
        command.extend(column.options);
        command.extend(entrypoint);
        let image = column.image();
        command.push(&image);
        command.extend(arguments);
        command.extend(["/matrix/run.sh", &who]);
        command.extend(names);
        docker(&command).expect_success()
    };
    let bare = run("before", &["--entrypoint", "sh"], &[], &before);
    let binary = format!("--volume={}:/ca-entrypoint:ro", binary());
    let ca = format!(
        "--volume={}/root.crt:/etc/gitlab-runner/certs/ca.crt:ro",
        certificates::directory()
    );
    let ours = run("after", &[&binary, &ca, "--entrypoint", "/ca-entrypoint"], &["sh"], &after);
    let requests = server.requests();
    ColumnResults {
        before: parse(&bare, &requests, &format!("{}.before", column.key)),
        after: parse(&ours, &requests, &format!("{}.after", column.key)),
        stderr: ours.stderr,
    }
}

/// The lines of `run.sh`. The server's log says which of the requests came through.
fn parse(run: &Run, requests: &[String], who: &str) -> BTreeMap<(String, String), Attempt> {
    let mut attempts: BTreeMap<_, Attempt> = BTreeMap::new();
    let mut last = None;
    for line in run.stdout().lines() {
        if let Some(output) = line.strip_prefix("| ") {
            let attempt = last.as_ref().and_then(|key| attempts.get_mut(key));
            let attempt = attempt.expect("output follows the line of its command");
            attempt.output.push_str(output);
            attempt.output.push('\n');
            continue;
        }
        let fields: Vec<_> = line.split(' ').collect();
        let [name, server, code] = fields[..] else { panic!("run.sh said: {line}\n{run}") };
        let code = code.parse().expect("run.sh prints a number");
        let request = format!("{server} /{who}.{name}/");
        let is_logged = requests.iter().any(|line| line.starts_with(&request));
        let key = (name.to_owned(), server.to_owned());
        attempts.insert(key.clone(), Attempt { code, is_logged, output: String::new() });
        last = Some(key);
    }
    attempts
}

/// What is mounted as `/matrix`: the scripts, and a file for each command. It is in the directory of
/// the certificates, which a later run removes.
fn directory() -> String {
    let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/matrix");
    let certificates = PathBuf::from(certificates::directory());
    let directory = certificates.join("matrix");
    let copy = |from: PathBuf, to: PathBuf| {
        fs::create_dir_all(to.parent().expect("it is in a directory"))
            .and_then(|()| fs::copy(&from, &to))
            .unwrap_or_else(|e| panic!("cannot copy {} to {}: {e}", from.display(), to.display()));
    };
    for name in [
        "run.sh",
        "site.sh",
        "server.py",
        "programs/https.mjs",
        "programs/fetch.mjs",
        "programs/aiohttp_client.py",
        "programs/php_curl.php",
    ] {
        copy(sources.join(name), directory.join(name));
    }
    copy(certificates.join("second.crt"), directory.join("other.crt"));

    let commands = directory.join("commands");
    fs::create_dir(&commands).expect("the directory was just made");
    let clients = CLIENTS.iter().map(|client| (client.key, client.command));
    let checks = CHECKS.iter().map(|check| (check.key, check.command));
    let remedies = NOTES.iter().flat_map(|note| note.remedies);
    let remedies = remedies.map(|remedy| (remedy.key, remedy.command));
    for (key, command) in clients.chain(checks).chain(remedies) {
        let script = format!("url=$1 port=$2 path=$3\n{command}\n");
        fs::write(commands.join(key), script).expect("the directory was just made");
    }
    directory.into_os_string().into_string().expect("a mount takes a path in UTF-8")
}
