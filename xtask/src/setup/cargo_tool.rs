//! Tools that are published as crates: trunk, wasm-bindgen's, cargo-deny.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::setup::{Toolbox, cache, probe};
use crate::{files, process};

/// One of them, in the one version that fits.
pub(super) struct CargoTool<'a> {
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) binaries: &'a [&'a str],
    /// How much the compiler optimises: compiling is what a newcomer waits for.
    pub(super) opt_level: &'a str,
}

impl CargoTool<'_> {
    /// The folder that has the binaries: in the cache, or where the user has them already.
    pub(super) fn ensure(&self, toolbox: &Toolbox) -> Result<PathBuf> {
        let name = self.name();
        let cached = cache::folder()?.join(&name).join("bin");
        if !self.is_complete(&cached)
            && let Some(folder) = self.installed_by_the_user()
        {
            return Ok(folder);
        }
        let place = cache::ensure(&name, &|place| self.is_complete(&place.join("bin")), &|unfinished| {
            self.install(toolbox, unfinished)
        })?;
        Ok(place.join("bin"))
    }

    fn name(&self) -> String {
        format!("{}-{}", self.package.trim_end_matches("-cli"), self.version)
    }

    fn installed_by_the_user(&self) -> Option<PathBuf> {
        let first = probe::on_path(self.binaries.first()?)?;
        let folder = first.parent()?;
        self.is_complete(folder).then(|| folder.to_path_buf())
    }

    fn is_complete(&self, folder: &Path) -> bool {
        self.binaries
            .iter()
            .all(|binary| probe::version(&folder.join(binary)).is_some_and(|found| found == self.version))
    }

    fn install(&self, toolbox: &Toolbox, unfinished: &Path) -> Result<()> {
        let name = self.name();
        // What was compiled before an interruption is used again.
        let compiled = cache::folder()?.join(format!(".compiled-{name}"));
        let log = format!("install-{name}");
        let what = format!("{} {} (compiled once; minutes)", self.package, self.version);
        let install = self.command(toolbox, unfinished, &compiled);
        let mut locked = self.command(toolbox, unfinished, &compiled);
        locked.arg("--locked");
        // A mirror may not have the exact versions of the tool's lock file: then any that fit will do.
        if !process::tried(&what, &log, locked, "not with its own lock file, so with versions that fit")? {
            process::logged(&what, &log, install)?;
        }
        files::remove_folder(&compiled)
    }

    fn command(&self, toolbox: &Toolbox, root: &Path, compiled: &Path) -> Command {
        let mut install = toolbox.cargo("install");
        install.arg(self.package).args(["--version", self.version, "--root"]).arg(root);
        install.arg("--target-dir").arg(compiled);
        // Less than they ask for: link-time optimisation alone would double the time.
        install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        install
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level)
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        install
    }
}
