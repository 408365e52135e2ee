//! The manifests of `examples/`: what a cluster's server would refuse, and what nobody should have.

use std::path::Path;

use crate::keys;
use crate::tree::Tree;

/// A manifest, and the file that it is in.
pub(crate) fn all() -> Vec<(String, Tree)> {
    let files = keys::examples(".yaml");
    let files = files.into_iter().filter(|(name, _)| !name.ends_with(".values.yaml"));
    let documents = |(name, text): (String, String)| {
        let trees = Tree::all_of_yaml(&name, &text);
        trees.into_iter().map(move |tree| (name.clone(), tree)).collect::<Vec<_>>()
    };
    files.flat_map(documents).collect()
}

/// The one of this kind in a file.
#[track_caller]
pub(crate) fn of(file: &str, kind: &str) -> Tree {
    let found = all().into_iter().find(|(name, tree)| name == file && tree.is("kind", kind));
    found.unwrap_or_else(|| panic!("no {kind} in examples/kubernetes/{file}")).1
}

/// The init containers and containers of a pod.
pub(crate) fn containers(pod: &Tree) -> Vec<Tree> {
    [pod.list("initContainers"), pod.list("containers")].concat()
}

/// Panics unless a pod has what its containers name and no more rights than it needs; `volumes`: what
/// it has besides.
#[track_caller]
fn assert_pod(name: &str, pod: &Tree, volumes: &[String]) {
    for key in pod.keys() {
        // Below these are the users' own keys.
        let is_free = ["nodeSelector."].iter().any(|prefix| key.starts_with(prefix));
        assert!(is_free || POD.contains(&key.as_str()), "{name}: no field '{key}' in a pod");
    }
    let own: Vec<String> =
        pod.list("volumes").iter().map(|volume| volume.want("name").to_owned()).collect();
    let containers = containers(pod);
    assert!(!containers.is_empty(), "{name}: a pod has containers");
    for container in &containers {
        let what = format!("{name}: container {}", container.want("name"));
        assert!(container.get("image").is_some(), "{what} has no image");
        let mounts = container.list("volumeMounts");
        for mount in &mounts {
            let volume = mount.want("name").to_owned();
            let is_known = own.contains(&volume) || volumes.contains(&volume);
            assert!(is_known, "{what} mounts '{volume}', which isn't there");
            assert!(mount.want("mountPath").starts_with('/'), "{what}");
        }
        let rights = container.at("securityContext");
        assert!(rights.is("allowPrivilegeEscalation", "false"), "{what} may gain rights");
        assert!(rights.is("readOnlyRootFilesystem", "true"), "{what} can write its image");
        assert_eq!(rights.texts("capabilities.drop"), ["ALL"], "{what}");
        let is_mounted = |path: &str| {
            mounts.iter().any(|mount| Path::new(path).starts_with(mount.want("mountPath")))
        };
        let arguments = [container.texts("command"), container.texts("args")].concat();
        for pair in arguments.windows(2) {
            match pair[0].as_str() {
                "--copy-to" | "--ca" => {
                    assert!(is_mounted(&pair[1]), "{what}: {} isn't mounted", pair[1]);
                }
                "--root" => {
                    let is_below =
                        |mount: &Tree| Path::new(mount.want("mountPath")).starts_with(&pair[1]);
                    assert!(mounts.iter().all(is_below), "{what}: a mount beside {}", pair[1]);
                }
                _ => {}
            }
        }
        if let Some(program) = arguments.first().filter(|word| word.ends_with("/ca-entrypoint")) {
            assert!(is_mounted(program), "{what}: {program} isn't mounted");
        }
    }
    for volume in &own {
        let is_mounted = |container: &Tree| {
            container.list("volumeMounts").iter().any(|mount| mount.is("name", volume))
        };
        assert!(containers.iter().any(is_mounted), "{name}: nobody mounts '{volume}'");
    }
    // What a pod takes from the cluster is what the examples make.
    for (path, value) in &pod.entries {
        let is_name = path.ends_with("secretKeyRef.name") || path.ends_with("configMap.name");
        assert!(
            !is_name || value == "corp-ca",
            "{name}: {path} is {value}, which no example makes"
        );
        assert!(
            !path.ends_with("secretKeyRef.key") || value == "ca.crt",
            "{name}: {path} is {value}"
        );
    }
}

