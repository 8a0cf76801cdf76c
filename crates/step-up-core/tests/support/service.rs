//! A service that answers every request by a few rules. Each call of the platform, to the service and to the keychain alike,
//! can be held back, can fail, and is counted; and each request is inspected in the moment that it is sent.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use step_up_core::{
    Config, HttpRequest, HttpResponse, Keychain, LocalFuture, OtpVerification, Platform, PublicKey, Result,
    SessionStatus, Signature, StepUpClient, StepUpError, Timestamp, TokenScope,
};

use super::{ENVIRONMENT, Gate, NOW, jwt, poll, run, user};

/// How long a session of this service lives, in seconds.
pub(crate) const SESSION: i64 = 3600;
const EXPORT: TokenScope = TokenScope::WalletExport;

/// What goes wrong with one call of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It does not arrive.
    Lost,
    /// It arrives and is carried out; the response does not.
    LostAfter,
    Status(u16),
    Garbage,
}

struct Call {
    gate: Gate,
    fault: Rc<Cell<Fault>>,
}

#[derive(Default)]
pub(crate) struct Service {
    pub(crate) now: Cell<i64>,
    serial: Cell<u64>,
    /// How many calls the platform has got.
    pub(crate) count: Cell<usize>,
    /// From which call on they are held back.
    pub(crate) holds_from: Cell<Option<usize>>,
    /// Which call fails, and how.
    pub(crate) fault: Cell<Option<(usize, Fault)>>,
    held_back: RefCell<Vec<Call>>,
    pub(crate) timers: RefCell<Vec<(Duration, Gate)>>,
    client: RefCell<Option<StepUpClient>>,
    /// The last elevated token of each user.
    granted: RefCell<Vec<(String, String)>>,
    /// Whether the last token is granted again in place of a new one.
    pub(crate) grants_again: Cell<bool>,
    pub(crate) is_required: Cell<bool>,
    in_flight: RefCell<Vec<String>>,
    pub(crate) accepted: RefCell<Vec<String>>,
    /// Tokens of which the client knows that they were accepted.
    spent: RefCell<Vec<String>>,
    ended: RefCell<Vec<String>>,
    /// What should never have been sent.
    pub(crate) wrongs: RefCell<Vec<String>>,
}

/// An elevated token on its way.
struct InFlight(Rc<Service>, Option<String>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let InFlight(service, token) = self;
        service.in_flight.borrow_mut().retain(|other| Some(other) != token.as_ref());
    }
}

