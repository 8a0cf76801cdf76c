//! The server, over real connections on loopback: in this process, and as the program that people start.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

mod wait;

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Barrier},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use step_up_sandbox::{Config, DEFAULT_ENVIRONMENT_ID, MAX_BODY, MemoryStore, Sandbox, Seed, server::Server};
use tokio::sync::oneshot;
use wait::LIMIT;

/// A server in this process. It stops when it is dropped.
struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        Self::with_patience(LIMIT)
    }

    fn with_patience(patience: Duration) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::new(Config::default(), MemoryStore::new(), Seed::new(1)).unwrap();
                let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let server = Server::bind(sandbox, any_port).await.unwrap().with_patience(patience);
                tell.send(server.address().unwrap()).unwrap();
                server.run(async { drop(stopped.await) }).await;
            });
        });
        Self { address: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    fn stop(&mut self) {
        self.stop = None;
    }

    fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        self.wait();
    }
}

/// An answer, or nothing where the connection ended without one.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    /// The cookie that it sets, as `name=value`.
    cookie: Option<String>,
    body: Value,
    /// The body as it came.
    text: String,
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Reads until the connection ends.
fn read(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    if bytes.is_empty() {
        return None;
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Some(Answer {
        status: head[9..12].parse().unwrap(),
        cookie: head.lines().find_map(|line| {
            let cookie = line.strip_prefix("set-cookie: ")?;
            Some(cookie.split(';').next()?.to_owned())
        }),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        text: body.to_owned(),
    })
}

fn raw(address: SocketAddr, request: &str) -> Option<Answer> {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    read(stream)
}

fn ask(address: SocketAddr, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    raw(
        address,
        &format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
}

fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, None).unwrap()
}

fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    ask(address, "POST", path, Some(body)).unwrap()
}

fn api(path: &str) -> String {
    format!("/api/v0/sdk/{DEFAULT_ENVIRONMENT_ID}{path}")
}

/// Sends a code, and gives the body that tries another one.
fn wrong_try(address: SocketAddr) -> Value {
    assert_eq!(
        post(address, &api("/emailVerifications/create"), &json!({ "email": "a@b.example" })).status,
        200
    );
    let inbox = get(address, "/sandbox/inbox").body;
    let code = if inbox[0]["code"] == "000000" { "000001" } else { "000000" };
    json!({ "verificationUUID": inbox[0]["verificationUUID"], "verificationToken": code })
}

fn requests(address: SocketAddr) -> Vec<Value> {
    get(address, "/sandbox/requests").body["requests"].as_array().unwrap().clone()
}

#[test]
fn of_fifty_wrong_codes_at_once_five_are_evaluated() {
    let server = Running::start();
    let address = server.address;
    let body = wrong_try(address);
    let start = Arc::new(Barrier::new(50));
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let (start, body) = (Arc::clone(&start), body.clone());
            thread::spawn(move || {
                start.wait();
                post(address, &api("/emailVerifications/signin"), &body)
            })
        })
        .collect();
    let mut left: Vec<_> = Vec::new();
    let mut refused = 0;
    for answer in tries.into_iter().map(|it| it.join().unwrap()) {
        assert_eq!(answer.status, 422, "{answer:?}");
        match answer.body["payload"]["attemptsLeft"].as_u64() {
            Some(attempts_left) => left.push(attempts_left),
            None => {
                assert_eq!(answer.body["code"], "too_many_email_verification_attempts");
                refused += 1;
            }
        }
    }
    left.sort_unstable();
    assert_eq!((left, refused), (vec![0, 1, 2, 3, 4], 45));
    let evaluated = requests(address).iter().filter(|entry| entry["evaluated"] == true).count();
    assert_eq!(evaluated, 5, "by the server's own log");
}