#[test]
fn manifests_are_complete_and_modest() {
    let known = [
        ("v1", "Secret"),
        ("v1", "ConfigMap"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "DaemonSet"),
        ("apps.gitlab.com/v1beta2", "Runner"),
    ];
    let manifests = all();
    assert!(!manifests.is_empty(), "there are manifests");
    for (name, tree) in manifests {
        let kind = (tree.want("apiVersion"), tree.want("kind"));
        assert!(known.contains(&kind), "{name}: no kind {kind:?}");
        assert!(tree.get("metadata.name").is_some(), "{name}");
        match kind.1 {
            "Deployment" | "DaemonSet" => {
                let labels = tree.at("spec.template.metadata.labels");
                let selector = tree.at("spec.selector.matchLabels");
                assert!(!labels.entries.is_empty(), "{name} has labels");
                assert_eq!(labels, selector, "{name}: the selector isn't for its own pods");
                assert_pod(&name, &tree.at("spec.template.spec"), &[]);
            }
            "Secret" => {
                assert!(tree.want("stringData.ca.crt").contains("BEGIN CERTIFICATE"), "{name}");
            }
            "ConfigMap" => match tree.get("data.config.toml") {
                Some(text) => keys::assert_of_runner(&name, &Tree::of_toml(&name, text)),
                None => assert!(tree.want("data.ca.crt").contains("BEGIN CERTIFICATE"), "{name}"),
            },
            _ => {
                for key in tree.at("spec").keys() {
                    assert!(
                        OPERATOR.contains(&key.as_str()),
                        "{name}: the operator knows no '{key}'"
                    );
                }
            }
        }
    }
}

/// What the runner's configuration puts into a pod.
#[test]
fn patches_of_a_pod_are_complete_and_modest() {
    let mut count = 0;
    for (name, text) in keys::examples(".config.toml") {
        let kubernetes = Tree::of_toml(&name, &text).at("runners[0].kubernetes");
        let kinds = ["secret", "config_map", "empty_dir"];
        let volumes = kinds.iter().flat_map(|kind| kubernetes.list(&format!("volumes.{kind}")));
        let volumes: Vec<String> = volumes.map(|volume| volume.want("name").to_owned()).collect();
        for patch in kubernetes.list("pod_spec") {
            assert!(patch.is("patch_type", "strategic"), "{name}: lists would be replaced");
            let pod = Tree::of_yaml(&name, patch.want("patch"));
            assert_pod(&name, &pod, &volumes);
            count += 1;
        }
    }
    assert!(count > 0, "there is a patch");
}

/// Those of a PodSpec that the examples use; core/v1 of Kubernetes 1.34.
const POD: &[&str] = &[
    "automountServiceAccountToken",
    "containers.args",
    "containers.command",
    "containers.image",
    "containers.name",
    "containers.securityContext.allowPrivilegeEscalation",
    "containers.securityContext.capabilities.drop",
    "containers.securityContext.readOnlyRootFilesystem",
    "containers.securityContext.runAsNonRoot",
    "containers.securityContext.runAsUser",
    "containers.volumeMounts.mountPath",
    "containers.volumeMounts.name",
    "containers.volumeMounts.readOnly",
    "initContainers.args",
    "initContainers.env.name",
    "initContainers.env.valueFrom.secretKeyRef.key",
    "initContainers.env.valueFrom.secretKeyRef.name",
    "initContainers.image",
    "initContainers.name",
    "initContainers.securityContext.allowPrivilegeEscalation",
    "initContainers.securityContext.capabilities.drop",
    "initContainers.securityContext.readOnlyRootFilesystem",
    "initContainers.securityContext.runAsNonRoot",
    "initContainers.securityContext.runAsUser",
    "initContainers.volumeMounts.mountPath",
    "initContainers.volumeMounts.name",
    "initContainers.volumeMounts.readOnly",
    "securityContext.runAsGroup",
    "securityContext.runAsNonRoot",
    "securityContext.runAsUser",
    "securityContext.seccompProfile.type",
    "volumes.configMap.name",
    "volumes.emptyDir.sizeLimit",
    "volumes.hostPath.path",
    "volumes.hostPath.type",
    "volumes.name",
];

/// Of the operator's Runner, those that the example uses: docs/configuration/configuring_runner_operator.md
/// of gitlab-runner 19.4.
const OPERATOR: &[&str] = &["ca", "config", "gitlabUrl", "helperImage", "token"];
