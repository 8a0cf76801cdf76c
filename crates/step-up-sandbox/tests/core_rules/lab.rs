//! A sandbox, a clock, and short ways to ask.

use std::time::Duration;

use serde_json::{Value, json};
use step_up_core::{HttpRequest, Method, Timestamp};
use step_up_sandbox::{Config, Fate, MemoryStore, Sandbox, Seed};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// How long a code of an authenticator app is shown.
pub(crate) const STEP: Duration = Duration::from_secs(30);

/// A sandbox under test.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox<MemoryStore>,
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) wallet: String,
    pub(crate) private_key: String,
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) uuid: String,
    pub(crate) code: String,
}

impl Sent {
    /// A code that is not this one.
    pub(crate) fn wrong_code(&self) -> String {
        if self.code == "000000" { "000001" } else { "000000" }.to_owned()
    }
}

/// An authenticator app on somebody's phone.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl App {
    /// The code that it shows at a moment.
    pub(crate) fn code(&self, now: Timestamp) -> String {
        let secret = totp_rs::Secret::try_from_base32(&self.secret).unwrap();
        let app = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
        app.generate(now.as_secs().unsigned_abs()).to_string()
    }

    /// A code that it does not show around this moment.
    pub(crate) fn wrong_code(&self, now: Timestamp) -> String {
        let around = [-1, 0, 1].map(|step| self.code(Timestamp::from_secs(now.as_secs() + 30 * step)));
        let codes = ["000000", "000001", "000002", "000003"];
        (*codes.iter().find(|code| !around.iter().any(|it| it == *code)).unwrap()).to_owned()
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) fate: Fate,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let Some(text) = self.body[name].as_str() else {
            panic!("no {name} in {} {}", self.status, self.body)
        };
        text.to_owned()
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// A refusal with this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert!(self.body["error"].is_string(), "{}", self.body);
        self
    }

    /// The refusal of a guarded call.
    #[track_caller]
    pub(crate) fn not_elevated(self) -> Self {
        let answer = self.refused(403, "elevated_access_token_required");
        assert_eq!(answer.body["error"], "Elevated access token required");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer error="insufficient_user_authentication""#)
        );
        answer
    }
}

/// A request that is being put together.
pub(crate) struct Ask<'a> {
    lab: &'a mut Lab,
    request: HttpRequest,
}