/// The victim exports a wallet with a token for one use while whoever has their bearer asks for it, too.
#[test]
fn of_ten_exports_at_once_the_one_token_is_good_for_one() {
    let server = Running::start();
    let address = server.address;
    let ada = post(address, "/sandbox/users", &json!({ "email": "ada@example.com" })).body;
    let bearer = ada["minifiedJwt"].as_str().unwrap().to_owned();
    let ask = move |path: &str, token: &str, body: &Value| {
        let body = body.to_string();
        let elevated = if token.is_empty() { String::new() } else { format!("{ELEVATED}: {token}\r\n") };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n{elevated}",
            api(path)
        );
        raw(address, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).unwrap()
    };
    ask("/emailVerifications/create", "", &json!({ "email": "ada@example.com" }));
    let sent = get(address, "/sandbox/inbox").body[0].clone();
    let body = json!({
        "verificationUUID": sent["verificationUUID"], "verificationToken": sent["code"],
        "requestedScopes": ["wallet:export"],
    });
    let verified = ask("/emailVerifications/verify", "", &body).body;
    let token = verified["elevatedAccessToken"].as_str().unwrap().to_owned();
    let path = format!("/waas/{}/privateKey/export", ada["wallets"][0]["walletId"].as_str().unwrap());
    let start = Arc::new(Barrier::new(10));
    let tries: Vec<_> = (0..10)
        .map(|number| {
            let (start, ask, path) = (Arc::clone(&start), ask.clone(), path.clone());
            let token = if number % 2 == 0 { token.clone() } else { String::new() };
            thread::spawn(move || {
                start.wait();
                let answer = ask(&path, &token, &json!({}));
                (answer.status, !token.is_empty())
            })
        })
        .collect();
    let mut answers: Vec<_> = tries.into_iter().map(|it| it.join().unwrap()).collect();
    answers.sort_unstable();
    assert_eq!(answers[0], (200, true));
    assert!(answers[1..].iter().all(|(status, _)| *status == 403), "{answers:?}");
}

const ELEVATED: &str = "x-dyn-elevated-access-token";

#[test]
fn a_dropped_request_gets_no_byte_and_only_a_late_drop_does_the_work() {
    let server = Running::start();
    let path = "/emailVerifications/create";
    let body = json!({ "email": "a@b.example" });
    for (kind, messages) in [("drop", 0), ("drop-after", 1)] {
        post(server.address, "/sandbox/faults", &json!({ "path": path, "kind": kind }));
        assert!(ask(server.address, "POST", &api(path), Some(&body)).is_none(), "{kind}");
        let inbox = get(server.address, "/sandbox/inbox").body;
        assert_eq!(inbox.as_array().unwrap().len(), messages, "{kind}");
    }
    assert_eq!(post(server.address, &api(path), &body).status, 200);
}

#[test]
fn a_delayed_answer_comes_late_and_holds_nobody_up() {
    let server = Running::start();
    let address = server.address;
    post(address, "/sandbox/faults", &json!({ "path": "/settings", "kind": "delay", "millis": 2_000 }));
    let start = Instant::now();
    let slow = thread::spawn(move || (get(address, &api("/settings")).status, start.elapsed()));
    // The log knows of it before its answer leaves: then others can be asked.
    wait::until("the request in the log", || (!requests(address).is_empty()).then_some(()));
    assert_eq!(get(address, &api("/settings")).status, 200);
    let others = start.elapsed();
    let (status, elapsed) = slow.join().unwrap();
    assert_eq!(status, 200);
    assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
    assert!(others < elapsed, "{others:?} {elapsed:?}");
}

#[test]
fn a_stop_lets_what_is_under_way_finish_and_takes_nothing_new() {
    let mut server = Running::start();
    let address = server.address;
    // An idle connection must not hold the stop up.
    let idle = connect(address);
    post(address, "/sandbox/faults", &json!({ "path": "/settings", "kind": "delay", "millis": 500 }));
    let under_way = thread::spawn(move || get(address, &api("/settings")).status);
    wait::until("the request in the log", || (!requests(address).is_empty()).then_some(()));
    server.stop();
    server.wait();
    assert_eq!(under_way.join().unwrap(), 200);
    assert!(TcpStream::connect(address).is_err());
    drop(idle);
}

