//! The program with its data in a file: what it acknowledged outlives its end, also when it is killed under load.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // The helpers of tests are tests.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use step_up_sandbox::DEFAULT_ENVIRONMENT_ID;

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(20);

/// The program. It is killed when it is dropped.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn command(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_step-up-sandbox"));
        command.args(["serve", "--port", "0", "--exit-with-stdin"]).args(arguments).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it in `folder`, and waits until it listens.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Self::command(folder, arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").and_then(|it| it.strip_suffix("/api/v0\n"));
        let Some(address) = address else {
            panic!("{line:?} {}", Self { child, address: nowhere() }.end().1)
        };
        Self { child, address: address.parse().unwrap() }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end by itself. Whether it ended well, and what it wrote on standard error.
    fn end(mut self) -> (bool, String) {
        drop(self.child.stdin.take());
        let mut error = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (self.child.wait().unwrap().success(), error)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// An answer that arrived whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }
}

/// Asks; an error where the connection ended before the whole answer was there.
fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{bearer}Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or_else(broken)?;
    if body.len() != length.parse::<usize>().unwrap() {
        return Err(broken());
    }
    Ok(Answer { status: head[9..12].parse().unwrap(), body: serde_json::from_str(body).unwrap() })
}

fn api(path: &str) -> String {
    format!("/api/v0/sdk/{DEFAULT_ENVIRONMENT_ID}{path}")
}

/// What a client asked for on behalf of somebody, and what of it was acknowledged.
#[derive(Debug, Default)]
struct Person {
    email: String,
    /// The code that was sent.
    verification: Option<String>,
    /// The user and the token of a sign-in with it.
    session: Option<(String, String)>,
    alias: Option<String>,
    is_signed_out: bool,
    /// What was asked last; acknowledged or not, if the server was killed.
    attempt: Option<Attempt>,
}

#[derive(Debug, PartialEq)]
enum Attempt {
    SignIn,
    Rename(String),
    SignOut,
}

/// What the clients of one run share.
struct Run<'a> {
    address: SocketAddr,
    acknowledged: AtomicUsize,
    /// At how many acknowledged changes the server is killed.
    limit: usize,
    reached: &'a mpsc::Sender<()>,
}

impl Run<'_> {
    /// Asks for a change.
    fn change(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> io::Result<Answer> {
        let answer = ask(self.address, method, path, token, body)?;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.limit {
            self.reached.send(()).unwrap();
        }
        Ok(answer)
    }

    /// Signs people in, renames them and signs some out, until the server is gone.
    fn client(&self, name: &str) -> Vec<Person> {
        let mut people = Vec::new();
        loop {
            let email = format!("{name}-{}@example.com", people.len());
            people.push(Person { email, ..Person::default() });
            let is_leaving = people.len() % 3 == 0;
            let Some(person) = people.last_mut() else { unreachable!("one was added") };
            if let Err(error) = self.life(person, is_leaving) {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "the server answers no more");
                return people;
            }
        }
    }

    fn life(&self, person: &mut Person, is_leaving: bool) -> io::Result<()> {
        let email = json!({ "email": person.email });
        let sent = self.change("POST", &api("/emailVerifications/create"), None, &email)?;
        let verification = person.verification.insert(sent.text("verificationUUID"));
        let code = message(self.address, &person.email)?.text("code");
        person.attempt = Some(Attempt::SignIn);
        let body = json!({ "verificationUUID": verification, "verificationToken": code });
        let answer = self.change("POST", &api("/emailVerifications/signin"), None, &body)?;
        let user = answer.body["user"]["id"].as_str().unwrap().to_owned();
        let (_, token) = person.session.insert((user, answer.text("jwt")));
        for alias in ["Ada", "Countess"] {
            person.attempt = Some(Attempt::Rename(alias.to_owned()));
            self.change("PUT", &api("/users"), Some(token), &json!({ "alias": alias }))?;
            person.alias = Some(alias.to_owned());
        }
        if is_leaving {
            person.attempt = Some(Attempt::SignOut);
            self.change("POST", &api("/revoke"), Some(token), &Value::Null)?;
            person.is_signed_out = true;
        }
        Ok(())
    }
}

