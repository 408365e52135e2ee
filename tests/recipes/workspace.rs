//! A directory of a test's own on the host.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::certificates;
use crate::engine::binary;
use crate::engine::unique_name;

/// Removed when dropped.
pub(crate) struct Workspace {
    path: PathBuf,
}

impl Workspace {
    /// With `ca.crt` and `corp-ca.crt`, `corp-ca.der`, which are the CA that the servers' certificates
    /// are signed by.
    pub(crate) fn new() -> Self {
        let path = Path::new(certificates::directory()).join(unique_name("workspace"));
        fs::create_dir_all(&path).expect("the target directory can be written");
        let workspace = Self { path };
        for (from, to) in
            [("root.crt", "ca.crt"), ("root.crt", "corp-ca.crt"), ("root.der", "corp-ca.der")]
        {
            let from = Path::new(certificates::directory()).join(from);
            fs::copy(from, workspace.file(to)).expect("it is one of the list");
        }
        workspace
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The path as a word of a command.
    pub(crate) fn path(&self, name: &str) -> String {
        self.file(name).into_os_string().into_string().expect("a mount takes a path in UTF-8")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name);
        let parent = path.parent().expect("it is below the workspace");
        fs::create_dir_all(parent).expect("the target directory can be written");
        fs::write(&path, content).expect("the directory was just made");
        self.path(name)
    }

    /// A program that takes another one's place.
    pub(crate) fn program(&self, name: &str, script: &str) -> String {
        let path = self.write(name, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it was just made");
        path
    }

    pub(crate) fn directory(&self, name: &str) -> String {
        fs::create_dir_all(self.file(name)).expect("the target directory can be written");
        self.path(name)
    }

    /// A mounted Secret or ConfigMap: files, by way of links that are turned in one step.
    pub(crate) fn kubernetes_volume(&self, name: &str, files: &[(&str, Vec<u8>)]) -> String {
        self.directory(&format!("{name}/..2026_11_22"));
        for (file, content) in files {
            self.write(&format!("{name}/..2026_11_22/{file}"), content);
            let link = self.file(&format!("{name}/{file}"));
            std::os::unix::fs::symlink(format!("..data/{file}"), link).expect("it was just made");
        }
        let data = self.file(&format!("{name}/..data"));
        std::os::unix::fs::symlink("..2026_11_22", data).expect("it was just made");
        self.path(name)
    }

    /// The binary under test, as a file of its own.
    pub(crate) fn binary(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().expect("it is below the workspace"))
            .expect("the target directory can be written");
        fs::copy(binary(), &path).expect("make build");
        path
    }

    /// Runs a script of the host's, with nothing in its environment but PATH and HOME.
    pub(crate) fn sh(&self, script: &str) -> crate::engine::Run {
        let output = Command::new("sh")
            .args(["-euc", script])
            .current_dir(&self.path)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.path)
            .output()
            .expect("there is a shell");
        crate::engine::Run {
            command: script.to_owned(),
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