#[test]
fn a_body_that_is_too_large_is_refused_with_and_without_its_length() {
    let server = Running::start();
    let path = api("/emailVerifications/create");
    let address = server.address;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nOrigin: http://localhost:1\r\n"
    );
    let large = " ".repeat(MAX_BODY + 1);
    let with_length = format!("{head}Content-Length: {}\r\n\r\n{large}", large.len());
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let very_large = " ".repeat(2 * 1024 * 1024);
    let very_large = format!("{head}Content-Length: {}\r\n\r\n{very_large}", very_large.len());
    for request in [with_length, chunked, very_large] {
        let answer = raw(address, &request).unwrap();
        assert_eq!((answer.status, &answer.body["code"]), (413, &json!("body_too_large")));
        assert!(answer.head.contains("access-control-allow-origin: http://localhost:1"), "{}", answer.head);
    }
    let fits = json!({ "email": "a@b.example", "x": " ".repeat(MAX_BODY - 100) });
    assert_eq!(post(address, &path, &fits).status, 200);
}

#[test]
fn a_slow_body_and_a_slow_head_are_not_waited_for() {
    let server = Running::with_patience(Duration::from_millis(200));
    let address = server.address;
    let start = Instant::now();
    let mut body = connect(address);
    let head = format!("POST {} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 10\r\n\r\n", api("/refresh"));
    body.write_all(head.as_bytes()).unwrap();
    body.write_all(b"{").unwrap();
    let answer = read(body).unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (408, &json!("request_timeout")));
    let mut head = connect(address);
    head.write_all(b"POST /api").unwrap();
    assert!(read(head).is_none());
    assert!(start.elapsed() < LIMIT);
    assert_eq!(get(address, &api("/settings")).status, 200);
}

#[test]
fn preflights_are_answered_and_foreign_pages_and_hosts_are_not() {
    let server = Running::start();
    let address = server.address;
    let preflight = |host: &str, origin: &str| {
        let path = api("/users");
        raw(
            address,
            &format!(
                "OPTIONS {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{origin}\
                 Access-Control-Request-Method: PUT\r\n\
                 Access-Control-Request-Headers: authorization,x-dyn-elevated-access-token\r\n\r\n"
            ),
        )
        .unwrap()
    };
    let allowed = preflight("localhost:1", "Origin: http://localhost:3000\r\n");
    assert_eq!(allowed.status, 204);
    for header in [
        "access-control-allow-origin: http://localhost:3000",
        "access-control-allow-methods: get, post, put, delete",
        "access-control-allow-headers: authorization, x-dyn-elevated-access-token",
    ] {
        assert!(allowed.head.contains(header), "{}", allowed.head);
    }
    for (host, origin, status) in [
        ("localhost:1", "Origin: https://evil.example\r\n", 403),
        ("localhost:1", "Origin: http://localhost:\u{fc}\r\n", 403),
        ("evil.example", "Origin: http://localhost:3000\r\n", 403),
        ("localhost:1", "", 405),
    ] {
        let answer = preflight(host, origin);
        assert_eq!(answer.status, status, "{host} {origin}");
        assert!(!answer.head.contains("access-control-allow-headers"), "{}", answer.head);
    }
    let foreign =
        |head: &str| raw(address, &format!("GET /sandbox/inbox HTTP/1.1\r\n{head}Connection: close\r\n\r\n"));
    assert_eq!(foreign("Host: evil.example\r\n").unwrap().body["code"], "host_not_allowed");
    assert_eq!(
        foreign("Host: localhost\r\nOrigin: https://evil.example\r\n").unwrap().body["code"],
        "origin_not_allowed"
    );
    assert_eq!(foreign("Host: localhost\r\n").unwrap().status, 200);
}

