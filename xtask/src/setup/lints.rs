//! rustfmt and clippy for the toolchain of this run.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::process;
use crate::setup::machine::{self, Machine};
use crate::setup::{Toolbox, debian_toolchain};

pub(super) fn ensure(toolbox: &Toolbox) -> Result<()> {
    if are_there(toolbox) {
        return Ok(());
    }
    if toolbox.toolchain.as_deref() == Some(debian_toolchain::NAME) {
        if Machine::this() == Machine::DebianAsRoot {
            machine::apt_install("rustfmt and clippy, from Debian", debian_toolchain::LINTS)?;
        }
    } else {
        let mut add = toolbox.command("rustup");
        add.args(["component", "add", "rustfmt", "clippy"]);
        process::attempt("rustup-component", add, Duration::from_secs(120))?;
    }
    if are_there(toolbox) {
        return Ok(());
    }
    bail!("rustfmt or clippy is missing. Run `rustup component add rustfmt clippy`, then start again.")
}

fn are_there(toolbox: &Toolbox) -> bool {
    ["fmt", "clippy"].into_iter().all(|name| {
        let mut ask = toolbox.cargo(name);
        ask.arg("--version");
        process::answer(ask).is_some()
    })
}
