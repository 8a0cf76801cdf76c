//! The load: connections that each ask again as soon as they have the answer.
//!
//! It shares the machine with the server that it measures, so it does little: the request is made once, and of an answer
//! no more is read than where it ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

/// How long an answer may take before the measurement is given up.
const LIMIT: Duration = Duration::from_secs(10);

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: u16,
    /// How long it goes on before anything counts.
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// A request to an address, and the only right answer to it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) address: SocketAddr,
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Requests in a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Load {
    pub(crate) async fn measure(self, question: &Arc<Question>) -> Result<Sample> {
        let start = Instant::now() + self.warm_up;
        let end = start + self.time;
        let clients: Vec<_> = (0..self.connections)
            .map(|_| tokio::spawn(ask_until(Arc::clone(question), start, end)))
            .collect();
        let mut times = histogram()?;
        for client in clients {
            times.add(client.await??)?;
        }
        ensure!(!times.is_empty(), "{} answered nothing in {:?}", question.address, self.time);
        Ok(Sample {
            rate: times.len() as f64 / self.time.as_secs_f64(),
            p50: Duration::from_nanos(times.value_at_quantile(0.50)),
            p99: Duration::from_nanos(times.value_at_quantile(0.99)),
        })
    }
}

/// Of nanoseconds, to three digits.
fn histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 2 * u64::try_from(LIMIT.as_nanos())?, 3)?)
}

async fn ask_until(question: Arc<Question>, start: Instant, end: Instant) -> Result<Histogram<u64>> {
    let mut connection = Connection::open(question.address).await?;
    let mut times = histogram()?;
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(times);
        }
        let (status, body) = connection.ask(&question.request).await?;
        ensure!(
            status == 200 && body == question.answer,
            "{} answered {status} {}",
            question.address,
            String::from_utf8_lossy(body)
        );
        if sent >= start {
            times.record(u64::try_from(sent.elapsed().as_nanos())?)?;
        }
    }
}

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// The status of the answer, and its body.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        let (status, body) = tokio::time::timeout(LIMIT, self.exchange(request))
            .await
            .with_context(|| format!("no answer in {} s", LIMIT.as_secs()))??;
        Ok((status, &self.received[body..]))
    }

    /// The status, and where the body starts in what was received.
    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, usize)> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the connection ended within an answer");
            }
            if let Some(head) = Head::parse(&self.received)?
                && self.received.len() >= head.length + head.body
            {
                ensure!(self.received.len() == head.length + head.body, "more than one answer");
                return Ok((head.status, head.length));
            }
        }
    }
}

/// What an answer says before its body.
#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Bytes up to the body, and of the body.
    length: usize,
    body: usize,
}

impl Head {
    /// `None` where it is not whole yet.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
        let body = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let body = body.context("an answer without a content-length")?;
        let body = std::str::from_utf8(body.value)?.parse()?;
        Ok(Some(Self { status: response.code.unwrap_or_default(), length, body }))
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_head_says_where_the_answer_ends() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        let head = Head::parse(whole).unwrap().unwrap();
        assert_eq!(head, Head { status: 200, length: whole.len() - 2, body: 2 });
        assert_eq!(Head::parse(&whole[..30]).unwrap(), None);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Head::parse(b"nonsense\r\n\r\n").is_err());
    }

    /// A server that answers a request of four bytes with each of these in turn, a byte at a time.
    async fn served(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for answer in answers {
                let mut request = [0; 4];
                stream.read_exact(&mut request).await.unwrap();
                for byte in answer.as_bytes() {
                    stream.write_all(&[*byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn answers_are_read_whole_and_one_by_one() {
        block_on(async {
            let address = served(&[
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
                "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
            ])
            .await;
            let mut connection = Connection::open(address).await.unwrap();
            assert_eq!(connection.ask(b"ask!").await.unwrap(), (200, b"{}".as_slice()));
            assert_eq!(connection.ask(b"ask!").await.unwrap(), (503, b"".as_slice()));
            let error = connection.ask(b"ask!").await.unwrap_err();
            assert_eq!(error.to_string(), "the connection ended within an answer");
        });
    }

    #[test]
    fn a_wrong_answer_ends_the_measurement() {
        block_on(async {
            let address = served(&["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"]).await;
            let question = Question { address, request: b"ask!".to_vec(), answer: b"{}".to_vec() };
            let load = Load { connections: 1, warm_up: Duration::ZERO, time: Duration::from_secs(5) };
            let error = load.measure(&Arc::new(question)).await.unwrap_err();
            assert!(error.to_string().ends_with("answered 200 []"), "{error}");
        });
    }
}
