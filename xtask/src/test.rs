//! `cargo xtask test`: the three lanes.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cli::{Lane, Repeat};
use crate::load::Load;
use crate::pages::{self, Page};
use crate::setup::{self, Need, Toolbox};
use crate::{failures, files, process, step, workspace};

/// Limits of wasm-bindgen's test runner, in seconds: its own are too short for a machine that is busy.
const RUNNER_TIMEOUTS: &[(&str, &str)] =
    &[("WASM_BINDGEN_TEST_TIMEOUT", "120"), ("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "30")];

pub(crate) fn run(lanes: &[Lane], repeat: Repeat) -> Result<()> {
    let toolbox = setup::ensure(&needs(lanes))?;
    let mut times = Vec::new();
    // They end with this function, however it ends.
    let _load = Load::start(repeat.load);
    for &lane in lanes {
        let started = Instant::now();
        let name = format!("Lane {}", lane.name());
        rounds(&name, repeat.times, || match lane {
            Lane::Core => core(&toolbox),
            Lane::Browser => browser(&toolbox),
            Lane::E2e => end_to_end(&toolbox),
        })?;
        times.push((lane, started.elapsed()));
    }
    step::heading("All tests passed");
    for (lane, time) in times {
        report(lane, time);
    }
    Ok(())
}

/// Runs a lane so many times, and says of each how long it took and how it ended. The first failure is the last round.
fn rounds(name: &str, times: u32, mut lane: impl FnMut() -> Result<()>) -> Result<()> {
    for round in 1..=times {
        let name = if times == 1 { name.to_owned() } else { format!("{name}, round {round} of {times}") };
        step::heading(&name);
        let started = Instant::now();
        let outcome = lane();
        if times > 1 {
            let end = if outcome.is_ok() { "no failure" } else { "failed" };
            step::note(&format!("{name}: {end} ({})", step::seconds(started.elapsed())));
        }
        if times > 1 { outcome.with_context(|| name)? } else { outcome? }
    }
    Ok(())
}

pub(crate) fn needs(lanes: &[Lane]) -> Vec<Need> {
    let mut needs = Vec::new();
    if lanes.iter().any(|lane| *lane != Lane::Core) {
        needs.extend([Need::Wasm, Need::WasmBindgen, Need::Chromium]);
    }
    if lanes.contains(&Lane::E2e) {
        needs.push(Need::Trunk);
    }
    needs
}

/// What plain `cargo test` runs: everything that needs neither a browser nor the wasm32 target.
fn core(toolbox: &Toolbox) -> Result<()> {
    let mut test = toolbox.cargo("test");
    test.arg("--no-fail-fast");
    process::streamed("The core lane", test)?;
    failures::check(toolbox)
}

fn browser(toolbox: &Toolbox) -> Result<()> {
    let mut test = toolbox.cargo("test");
    // Examples in the documentation are compiled by the core lane.
    test.args(["--target", workspace::WASM, "--tests", "--no-fail-fast"]);
    for package in workspace::BROWSER_TESTED {
        test.args(["--package", package]);
    }
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", toolbox.test_runner()?);
    test.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", toolbox.webdriver_json()?);
    // A suite that does not say where it runs would run in Node.
    test.env("WASM_BINDGEN_USE_BROWSER", "1");
    for (name, seconds) in RUNNER_TIMEOUTS {
        test.env(name, seconds);
    }
    toolbox.name_browser(&mut test)?;
    process::streamed("The browser lane", test)
}

fn end_to_end(toolbox: &Toolbox) -> Result<()> {
    npm_packages(toolbox, "JavaScript client", "js-client")?;
    npm_packages(toolbox, "axe-core", "axe")?;
    let mut test = toolbox.cargo("test");
    // The demo's own tests are no default member's, and need what this lane has built.
    test.args(["--package", "step-up-demo", "--package", "step-up-tests", "--no-fail-fast"]);
    give_demo(toolbox, &mut test)?;
    process::streamed("The e2e lane", test)
}

/// Builds what a test of the demo needs, and tells the test where that is.
pub(crate) fn give_demo(toolbox: &Toolbox, test: &mut Command) -> Result<()> {
    test.env("STEP_UP_DEMO_DIST", pages::build(toolbox, Page::Demo)?);
    test.env("STEP_UP_SANDBOX_BIN", sandbox_server(toolbox)?);
    toolbox.name_browser(test)
}

/// Builds the sandbox server; returns where its binary is.
fn sandbox_server(toolbox: &Toolbox) -> Result<PathBuf> {
    let mut build = toolbox.cargo("build");
    build.args(["--package", "step-up-sandbox"]);
    process::logged("sandbox server", "sandbox-server", build)?;
    let server =
        workspace::target().join("debug").join(format!("step-up-sandbox{}", std::env::consts::EXE_SUFFIX));
    if !server.exists() {
        bail!(
            "`cargo build -p step-up-sandbox` made no {}. Is the feature `server` on by default?",
            server.display()
        );
    }
    Ok(server)
}

/// Installs what a folder of the tests has from npm, as its lock file says.
fn npm_packages(toolbox: &Toolbox, what: &str, folder: &str) -> Result<()> {
    let path = workspace::root().join("tests").join(folder);
    // A copy of the lock file, written last: while it is current, so is the folder.
    let installed = path.join("node_modules/.xtask-installed");
    let lock = files::read(&path.join("package-lock.json"))?;
    if std::fs::read_to_string(&installed).is_ok_and(|then| then == lock) {
        return Ok(());
    }
    let mut install: Command = toolbox.command("npm");
    install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&path);
    process::logged(what, &format!("npm-{folder}"), install)?;
    files::write(&installed, &lock)
}

fn report(lane: Lane, time: Duration) {
    step::note(&format!("lane {}: {}", lane.name(), step::seconds(time)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_runs_as_often_as_told() {
        let mut runs = 0;
        let all = rounds("Lane core", 3, || {
            runs += 1;
            Ok(())
        });
        assert!(all.is_ok());
        assert_eq!(runs, 3);
    }

    #[test]
    fn the_first_failure_is_the_last_round_and_names_it() {
        let mut runs = 0;
        let all = rounds("Lane core", 5, || {
            runs += 1;
            if runs == 2 {
                bail!("a test failed")
            }
            Ok(())
        });
        assert_eq!(format!("{:#}", all.unwrap_err()), "Lane core, round 2 of 5: a test failed");
        assert_eq!(runs, 2);
    }
}
