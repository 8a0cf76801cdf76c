//! What kind of machine this is, and Debian's package manager where it has one.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;
use crate::setup::probe;

/// Whose ways to install things apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// Debian or a relative with apt-get, and we may install.
    DebianAsRoot,
    /// The same, and we may not.
    Debian,
    MacOs,
    Other,
}

impl Machine {
    pub(super) fn this() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        if probe::on_path("apt-get").is_none() {
            return Self::Other;
        }
        let mut id = Command::new("id");
        id.arg("-u");
        if process::answer(id).as_deref() == Some("0") { Self::DebianAsRoot } else { Self::Debian }
    }
}

/// Installs Debian packages. Never removes one: a conflict is the user's to decide.
pub(super) fn apt_install(what: &str, packages: &[&str]) -> Result<()> {
    update_lists()?;
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends", "--no-remove"]).args(packages);
    process::logged(what, "apt-install", install)
}

/// Whether Debian's lists have a package of that name.
pub(super) fn apt_has(package: &str) -> Result<bool> {
    update_lists()?;
    let mut policy = Command::new("apt-cache");
    policy.args(["policy", package]);
    let answer = process::answer(policy).unwrap_or_default();
    Ok(answer.lines().any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)")))
}

/// The sentence for a machine where only the user can install; `others` is one for machines that we don't know.
pub(super) fn by_hand(missing: &str, packages: &[&str], homebrew: &str, others: &str) -> anyhow::Error {
    let remedy = match Machine::this() {
        Machine::DebianAsRoot | Machine::Debian => {
            format!("Run `sudo apt-get install {}`", packages.join(" "))
        }
        Machine::MacOs => format!("Run `{homebrew}`"),
        Machine::Other => others.to_owned(),
    };
    anyhow::anyhow!("{missing} {remedy}, then start again.")
}

/// A new machine has old lists or none; once per run is enough.
fn update_lists() -> Result<()> {
    static UPDATED: OnceLock<bool> = OnceLock::new();
    let updated = UPDATED.get_or_init(|| {
        let mut update = apt_get();
        update.arg("update");
        process::logged_within("Debian's package lists", "apt-update", update, Some(Duration::from_secs(300)))
            .is_ok()
    });
    if *updated {
        return Ok(());
    }
    bail!("Debian's package lists cannot be renewed. `apt-get update` tells why; start again when it works.")
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Another apt-get may be at work: wait for it.
    command.args(["--quiet", "-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
