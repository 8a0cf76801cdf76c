//! The servers that are measured, each a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    bare,
    load::{Connection, Question},
};

/// The environment of the sandbox.
const ENVIRONMENT_ID: &str = "b3c4d5e6-0000-4000-8000-00000000be7c";

/// A server, and what it is asked. It ends with this value.
pub(crate) struct Server {
    name: &'static str,
    process: Child,
    question: Arc<Question>,
}

impl Server {
    /// The bare handler.
    pub(crate) async fn bare() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        let (process, address) = start(command)?;
        let scope = json!({ "scope": "wallet:export" });
        let request = request(address, bare::PATH, Some("a.bearer.token"), &scope);
        Self::new("bare axum handler", process, address, request, |answer| answer["isRequired"] == true).await
    }

    /// The sandbox with its data there, and a user who is signed in.
    pub(crate) async fn sandbox(name: &'static str, program: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--port", "0", "--exit-with-stdin", "--environment-id", ENVIRONMENT_ID]);
        command.arg("--data").arg(data);
        let (process, address) = start(command)?;
        let body = json!({ "email": "ada@example.com" });
        let (status, answer) = ask(address, &request(address, "/sandbox/users", None, &body)).await?;
        let token = answer["minifiedJwt"].as_str();
        let token = token.with_context(|| format!("no user but {status} {answer}"))?;
        let path = format!("/api/v0/sdk/{ENVIRONMENT_ID}/stepUp/check");
        let request = request(address, &path, Some(token), &json!({ "scope": "wallet:export" }));
        let is_right = |answer: &Value| {
            answer["isRequired"] == true && answer["credentials"].as_array().is_some_and(|it| it.len() == 1)
        };
        Self::new(name, process, address, request, is_right).await
    }

    async fn new(
        name: &'static str,
        process: Child,
        address: SocketAddr,
        request: Vec<u8>,
        is_right: impl FnOnce(&Value) -> bool,
    ) -> Result<Self> {
        let mut server =
            Self { name, process, question: Arc::new(Question { address, request, answer: Vec::new() }) };
        let mut connection = Connection::open(address).await?;
        let (status, body) = connection.ask(&server.question.request).await?;
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        ensure!(status == 200 && is_right(&answer), "{name} answered {status} {answer}");
        let (request, answer) = (server.question.request.clone(), body.to_vec());
        server.question = Arc::new(Question { address, request, answer });
        Ok(server)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn question(&self) -> &Arc<Question> {
        &self.question
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server that says where it listens.
fn start(mut command: Command) -> Result<(Child, SocketAddr)> {
    let program = command.get_program().to_owned();
    let name = program.display();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().with_context(|| format!("{name} cannot be started"))?;
    let mut line = String::new();
    let output = process.stdout.take().context("no standard output")?;
    BufReader::new(output).read_line(&mut line)?;
    let address = line.strip_prefix("listening on http://").and_then(|rest| rest.split('/').next());
    let address = address.with_context(|| format!("{name} said {line:?} and not where it listens"))?;
    Ok((process, address.parse()?))
}

fn request(address: SocketAddr, path: &str, token: Option<&str>, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{bearer}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn ask(address: SocketAddr, request: &[u8]) -> Result<(u16, Value)> {
    let mut connection = Connection::open(address).await?;
    let (status, body) = connection.ask(request).await?;
    Ok((status, serde_json::from_slice(body).unwrap_or_default()))
}