#[test]
fn two_hosts_are_refused() {
    let server = Running::start();
    let address = server.address;
    for (method, path) in
        [("GET", api("/settings")), ("GET", "/sandbox/inbox".into()), ("OPTIONS", api("/users"))]
    {
        for hosts in
            [["localhost", "evil.example"], ["evil.example", "localhost"], ["localhost", "localhost"]]
        {
            let [first, second] = hosts;
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {first}\r\nhost: {second}\r\nOrigin: http://localhost:1\r\n\
                 Connection: close\r\n\r\n"
            );
            let answer = raw(address, &request).unwrap();
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (400, &json!("ambiguous_host")),
                "{method} {path}"
            );
        }
    }
}

/// What every answer says to browsers.
const EVERY_ANSWER: [&str; 2] =
    ["x-content-type-options: nosniff", "cross-origin-resource-policy: same-origin"];

#[track_caller]
fn says_what_every_answer_says(answer: &Answer) {
    for line in EVERY_ANSWER {
        assert_eq!(answer.head.lines().filter(|it| *it == line).count(), 1, "{line} in {}", answer.head);
    }
}

#[test]
fn every_answer_says_that_other_sites_may_not_embed_it() {
    let server = Running::with_patience(Duration::from_millis(200));
    let address = server.address;
    let from = |request: &str| {
        let answer = raw(address, &request.replace("HOST", &format!("Host: {address}\r\nConnection: close")));
        answer.unwrap_or_else(|| panic!("{request}"))
    };
    let large = " ".repeat(MAX_BODY + 1);
    for (status, request) in [
        (200, format!("GET {} HTTP/1.1\r\nHOST\r\n\r\n", api("/settings"))),
        (200, "GET /sandbox/inbox HTTP/1.1\r\nHOST\r\n\r\n".into()),
        (404, "GET / HTTP/1.1\r\nHOST\r\n\r\n".into()),
        (403, "GET / HTTP/1.1\r\nHOST\r\nOrigin: https://evil.example\r\n\r\n".into()),
        (405, format!("TRACE {} HTTP/1.1\r\nHOST\r\n\r\n", api("/users"))),
        (204, format!("OPTIONS {} HTTP/1.1\r\nHOST\r\nOrigin: http://localhost:1\r\n\r\n", api("/users"))),
        (405, format!("OPTIONS {} HTTP/1.1\r\nHOST\r\n\r\n", api("/users"))),
        (
            413,
            format!("POST {} HTTP/1.1\r\nHOST\r\nContent-Length: {}\r\n\r\n{large}", api("/x"), large.len()),
        ),
        (408, format!("POST {} HTTP/1.1\r\nHOST\r\nContent-Length: 9\r\n\r\n", api("/x"))),
        (400, "GET /sandbox-idp/google/authorize HTTP/1.1\r\nHOST\r\nAccept: text/html\r\n\r\n".into()),
    ] {
        let answer = from(&request);
        assert_eq!(answer.status, status, "{request}");
        says_what_every_answer_says(&answer);
    }
    post(address, "/sandbox/faults", &json!({ "path": "/settings", "kind": "status", "status": 503 }));
    says_what_every_answer_says(&get(address, &api("/settings")));
    post(address, "/sandbox/faults", &json!({ "path": "/settings", "kind": "garbage" }));
    says_what_every_answer_says(&get(address, &api("/settings")));
}

/// What a page of another site can make a browser send without asking first.
#[test]
fn an_image_of_another_site_is_refused_and_an_allowed_page_is_not() {
    let server = Running::start();
    let address = server.address;
    let from = |site: &str, mode: &str, origin: &str| {
        raw(
            address,
            &format!(
                "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nSec-Fetch-Site: {site}\r\n\
                 Sec-Fetch-Mode: {mode}\r\n{origin}\r\n",
                api("/nonces?count=50")
            ),
        )
        .unwrap()
    };
    for site in ["cross-site", "same-site"] {
        let answer = from(site, "no-cors", "");
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("origin_required")));
        assert_eq!(from(site, "cors", "Origin: http://localhost:3000\r\n").status, 200);
    }
    assert_eq!(from("none", "navigate", "").status, 200);
}

