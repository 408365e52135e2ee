//! Fetches a page of a server on the loopback with rustls: `rust-https native|platform PORT PATH`.
//!
//! `native` takes its roots from rustls-native-certs, `platform` leaves the verification to
//! rustls-platform-verifier.

use std::env;
use std::error::Error;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls_platform_verifier::ConfigVerifierExt;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [roots, port, path] = arguments.as_slice() else {
        return Err("rust-https native|platform PORT PATH".into());
    };
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "there is a provider already")?;
    let config = match roots.as_str() {
        "native" => native()?,
        _ => ClientConfig::with_platform_verifier()?,
    };

    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into()?)?;
    // A statically linked program looks no name up.
    let socket = TcpStream::connect(("127.0.0.1", port.parse()?))?;
    let mut stream = StreamOwned::new(connection, socket);
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.") && answer.contains(" 200 ") {
        io::stdout().write_all(answer.as_bytes())?;
        return Ok(());
    }
    Err(answer.into())
}

fn native() -> Result<ClientConfig, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
