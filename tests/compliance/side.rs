//! The two sides of a comparison.

use crate::container::Container;
use crate::container::Image;
use crate::engine::Run;
use crate::manifest::Manifest;

/// Who installs the anchors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// What a side is to do with its container, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Install this file of the certificates; the next one takes the place of the one before.
    Install(&'static str),
    /// Take out what was installed.
    Remove,
}

/// The same steps in one container for each side, both prepared alike.
pub(crate) struct Comparison {
    image: Image,
    ours: Container,
    theirs: Container,
    /// Whether the order of the bundle counts.
    pub(crate) is_ordered: bool,
}

impl Comparison {
    /// `preparation` is a shell script.
    pub(crate) fn new(image: Image, preparation: &str) -> Self {
        let containers = [Side::Ours, Side::Theirs].map(|_| {
            let container = Container::start_sharing(image);
            container.sh(preparation);
            container
        });
        let [ours, theirs] = containers;
        Self { image, ours, theirs, is_ordered: image.is_debian() }
    }

    pub(crate) fn container(&self, side: Side) -> &Container {
        match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        }
    }

    pub(crate) fn store(&self, side: Side) -> Manifest {
        let store = self.container(side).store();
        if self.is_ordered { store } else { store.with_unordered_bundle() }
    }

    /// Takes the steps on both sides: ours first, since theirs gets the files that ours makes.
    #[track_caller]
    pub(crate) fn take(&self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Install(name) => install(&self.ours, name).expect_success(),
                Step::Remove => self.ours.sh("/ca-entrypoint --remove"),
            };
            let is_replacement =
                self.theirs.try_sh("ls /usr/local/share/ca-certificates/ca-entrypoint-*").code == 0;
            self.theirs.sh("rm -f /usr/local/share/ca-certificates/ca-entrypoint-*");
            if let Step::Install(_) = step {
                let anchors = self
                    .ours
                    .sh("cd /usr/local/share/ca-certificates; tar -c ca-entrypoint-*")
                    .stdout;
                self.theirs
                    .try_sh_with_input("tar -xC /usr/local/share/ca-certificates", &anchors)
                    .expect_success();
            }
            // The recipe of GitLab's documentation has --fresh for what is replaced or removed.
            update(&self.theirs, if is_replacement { "--fresh" } else { "" });
        }
    }

    /// Asserts that both stores are the same; that theirs is fit to be compared with, that is, the
    /// same after another run; and that their tool changes nothing in ours.
    #[track_caller]
    pub(crate) fn assert_same(&self) {
        let theirs = self.store(Side::Theirs);
        update(&self.theirs, "");
        theirs.assert_same(&self.store(Side::Theirs), "theirs, and theirs run again");

        let ours = self.store(Side::Ours);
        ours.assert_same(&theirs, "ours (-), theirs (+)");

        let run = update(&self.ours, "");
        ours.assert_same(
            &self.store(Side::Ours),
            "ours, and after a run of the distribution's tool",
        );
        if self.image.is_debian() {
            assert!(
                run.stdout().contains("0 added, 0 removed"),
                "their tool finds something to do\n{run}"
            );
        }
    }
}

/// Runs the binary with a CA file where GitLab Runner mounts it.
pub(crate) fn install(container: &Container, certificate: &str) -> Run {
    container.try_sh(&format!(
        "mkdir -p /etc/gitlab-runner/certs
        cp /fixtures/{certificate} /etc/gitlab-runner/certs/ca.crt
        /ca-entrypoint"
    ))
}

/// Runs the distribution's own tool.
#[track_caller]
pub(crate) fn update(container: &Container, options: &str) -> Run {
    container.sh(&format!("update-ca-certificates {options}"))
}