#[test]
fn a_session_in_a_cookie_comes_and_goes_by_headers() {
    let server = Running::start();
    let address = server.address;
    let settings = json!({ "security": { "auth": { "storage": ["cookie"] } } });
    assert_eq!(ask(address, "PUT", "/sandbox/settings", Some(&settings)).unwrap().status, 200);
    let from_page = |method: &str, path: &str, headers: &str, body: &Value| {
        let (body, path) = (body.to_string(), api(path));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: http://localhost:3000\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(address, &request).unwrap()
    };
    from_page("POST", "/emailVerifications/create", "", &json!({ "email": "ada@example.com" }));
    let sent = get(address, "/sandbox/inbox").body[0].clone();
    let code = json!({ "verificationUUID": sent["verificationUUID"], "verificationToken": sent["code"] });
    let sign_in = raw(address, &{
        let (body, path) = (code.to_string(), api("/emailVerifications/signin"));
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    assert_eq!(sign_in.unwrap().body["code"], "origin_required");
    let signed_in = from_page("POST", "/emailVerifications/signin", "", &code);
    assert_eq!((signed_in.status, signed_in.body.get("minifiedJwt")), (200, None));
    assert!(signed_in.head.contains("access-control-allow-credentials: true"), "{}", signed_in.head);
    let cookie = signed_in.cookie.clone().unwrap();
    let user = from_page("GET", "/users", &format!("Cookie: {cookie}\r\n"), &Value::Null);
    assert_eq!(user.body["id"], signed_in.body["user"]["id"]);
    let preflight = format!(
        "OPTIONS {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: http://localhost:3000\r\n\r\n",
        api("/users")
    );
    let preflight = raw(address, &preflight).unwrap();
    assert!(preflight.head.contains("access-control-allow-credentials: true"), "{}", preflight.head);
    let signed_out = from_page("POST", "/revoke", &format!("Cookie: {cookie}\r\n"), &Value::Null);
    assert_eq!(signed_out.cookie.as_deref(), Some("DYNAMIC_JWT_TOKEN="));
}

#[test]
fn an_unknown_method_is_refused_in_json() {
    let server = Running::start();
    let answer = ask(server.address, "TRACE", &api("/users"), None).unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (405, &json!("method_not_allowed")));
}

#[test]
fn a_header_that_http_does_not_allow_is_left_out_of_a_fault() {
    let server = Running::start();
    let fault = json!({
        "path": "/settings", "kind": "status", "status": 503, "headers": { "bad name": "x", "x-good": "1", "x-bad": "a\nb" },
    });
    assert_eq!(post(server.address, "/sandbox/faults", &fault).status, 200);
    let answer = get(server.address, &api("/settings"));
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("x-good: 1") && !answer.head.contains("bad"), "{}", answer.head);
}