impl Ask<'_> {
    pub(crate) fn by(self, person: &Person) -> Self {
        let token = format!("Bearer {}", person.token);
        self.header("authorization", &token)
    }

    pub(crate) fn elevated(self, token: &str) -> Self {
        self.header("x-dyn-elevated-access-token", token)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.request.body = Some(body.to_string().into_bytes());
        self
    }

    pub(crate) fn raw(mut self, body: &[u8]) -> Self {
        self.request.body = Some(body.to_vec());
        self
    }

    pub(crate) fn send(self) -> Answer {
        let reply = self.lab.sandbox.handle(&self.request, self.lab.now);
        let body = serde_json::from_slice(&reply.response.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&reply.response.body).into_owned()));
        Answer { status: reply.response.status, body, headers: reply.response.headers, fate: reply.fate }
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self::from_store(config, MemoryStore::new())
    }

    pub(crate) fn from_store(config: Config, store: MemoryStore) -> Self {
        let sandbox = Sandbox::new(config.clone(), store, Seed::new(7)).unwrap();
        Self { sandbox, config, now: Timestamp::from_secs(1_795_514_400) }
    }

    /// The same store under a new sandbox, a while later. It went through text, as it does in a file and in a page.
    pub(crate) fn restarted(&self) -> Self {
        let snapshot = serde_json::to_string(self.sandbox.store()).unwrap();
        let mut lab = Self::from_store(self.config.clone(), serde_json::from_str(&snapshot).unwrap());
        lab.now = self.now;
        lab
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("/api/v0/sdk/{}{path}", self.config.environment_id())
    }

    /// A call below the environment.
    pub(crate) fn ask(&mut self, method: Method, path: &str) -> Ask<'_> {
        let url = self.url(path);
        Ask { lab: self, request: HttpRequest::new(method, url) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Ask<'_> {
        self.ask(Method::Get, path)
    }

    pub(crate) fn post(&mut self, path: &str) -> Ask<'_> {
        self.ask(Method::Post, path)
    }

    /// A call of the control API, or of any path.
    pub(crate) fn at(&mut self, method: Method, path: &str) -> Ask<'_> {
        Ask { lab: self, request: HttpRequest::new(method, path) }
    }

    pub(crate) fn set(&mut self, settings: Value) {
        self.at(Method::Put, "/sandbox/settings").body(settings).send().ok();
    }

    pub(crate) fn fault(&mut self, fault: Value) {
        self.at(Method::Post, "/sandbox/faults").body(fault).send().ok();
    }

    /// The newest message to an address.
    pub(crate) fn newest(&mut self, email: &str) -> Sent {
        let inbox = self.at(Method::Get, &format!("/sandbox/inbox?to={email}")).send().ok();
        let message = &inbox.body[0];
        Sent {
            uuid: message["verificationUUID"].as_str().unwrap().to_owned(),
            code: message["code"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn requests(&mut self) -> Vec<Value> {
        let answer = self.at(Method::Get, "/sandbox/requests").send().ok();
        answer.body["requests"].as_array().unwrap().clone()
    }

    /// How many codes were compared with the right one.
    pub(crate) fn evaluated(&mut self) -> usize {
        self.requests().iter().filter(|entry| entry["evaluated"] == true).count()
    }

    /// Sends a code to an address for nobody.
    pub(crate) fn code_for(&mut self, email: &str) -> Sent {
        self.post("/emailVerifications/create").body(json!({ "email": email })).send().ok();
        self.newest(email)
    }

    /// Sends a code to an address for somebody.
    pub(crate) fn code_by(&mut self, person: &Person, email: &str) -> Sent {
        self.post("/emailVerifications/create").by(person).body(json!({ "email": email })).send().ok();
        self.newest(email)
    }

    pub(crate) fn try_sign_in(&mut self, uuid: &str, code: &str) -> Answer {
        let body = json!({ "verificationUUID": uuid, "verificationToken": code });
        self.post("/emailVerifications/signin").body(body).send()
    }

    pub(crate) fn sign_in(&mut self, email: &str) -> Person {
        let sent = self.code_for(email);
        let answer = self.try_sign_in(&sent.uuid, &sent.code).ok();
        Person::from_answer(email, &answer)
    }

    /// Somebody new, by the control API.
    pub(crate) fn person(&mut self, email: &str) -> Person {
        self.person_with(email, json!({ "email": email }))
    }

    /// Somebody new with more than an address.
    pub(crate) fn person_with(&mut self, email: &str, fixture: Value) -> Person {
        let answer = self.at(Method::Post, "/sandbox/users").body(fixture).send().ok();
        let mut person = Person::from_answer(email, &answer);
        person.private_key = answer.body["wallets"][0]["privateKey"].as_str().unwrap().to_owned();
        person
    }

    pub(crate) fn try_verify(&mut self, person: &Person, uuid: &str, code: &str, scopes: &[&str]) -> Answer {
        let body = json!({ "verificationUUID": uuid, "verificationToken": code, "requestedScopes": scopes });
        self.post("/emailVerifications/verify").by(person).body(body).send()
    }

    /// Steps up with a code, and gives the elevated token.
    pub(crate) fn elevate(&mut self, person: &Person, scopes: &[&str]) -> String {
        let email = person.email.clone();
        let sent = self.code_by(person, &email);
        self.try_verify(person, &sent.uuid, &sent.code, scopes).ok().text("elevatedAccessToken")
    }

    /// Registers an app, which waits for its first code.
    pub(crate) fn register_app(&mut self, person: &Person) -> App {
        let elevated = self.elevate(person, &["credential:link"]);
        let answer = self.get("/users/mfa/register/totp").by(person).elevated(&elevated).send().ok();
        App { id: answer.text("id"), secret: answer.text("secret") }
    }

    /// Registers an app as somebody's first and verifies it; its next code counts.
    pub(crate) fn enrol(&mut self, person: &Person) -> App {
        let app = self.register_app(person);
        let code = app.code(self.now);
        self.try_app(person, Some(&app), &code, &[]).ok();
        self.wait(STEP);
        app
    }

    pub(crate) fn try_app(
        &mut self,
        person: &Person,
        app: Option<&App>,
        code: &str,
        scopes: &[&str],
    ) -> Answer {
        let mut body = json!({ "code": code, "requestedScopes": scopes });
        if let Some(app) = app {
            body["id"] = app.id.clone().into();
        }
        self.post("/users/mfa/auth/totp").by(person).body(body).send()
    }

    pub(crate) fn export(&mut self, person: &Person, elevated: Option<&str>) -> Answer {
        let path = format!("/waas/{}/privateKey/export", person.wallet);
        let ask = self.post(&path).by(person);
        match elevated {
            Some(token) => ask.elevated(token).send(),
            None => ask.send(),
        }
    }

    pub(crate) fn user(&mut self, person: &Person) -> Answer {
        self.get("/users").by(person).send()
    }
}

impl Person {
    pub(crate) fn from_answer(email: &str, answer: &Answer) -> Self {
        let user = &answer.body["user"];
        let wallet = user["verifiedCredentials"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|credential| credential["embedded_wallet_id"].as_str());
        Self {
            email: email.to_owned(),
            id: user["id"].as_str().unwrap().to_owned(),
            token: answer.text("minifiedJwt"),
            wallet: wallet.unwrap().to_owned(),
            private_key: String::new(),
        }
    }
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header or the claims of a token, unchecked.
pub(crate) fn part(token: &str, index: usize) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}
