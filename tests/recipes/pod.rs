//! A pod's volumes and containers, as Docker has them: an `emptyDir` is a volume that everybody may
//! write, and a container has the user, the rights and the mounts that a manifest gives it.

use crate::certificates;
use crate::engine::Run;
use crate::engine::docker;
use crate::engine::unique_name;
use crate::image::Image;
use crate::tree::Tree;

/// A volume of Docker's.
pub(crate) struct Volume(pub(crate) String);

impl Volume {
    pub(crate) fn new() -> Self {
        Self(unique_name("volume"))
    }

    /// As the kubelet makes an `emptyDir`.
    pub(crate) fn empty_dir() -> Self {
        let volume = Self::new();
        let mount = format!("--volume={}:/volume", volume.0);
        let image = "ca-entrypoint-test:bookworm";
        docker(&["run", "--rm", "--network=none", &mount, image, "chmod", "0777", "/volume"])
            .expect_success();
        volume
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = docker(&["volume", "rm", "--force", &self.0]);
    }
}

/// The volumes of a pod, by their names: what `docker run --volume` takes for each.
pub(crate) struct Volumes {
    /// Name, and what is mounted.
    known: Vec<(String, String)>,
    /// Gone with this.
    pub(crate) made: Vec<Volume>,
}

impl Volumes {
    pub(crate) fn new() -> Self {
        Self { known: Vec::new(), made: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &str, what: String) {
        self.known.push((name.to_owned(), what));
    }

    pub(crate) fn add_empty_dir(&mut self, name: &str) {
        let volume = Volume::empty_dir();
        self.add(name, volume.0.clone());
        self.made.push(volume);
    }

    pub(crate) fn of(&self, name: &str) -> &str {
        let known = self.known.iter().find(|(known, _)| known == name);
        &known.unwrap_or_else(|| panic!("no volume '{name}'")).1
    }
}

/// The options of `docker run` for a container of a pod.
pub(crate) fn options(pod: &Tree, container: &Tree, volumes: &Volumes) -> Vec<String> {
    let mut options = Vec::new();
    let of_both = |field: &str| {
        let field = format!("securityContext.{field}");
        container.get(&field).or_else(|| pod.get(&field)).map(str::to_owned)
    };
    if let Some(user) = of_both("runAsUser") {
        let group = of_both("runAsGroup").map(|group| format!(":{group}"));
        options.push(format!("--user={user}{}", group.unwrap_or_default()));
    }
    let rights = container.at("securityContext");
    if rights.is("readOnlyRootFilesystem", "true") {
        options.push("--read-only".to_owned());
    }
    if rights.is("allowPrivilegeEscalation", "false") {
        options.push("--security-opt=no-new-privileges".to_owned());
    }
    options
        .extend(rights.texts("capabilities.drop").iter().map(|name| format!("--cap-drop={name}")));
    for mount in container.list("volumeMounts") {
        let what = volumes.of(mount.want("name"));
        let mode = if mount.is("readOnly", "true") { ":ro" } else { "" };
        options.push(format!("--volume={what}:{}{mode}", mount.want("mountPath")));
    }
    for variable in container.list("env") {
        let value = certificates::text("root.crt");
        assert!(variable.is("valueFrom.secretKeyRef.key", "ca.crt"), "{variable:?}");
        options.push(format!("--env={}={value}", variable.want("name")));
    }
    options
}

/// Runs an init container of our image's.
pub(crate) fn run_init(
    pod: &Tree,
    container: &Tree,
    volumes: &Volumes,
    carrier: &Image,
    more: &[&str],
) -> Run {
    let image = container.want("image");
    assert_eq!(image, "registry.example.com/ca-entrypoint", "the image of docker/Dockerfile");
    assert!(container.get("command[0]").is_none(), "its entrypoint is the binary");
    let options = options(pod, container, volumes);
    let mut arguments = vec!["run", "--rm", "--network=none"];
    arguments.extend(options.iter().map(String::as_str));
    arguments.push(carrier.reference());
    let given = container.texts("args");
    arguments.extend(given.iter().map(String::as_str));
    arguments.extend(more);
    docker(&arguments)
}
