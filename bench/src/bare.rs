//! The least that a server can do: read a small JSON, answer with one.

use std::{
    io::{self, Read as _, Write as _},
    net::Ipv4Addr,
    thread,
};

use anyhow::Result;
use axum::{Json, Router, routing::post, serve::ListenerExt as _};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

pub(crate) const PATH: &str = "/check";

#[derive(Deserialize)]
struct Question {
    scope: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    is_required: bool,
    scope: String,
}

async fn check(Json(question): Json<Question>) -> Json<Answer> {
    Json(Answer { is_required: true, scope: question.scope })
}

/// Listens on a free port, says on which, and answers until standard input ends.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(io::stdout(), "listening on http://{}{PATH}", listener.local_addr()?)?;
        thread::spawn(|| {
            // Whatever ends it, whoever started this is gone.
            let _ = io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        // As the sandbox does.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, Router::new().route(PATH, post(check))).await?;
        Ok(())
    })
}
