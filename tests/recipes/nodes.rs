//! What an administrator types on a node or a Docker host.

use crate::engine::binary;
use crate::image::Image;
use crate::markdown;
use crate::server::CURL;
use crate::server::CURL_REFUSES;
use crate::server::HELLO;
use crate::workspace::Workspace;

/// The program that is started again by `systemctl` is a client of the registry.
#[test]
fn programs_of_the_node_trust_the_ca() {
    for block in markdown::of_kind("node") {
        let workspace = Workspace::new();
        let client = CURL.replace("gitlab.", "registry.");
        workspace.program("bin/systemctl", &client);
        workspace.write("commands", &block.text);
        let mounts = [
            format!("--volume={}:/root:ro", workspace.path("")),
            format!("--volume={}:/usr/local/bin/ca-entrypoint:ro", binary()),
            "--workdir=/root".to_owned(),
            "--env=PATH=/root/bin:/usr/local/bin:/usr/bin:/bin".to_owned(),
        ];
        let options: Vec<&str> = mounts.iter().map(String::as_str).collect();
        for image in ["ca-entrypoint-test:bookworm", "ca-entrypoint-test:alpine"] {
            let image = Image::of(image);
            let refused = image.run(&options, &["sh", "-c", &client]);
            assert!(CURL_REFUSES.contains(&refused.code), "{refused}");
            let run = if block.has_word("file") {
                // The engine takes the file for this registry alone, as the client does here.
                let directory = "/etc/docker/certs.d/registry.example.com";
                let script = format!(
                    "sh -eu /root/commands; ls {directory} >&2; {}",
                    client.replace("curl", &format!("curl --cacert {directory}/ca.crt"))
                );
                let run = image.run(&options, &["sh", "-euc", &script]);
                assert_eq!(run.stderr, "ca.crt\n", "{run}\n{block}");
                run
            } else {
                image.run(&options, &["sh", "-eu", "/root/commands"])
            };
            assert_eq!((run.code, run.stdout().as_str()), (0, HELLO), "{run}\n{block}");
        }
    }
}
