//! `cargo xtask`: one entry point for people and CI.
//!
//! Every command first makes sure of the tools that it needs (`setup`), which takes seconds when they are there,
//! and then calls cargo, trunk and npm as a person would. A failure is one plain sentence that says what happened,
//! to which thing, and what to do.
#![allow(clippy::print_stdout, reason = "a command-line program talks to its user")]

mod bench;
mod cli;
mod demo;
mod failures;
mod files;
mod lint;
mod load;
mod pages;
mod process;
mod screenshots;
mod setup;
mod size;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

use cli::Command;

fn main() -> ExitCode {
    let command = cli::parse();
    process::listen_for_signals();
    let outcome = match command {
        Command::Demo { port, release } => demo::run(port, release),
        Command::Test { lanes, repeat } => test::run(&lanes, repeat),
        Command::Lint => lint::run(),
        Command::Size { subjects } => size::run(&subjects),
        Command::Failures => failures::run(),
        Command::Screenshots => screenshots::run(),
        Command::Bench { rounds, seconds } => bench::run(rounds, seconds),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n✗ {error:#}");
            ExitCode::FAILURE
        }
    }
}
