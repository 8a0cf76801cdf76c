//! The sandbox server, as a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use crate::required;

/// A sandbox server that ends with this value.
pub struct SandboxServer {
    process: Child,
    base_url: String,
}

impl SandboxServer {
    /// The environment that the server has.
    pub const ENVIRONMENT_ID: &str = "7f3c5d1e-2b4a-4c6d-8e9f-0a1b2c3d4e5f";

    /// Starts the binary that the lane built, on a free port, with these arguments besides.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let binary = required("STEP_UP_SANDBOX_BIN");
        let mut process = Command::new(&binary)
            .args(["serve", "--port", "0", "--data", ":memory:", "--exit-with-stdin"])
            .args(["--environment-id", Self::ENVIRONMENT_ID])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{binary} does not start: {error}"));
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap_or_else(|| panic!("{binary} has no output"));
        let read = BufReader::new(stdout).read_line(&mut line);
        read.unwrap_or_else(|error| panic!("the output of {binary} cannot be read: {error}"));
        let base_url =
            line.trim().strip_prefix("listening on ").map(|url| url.replace("127.0.0.1", "localhost"));
        let base_url = base_url.unwrap_or_else(|| panic!("{binary} said {line:?} and not where it listens"));
        Self { process, base_url }
    }

    /// Where the API is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the server is, for its control API.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.base_url.trim_end_matches("/api/v0")
    }

    /// The environment's identifier.
    #[must_use]
    pub fn environment_id(&self) -> &str {
        Self::ENVIRONMENT_ID
    }
}

impl Drop for SandboxServer {
    fn drop(&mut self) {
        // It ends by itself when its input does. One that does not is made to.
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
