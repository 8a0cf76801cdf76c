//! wasm-opt: binaryen's npm package, which is current everywhere and needs no download of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::setup::{cache, probe};
use crate::{files, process, workspace};

/// As in `xtask/tools/wasm-opt/package.json` and in Trunk.toml.
const VERSION: &str = "132";

/// The folder that has `wasm-opt`.
pub(super) fn ensure() -> Result<PathBuf> {
    if let Some(folder) = probe::on_path("wasm-opt").as_deref().and_then(Path::parent)
        && is_complete(folder)
    {
        return Ok(folder.to_path_buf());
    }
    let place =
        cache::ensure(&format!("wasm-opt-{VERSION}"), &|place| is_complete(&binaries(place)), &install)?;
    Ok(binaries(&place))
}

fn binaries(place: &Path) -> PathBuf {
    place.join("node_modules/.bin")
}

fn is_complete(folder: &Path) -> bool {
    probe::version(&folder.join("wasm-opt")).is_some_and(|found| found == VERSION)
}

fn install(unfinished: &Path) -> Result<()> {
    let pinned = workspace::root().join("xtask/tools/wasm-opt");
    for file in ["package.json", "package-lock.json"] {
        files::copy(&pinned.join(file), &unfinished.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(unfinished);
    process::logged(&format!("wasm-opt {VERSION}"), "install-wasm-opt", npm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_everywhere() {
        let package = files::read(&workspace::root().join("xtask/tools/wasm-opt/package.json")).unwrap();
        assert!(package.contains(&format!("\"binaryen\": \"{VERSION}.0.0\"")));
        let trunk = files::read(&workspace::root().join("Trunk.toml")).unwrap();
        assert!(trunk.contains(&format!("wasm_opt = \"version_{VERSION}\"")));
    }
}
