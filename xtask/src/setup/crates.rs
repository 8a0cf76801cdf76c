//! The crates of Cargo.lock: fetched once, so that everything after it can be built without a network.

use anyhow::Result;

use crate::process;
use crate::setup::Toolbox;

pub(super) fn ensure(toolbox: &Toolbox) -> Result<()> {
    let mut offline = toolbox.cargo("metadata");
    offline.args(["--format-version", "1", "--offline"]);
    if process::answer(offline).is_some() {
        return Ok(());
    }
    process::logged("crates of Cargo.lock", "fetch", toolbox.cargo("fetch"))
}
