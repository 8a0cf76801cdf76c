//! Core lane: what a server asks for in a challenge is what the user is asked for, and what the next request carries.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use proptest::prelude::*;
use step_up_core::{
    AsChallenge, Challenge, GuardOptions, HttpRequest, HttpResponse, LocalFuture, PromptOptions, Prompter,
    Scopes, SessionStatus, StepUpClient, StepUpError, TokenScope,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const SIGN: TokenScope = TokenScope::WalletSign;
const NOT_REQUIRED: &str = r#"{"isRequired":false}"#;
const BY_EMAIL: &str =
    r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}],"defaultCredentialId":"c"}"#;

/// The error of an app that may also send requests by its own means.
#[derive(Debug)]
enum Error {
    StepUp(StepUpError),
    Refused(HttpResponse),
}

impl From<StepUpError> for Error {
    fn from(error: StepUpError) -> Self {
        Self::StepUp(error)
    }
}

impl AsChallenge for Error {
    fn challenge(&self) -> Option<Challenge> {
        match self {
            Self::StepUp(error) => error.challenge(),
            Self::Refused(response) => Challenge::of_response(response),
        }
    }

    fn is_cancelled(&self) -> bool {
        matches!(self, Self::StepUp(error) if error.is_cancelled())
    }
}

type Guarded = LocalFuture<'static, Result<HttpResponse, Error>>;