/// What a browser sends.
fn browse(address: SocketAddr, method: &str, url: &str, form: &str) -> Answer {
    let path = url.strip_prefix(&format!("http://{address}")).unwrap_or(url);
    let length = form.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: text/html,*/*;q=0.8\r\n\
         Origin: http://{address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{form}"
    );
    raw(address, &request).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    &text[start..start + text[start..].find(after).unwrap()]
}

/// The address of a provider's page.
fn authorize_url(address: SocketAddr, name: &str, state: &str) -> String {
    let settings = get(address, &api("/settings")).body;
    let providers = settings["providers"].as_array().unwrap();
    let provider = providers.iter().find(|it| it["provider"] == name).unwrap();
    format!(
        "{}?client_id=sandbox-{name}&response_type=code&state={state}&redirect_uri={}\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        provider["baseAuthUrl"].as_str().unwrap(),
        provider["redirectUrl"].as_str().unwrap()
    )
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn somebody_signs_in_at_every_provider_by_its_pages() {
    let server = Running::start();
    let address = server.address;
    for name in ["google", "github", "apple", "discord"] {
        let state = format!("{name}-0123456789abcdef");
        let begin = json!({ "state": state }).to_string();
        let begin = raw(
            address,
            &format!(
                "POST {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nOrigin: http://localhost:3000\r\n\
                 Content-Length: {}\r\n\r\n{begin}",
                api(&format!("/providers/{name}/initAuth")),
                begin.len()
            ),
        );
        assert_eq!(begin.unwrap().status, 200);
        let page = browse(address, "GET", &authorize_url(address, name, &state), "");
        let ticket = between(&page.text, "name=\"ticket\" value=\"", "\"");
        let path = between(&page.text, "action=\"", "\"");
        let answer = browse(
            address,
            "POST",
            path,
            &format!("ticket={ticket}&account=ada%40example.com&decision=continue"),
        );
        let told = if name == "apple" {
            let code = between(&answer.text, "name=\"code\" value=\"", "\"");
            let back = between(&answer.text, "action=\"", "\"");
            browse(address, "POST", back, &format!("code={code}&state={state}"))
        } else {
            assert_eq!(answer.status, 303, "{answer:?}");
            browse(address, "GET", between(&answer.head, "location: ", "\r\n"), "")
        };
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(between(&told.text, "data-target=\"", "\""), "http://localhost:3000");
        assert!(told.head.contains("referrer-policy: no-referrer"), "{}", told.head);
        assert!(told.head.contains("frame-ancestors 'none'"), "{}", told.head);
        let poll =
            post(address, &api(&format!("/providers/{name}/oauthResult")), &json!({ "state": state })).body;
        assert_eq!(poll["status"], "completed");
        let code = poll["code"].as_str().unwrap();
        assert!(told.text.contains(code));
        let sign_in = json!({ "code": code, "state": state, "codeVerifier": VERIFIER });
        let path = api(&format!("/providers/{name}/signIn"));
        let signed_in = post(address, &path, &sign_in);
        assert_eq!(signed_in.status, 200, "{signed_in:?}");
        assert_eq!(signed_in.body["user"]["verifiedCredentials"][0]["oauth_provider"], name);
        assert_eq!(post(address, &path, &sign_in).body["code"], "invalid_oauth_state");
    }
    let log = requests(address);
    assert!(log.iter().all(|entry| !entry["path"].as_str().unwrap().contains("code=")), "{log:?}");
}

#[test]
fn of_ten_redemptions_at_once_one_succeeds() {
    let server = Running::start();
    let address = server.address;
    let state = "state-0123456789abcdef";
    post(address, &api("/providers/google/initAuth"), &json!({ "state": state }));
    let page = browse(address, "GET", &authorize_url(address, "google", state), "");
    let ticket = between(&page.text, "name=\"ticket\" value=\"", "\"");
    let form = format!("ticket={ticket}&account=ada&decision=continue");
    let answer = browse(address, "POST", "/sandbox-idp/google/authorize", &form);
    browse(address, "GET", between(&answer.head, "location: ", "\r\n"), "");
    let result = post(address, &api("/providers/google/oauthResult"), &json!({ "state": state })).body;
    let body = json!({ "code": result["code"], "state": state, "codeVerifier": VERIFIER });
    let start = Arc::new(Barrier::new(10));
    let tries: Vec<_> = (0..10)
        .map(|_| {
            let (start, body) = (Arc::clone(&start), body.clone());
            thread::spawn(move || {
                start.wait();
                post(address, &api("/providers/google/signIn"), &body).status
            })
        })
        .collect();
    let mut statuses: Vec<_> = tries.into_iter().map(|it| it.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[422; 9]].concat());
}

/// The program, without a file (`core_durability.rs` has those with one). It is killed when it is dropped.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_step-up-sandbox"))
            .args(["serve", "--data", ":memory:"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Its first line.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    fn address(&mut self) -> SocketAddr {
        let line = self.line();
        let address = line.strip_prefix("listening on http://").and_then(|it| it.strip_suffix("/api/v0\n"));
        address.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
    }

    /// Whether it ended well, what else it wrote on standard output, and what on standard error.
    fn end(mut self) -> (bool, String, String) {
        let status = wait::until("the end of the program", || self.child.try_wait().unwrap());
        let (mut out, mut error) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (status.success(), out, error)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn the_program_says_where_it_listens_and_stops_on_sigterm() {
    let environment_id = "11111111-1111-4111-8111-111111111111";
    let mut program = Program::start(&["--port", "0", "--environment-id", environment_id, "--seed", "5"]);
    let address = program.address();
    assert!(address.ip().is_loopback());
    assert_eq!(get(address, &format!("/api/v0/sdk/{environment_id}/settings")).status, 200);
    assert_eq!(get(address, &api("/settings")).status, 404);
    let pid = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let (is_success, out, error) = program.end();
    assert!(is_success, "{error}");
    assert_eq!(out, "", "one line on standard output");
    assert!(error.contains("--seed 5 repeats this run"), "{error}");
}

#[test]
fn the_program_ends_with_its_standard_input_if_told_to() {
    let mut program = Program::start(&["--port", "0", "--exit-with-stdin", "--no-control"]);
    let address = program.address();
    assert_eq!(get(address, "/sandbox/inbox").status, 404);
    drop(program.child.stdin.take());
    assert!(program.end().0);
}

#[test]
fn the_same_seed_repeats_a_run_and_none_does_not() {
    let nonce = |arguments: &[&str]| {
        let mut program = Program::start(&[&["--port", "0"], arguments].concat());
        get(program.address(), &api("/nonce")).body["nonce"].clone()
    };
    assert_eq!(nonce(&["--seed", "5"]), nonce(&["--seed", "5"]));
    assert_ne!(nonce(&[]), nonce(&[]));
}

/// All codes and keys follow from the seed, and logs are read by many.
#[test]
fn the_program_keeps_a_seed_that_it_drew_to_itself_unless_told_to_print_it() {
    let run = |arguments: &[&str]| {
        let mut program = Program::start(&[&["--port", "0", "--exit-with-stdin"], arguments].concat());
        let nonce = get(program.address(), &api("/nonce")).body["nonce"].clone();
        drop(program.child.stdin.take());
        let (is_success, _, error) = program.end();
        assert!(is_success, "{error}");
        (nonce, error)
    };
    let (_, silent) = run(&[]);
    assert!(!silent.contains("seed"), "{silent}");
    let digits = silent.bytes().filter(u8::is_ascii_digit).count();
    assert_eq!(digits, 0, "{silent}");
    let (nonce, printed) = run(&["--print-seed"]);
    let seed = between(&printed, "--seed ", " repeats this run");
    assert_eq!(run(&["--seed", seed]).0, nonce);
}

#[test]
fn the_program_says_what_is_wrong() {
    for (arguments, words) in [
        (["--environment-id", "x"].as_slice(), "a UUID in lower case"),
        (&["--origin", "app.example"], "--origin app.example: an origin is a scheme, a host"),
        (&["--host", "192.0.2.1", "--port", "0"], "192.0.2.1:0: "),
    ] {
        let (is_success, out, error) = Program::start(arguments).end();
        assert!(!is_success && out.is_empty(), "{arguments:?} {out}");
        assert!(error.starts_with("step-up-sandbox: ") && error.contains(words), "{arguments:?} {error}");
    }
}