/// The one message to an address.
fn message(address: SocketAddr, email: &str) -> io::Result<Answer> {
    let mut inbox = ask(address, "GET", &format!("/sandbox/inbox?to={email}"), None, &Value::Null)?;
    assert_eq!(inbox.body.as_array().map(Vec::len), Some(1), "{email}: {inbox:?}");
    inbox.body = inbox.body[0].take();
    Ok(inbox)
}

impl Person {
    /// Panics where something that was acknowledged is not so any more.
    fn check(&self, address: SocketAddr) {
        let ask = |method: &str, path: &str, token: Option<&str>, body: &Value| {
            ask(address, method, &api(path), token, body).unwrap()
        };
        let Some(verification) = &self.verification else { return };
        let message = message(address, &self.email).unwrap();
        assert_eq!(message.text("verificationUUID"), *verification, "{self:?}");
        let body = json!({ "verificationUUID": verification, "verificationToken": message.text("code") });
        let Some((user, token)) = &self.session else {
            let answer = ask("POST", "/emailVerifications/signin", None, &body);
            // A sign-in that was under way may have used the code up.
            let is_used = answer.body["code"] == "invalid_email_verification" && self.attempt.is_some();
            assert!(answer.status == 200 || is_used, "{self:?} {answer:?}");
            return;
        };
        let again = ask("POST", "/emailVerifications/signin", None, &body);
        assert_eq!(again.body["code"], "invalid_email_verification", "a used code stays used: {self:?}");
        let answer = ask("GET", "/users", Some(token), &Value::Null);
        if self.is_signed_out {
            assert_eq!(answer.status, 401, "{self:?} {answer:?}");
            return;
        }
        if answer.status == 401 && self.attempt == Some(Attempt::SignOut) {
            return;
        }
        assert_eq!((answer.status, answer.text("id")), (200, user.clone()), "{self:?}");
        let alias = answer.body["alias"].as_str();
        let is_attempted = matches!(&self.attempt, Some(Attempt::Rename(it)) if alias == Some(it));
        assert!(alias == self.alias.as_deref() || is_attempted, "{self:?} {answer:?}");
    }
}

/// The log that SQLite writes ahead of the file.
fn log_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", file.display()))
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// `STEP_UP_SEED`, or another one every time.
fn seed() -> u64 {
    let given = std::env::var("STEP_UP_SEED").ok();
    let seed = given.map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("STEP_UP_SEED={seed}");
    seed
}

