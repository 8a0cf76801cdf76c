//! What the official React SDK sends, request by request: `@dynamic-labs/sdk-react-core` 4.96.3, with `@dynamic-labs/utils`
//! 4.96.3 and `@dynamic-labs-sdk/client` 1.27.1. Each helper names the function of the package that it repeats.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use step_up_core::Method;

use crate::{
    lab::{Answer, App, Ask, Lab, MINUTE, Person, STEP, claims},
    social::VERIFIER,
};

/// The page of the app, and the host under which it knows the sandbox.
const APP: &str = "http://localhost:3000";
const HOST: &str = "localhost:8787";
const SANDBOX: &str = "http://localhost:8787";

const FORM: &str = "application/x-www-form-urlencoded";

/// `providersRequiringPkce` of `useSocialAuth`.
const PKCE: [&str; 2] = ["twitter", "github"];

/// `randomString(32)` of `useSocialAuth.connectSocialAccount`.
fn state(number: u32) -> String {
    format!("Sdk-State_{number:022}")
}

/// The headers of `sdkApi` and `getApiHeaders`, and those that the browser adds.
fn sdk<'a>(ask: Ask<'a>, person: Option<&Person>) -> Ask<'a> {
    let ask = ask
        .header("content-type", "application/json")
        .header("x-dyn-request-id", "Rq3S-0d8mJ2kYw1ZpX7cVbN4tL6hGfA9sQeUiOrTyKjBxMzWvC")
        .header("x-dyn-version", "WalletKit/4.96.3")
        .header("x-dyn-api-version", "API/0.12.0")
        .header("x-dyn-is-global-wallet-popup", "false")
        .header("host", HOST)
        .header("origin", APP)
        .header("sec-fetch-site", "same-site")
        .header("sec-fetch-mode", "cors")
        .header("sec-fetch-dest", "empty");
    match person {
        Some(person) => ask.by(person),
        None => ask,
    }
}

/// The provider's settings, as `getProviderByType` finds them.
fn provider(lab: &mut Lab, name: &str) -> Value {
    let settings = sdk(lab.get("/settings"), None).send().ok().body;
    settings["providers"].as_array().unwrap().iter().find(|it| it["provider"] == name).unwrap().clone()
}

/// `getOauthLoginUrl`, and what `useSocialAuth.connectSocialAccount` adds: `URLSearchParams.set` writes the whole query
/// again as a form does, with a plus for each space.
fn login_url(provider: &Value, name: &str, state: &str) -> String {
    let text = |name: &str| provider[name].as_str().unwrap();
    let is_apple = name == "apple";
    let mut parameters = vec![
        ("client_id", text("clientId")),
        ("redirect_uri", text("redirectUrl")),
        ("response_type", if is_apple { "code id_token" } else { "code" }),
    ];
    if name == "google" {
        parameters.push(("access_type", "offline"));
    }
    parameters.push(("scope", text("scopes")));
    if is_apple {
        parameters.push(("response_mode", "form_post"));
    }
    parameters.push(("state", state));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    if PKCE.contains(&name) {
        parameters.extend([("code_challenge", &*challenge), ("code_challenge_method", "S256")]);
    }
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{}?{query}", text("baseAuthUrl"))
}

/// What a browser sends when it opens a page or submits a form in a window.
fn navigate(lab: &mut Lab, url: &str, form: Option<&str>, site: &str) -> Answer {
    let method = if form.is_some() { Method::Post } else { Method::Get };
    let path = url.strip_prefix(SANDBOX).unwrap_or(url).to_owned();
    let ask = lab
        .at(method, &path)
        .header("host", HOST)
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("sec-fetch-site", site)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    match form {
        Some(form) => ask.header("origin", SANDBOX).header("content-type", FORM).raw(form.as_bytes()).send(),
        None => ask.send(),
    }
}

fn html(answer: &Answer) -> &str {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.body);
    answer.body.as_str().unwrap()
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn attribute(page: &str, before: &str) -> Option<String> {
    let start = page.find(before)? + before.len();
    Some(unescaped(&page[start..start + page[start..].find('"')?]))
}

