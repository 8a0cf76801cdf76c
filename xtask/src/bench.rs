//! `cargo xtask bench`: the sandbox server beside a bare handler, and the client's local work.

use std::env::consts::EXE_SUFFIX;
use std::process::Command;

use anyhow::{Result, bail};

use crate::setup::{self, Toolbox};
use crate::{process, step, workspace};

pub(crate) fn run(rounds: u32, seconds: u32) -> Result<()> {
    let toolbox = setup::ensure(&[])?;
    // A goal that is missed does not hide the other numbers.
    let server = server(&toolbox, rounds, seconds);
    step::heading("The client's local work");
    let mut bench = toolbox.cargo("bench");
    bench.args(["--package", "step-up-core", "--bench", "*"]);
    process::streamed("The benchmark of step-up-core", bench)?;
    server
}

/// Fails where a goal is missed.
fn server(toolbox: &Toolbox, rounds: u32, seconds: u32) -> Result<()> {
    let mut build = toolbox.cargo("build");
    build.args(["--release", "--package", "step-up-sandbox", "--package", "step-up-bench"]);
    process::logged("sandbox server and load, release", "bench-build", build)?;
    let binary = |name: &str| workspace::target().join("release").join(format!("{name}{EXE_SUFFIX}"));
    let (sandbox, bench) = (binary("step-up-sandbox"), binary("step-up-bench"));
    for path in [&sandbox, &bench] {
        if !path.exists() {
            bail!(
                "`cargo build --release` made no {}. Is a target set in cargo's configuration?",
                path.display()
            );
        }
    }
    step::heading("The sandbox server");
    let mut measure: Command = toolbox.command(&bench.to_string_lossy());
    measure.arg("run").arg("--sandbox").arg(sandbox);
    measure.args(["--rounds", &rounds.to_string(), "--seconds", &seconds.to_string()]);
    process::streamed("The benchmark of the sandbox server", measure)
}
