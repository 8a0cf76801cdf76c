//! What the set-up found, and commands that use it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use crate::setup::chromium::Browser;
use crate::setup::links;
use crate::{files, workspace};

/// What headless Chromium is started with. `--no-sandbox` because tests may run as root; the rest keeps it from
/// talking to anybody but the page under test.
const CHROMIUM_FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The tools of this run.
pub(crate) struct Toolbox {
    /// The rustup toolchain that compiles for the browser; `None` is the active one.
    pub(super) toolchain: Option<String>,
    pub(super) browser: Option<Browser>,
    pub(super) deny: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Toolbox {
    pub(super) fn new() -> Self {
        Self { toolchain: None, browser: None, deny: None, folders: Vec::new() }
    }

    /// Takes the binaries in `folder` into use, here and where the user's own shell finds them.
    pub(super) fn add(&mut self, folder: PathBuf, binaries: &[&str]) -> Result<()> {
        for binary in binaries {
            links::offer(&folder, binary)?;
        }
        self.folders.push(folder);
        Ok(())
    }

    /// `program` at the root of the project, with this run's toolchain and tools.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(workspace::root());
        forget_the_outer_cargo(&mut command);
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        if !self.folders.is_empty() {
            command.env("PATH", self.path());
        }
        command
    }

    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command("cargo");
        command.arg(subcommand);
        command
    }

    /// trunk, which finds the tools that it calls on PATH and downloads nothing.
    pub(crate) fn trunk(&self, subcommand: &str) -> Command {
        let mut command = self.command("trunk");
        command.args([subcommand, "--offline", "--skip-version-check"]);
        // A backtrace of trunk's would hide what it says.
        command.env_remove("RUST_BACKTRACE");
        // trunk takes this variable for the value of its own flag, and knows only `true` and `false`.
        if env::var_os("NO_COLOR").is_some() {
            command.env("NO_COLOR", "true");
        }
        command
    }

    pub(crate) fn deny(&self) -> Result<Command> {
        let deny = self.deny.as_deref().context("cargo-deny was not set up")?;
        let mut command = self.command(&deny.to_string_lossy());
        command.arg("--workspace");
        Ok(command)
    }

    /// wasm-bindgen's test runner.
    pub(crate) fn test_runner(&self) -> Result<PathBuf> {
        let name = format!("wasm-bindgen-test-runner{}", env::consts::EXE_SUFFIX);
        let candidates = self.folders.iter().map(|folder| folder.join(&name));
        candidates.into_iter().find(|path| path.exists()).context("wasm-bindgen's test runner was not set up")
    }

    /// Names the browser and its driver to tests.
    pub(crate) fn name_browser(&self, command: &mut Command) -> Result<()> {
        let browser = self.browser()?;
        command.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.driver);
        Ok(())
    }

    /// Writes the capabilities that wasm-bindgen's test runner asks the driver for.
    pub(crate) fn webdriver_json(&self) -> Result<PathBuf> {
        let folder = workspace::target().join("xtask");
        files::create_folder(&folder)?;
        let path = folder.join("webdriver.json");
        files::write(&path, &format!("{:#}\n", capabilities(&self.browser()?.chromium)))?;
        Ok(path)
    }

    fn browser(&self) -> Result<&Browser> {
        self.browser.as_ref().context("Chromium was not set up")
    }

    fn path(&self) -> OsString {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders = self.folders.iter().cloned().chain(env::split_paths(&inherited));
        env::join_paths(folders).unwrap_or(inherited)
    }
}

fn capabilities(chromium: &Path) -> serde_json::Value {
    json!({"goog:chromeOptions": {"binary": chromium, "args": CHROMIUM_FLAGS}})
}

/// `cargo xtask` runs under cargo, whose variables about this package must not reach the cargo that it calls.
pub(super) fn forget_the_outer_cargo(command: &mut Command) {
    command.env_remove("CARGO");
    for (name, _) in env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_of_this_run_come_first_on_the_path() {
        let mut toolbox = Toolbox::new();
        toolbox.folders.push(PathBuf::from("/tools/first"));
        let path = toolbox.path();
        assert_eq!(env::split_paths(&path).next(), Some(PathBuf::from("/tools/first")));
        assert!(env::split_paths(&path).count() > 1);
    }

    #[test]
    fn the_browser_is_named_to_the_driver() {
        let wanted = capabilities(Path::new("/opt/chromium"));
        assert_eq!(wanted["goog:chromeOptions"]["binary"], "/opt/chromium");
        assert_eq!(wanted["goog:chromeOptions"]["args"][0], "--headless=new");
    }

    #[test]
    fn commands_run_at_the_root_with_the_toolchain_of_the_run() {
        let mut toolbox = Toolbox::new();
        toolbox.toolchain = Some("some-toolchain".to_owned());
        let command = toolbox.cargo("test");
        assert_eq!(command.get_current_dir(), Some(workspace::root().as_path()));
        assert!(command.get_envs().any(|(name, value)| {
            name == "RUSTUP_TOOLCHAIN" && value.is_some_and(|value| value == "some-toolchain")
        }));
    }
}