/// The fields of the page's form, in their order.
fn fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input type=\"hidden\" name=\"").skip(1);
    inputs
        .map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            (name.to_owned(), unescaped(rest.split('"').next().unwrap()))
        })
        .collect()
}

/// What came of a popup.
struct Popup {
    code: String,
    /// The form that brought the answer back, if one did.
    form: Vec<(String, String)>,
}

/// `createWindowOauth2Service.getOauthCode` with the popup strategy: the state is announced, the window goes to the
/// provider, and the user continues there.
fn popup(lab: &mut Lab, by: Option<&Person>, name: &str, state: &str, account: &str) -> Popup {
    let entry = provider(lab, name);
    // `oauth.initAuth`: an undefined redirect URL is left out of the JSON.
    let begin = lab.post(&format!("/providers/{name}/initAuth")).body(json!({ "state": state }));
    sdk(begin, by).send().ok();
    let consent = navigate(lab, &login_url(&entry, name, state), None, "same-site").ok();
    let ticket = attribute(html(&consent), "name=\"ticket\" value=\"").unwrap();
    let path = attribute(html(&consent), "action=\"").unwrap();
    let decision = Serializer::new(String::new())
        .extend_pairs([("ticket", &*ticket), ("account", account), ("decision", "continue")])
        .finish();
    let answer = navigate(lab, &path, Some(&decision), "same-origin");
    let (told, form) = if answer.status == 303 {
        let back = answer.header("location").unwrap().to_owned();
        (navigate(lab, &back, None, "same-origin").ok(), Vec::new())
    } else {
        let answer = answer.ok();
        let form = fields(html(&answer));
        let back = attribute(html(&answer), "action=\"").unwrap();
        assert_eq!(back, entry["redirectUrl"]);
        let body = Serializer::new(String::new()).extend_pairs(&form).finish();
        (navigate(lab, &back, Some(&body), "same-origin").ok(), form)
    };
    // `handleWindowMessage` and `handleAuthorizationMessage`: of this provider, with this state, without an error.
    assert_eq!(attribute(html(&told), "data-target=\"").as_deref(), Some(APP));
    let message = attribute(html(&told), "data-message=\"").unwrap();
    let message: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(
        (&message["type"], &message["provider"], &message["state"], message.get("error")),
        (&json!("authorization_response"), &json!(name), &json!(state), None)
    );
    Popup { code: message["code"].as_str().unwrap().to_owned(), form }
}

/// `oauth.signInOAuth`: undefined members are left out of the JSON. The verifier goes with every provider's code.
fn sign_in(lab: &mut Lab, name: &str, code: &str, state: &str) -> Answer {
    let body = json!({ "code": code, "codeVerifier": VERIFIER, "state": state });
    sdk(lab.post(&format!("/providers/{name}/signIn")).body(body), None).send()
}

/// `oauth.verifyOAuth` of a step-up.
fn verify(lab: &mut Lab, by: &Person, name: &str, code: &str, state: &str) -> Answer {
    let body = json!({ "code": code, "codeVerifier": VERIFIER, "state": state, "requestedScopes": ["wallet:export"] });
    sdk(lab.post(&format!("/providers/{name}/verify")).body(body), Some(by)).send()
}

#[test]
fn a_popup_signs_in_and_steps_up_at_every_provider() {
    let mut lab = Lab::new();
    for (number, name) in (1..).zip(["google", "discord", "apple", "github"]) {
        let first = popup(&mut lab, None, name, &state(number), "ada@example.com");
        let answer = sign_in(&mut lab, name, &first.code, &state(number)).ok();
        let person = Person::from_answer("ada@example.com", &answer);
        let state = state(number + 10);
        let second = popup(&mut lab, Some(&person), name, &state, "ada@example.com");
        let answer = verify(&mut lab, &person, name, &second.code, &state).ok();
        lab.export(&person, Some(&answer.text("elevatedAccessToken"))).ok();
    }
}