/// How an action sends its request.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// With `send`, with the scopes that the guard hands it.
    Send(&'static str),
    /// With `send`, without a scope the first time.
    SendWithout(&'static str),
    /// By its own means the first time.
    Own,
}

const SERVICE: &str = "/transfers";
const BACKEND: &str = "https://api.example/transfers";

/// An action that needs `EXPORT`, as far as its app knows.
fn guarded(client: &StepUpClient, way: Way, refused: &HttpResponse) -> (Guarded, Rc<RefCell<Vec<Scopes>>>) {
    let handed = Rc::<RefCell<Vec<Scopes>>>::default();
    let (sender, refused, log, is_first) =
        (client.clone(), refused.clone(), Rc::clone(&handed), Cell::new(true));
    let action = move |scopes: Scopes| -> Guarded {
        log.borrow_mut().push(scopes.clone());
        let (is_first, refused) = (is_first.replace(false), refused.clone());
        let sent = match way {
            Way::Own if is_first => return Box::pin(async { Err(Error::Refused(refused)) }),
            Way::Own => sender.send(HttpRequest::post(BACKEND), scopes),
            Way::SendWithout(url) if is_first => sender.send(HttpRequest::post(url), None),
            Way::Send(url) | Way::SendWithout(url) => sender.send(HttpRequest::post(url), scopes),
        };
        Box::pin(async { Ok(sent.await?) })
    };
    (client.guard(GuardOptions::new(&[EXPORT]), action), handed)
}

fn look(guarded: &mut Guarded) -> Poll<Result<HttpResponse, Error>> {
    poll(&mut Pin::new(guarded))
}

#[track_caller]
fn asked_for(prompter: &Prompter) -> Vec<TokenScope> {
    prompter.prompt().expect("the user is not asked").view().unwrap().scopes
}

fn names(scopes: &[TokenScope]) -> String {
    scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>().join(" ")
}

/// The user verifies in the prompt; returns the token that this brings.
fn verify_in_prompt(prompter: &Prompter, script: &Script, is_single_use: bool) -> String {
    let prompt = prompter.prompt().unwrap();
    let claims = claims(&names(&prompt.view().unwrap().scopes), 300, is_single_use);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    script.expect("/emailVerifications/verify", 200, verified("u", Some(&claims)));
    run(prompt.submit_code("123456")).unwrap();
    jwt(&claims)
}

/// Holds a reusable token for these scopes, from before.
fn hold(client: &StepUpClient, script: &Script, scopes: &[TokenScope]) -> String {
    let claims = claims(&names(scopes), 200, false);
    verify(client, script, scopes, 200, verified("u", Some(&claims))).unwrap();
    jwt(&claims)
}

fn carried(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers.iter();
    headers.find(|(name, _)| name == "x-dyn-elevated-access-token").map(|(_, value)| value.as_str())
}

#[track_caller]
fn carried_last(script: &Script) -> Option<String> {
    let requests = script.requests("/transfers");
    carried(requests.last().unwrap()).map(Into::into)
}

fn refusal(parameters: &str) -> HttpResponse {
    let header = format!(r#"Bearer error="insufficient_user_authentication"{parameters}"#);
    HttpResponse::new(401, "").with_header("www-authenticate", &header)
}

/// What a server answers, and what it means.
fn response() -> impl Strategy<Value = (HttpResponse, Challenge)> {
    let pool = ["wallet:sign", "bank:transfer", "user:delete"].map(TokenScope::from).to_vec();
    let scopes = prop::sample::subsequence(pool, 0..=3);
    let acr_values = prop::collection::vec("[a-z]{1,5}(:[a-z0-9.]{1,5})?", 0..3);
    let challenge =
        (scopes, acr_values, prop::option::of(0..100_000_u64)).prop_map(|(scopes, acr_values, age)| {
            let mut challenge = Challenge::new(&scopes);
            challenge.acr_values = acr_values;
            challenge.max_age = age.map(Duration::from_secs);
            challenge
        });
    let others = prop::collection::vec(
        prop::sample::select(vec![
            r#"Basic realm="a, \"b\" error=x""#,
            "Negotiate",
            "Negotiate YII==",
            r#"Bearer error="invalid_token", scope="user:update""#,
            r#"Bearer error="invalid_token", error_description="no insufficient_user_authentication""#,
            "DPoP algs=\"ES256\"",
            "",
            " , ,",
        ]),
        0..3,
    );
    let form = (any::<[bool; 4]>(), any::<u64>(), prop::sample::select(vec![",", ", ", " ,\t"]), 0..3_usize);
    (challenge, others, form, prop::sample::select(vec![401, 403])).prop_map(
        |(challenge, others, ([is_upper, is_quoted, is_joined, is_spaced], order, comma, at), status)| {
            let mut parameters = vec![("error", "insufficient_user_authentication".to_owned())];
            if !challenge.scopes.is_empty() {
                parameters.push(("scope", names(&challenge.scopes)));
            }
            if !challenge.acr_values.is_empty() {
                parameters.push(("acr_values", challenge.acr_values.join(" ")));
            }
            if let Some(age) = challenge.max_age {
                parameters.push(("max_age", age.as_secs().to_string()));
            }
            parameters.push(("realm", r"a, \b= c".into()));
            let turn = usize::try_from(order % 5).unwrap() % parameters.len();
            parameters.rotate_left(turn);
            let equals = if is_spaced { " = " } else { "=" };
            let written: Vec<String> = parameters
                .iter()
                .map(|(name, value)| {
                    let name = if is_upper { name.to_uppercase() } else { (*name).to_owned() };
                    let is_token = value.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
                    if is_token && !is_quoted {
                        format!("{name}{equals}{value}")
                    } else {
                        let value = value.replace('\\', r"\\").replace('"', "\\\"");
                        format!("{name}{equals}\"{value}\"")
                    }
                })
                .collect();
            let scheme = if is_upper { "BEARER" } else { "Bearer" };
            let mut all: Vec<String> = others.into_iter().map(Into::into).collect();
            all.insert(at.min(all.len()), format!("{scheme} {}", written.join(comma)));
            let response = HttpResponse::new(status, "a page");
            let response = if is_joined {
                response.with_header("WWW-Authenticate", all.join(", "))
            } else {
                all.iter().fold(response, |response, one| response.with_header("WWW-Authenticate", one))
            };
            (response, challenge)
        },
    )
}

fn way() -> impl Strategy<Value = Way> {
    prop::sample::select(vec![
        Way::Send(SERVICE),
        Way::Send(BACKEND),
        Way::SendWithout(SERVICE),
        Way::SendWithout(BACKEND),
        Way::Own,
    ])
}

proptest! {
    /// The user is asked for what the server asks for, however that is written and sent, and the request that
    /// follows carries a token for all of it; one from after the challenge, if the server wants a fresh verification.
    #[test]
    fn what_the_server_asks_for_is_what_the_user_is_asked_for(
        (refused, wanted) in response(),
        way in way(),
        is_held in any::<bool>(),
        is_single_use in any::<bool>(),
    ) {
        prop_assert_eq!(Challenge::of_response(&refused), Some(wanted.clone()));
        let (client, script) = signed_in("u");
        let prompter = client.mount_prompter(|| ());
        let named = !wanted.scopes.is_empty();
        let expected = match way {
            _ if named => wanted.scopes.clone(),
            _ => vec![EXPORT],
        };
        // It covers what the server asks for, and not what the first request carries.
        let old = (is_held && named).then(|| hold(&client, &script, &wanted.scopes));
        script.expect("/stepUp/check", 200, NOT_REQUIRED);
        if !matches!(way, Way::Own) {
            script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
        }
        script.always("/stepUp/check", BY_EMAIL);
        script.always("/transfers", "{}");
        let (mut guarded, handed) = guarded(&client, way, &refused);
        let token = match look(&mut guarded) {
            Poll::Pending => {
                prop_assert_eq!(asked_for(&prompter), expected.clone());
                let token = verify_in_prompt(&prompter, &script, is_single_use);
                prop_assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
                token
            }
            Poll::Ready(outcome) => {
                prop_assert!(outcome.is_ok());
                prop_assert!(!wanted.wants_fresh_verification(), "what is held is too old");
                old.clone().expect("the user has to be asked, because nothing is held")
            }
        };
        prop_assert_eq!(carried_last(&script), Some(token));
        prop_assert_eq!(handed.borrow()[0].to_vec(), vec![EXPORT]);
        prop_assert_eq!(handed.borrow()[1].to_vec(), expected);
        prop_assert_eq!(client.status(), SessionStatus::SignedIn, "a challenge ends no session");
    }

    /// The error of `send` says the same, for an app that asks the user itself.
    #[test]
    fn the_error_of_send_has_what_the_server_asks_for(
        (refused, wanted) in response(),
        url in prop::sample::select(vec![SERVICE, BACKEND]),
        requested in prop::option::of(Just(EXPORT)),
    ) {
        let (client, script) = signed_in("u");
        script.expect_answer("/transfers", Answer::ReplyWith(refused));
        let error = run(client.send(HttpRequest::post(url), requested.clone())).unwrap_err();
        let mut expected = wanted;
        if expected.scopes.is_empty() {
            expected.scopes = Vec::from_iter(requested);
        }
        prop_assert_eq!(error.challenge(), Some(expected.clone()));
        prop_assert_eq!(error, StepUpError::NotElevated(expected));
        prop_assert_eq!(client.status(), SessionStatus::SignedIn);
    }

    /// No header breaks the reading, and what is read does not depend on who sent the request.
    #[test]
    fn any_header_is_read_alike_by_send_and_by_the_app(header in "[ -~\t]{0,60}", is_challenge in any::<bool>()) {
        let header =
            if is_challenge { format!("{header} error=insufficient_user_authentication") } else { header };
        let refused = HttpResponse::new(403, "").with_header("www-authenticate", &header);
        let (client, script) = signed_in("u");
        script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
        let error = run(client.send(HttpRequest::post(BACKEND), None)).unwrap_err();
        prop_assert_eq!(error.challenge(), Challenge::of_response(&refused));
    }
}

#[test]
fn a_challenge_for_another_scope_leaves_the_token_that_the_request_carried() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    elevate(&client, &script, 300, true);
    let refused = refusal(r#", scope="wallet:sign""#);
    script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
    let (mut guarded, _) = guarded(&client, Way::Send(SERVICE), &refused);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    assert!(carried_last(&script).is_some());
    assert_eq!(asked_for(&prompter), [SIGN]);
    assert!(client.elevation(&EXPORT).is_some(), "the server wanted another one");
    let token = verify_in_prompt(&prompter, &script, true);
    script.expect("/transfers", 200, "{}");
    assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
    assert_eq!(carried_last(&script), Some(token));
    assert!(client.elevation(&EXPORT).is_some());
    assert!(client.elevation(&SIGN).is_none(), "it was single-use");
    script.assert_done();
}

#[test]
fn two_tokens_that_cover_the_scopes_only_together_are_not_enough_for_one_request() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    let delete = TokenScope::UserDelete;
    hold(&client, &script, std::slice::from_ref(&SIGN));
    hold(&client, &script, std::slice::from_ref(&delete));
    let refused = refusal(r#", scope="wallet:sign user:delete""#);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
    let (mut guarded, _) = guarded(&client, Way::Send(SERVICE), &refused);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    assert_eq!(asked_for(&prompter), [SIGN, delete]);
    let token = verify_in_prompt(&prompter, &script, false);
    script.expect("/transfers", 200, "{}");
    assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
    assert_eq!(carried_last(&script), Some(token));
    script.assert_done();
}

#[test]
fn an_action_of_two_requests_is_elevated_again_for_the_one_that_it_has_spent() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    for scope in ["wallet:export", "wallet:sign"] {
        let answer = verified("u", Some(&claims(scope, 300, true)));
        verify(&client, &script, &[scope.into()], 200, answer).unwrap();
    }
    let sender = client.clone();
    let action = move |_| -> Guarded {
        let sender = sender.clone();
        Box::pin(async move {
            sender.send(HttpRequest::post("/first"), EXPORT).await?;
            Ok(sender.send(HttpRequest::post(SERVICE), SIGN).await?)
        })
    };
    let mut guarded: Guarded = client.guard(GuardOptions::new(&[EXPORT, SIGN]), action);
    script.expect("/first", 200, "{}");
    script.expect_answer("/transfers", Answer::ReplyWith(refusal("")));
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    assert_eq!(asked_for(&prompter), [SIGN, EXPORT], "what it needs once more comes with what was refused");
    let token = verify_in_prompt(&prompter, &script, false);
    script.expect("/first", 200, "{}");
    script.expect("/transfers", 200, "{}");
    assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
    assert_eq!(carried_last(&script), Some(token));
    script.assert_done();
}

#[test]
fn a_fresh_verification_is_carried_also_if_a_better_token_is_held_from_before() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    // Reusable, for fewer scopes: any other request would carry this one.
    hold(&client, &script, std::slice::from_ref(&SIGN));
    let refused = refusal(r#", scope="wallet:sign", max_age="0""#);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
    let (mut guarded, _) = guarded(&client, Way::Send(BACKEND), &refused);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    let fresh = verify_in_prompt(&prompter, &script, true);
    script.expect("/transfers", 200, "{}");
    assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
    assert_eq!(carried_last(&script), Some(fresh));
    assert!(client.elevation(&SIGN).is_some(), "the older one is still good for others");
}

#[test]
fn an_app_that_asks_the_user_itself_makes_the_prompt_of_the_challenge() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    hold(&client, &script, std::slice::from_ref(&SIGN));
    let refused = refusal(r#", scope="wallet:sign""#);
    script.expect_answer("/transfers", Answer::ReplyWith(refused));
    let Err(StepUpError::NotElevated(challenge)) = run(client.send(HttpRequest::post(BACKEND), None)) else {
        panic!("it was refused");
    };
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    script.expect("/users/mfa/methods", 200, "{}");
    let mut wait = client.prompt_step_up_auth(PromptOptions::from(&challenge));
    assert!(
        poll(&mut Pin::new(&mut wait)).is_pending(),
        "neither a token nor a check was enough for this server"
    );
    assert_eq!(asked_for(&prompter), [SIGN]);
    let fresh = verify_in_prompt(&prompter, &script, true);
    assert!(run(wait).is_ok());
    assert_ne!(fresh, "");
    script.expect("/transfers", 200, "{}");
    run(client.send(HttpRequest::post(BACKEND), challenge.scopes)).unwrap();
    assert!(carried_last(&script).is_some());
}

#[test]
fn a_token_that_was_there_for_the_refused_run_does_not_answer_the_challenge() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    hold(&client, &script, &[EXPORT]);
    // The app sends the first request itself, so the client does not drop the token.
    let (mut guarded, handed) = guarded(&client, Way::Own, &refusal(""));
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    assert_eq!(handed.borrow().len(), 1);
    assert!(client.elevation(&EXPORT).is_some());
    assert_eq!(asked_for(&prompter), [EXPORT]);
    let token = verify_in_prompt(&prompter, &script, false);
    script.expect("/transfers", 200, "{}");
    assert!(matches!(look(&mut guarded), Poll::Ready(Ok(_))));
    assert_eq!(carried_last(&script), Some(token));
}

#[test]
fn a_second_challenge_is_the_actions_error() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    let refused = refusal(r#", scope="wallet:sign""#);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    script.expect_answer("/transfers", Answer::ReplyWith(refused.clone()));
    let (mut guarded, _) = guarded(&client, Way::Send(BACKEND), &refused);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut guarded).is_pending());
    verify_in_prompt(&prompter, &script, true);
    script.expect_answer("/transfers", Answer::ReplyWith(refusal(r#", scope="user:delete""#)));
    let Poll::Ready(Err(Error::StepUp(error))) = look(&mut guarded) else {
        panic!("the second refusal ends it")
    };
    assert_eq!(error, StepUpError::NotElevated(Challenge::new(&[TokenScope::UserDelete])));
    script.assert_done();
}
