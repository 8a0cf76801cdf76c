//! The sandbox as a web server: HTTP/1.1, one sandbox behind a lock.
//!
//! The lock is what makes "at most five tries" true: requests are answered one after the other, each in well under a
//! millisecond, and only bodies, delays and sockets are waited for outside of it.

mod http;

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use futures_util::StreamExt as _;
use hyper::service::Service as _;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use step_up_core::{HttpRequest, Timestamp};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    reply::{Fate, Refusal, Reply},
    router::method_not_allowed,
    sandbox::{MAX_BODY, Sandbox, too_large},
    store::Store,
};

/// How long the requests that are under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How much of a body that is too large is read and thrown away, so that its sender reads the answer before the
/// connection ends.
const MAX_DISCARDED: usize = 4 * 1024 * 1024;

/// A sandbox that listens.
pub struct Server<S> {
    listener: TcpListener,
    sandbox: Sandbox<S>,
    patience: Duration,
}

impl<S: Store + Send + 'static> Server<S> {
    /// Listens on `address`, where port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Where the address cannot be had.
    pub async fn bind(sandbox: Sandbox<S>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, sandbox, patience: Duration::from_secs(30) })
    }

    /// How long a client may take to send a request's head, and as long again for its body; 30 seconds unless said
    /// otherwise.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// Where the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is ready; then takes no more connections, and lets the requests that are under way finish for
    /// five seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let desk = Desk { sandbox: Arc::new(Mutex::new(self.sandbox)), patience: self.patience };
        let router = Router::new().fallback(answer::<S>).with_state(desk);
        let service = TowerToHyperService::new(router);
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => serve(stream, service.clone(), &connections, self.patience),
                // Out of file descriptors, say: others may close meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        drop(self.listener);
        tokio::select! {
            () = connections.shutdown() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
}

/// Serves one connection, for as many requests as it brings.
fn serve(
    stream: TcpStream,
    service: TowerToHyperService<Router>,
    connections: &GracefulShutdown,
    patience: Duration,
) {
    // Answers are small and whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request| {
        let answer = service.call(request);
        async move {
            let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<Dropped>() {
                Some(_) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    // How a connection ends is its client's business.
    tokio::spawn(async move { drop(connection.await) });
}

/// Marks an answer that is not sent: the connection ends instead.
#[derive(Clone, Copy)]
struct Dropped;

/// What every request needs.
struct Desk<S> {
    sandbox: Arc<Mutex<Sandbox<S>>>,
    patience: Duration,
}

impl<S> Clone for Desk<S> {
    fn clone(&self) -> Self {
        Self { sandbox: Arc::clone(&self.sandbox), patience: self.patience }
    }
}

impl<S: Store> Desk<S> {
    /// Runs `work` with the sandbox, and the time. A handler that panicked has committed nothing, so the sandbox is
    /// whole also then.
    fn with<T>(&self, work: impl FnOnce(&mut Sandbox<S>, Timestamp) -> T) -> T {
        let mut sandbox = self.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut sandbox, now())
    }
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

async fn answer<S: Store + Send + 'static>(State(desk): State<Desk<S>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == hyper::Method::OPTIONS {
        let request = http::request(&parts, step_up_core::Method::Get);
        return http::response(desk.with(|sandbox, now| sandbox.preflight(&request, now)));
    }
    let Some(method) = http::method(&parts.method) else {
        let request = http::request(&parts, step_up_core::Method::Get);
        return refuse(&desk, &request, method_not_allowed("GET, POST, PUT, DELETE"));
    };
    let mut request = http::request(&parts, method);
    match tokio::time::timeout(desk.patience, read(body)).await {
        Ok(Ok(body)) => request.body = (!body.is_empty()).then_some(body),
        Ok(Err(TooLarge)) => return refuse(&desk, &request, too_large()),
        Err(_) => {
            let refusal = Refusal::new(408, "request_timeout", "The body took too long to arrive.");
            return refuse(&desk, &request, refusal.with_header("connection", "close"));
        }
    }
    let Reply { response, fate } = desk.with(|sandbox, now| sandbox.handle(&request, now));
    let mut response = http::response(response);
    match fate {
        Fate::Send => {}
        Fate::Delay(delay) => tokio::time::sleep(delay).await,
        Fate::Drop => {
            response.extensions_mut().insert(Dropped);
        }
    }
    response
}

fn refuse<S: Store>(desk: &Desk<S>, request: &HttpRequest, refusal: Refusal) -> Response {
    http::response(desk.with(|sandbox, now| sandbox.refuse(request, refusal, now)).response)
}

struct TooLarge;

/// The whole body. One that breaks off is as it is: no JSON.
async fn read(body: Body) -> Result<Vec<u8>, TooLarge> {
    let mut chunks = body.into_data_stream();
    let (mut whole, mut discarded) = (Vec::new(), 0);
    while let Some(Ok(chunk)) = chunks.next().await {
        if discarded == 0 && whole.len() + chunk.len() <= MAX_BODY {
            whole.extend_from_slice(&chunk);
            continue;
        }
        discarded += chunk.len();
        if discarded > MAX_DISCARDED {
            break;
        }
    }
    if discarded > 0 { Err(TooLarge) } else { Ok(whole) }
}
