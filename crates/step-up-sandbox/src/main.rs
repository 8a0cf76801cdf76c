//! Runs the sandbox as a web server.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Parser, Subcommand};
use step_up_sandbox::{
    Config, DEFAULT_ENVIRONMENT_ID, MemoryStore, Sandbox, Seed, SqliteStore, Store, server::Server,
};
use tokio::sync::Notify;

/// An identity provider for step-up authentication on your own machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Listens for clients until ctrl-c or SIGTERM.
    Serve(Serve),
}

#[derive(clap::Args)]
struct Serve {
    /// The address to listen on. Anything but loopback lets others on the network in.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The SQLite file that data is kept in; ":memory:" keeps nothing.
    #[arg(long, value_name = "FILE", default_value = "sandbox.sqlite")]
    data: PathBuf,
    /// The environment's identifier, a UUID in lower case.
    #[arg(long, default_value = DEFAULT_ENVIRONMENT_ID)]
    environment_id: String,
    /// Makes codes, keys and identifiers repeatable. Without it, they differ at every start. Data that is there already
    /// keeps its own.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints the seed that was drawn where no --seed is given. Every code and key of the run follows from it.
    #[arg(long)]
    print_seed: bool,
    /// An origin whose pages may call; may be given several times [default: every loopback origin].
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// Leaves out the control API under /sandbox, and the social providers, where anybody is whoever they say.
    #[arg(long)]
    no_control: bool,
    /// Stops when its standard input ends, so that it never outlives the program that started it.
    #[arg(long)]
    exit_with_stdin: bool,
}

fn main() -> ExitCode {
    let Command::Serve(arguments) = Arguments::parse().command;
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "step-up-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &Serve) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::new(&arguments.environment_id)?;
    for origin in &arguments.origins {
        config = config.allow_origin(origin).map_err(|error| format!("--origin {origin}: {error}"))?;
    }
    if arguments.no_control {
        config = config.without_control();
    }
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => getrandom::u64().map_err(|error| format!("no randomness: {error}"))?,
    };
    let is_shown = arguments.seed.is_some() || arguments.print_seed;
    let new_run =
        if is_shown { format!("seed {seed}; --seed {seed} repeats this run") } else { "new run".into() };
    if arguments.data == Path::new(IN_MEMORY) {
        return listen(arguments, Sandbox::new(config, MemoryStore::new(), Seed::new(seed))?, &new_run);
    }
    let path = arguments.data.display();
    let at = |error| format!("--data {path}: {error}");
    let store = SqliteStore::open(&arguments.data).map_err(at)?;
    let words = match (store.is_empty().map_err(at)?, arguments.seed) {
        (true, _) => format!("{new_run} in a new file; data is kept in {path}"),
        (false, None) => format!("goes on where {path} stopped"),
        (false, Some(_)) => format!("goes on where {path} stopped; --seed is for new files"),
    };
    listen(arguments, Sandbox::new(config, store, Seed::new(seed)).map_err(at)?, &words)
}

/// The `--data` that is no file.
const IN_MEMORY: &str = ":memory:";

/// Says `words` and where it listens, and answers until it is told to stop.
fn listen<S: Store + Send + 'static>(
    arguments: &Serve,
    sandbox: Sandbox<S>,
    words: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = SocketAddr::new(arguments.host, arguments.port);
        let server = Server::bind(sandbox, address).await.map_err(|error| format!("{address}: {error}"))?;
        let address = server.address()?;
        let stop = stop_signal(arguments.exit_with_stdin)?;
        writeln!(io::stderr(), "step-up-sandbox: {words}")?;
        writeln!(io::stdout(), "listening on http://{address}/api/v0")?;
        io::stdout().flush()?;
        server.run(stop).await;
        Ok(())
    })
}

/// Ready on ctrl-c, on SIGTERM, and at the end of standard input where that counts.
fn stop_signal(with_stdin: bool) -> io::Result<impl Future<Output = ()>> {
    let stdin_ended = Arc::new(Notify::new());
    if with_stdin {
        let stdin_ended = Arc::clone(&stdin_ended);
        // A thread of its own: it may wait in a read for as long as the process lives.
        std::thread::spawn(move || {
            let mut ignored = [0; 1024];
            while !matches!(io::stdin().read(&mut ignored), Ok(0) | Err(_)) {}
            stdin_ended.notify_one();
        });
    }
    let mut terminated = termination()?;
    Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated.wait() => {}
            () = stdin_ended.notified() => {}
        }
    })
}

#[cfg(unix)]
fn termination() -> io::Result<Termination> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate()).map(Termination)
}

/// SIGTERM.
#[cfg(unix)]
struct Termination(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Termination {
    async fn wait(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
fn termination() -> io::Result<Termination> {
    Ok(Termination)
}

/// A signal that this system does not have.
#[cfg(not(unix))]
struct Termination;

#[cfg(not(unix))]
impl Termination {
    async fn wait(&mut self) {
        std::future::pending().await
    }
}
