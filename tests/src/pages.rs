//! Serves a built page on a free port of this machine.

use std::path::PathBuf;

use axum::Router;
use tower_http::services::{ServeDir, ServeFile};

/// A server of files that ends with this value.
pub struct PageServer {
    url: String,
    task: tokio::task::JoinHandle<()>,
}

impl PageServer {
    /// Serves this folder. An address that is no file is the page itself, as a single-page app needs it.
    ///
    /// # Panics
    ///
    /// Where the folder has no `index.html`, or no port is free.
    pub async fn start(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let index = folder.join("index.html");
        assert!(index.is_file(), "{} is missing: run `cargo xtask test --lane e2e`", index.display());
        let files = ServeDir::new(&folder).fallback(ServeFile::new(index));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("no port is free: {error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, Router::new().fallback_service(files)).await {
                panic!("the page is no longer served: {error}");
            }
        });
        Self { url: format!("http://localhost:{port}"), task }
    }

    /// Where the page is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