impl Service {
    /// A client of a new service. [`close`](Self::close) it at the end.
    pub(crate) fn client() -> (StepUpClient, Rc<Self>) {
        let service = Rc::new(Self::default());
        service.now.set(NOW);
        service.is_required.set(true);
        let client = StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), service.platform());
        service.client.replace(Some(client.clone()));
        (client, service)
    }

    pub(crate) fn signed_in() -> (StepUpClient, Rc<Self>) {
        let (client, service) = Self::client();
        service.sign_in(&client).unwrap();
        (client, service)
    }

    pub(crate) fn sign_in(&self, client: &StepUpClient) -> Result<()> {
        run(client.sign_in_with_otp(&self.sent(), "123456")).map(drop)
    }

    /// A code that was sent.
    pub(crate) fn sent(&self) -> OtpVerification {
        let (client, service) = Self::client();
        let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
        service.close();
        sent
    }

    /// Lets go of the client, which holds the service.
    pub(crate) fn close(&self) {
        self.client.replace(None);
    }

    fn platform(self: &Rc<Self>) -> Platform {
        let service = Rc::clone(self);
        let transport = move |request: HttpRequest| {
            let service = Rc::clone(&service);
            let in_flight = service.inspect(&request);
            let (gate, fault) = service.call();
            async move {
                let in_flight = in_flight;
                gate.await;
                let respond = || {
                    let (status, body) = service.respond(&request);
                    HttpResponse::new(status, body)
                };
                match fault.get() {
                    Fault::None => {
                        let response = respond();
                        if response.is_success() {
                            service.spent.borrow_mut().extend(in_flight.1.clone());
                        }
                        Ok(response)
                    }
                    Fault::Lost => Err(StepUpError::Network),
                    Fault::LostAfter => {
                        respond();
                        Err(StepUpError::Network)
                    }
                    Fault::Status(status) => Ok(HttpResponse::new(status, "{}")),
                    Fault::Garbage => Ok(HttpResponse::new(200, "<html>")),
                }
            }
        };
        let (clock, timers) = (Rc::clone(self), Rc::clone(self));
        let timer = move |duration: Duration| -> LocalFuture<'static, ()> {
            let gate = Gate::default();
            timers.timers.borrow_mut().push((duration, gate.clone()));
            Box::pin(gate)
        };
        let now = move || Timestamp::from_secs(clock.now.get());
        Platform::new(transport, now, timer, ServiceKeychain(Rc::clone(self)))
    }

    fn call(&self) -> (Gate, Rc<Cell<Fault>>) {
        let nth = self.count.replace(self.count.get() + 1);
        let (gate, fault) = (Gate::default(), Rc::new(Cell::new(Fault::None)));
        if let Some((at, planned)) = self.fault.get()
            && at == nth
        {
            fault.set(planned);
        }
        if self.holds_from.get().is_some_and(|from| nth >= from) {
            self.held_back.borrow_mut().push(Call { gate: gate.clone(), fault: Rc::clone(&fault) });
        } else {
            gate.open();
        }
        (gate, fault)
    }

    /// Lets the nth of the calls that are held back go on, with a fault.
    pub(crate) fn let_go(&self, nth: usize, fault: Fault) {
        let call = {
            let mut held_back = self.held_back.borrow_mut();
            if nth >= held_back.len() {
                return;
            }
            held_back.remove(nth)
        };
        call.fault.set(fault);
        call.gate.open();
    }

    /// Lets everything go on, now and later.
    pub(crate) fn let_all_go(&self) {
        self.holds_from.set(None);
        while !self.held_back.borrow().is_empty() {
            self.let_go(0, Fault::None);
        }
    }

    /// Lets every timer run out, also those that the others bring about.
    pub(crate) fn run_out_of_time(&self) {
        let timers: Vec<_> = self.timers.borrow_mut().drain(..).collect();
        timers.iter().for_each(|(_, gate)| gate.open());
    }

    fn inspect(self: &Rc<Self>, request: &HttpRequest) -> InFlight {
        let path = request.path().to_owned();
        let wrong = |what: &str| self.wrongs.borrow_mut().push(format!("{path} {what}"));
        let signed_in =
            self.client.borrow().clone().and_then(|client| client.user()).map(|user| user.id.clone());
        let signed_in = signed_in.as_ref().map(|id| id.as_str());
        if let Some(subject) = subject(header(request, "authorization"))
            && !path.ends_with("/revoke")
            && signed_in != Some(subject.as_str())
        {
            wrong("left with the bearer of a session that was over");
        }
        let Some(token) = header(request, "x-dyn-elevated-access-token") else {
            return InFlight(Rc::clone(self), None);
        };
        if subject(Some(token)).as_deref() != signed_in {
            wrong("carried the token of another user");
        }
        if self.in_flight.borrow().iter().any(|other| other == token) {
            wrong("carried a token that another request carried");
        }
        if self.spent.borrow().iter().any(|other| other == token) {
            wrong("carried a token that was spent");
        }
        self.in_flight.borrow_mut().push(token.to_owned());
        InFlight(Rc::clone(self), Some(token.to_owned()))
    }

    fn respond(&self, request: &HttpRequest) -> (u16, String) {
        let path = request.path();
        let subject = subject(header(request, "authorization")).unwrap_or_default();
        let ends_with = |end: &str| path.ends_with(end);
        let expires_at = self.now.get() + SESSION;
        if ends_with("/settings") {
            return (200, "{}".into());
        } else if ends_with("/nonces") {
            return (200, format!(r#"{{"nonces":["n{}","n{}"]}}"#, self.number(), self.number()));
        } else if ends_with("/signin") {
            let id = format!("u{}", self.number());
            let token = self.session_token(&id);
            return (
                200,
                format!(r#"{{"user":{},"expiresAt":{expires_at},"minifiedJwt":"{token}"}}"#, user(&id)),
            );
        } else if ends_with("/create") {
            return (200, r#"{"verificationUUID":"v","email":"a@b.example"}"#.into());
        } else if ends_with("/revoke") {
            self.ended.borrow_mut().push(subject);
            return (204, String::new());
        }
        if subject.is_empty() || self.ended.borrow().contains(&subject) {
            return (401, r#"{"error":"no","code":"unauthorized"}"#.into());
        }
        let (user, token) = (user(&subject), self.session_token(&subject));
        let renewed = format!(r#""user":{user},"expiresAt":{expires_at},"minifiedJwt":"{token}""#);
        if ends_with("/emailVerifications/verify") {
            let elevated = self.grant(&subject);
            (200, format!(r#"{{{renewed},"elevatedAccessToken":"{elevated}"}}"#))
        } else if ends_with("/refresh") {
            (200, format!("{{{renewed}}}"))
        } else if ends_with("/users") {
            (200, user)
        } else if ends_with("/mfa/methods") {
            (200, r#"{"devices":[],"passkeys":[]}"#.into())
        } else if ends_with("/stepUp/check") {
            (200, format!(r#"{{"isRequired":{}}}"#, self.is_required.get()))
        } else if ends_with("/export") {
            let carried = header(request, "x-dyn-elevated-access-token").map(str::to_owned);
            let accepted = &mut *self.accepted.borrow_mut();
            match carried.filter(|token| !accepted.contains(token)) {
                Some(token) => {
                    accepted.push(token);
                    (200, "{}".into())
                }
                None => (403, r#"{"error":"no","code":"elevated_access_token_required"}"#.into()),
            }
        } else {
            panic!("the service has no {path}")
        }
    }

    fn number(&self) -> u64 {
        self.serial.set(self.serial.get() + 1);
        self.serial.get()
    }

    fn session_token(&self, user: &str) -> String {
        let (iat, number) = (self.now.get(), self.number());
        jwt(&format!(r#"{{"sub":"{user}","iat":{iat},"jti":"{number}"}}"#))
    }

    fn grant(&self, user: &str) -> String {
        let granted = &mut *self.granted.borrow_mut();
        let last = granted.iter().rev().find(|(known, _)| known == user);
        if let (true, Some((_, token))) = (self.grants_again.get(), last) {
            return token.clone();
        }
        let (iat, number) = (self.now.get(), self.number());
        let token = jwt(&format!(
            r#"{{"sub":"{user}","scope":"wallet:export","iat":{iat},"exp":{},"singleUse":true,"jti":"{number}"}}"#,
            iat + 900
        ));
        granted.push((user.to_owned(), token.clone()));
        token
    }

    /// What holds at any time.
    #[track_caller]
    pub(crate) fn assert_consistent(&self, client: &StepUpClient, when: &str) {
        assert_eq!(*self.wrongs.borrow(), Vec::<String>::new(), "{when}");
        let (user, session, status) = (client.user(), client.session(), client.status());
        let (held, all) = (client.elevation(&EXPORT), client.elevations());
        assert_eq!(session.user, user, "{when}");
        assert_eq!(status == SessionStatus::SignedIn, user.is_some(), "{when}");
        assert!(user.is_some() || all.is_empty(), "{when}: held while signed out");
        assert!(held.iter().all(|held| all.contains(held)), "{when}: held and not listed");
        assert!(all.iter().all(|held| held.expires_at > client.now()), "{when}: an expired one is listed");
        assert!(session.expires_at.is_none_or(|at| at > client.now()), "{when}: an expired session");
        if held.is_some() || user.is_none() {
            let before = self.count.get();
            let check = run(client.check(&EXPORT));
            assert_eq!(check.is_required, held.is_none(), "{when}: the check says otherwise");
            assert_eq!(self.count.get(), before, "{when}: the check asked the service");
        }
    }

    /// The client does everything from the sign-in to a request that is accepted.
    #[track_caller]
    pub(crate) fn assert_works(&self, client: &StepUpClient, when: &str) {
        if client.status() == SessionStatus::SignedOut {
            self.sign_in(client).unwrap_or_else(|error| panic!("{when}: sign-in fails with {error:?}"));
        }
        let sent = run(client.send_otp(None)).unwrap_or_else(|error| panic!("{when}: {error:?}"));
        run(client.verify_otp(&sent, "1", &[EXPORT])).unwrap_or_else(|error| panic!("{when}: {error:?}"));
        // A token whose accepted request was lost is found out now.
        let export = || run(client.send(HttpRequest::post("/export"), EXPORT));
        let exported = export().or_else(|_| export());
        assert!(exported.is_ok(), "{when}: {exported:?}");
        run(client.sign_out()).unwrap_or_else(|error| panic!("{when}: sign-out fails with {error:?}"));
        self.assert_consistent(client, when);
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The `sub` of a token, without or with `Bearer`.
fn subject(token: Option<&str>) -> Option<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(token?.split('.').nth(1)?).ok()?;
    let claims = String::from_utf8(payload).ok()?;
    let (_, rest) = claims.split_once(r#""sub":""#)?;
    rest.split_once('"').map(|(subject, _)| subject.to_owned())
}

struct ServiceKeychain(Rc<Service>);

impl ServiceKeychain {
    fn give<T: 'static>(&self, value: Result<T>) -> LocalFuture<'static, Result<T>> {
        let (gate, fault) = self.0.call();
        Box::pin(async move {
            gate.await;
            match fault.get() {
                Fault::None => value,
                _ => Err(StepUpError::Storage { why: "the keys cannot be read".into() }),
            }
        })
    }
}

impl Keychain for ServiceKeychain {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        self.give(PublicKey::from_uncompressed(&[[4; 1].as_slice(), &[7; 64]].concat()))
    }

    fn sign_with_device_key(&self, _: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        let key = PublicKey::from_uncompressed(&[[4; 1].as_slice(), &[8; 64]].concat()).unwrap();
        self.give(Signature::from_raw(&[9; 64]).map(|signature| (key, signature)))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill_with(|| self.0.number() as u8);
        Ok(())
    }
}

/// Polls a boxed future once.
pub(crate) fn look<T>(future: &mut LocalFuture<'static, T>) -> std::task::Poll<T> {
    poll(&mut future.as_mut())
}
