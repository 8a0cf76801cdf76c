//! Node and npm: wasm-opt comes as an npm package, and the official JavaScript client is one.

use std::path::Path;

use anyhow::{Result, bail};

use crate::setup::machine::{self, Machine};
use crate::setup::probe;
use crate::workspace;

const OLDEST: u32 = 18;

pub(super) fn ensure() -> Result<()> {
    if probe::on_path("node").is_none() || probe::on_path("npm").is_none() {
        if Machine::this() != Machine::DebianAsRoot {
            return Err(machine::by_hand(
                "Node.js or npm is missing.",
                &["nodejs", "npm"],
                "brew install node",
                "Install both with your package manager",
            ));
        }
        machine::apt_install("Node.js and npm, from Debian", &["nodejs", "npm"])?;
    }
    let version = probe::version(Path::new("node")).unwrap_or_default();
    match workspace::major_minor(&version) {
        Some((major, _)) if major >= OLDEST => Ok(()),
        Some(_) => bail!(
            "Node.js {version} is too old: {OLDEST} is the oldest that works here. Install a newer one, then start again."
        ),
        None => bail!(
            "`node --version` does not answer with a version. Install Node.js {OLDEST} or newer, then start again."
        ),
    }
}
