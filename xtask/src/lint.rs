//! `cargo xtask lint`: everything that a reviewer should not have to say.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::setup::{self, Need, Toolbox};
use crate::step::Step;
use crate::{process, workspace};

/// How long the database of advisories may take before the check goes on without it.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Result<()> {
    let toolbox = setup::ensure(&[Need::Wasm, Need::Lints, Need::Deny])?;
    // One that fails does not hide the others.
    let checks: [fn(&Toolbox) -> Result<()>; 7] = [
        formatting,
        clippy_on_the_host,
        clippy_in_the_browser,
        clippy_without_features,
        documentation,
        dependencies,
        advisories,
    ];
    let failures: Vec<_> = checks.iter().filter_map(|check| check(&toolbox).err()).collect();
    for failure in &failures {
        println!("\n✗ {failure:#}");
    }
    match failures.len() {
        0 => Ok(()),
        failed => bail!("{failed} of {} checks failed; what each says is above.", checks.len()),
    }
}

fn formatting(toolbox: &Toolbox) -> Result<()> {
    let mut check = toolbox.cargo("fmt");
    check.args(["--all", "--check"]);
    process::logged("formatting", "fmt", check)
}

fn clippy_on_the_host(toolbox: &Toolbox) -> Result<()> {
    let mut check = toolbox.cargo("clippy");
    check.args(["--workspace", "--all-targets"]);
    for package in workspace::BROWSER_ONLY {
        check.args(["--exclude", package]);
    }
    deny_warnings("clippy, this machine", "clippy-host", check)
}

fn clippy_in_the_browser(toolbox: &Toolbox) -> Result<()> {
    let mut check = toolbox.cargo("clippy");
    check.args(["--target", workspace::WASM, "--all-targets"]);
    check.args(["--package", "yew-step-up", "--package", "yew-step-up-ui"]);
    for package in workspace::BROWSER_ONLY {
        check.args(["--package", package]);
    }
    deny_warnings("clippy, browser", "clippy-browser", check)
}

/// A feature that is left out must not leave warnings behind.
fn clippy_without_features(toolbox: &Toolbox) -> Result<()> {
    let mut check = toolbox.cargo("clippy");
    check.args(["--target", workspace::WASM, "--no-default-features", "--package", "yew-step-up"]);
    deny_warnings("clippy, browser, no features", "clippy-no-features", check)
}

fn deny_warnings(what: &str, log: &str, mut check: Command) -> Result<()> {
    check.args(["--", "--deny", "warnings"]);
    process::logged(what, log, check)
}

fn documentation(toolbox: &Toolbox) -> Result<()> {
    let mut document = toolbox.cargo("doc");
    document.arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings");
    for package in workspace::LIBRARIES {
        document.args(["--package", package]);
    }
    process::logged("documentation", "doc", document)
}

fn dependencies(toolbox: &Toolbox) -> Result<()> {
    let mut check = toolbox.deny()?;
    check.args(["check", "bans", "licenses", "sources"]);
    process::logged("dependencies: bans, licences, sources", "deny", check)
}

/// The database of advisories lives in a git repository that cannot be reached from everywhere.
fn advisories(toolbox: &Toolbox) -> Result<()> {
    let step = Step::start("dependencies: database of advisories");
    let mut fetch = toolbox.deny()?;
    fetch.args(["fetch", "db"]);
    if !process::attempt("advisories-fetch", fetch, ADVISORIES_LIMIT)? {
        step.skipped("it cannot be reached from here, so advisories were not checked");
        return Ok(());
    }
    step.done();
    let mut check = toolbox.deny()?;
    check.args(["check", "--disable-fetch", "advisories"]);
    process::logged("dependencies: advisories", "advisories", check)
}
