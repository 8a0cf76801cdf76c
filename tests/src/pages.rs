//! Serves a built page on a free port of this machine, under the policy that it should be published with.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    middleware::map_response,
    response::Response,
    routing::post,
};
use serde_json::Value;
use tokio::sync::Notify;
use tower_http::services::{ServeDir, ServeFile};

use crate::policy;

/// Where the browser says what it refused.
const REPORTS: &str = "/policy-reports";

/// A server of files that ends with this value, and then fails the test whose page did what the policy forbids.
pub struct PageServer {
    url: String,
    task: tokio::task::JoinHandle<()>,
    violations: Violations,
}

type Violations = Arc<Reported>;

/// What the browser refused, and that there is more of it.
#[derive(Default)]
struct Reported {
    list: Mutex<Vec<String>>,
    more: Notify,
}

impl PageServer {
    /// Serves this folder to pages that call no server. An address that is no file is the page itself, as a single-page app
    /// needs it.
    ///
    /// # Panics
    ///
    /// Where the folder has no `index.html`, or no port is free.
    pub async fn start(folder: impl Into<PathBuf>) -> Self {
        Self::start_for(folder, None).await
    }

    /// Serves this folder to pages that may call the server at this origin.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start) does.
    pub async fn start_for(folder: impl Into<PathBuf>, origin: Option<&str>) -> Self {
        let folder = folder.into();
        let index = folder.join("index.html");
        let page = std::fs::read_to_string(&index).unwrap_or_else(|error| {
            panic!("{} cannot be read ({error}): run `cargo xtask test --lane e2e`", index.display())
        });
        let policy = format!("{}; report-uri {REPORTS}", policy::of(&page, origin));
        let policy = HeaderValue::try_from(policy).unwrap_or_else(|error| panic!("no header: {error}"));
        let violations = Violations::default();
        let files = ServeDir::new(&folder).fallback(ServeFile::new(index));
        let pages = Router::new()
            .route(REPORTS, post(note))
            .with_state(Arc::clone(&violations))
            .fallback_service(files)
            .layer(map_response(move |mut response: Response| {
                response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy.clone());
                std::future::ready(response)
            }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.unwrap_or_else(|error| panic!("no port is free: {error}"));
        let port = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}")).port();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, pages).await {
                panic!("the page is no longer served: {error}");
            }
        });
        Self { url: format!("http://localhost:{port}"), task, violations }
    }

    /// Where the page is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the browser refused since the last call, each as the directive and what was against it. Whoever asks has seen it.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut *self.violations.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, once there is any.
    pub async fn next_violations(&self) -> Vec<String> {
        loop {
            let violations = self.take_violations();
            if !violations.is_empty() {
                return violations;
            }
            self.violations.more.notified().await;
        }
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.task.abort();
        let violations = self.take_violations();
        // A test that fails already says why.
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "the page is against its policy: {violations:#?}");
        }
    }
}

async fn note(State(violations): State<Violations>, report: String) -> StatusCode {
    let violation = match serde_json::from_str::<Value>(&report) {
        Ok(report) => {
            let said = |name: &str| report["csp-report"][name].as_str().unwrap_or_default().to_owned();
            let place = format!("{}:{}", said("source-file"), report["csp-report"]["line-number"]);
            format!("{}: {} ({place})", said("effective-directive"), said("blocked-uri"))
        }
        Err(error) => format!("{report} ({error})"),
    };
    violations.list.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    // Whoever is not waiting yet will find it.
    violations.more.notify_one();
    StatusCode::NO_CONTENT
}
