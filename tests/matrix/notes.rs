//! Why a client isn't served, and what its user can do.

use crate::clients::CLIENTS;
use crate::clients::Client;

/// The reason for some cells of the table, which it is a footnote of.
pub(crate) struct Note {
    pub(crate) clients: &'static [&'static str],
    pub(crate) columns: &'static [&'static str],
    /// Sentences in Markdown, one on a line.
    pub(crate) text: &'static str,
    pub(crate) remedies: &'static [Remedy],
}

/// A command that serves the client, run as the clients are, in each column of the note.
pub(crate) struct Remedy {
    pub(crate) key: &'static str,
    pub(crate) client: &'static str,
    pub(crate) command: &'static str,
}

impl Remedy {
    pub(crate) fn client(&self) -> &'static Client {
        let client = CLIENTS.iter().find(|client| client.key == self.client);
        client.expect("a remedy is for one of the clients")
    }
}

pub(crate) const NOTES: &[Note] = &[
    Note {
        clients: &["wget", "gnutls-cli", "lftp", "aria2"],
        columns: &["debian-1000", "debian-12345", "alpine-base-1000"],
        text: "\
GnuTLS reads the system store, which can't be written here, and no variable of its own leads it elsewhere.
An option of the program does, or a line in its configuration (`~/.wgetrc`, `~/.lftprc`, `~/.config/aria2/aria2.conf`).
`$SSL_CERT_FILE` is the merged bundle, with the image's public CAs.",
        remedies: &[
            Remedy {
                key: "remedy-wget",
                client: "wget",
                command: "wget --ca-certificate=\"$SSL_CERT_FILE\" -q -O - $url/hello",
            },
            Remedy {
                key: "remedy-gnutls-cli",
                client: "gnutls-cli",
                command: "printf 'GET %s/hello HTTP/1.0\\r\\n\\r\\n' $path |
                    gnutls-cli --x509cafile=\"$SSL_CERT_FILE\" --port $port localhost",
            },
            Remedy {
                key: "remedy-lftp",
                client: "lftp",
                command: "lftp -c \"set ssl:ca-file $SSL_CERT_FILE; get $url/hello\"",
            },
            Remedy {
                key: "remedy-aria2",
                client: "aria2",
                command: "aria2c --ca-certificate=\"$SSL_CERT_FILE\" --async-dns=false $url/hello",
            },
        ],
    },
    Note {
        clients: &["php-curl"],
        columns: &["debian-1000", "debian-12345", "alpine-base-1000"],
        text: "\
libcurl, unlike the command curl, reads no variable, and its built-in path is in the system store, which can't be written here.
PHP's streams are served: OpenSSL reads `SSL_CERT_FILE`.
For curl PHP has a setting; in a file of a directory that `PHP_INI_SCAN_DIR` names besides the others (`PHP_INI_SCAN_DIR=:DIR`) it holds for all scripts.",
        remedies: &[Remedy {
            key: "remedy-php-curl",
            client: "php-curl",
            command: "php -d curl.cainfo=\"$SSL_CERT_FILE\" /matrix/programs/php_curl.php $url/hello",
        }],
    },
    Note {
        clients: &["requests", "httpx", "httplib2", "uv", "awscli"],
        columns: &["bare-root"],
        text: "\
These bring their own public roots, and the variable that each of them reads puts a file in the place of those roots.
This image has no public CAs to be put into that file, so the variables aren't set: with them the clients would reach the private server and no other.
Put public CAs into the image (`ca-certificates`), and all of these are served, as the other columns show.
Where the private server is all that a command needs, set the variable for that command.",
        remedies: &[
            Remedy {
                key: "remedy-requests",
                client: "requests",
                command: "REQUESTS_CA_BUNDLE=\"$CI_SERVER_TLS_CA_FILE\" \\
                    python3 -c 'import sys, requests as r; r.get(sys.argv[1]).raise_for_status()' $url/hello",
            },
            Remedy {
                key: "remedy-httpx",
                client: "httpx",
                command: "SSL_CERT_FILE=\"$CI_SERVER_TLS_CA_FILE\" \\
                    python3 -c 'import sys, httpx as h; h.get(sys.argv[1]).raise_for_status()' $url/hello",
            },
            Remedy {
                key: "remedy-httplib2",
                client: "httplib2",
                command: "HTTPLIB2_CA_CERTS=\"$CI_SERVER_TLS_CA_FILE\" \\
                    python3 -c 'import sys, httplib2 as h; h.Http().request(sys.argv[1])' $url/hello",
            },
            Remedy {
                key: "remedy-uv",
                client: "uv",
                command: "SSL_CERT_FILE=\"$CI_SERVER_TLS_CA_FILE\" \\
                    uv pip install --no-python-downloads --python /usr/bin/python3 --target target \\
                    --default-index $url/simple/ tiny",
            },
            Remedy {
                key: "remedy-awscli",
                client: "awscli",
                command: "export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1
                    aws --ca-bundle \"$CI_SERVER_TLS_CA_FILE\" s3api list-buckets --endpoint-url $url/",
            },
        ],
    },
    Note {
        clients: &["java"],
        columns: &["bare-root"],
        text: "\
Java reads a keystore of its own, and this image has none: Debian's would be in the store that was taken out.
Put public CAs into the image (`ca-certificates-java`), or make a keystore for the command.",
        remedies: &[Remedy {
            key: "remedy-java",
            client: "java",
            command: "keytool -importcert -noprompt -file \"$CI_SERVER_TLS_CA_FILE\" -keystore keystore -storepass changeit &&
                java -Djavax.net.ssl.trustStore=keystore -Djavax.net.ssl.trustStorePassword=changeit \\
                    -cp /usr/local/lib/matrix Https $url/hello",
        }],
    },
];