#[test]
fn a_kill_under_load_loses_nothing_that_was_acknowledged() {
    const ROUNDS: usize = 8;
    const CLIENTS: usize = 6;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.sqlite");
    let mut random = seed();
    let mut people: Vec<Person> = Vec::new();
    let mut drawn = BTreeSet::new();
    for round in 0..ROUNDS {
        let program = Program::start(folder.path(), &[]);
        let address = program.address;
        let limit = 1 + usize::try_from(next(&mut random) % 120).unwrap();
        let (reached, told) = mpsc::channel();
        let run = Run { address, acknowledged: AtomicUsize::new(0), limit, reached: &reached };
        let new: Vec<Person> = thread::scope(|scope| {
            let run = &run;
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| scope.spawn(move || run.client(&format!("{round}-{client}"))))
                .collect();
            told.recv_timeout(LIMIT).unwrap();
            program.kill();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        println!("round {round}: killed after {} acknowledged changes", run.acknowledged.into_inner());
        assert!(fs::metadata(log_of(&file)).unwrap().len() > 0, "there is a log to recover from");
        if round % 2 == 1 {
            // A write that the end cut off, as far as the file is concerned.
            let mut log = OpenOptions::new().append(true).open(log_of(&file)).unwrap();
            log.write_all(&vec![0xa5; 1 + usize::try_from(next(&mut random) % 5000).unwrap()]).unwrap();
        }

        let program = Program::start(folder.path(), &[]);
        for person in &new {
            person.check(program.address);
            let session = person.session.iter().flat_map(|(user, token)| [user, token]);
            for random in person.verification.iter().chain(session) {
                assert!(drawn.insert(random.clone()), "{random} was drawn twice");
            }
        }
        // Of those before, messages make room in time; users and sessions stay.
        for person in
            people.iter().filter(|person| !person.is_signed_out && person.attempt != Some(Attempt::SignOut))
        {
            let Some((user, token)) = &person.session else { continue };
            let answer = ask(program.address, "GET", &api("/users"), Some(token), &Value::Null).unwrap();
            assert_eq!((answer.status, &answer.text("id")), (200, user), "{person:?}");
        }
        people.extend(new);
        program.kill();
    }
}

#[test]
fn a_restart_goes_on_with_the_same_key_and_new_randomness() {
    let folder = tempfile::tempdir().unwrap();
    let mut keys = BTreeSet::new();
    let mut drawn = BTreeSet::new();
    let mut sessions: Vec<(Value, String)> = Vec::new();
    for round in 0..3 {
        let program = Program::start(folder.path(), &["--seed", "5"]);
        let address = program.address;
        let jwks = ask(address, "GET", "/.well-known/jwks", None, &Value::Null).unwrap();
        keys.insert(jwks.body.to_string());
        for (user, token) in &sessions {
            let answer = ask(address, "GET", &api("/users"), Some(token), &Value::Null).unwrap();
            assert_eq!((answer.status, &answer.body["id"]), (200, user));
        }
        let body = json!({ "email": format!("{round}@example.com") });
        let answer = ask(address, "POST", "/sandbox/users", None, &body).unwrap();
        let nonce = ask(address, "GET", &api("/nonce"), None, &Value::Null).unwrap().text("nonce");
        let user = answer.body["user"]["id"].clone();
        let wallet = answer.body["wallets"][0]["privateKey"].as_str().unwrap().to_owned();
        for random in [nonce, wallet, user.as_str().unwrap().to_owned()] {
            assert!(drawn.insert(random.clone()), "{random} was drawn twice");
        }
        sessions.push((user, answer.text("jwt")));
        let (is_success, words) = program.end();
        assert!(is_success, "{words}");
        let expected = if round == 0 {
            "step-up-sandbox: seed 5; --seed 5 repeats this run in a new file; data is kept in sandbox.sqlite\n"
        } else {
            "step-up-sandbox: goes on where sandbox.sqlite stopped; --seed is for new files\n"
        };
        assert_eq!(words, expected);
        assert!(!log_of(&folder.path().join("sandbox.sqlite")).exists(), "an orderly end leaves one file");
    }
    assert_eq!(keys.len(), 1, "a restart must not invalidate tokens");
}

#[test]
fn a_second_program_on_the_same_file_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(folder.path(), &[]);
    let second = Program::command(folder.path(), &["--data", "sandbox.sqlite"]).output().unwrap();
    assert!(!second.status.success() && second.stdout.is_empty());
    let words = String::from_utf8(second.stderr).unwrap();
    assert_eq!(words, "step-up-sandbox: --data sandbox.sqlite: another program is using it\n");
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(ask(first.address, "POST", "/sandbox/users", None, &body).unwrap().status, 200);
    first.kill();
    let again = Program::start(folder.path(), &[]);
    assert_eq!(
        ask(again.address, "POST", "/sandbox/users", None, &body).unwrap().body["code"],
        "email_taken"
    );
}

#[test]
fn what_is_in_memory_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--data", ":memory:"]);
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(ask(program.address, "POST", "/sandbox/users", None, &body).unwrap().status, 200);
    assert!(program.end().0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "Dear diary, ".repeat(100)).unwrap();
    for (data, words) in [
        (
            "missing/sandbox.sqlite",
            "--data missing/sandbox.sqlite: the store failed: No such file or directory",
        ),
        ("notes.txt", "--data notes.txt: the store failed: file is not a database"),
    ] {
        let output = Program::command(folder.path(), &["--data", data]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(error.starts_with(&format!("step-up-sandbox: {words}")), "{error}");
    }
}
