//! How fast the sandbox server is, beside the least that a server can do on the same machine: an axum handler that
//! reads a small JSON and answers with one. `cargo xtask bench` builds this and runs it.
//!
//! The servers are processes of their own and take turns, so that whatever else the machine does meets all of them; what
//! is told are medians over the rounds.
#![allow(clippy::print_stdout, reason = "a command-line program talks to its user")]

mod bare;
mod load;
mod report;
mod server;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, Subcommand};

use load::{Load, Sample};
use report::Row;
use server::Server;

/// How fast the sandbox server is, beside the least that a server can do.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures; fails where a goal is missed.
    Run(Run),
    /// Serves the bare handler until standard input ends.
    Bare,
}

#[derive(clap::Args)]
struct Run {
    /// The sandbox's program.
    #[arg(long, value_name = "FILE")]
    sandbox: PathBuf,
    /// How many times each server is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many seconds each time.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many connections ask at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Bare => bare::serve().map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("step-up-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every goal was reached.
fn run(arguments: &Run) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let load = Load {
        connections: arguments.connections,
        warm_up: Duration::from_millis(500),
        time: Duration::from_secs(arguments.seconds),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let servers = [
            Server::bare().await?,
            Server::sandbox("stepUp/check, memory", &arguments.sandbox, ":memory:".as_ref()).await?,
            Server::sandbox("stepUp/check, SQLite", &arguments.sandbox, &folder.path().join("bench.sqlite"))
                .await?,
        ];
        let mut samples: [Vec<Sample>; 3] = Default::default();
        for round in 0..arguments.rounds as usize {
            println!("round {} of {}", round + 1, arguments.rounds);
            // Each goes first in its turn: nobody always follows the same one.
            for place in 0..servers.len() {
                let index = (round + place) % servers.len();
                samples[index].push(load.measure(servers[index].question()).await?);
            }
        }
        let rows: Vec<Row> = servers
            .iter()
            .zip(samples)
            .map(|(server, samples)| Row { name: server.name(), samples })
            .collect();
        println!(
            "\n{} connections, {} processors, medians of {} rounds of {} s",
            arguments.connections,
            std::thread::available_parallelism().map_or(1, usize::from),
            arguments.rounds,
            arguments.seconds
        );
        print!("{}", report::table(&rows));
        let verdicts = report::verdicts(&rows);
        for verdict in &verdicts {
            println!("{verdict}");
        }
        Ok(verdicts.iter().all(report::Verdict::is_reached))
    })
}
