//! Images without a tool, a package, or anything at all.

use crate::certificates;
use crate::clients::Server;
use crate::clients::port;
use crate::container::Container;
use crate::container::Image;
use crate::container::Stopped;
use crate::engine::docker;
use crate::engine::docker_with_input;
use crate::engine::unique_name;
use crate::restricted::mounted;
use crate::side::install;

/// An image that a test makes of a tar archive, and that goes with the test.
struct OwnImage {
    reference: String,
}

impl OwnImage {
    fn import(archive: &[u8]) -> Self {
        let reference = unique_name("image");
        docker_with_input(&["import", "-", &reference], archive).expect_success();
        Self { reference }
    }
}

impl Drop for OwnImage {
    fn drop(&mut self) {
        let _ = docker(&["rmi", "--force", &self.reference]);
    }
}

/// The content of the one file in a tar archive: its size stands at 124, in octal digits, and the
/// content after the header's 512 bytes.
fn only_file(archive: &[u8]) -> String {
    let size = String::from_utf8_lossy(&archive[124..135]).into_owned();
    let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).expect("a size is octal");
    String::from_utf8_lossy(&archive[512..512 + size]).into_owned()
}

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An image of the program and nothing else, not even a directory for temporary files.
#[test]
fn an_empty_image() {
    // Two blocks of zeros end an archive.
    let image = OwnImage::import(&[0; 1024]);
    let container = Stopped::create(&image.reference, &[&mounted("chain.crt")], &[]);
    let run = container.start().expect_success();
    assert_eq!(run.stderr, "ca-entrypoint: trust store updated: 3 added, 0 removed\n", "{run}");
    let bundle = only_file(&container.archive(BUNDLE));
    assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 3);
    for name in ["root.crt", "intermediate.crt", "second.crt"] {
        assert!(bundle.contains(&certificates::text(name)), "{name}");
    }
    let run = container.start().expect_success();
    assert_eq!(run.stderr, "");
}

/// A client in an otherwise empty image: Debian's curl with the libraries that it needs.
#[test]
fn a_client_in_an_otherwise_empty_image() {
    let debian = Container::start(Image::BookwormBare);
    let archive = debian.sh("tar -ch $(ldd /usr/bin/curl | grep -o '/[^ ]*') /usr/bin/curl").stdout;
    let image = OwnImage::import(&archive);
    let network = Server::shared().network();
    let mount = mounted("chain.crt");
    for signer in ["root", "intermediate", "second", "twin-a"] {
        let url = format!("https://127.0.0.1:{}/hello", port(signer));
        let options = ["--network", &network, &mount];
        let command = ["/usr/bin/curl", "--silent", "--show-error", "--fail", &url];
        let container = Stopped::create(&image.reference, &options, &command);
        let run = container.start();
        assert_eq!(run.code, if signer == "twin-a" { 60 } else { 0 }, "{run}");
    }
}

/// A distroless image says that it is Debian, and has a bundle without the files that Debian's tool
/// would make it of.
#[test]
fn a_bundle_without_its_sources() {
    let debian = Container::start(Image::Bookworm);
    let before = String::from_utf8_lossy(&debian.bundle()).into_owned();
    let archive = debian
        .sh(&format!(
            "mkdir -p /tmp/root/etc/ssl/certs; cd /tmp/root; cp {BUNDLE} etc/ssl/certs/
            printf 'NAME=\"Debian GNU/Linux\"\\nID=\"debian\"\\n' >etc/os-release; tar -c *"
        ))
        .stdout;
    let image = OwnImage::import(&archive);
    let container = Stopped::create(&image.reference, &[&mounted("root.crt")], &[]);
    container.start().expect_success();
    let after = only_file(&container.archive(BUNDLE));
    assert_eq!(after, before + &certificates::text("root.crt"));
    container.start().expect_success();
    assert_eq!(only_file(&container.archive(BUNDLE)), after);
}

/// Debian without its ca-certificates package: the store is made, and all clients that the image
/// has use it.
#[test]
fn debian_without_a_store() {
    let network = Server::shared().network();
    let container = Container::start_with(Image::BookwormBare, &["--network", &network]);
    let url = format!("https://localhost:{}", port("second"));
    let clients = [
        format!("curl --silent --show-error --fail {url}/hello"),
        format!("wget -q -O - {url}/hello"),
        format!("git ls-remote {url}/repository"),
    ];
    for client in &clients {
        assert_ne!(container.try_sh(client).code, 0, "{client}");
    }
    install(&container, "chain.crt").expect_success();
    for client in &clients {
        container.sh(client);
    }
    container.sh("/ca-entrypoint --remove");
    for client in &clients {
        assert_ne!(container.try_sh(client).code, 0, "{client}");
    }
}