#[test]
fn apple_answers_a_popup_with_a_form_of_code_state_identity_token_and_once_the_user() {
    let mut lab = Lab::new();
    let names = |popup: &Popup| popup.form.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let value = |popup: &Popup, name: &str| {
        popup.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
    };
    let first = popup(&mut lab, None, "apple", &state(1), "ada@example.com");
    assert_eq!(names(&first), ["code", "state", "id_token", "user"]);
    assert_eq!((value(&first, "state"), value(&first, "code")), (state(1), first.code.clone()));
    let user: Value = serde_json::from_str(&value(&first, "user")).unwrap();
    assert_eq!(user, json!({ "name": { "firstName": "ada", "lastName": "" }, "email": "ada@example.com" }));
    let token = claims(&value(&first, "id_token"));
    assert_eq!(token["aud"], "sandbox-apple");
    assert_eq!(token["iss"], "http://localhost:8787/sandbox-idp/apple");
    assert_eq!((&token["email"], &token["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    let c_hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&first.code)[..16]);
    assert_eq!(token["c_hash"], c_hash, "OpenID Connect Core 1.0, section 3.3.2.11");
    let answer = sign_in(&mut lab, "apple", &first.code, &state(1)).ok();
    let credential = &answer.body["user"]["verifiedCredentials"];
    let social = credential.as_array().unwrap().iter().find(|it| it["format"] == "oauth").unwrap();
    assert_eq!(social["oauth_account_id"], token["sub"]);
    let second = popup(&mut lab, None, "apple", &state(2), "ada@example.com");
    assert_eq!(names(&second), ["code", "state", "id_token"]);
    assert_eq!(claims(&value(&second, "id_token"))["sub"], token["sub"]);
}

/// `getMfaRecoveryCodes`, which sends no elevated token.
fn recovery_codes(lab: &mut Lab, by: &Person) -> Value {
    sdk(lab.get("/users/mfa/recovery"), Some(by)).send().ok().body
}

/// `acknowledgeRecoveryCodes`.
fn acknowledge(lab: &mut Lab, by: &Person) -> Value {
    let body = json!({ "mfaBackupCodeAcknowledgement": "complete" });
    sdk(lab.ask(Method::Put, "/users").body(body), Some(by)).send().ok().body
}

/// The user enrols an authenticator app, and `MfaVerificationView` shows `MfaDisplayBackupCodesView`, which asks for the
/// codes while the prompt closes it. `useSyncMfaFlow` shows it again while the acknowledgement is pending.
#[test]
fn the_view_of_recovery_codes_that_was_closed_shows_them_when_it_comes_again() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elevated = lab.elevate(&ada, &["credential:link"]);
    // `registerTotpMfaDevice`, which sends the elevated token.
    let device = sdk(lab.get("/users/mfa/register/totp"), Some(&ada)).elevated(&elevated).send().ok();
    let app = App { id: device.text("id"), secret: device.text("secret") };
    // `authenticateTotpMfaDevice`.
    let body = json!({ "code": app.code(lab.now), "id": app.id });
    sdk(lab.post("/users/mfa/auth/totp").body(body), Some(&ada)).send().ok();

    let lost = recovery_codes(&mut lab, &ada);
    assert_eq!(lost["recoveryCodes"].as_array().unwrap().len(), 10);
    lab.wait(MINUTE);
    assert_eq!(lab.user(&ada).ok().body["mfaBackupCodeAcknowledgement"], "pending");
    let shown = recovery_codes(&mut lab, &ada);
    assert_eq!(shown, lost, "the view comes again");

    let answer = acknowledge(&mut lab, &ada);
    assert_eq!(answer["user"]["mfaBackupCodeAcknowledgement"], "complete");
    assert_eq!(recovery_codes(&mut lab, &ada), json!({ "count": 10, "recoveryCodes": [] }));
    lab.wait(STEP);
    // `authenticateMfaRecoveryCode`.
    let body = json!({ "code": shown["recoveryCodes"][0], "requestedScopes": ["wallet:export"] });
    let answer = sdk(lab.post("/users/mfa/auth/recovery").body(body), Some(&ada)).send().ok();
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
}
