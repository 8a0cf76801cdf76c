//! Sessions in cookies.

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Config;

use crate::lab::{Answer, Ask, Lab, MINUTE, SECOND, claims};

pub(crate) const ORIGIN: &str = "http://localhost:3000";

fn lab() -> Lab {
    in_cookies(Lab::new())
}

pub(crate) fn in_cookies(mut lab: Lab) -> Lab {
    lab.set(json!({ "security": { "auth": { "storage": ["cookie"] } } }));
    lab
}

/// What a browser does with a request of the page at [`ORIGIN`].
trait Browser {
    fn with(self, cookie: &str) -> Self;
}

impl Browser for Ask<'_> {
    fn with(self, cookie: &str) -> Self {
        self.header("origin", ORIGIN).header("cookie", cookie)
    }
}

/// The cookie that an answer sets, as `name=value`, and its attributes.
#[track_caller]
fn cookie_of(answer: &Answer) -> (String, Vec<String>) {
    let Some(header) = answer.header("set-cookie") else { panic!("no cookie: {}", answer.body) };
    let mut parts = header.split("; ").map(str::to_owned);
    (parts.next().unwrap(), parts.collect())
}

pub(crate) fn token_of(cookie: &str) -> &str {
    cookie.strip_prefix("DYNAMIC_JWT_TOKEN=").unwrap()
}

#[track_caller]
fn is_taken_back(answer: &Answer) -> bool {
    let Some(header) = answer.header("set-cookie") else { return false };
    header.starts_with("DYNAMIC_JWT_TOKEN=;") && header.contains("; Max-Age=0;")
}

fn try_sign_in(lab: &mut Lab, email: &str) -> Answer {
    lab.post("/emailVerifications/create")
        .header("origin", ORIGIN)
        .body(json!({ "email": email }))
        .send()
        .ok();
    let sent = lab.newest(email);
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    lab.post("/emailVerifications/signin").header("origin", ORIGIN).body(body).send()
}

/// Signs in and gives the cookie.
pub(crate) fn sign_in(lab: &mut Lab, email: &str) -> String {
    cookie_of(&try_sign_in(lab, email).ok()).0
}

fn elevate(lab: &mut Lab, cookie: &str, email: &str, scopes: &[&str]) -> Answer {
    let body = json!({ "email": email });
    lab.post("/emailVerifications/create").with(cookie).body(body).send().ok();
    let sent = lab.newest(email);
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "requestedScopes": scopes,
    });
    lab.post("/emailVerifications/verify").with(cookie).body(body).send()
}

fn export(lab: &mut Lab, cookie: &str, elevated: &str) -> Answer {
    let user = lab.get("/users").with(cookie).send().ok();
    let credentials = user.body["verifiedCredentials"].as_array().unwrap();
    let wallet = credentials.iter().find_map(|it| it["embedded_wallet_id"].as_str()).unwrap();
    let path = format!("/waas/{wallet}/privateKey/export");
    lab.post(&path).with(cookie).elevated(elevated).send()
}

#[test]
fn a_sign_in_sets_a_cookie_and_shows_no_token() {
    let mut lab = lab();
    let answer = try_sign_in(&mut lab, "ada@example.com").ok();
    let (cookie, attributes) = cookie_of(&answer);
    let path = format!("Path=/api/v0/sdk/{}", lab.config.environment_id());
    assert_eq!(attributes, [path.as_str(), "Max-Age=7200", "HttpOnly", "SameSite=Strict"]);
    for name in ["jwt", "minifiedJwt"] {
        assert_eq!(answer.body.get(name), None);
    }
    assert!(!answer.body.to_string().contains(token_of(&cookie)));
    assert_eq!(answer.body["expiresAt"], claims(token_of(&cookie))["exp"]);
    assert_eq!(answer.body["user"]["id"], claims(token_of(&cookie))["sub"]);
    assert_eq!(lab.get("/users").with(&cookie).send().ok().body["id"], answer.body["user"]["id"]);
    assert_eq!(lab.requests().last().unwrap()["hasCookie"], true);
    assert!(!Value::from(lab.requests()).to_string().contains(token_of(&cookie)));
}

#[test]
fn the_cookie_is_for_https_where_the_client_came_that_way() {
    let mut lab = lab();
    lab.post("/emailVerifications/create")
        .header("origin", ORIGIN)
        .body(json!({ "email": "ada@example.com" }))
        .send()
        .ok();
    let sent = lab.newest("ada@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    let ask = lab.post("/emailVerifications/signin").header("origin", ORIGIN);
    let answer = ask.header("x-forwarded-proto", "https").body(body).send().ok();
    assert_eq!(cookie_of(&answer).1.last().unwrap(), "Secure");
}

#[test]
fn the_cookie_is_found_among_others_and_one_of_two_is_none() {
    let mut lab = lab();
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| sign_in(&mut lab, email));
    for cookies in [format!("a=b; {ada}; c=d"), format!("a=b;{ada}"), format!("x{eve}; {ada}")] {
        lab.get("/users").with(&cookies).send().ok();
    }
    for cookies in [
        format!("{ada}; {eve}"),
        format!("{ada}; {ada}"),
        format!("x{ada}"),
        ada.to_lowercase(),
        "DYNAMIC_JWT_TOKEN=".to_owned(),
        "DYNAMIC_JWT_TOKEN".to_owned(),
        String::new(),
    ] {
        lab.get("/users").with(&cookies).send().refused(401, "unauthorized");
    }
}

#[test]
fn a_cookie_steps_up_and_the_elevated_token_is_still_a_header() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    let answer = elevate(&mut lab, &cookie, "ada@example.com", &["wallet:export"]).ok();
    assert_eq!(answer.body.get("minifiedJwt"), None);
    let (renewed, _) = cookie_of(&answer);
    let elevated = answer.text("elevatedAccessToken");
    export(&mut lab, &renewed, "").not_elevated();
    export(&mut lab, &renewed, &elevated).ok();
    export(&mut lab, &renewed, &elevated).not_elevated();
    assert_eq!(claims(token_of(&renewed))["sid"], claims(token_of(&cookie))["sid"]);
}

#[test]
fn a_change_without_an_allowed_origin_is_refused() {
    let mut lab = in_cookies(Lab::with(Config::default().allow_origin(ORIGIN).unwrap()));
    let cookie = sign_in(&mut lab, "ada@example.com");
    let body = json!({ "firstName": "Eve" });
    for (method, path) in [
        (Method::Put, "/users"),
        (Method::Delete, "/users"),
        (Method::Post, "/revoke"),
        (Method::Post, "/refresh"),
        (Method::Post, "/stepUp/check"),
    ] {
        let ask = lab.ask(method, path).header("cookie", &cookie).body(body.clone());
        ask.send().refused(403, "origin_required");
        for origin in ["http://localhost:3001", "https://evil.example", "null"] {
            let ask = lab.ask(method, path).header("cookie", &cookie).header("origin", origin);
            ask.body(body.clone()).send().refused(403, "origin_not_allowed");
        }
    }
    // Nor is anybody signed in from elsewhere, whom they are not.
    let email = json!({ "email": "eve@example.com" });
    lab.post("/emailVerifications/create").body(email).send().refused(403, "origin_required");
    let user = lab.get("/users").with(&cookie).send().ok();
    assert_eq!(user.body.get("firstName"), None);
    lab.ask(Method::Put, "/users").with(&cookie).body(body).send().ok();
}

#[test]
fn a_read_that_another_page_embeds_is_refused() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    for site in ["cross-site", "same-site", "none"] {
        let ask = lab.get("/users").header("cookie", &cookie).header("sec-fetch-site", site);
        ask.send().refused(403, "origin_required");
    }
    // A page reads from its own origin without an `Origin`.
    lab.get("/users").header("cookie", &cookie).header("sec-fetch-site", "same-origin").send().ok();
    lab.get("/users").header("cookie", &cookie).send().ok();
    lab.get("/settings").header("sec-fetch-site", "none").send().ok();
}

#[test]
fn pages_may_send_cookies_and_only_to_the_api() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    let shares = |answer: &Answer| answer.header("access-control-allow-credentials").map(str::to_owned);
    let answer = lab.get("/users").with(&cookie).send().ok();
    assert_eq!(shares(&answer).as_deref(), Some("true"));
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("vary"), Some("origin"));
    let refused = lab.get("/users").header("origin", ORIGIN).send().refused(401, "unauthorized");
    assert_eq!(shares(&refused).as_deref(), Some("true"), "refusals can be read too");
    let foreign = lab.get("/users").header("cookie", &cookie).header("origin", "https://evil.example").send();
    assert_eq!(shares(&foreign.refused(403, "origin_not_allowed")), None);
    let control = lab.at(Method::Get, "/sandbox/inbox").header("origin", ORIGIN).send().ok();
    assert_eq!(shares(&control), None);
    lab.get("/settings").send().ok();
}

#[test]
fn a_refresh_renews_the_cookie() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    lab.wait(119 * MINUTE);
    let answer = lab.post("/refresh").with(&cookie).send().ok();
    let (renewed, attributes) = cookie_of(&answer);
    assert_eq!(attributes[1], "Max-Age=7200");
    assert_eq!(answer.body["expiresAt"], lab.now.as_secs() + 7200);
    lab.wait(MINUTE);
    lab.get("/users").with(&cookie).send().refused(401, "unauthorized");
    lab.get("/users").with(&renewed).send().ok();
}

#[test]
fn a_sign_out_takes_the_cookie_back_and_ends_what_it_was_good_for() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    let elevated = elevate(&mut lab, &cookie, "ada@example.com", &["user:delete"]).ok();
    let elevated = elevated.text("elevatedAccessToken");
    let answer = lab.post("/revoke").with(&cookie).send().ok();
    assert!(is_taken_back(&answer), "{:?}", answer.headers);
    let answer = lab.get("/users").with(&cookie).send().refused(401, "unauthorized");
    assert!(is_taken_back(&answer));
    let again = sign_in(&mut lab, "ada@example.com");
    lab.ask(Method::Delete, "/users").with(&again).elevated(&elevated).send().not_elevated();
}

#[test]
fn who_leaves_leaves_no_cookie() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    elevate(&mut lab, &cookie, "ada@example.com", &["user:delete"]).ok();
    let answer = lab.ask(Method::Delete, "/users").with(&cookie).send().ok();
    assert!(is_taken_back(&answer));
}

#[test]
fn a_cookie_that_is_over_keeps_nobody_from_signing_in() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    lab.wait(120 * MINUTE);
    let answer = lab
        .post("/emailVerifications/create")
        .with(&cookie)
        .body(json!({ "email": "ada@example.com" }))
        .send();
    assert!(is_taken_back(&answer.ok()));
    let sent = lab.newest("ada@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    let answer = lab.post("/emailVerifications/signin").with(&cookie).body(body).send().ok();
    lab.get("/users").with(&cookie_of(&answer).0).send().ok();
}

#[test]
fn who_is_signed_in_without_knowing_it_can_sign_in_again_but_not_with_a_strangers_code() {
    let mut lab = lab();
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| sign_in(&mut lab, email));
    let create = |lab: &mut Lab, cookie: &str| {
        let body = json!({ "email": "ada@example.com" });
        lab.post("/emailVerifications/create").with(cookie).body(body).send().ok();
        let sent = lab.newest("ada@example.com");
        json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code })
    };
    let by_ada = create(&mut lab, &ada);
    for stranger in ["", eve.as_str()] {
        let ask = lab.post("/emailVerifications/signin").with(stranger).body(by_ada.clone());
        ask.send().refused(422, "invalid_verification");
    }
    let answer = lab.post("/emailVerifications/signin").with(&ada).body(by_ada).send().ok();
    assert_eq!(answer.body["user"]["id"], claims(token_of(&ada))["sub"]);
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_ne!(answer.body["user"]["sessionId"], claims(token_of(&ada))["sid"]);
    let by_ada = create(&mut lab, &ada);
    lab.set(json!({}));
    let ask = lab.post("/emailVerifications/signin").with(&ada).body(by_ada);
    ask.send().refused(422, "invalid_verification");
}

#[test]
fn a_bearer_still_counts_before_any_cookie_and_is_not_shown_anew() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "eve@example.com");
    let ada = lab.person("ada@example.com");
    lab.ask(Method::Put, "/users").by(&ada).body(json!({ "firstName": "Ada" })).send().ok();
    let both = lab.get("/users").by(&ada).with(&cookie).send().ok();
    assert_eq!(both.body["id"], ada.id);
    let answer = lab.post("/refresh").by(&ada).send().ok();
    assert_eq!(answer.body.get("minifiedJwt"), None);
    lab.post("/revoke").by(&ada).send().ok();
    lab.get("/users").by(&ada).with(&cookie).send().refused(401, "unauthorized");
    lab.get("/users").with(&cookie).send().ok();
}

#[test]
fn no_device_signs_and_one_that_does_is_still_checked() {
    let mut lab = Lab::new();
    let security = json!({ "auth": { "storage": ["cookie"] }, "deviceRegistrationRequired": true });
    lab.set(json!({ "security": security }));
    let cookie = sign_in(&mut lab, "ada@example.com");
    lab.post("/refresh").with(&cookie).send().ok();
    let half = lab.post("/refresh").with(&cookie).header("x-dynamic-device-nonce", "x").send();
    half.refused(403, "invalid_device_signature");
}

#[test]
fn without_cookie_sessions_a_cookie_is_nothing() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    lab.set(json!({}));
    let answer = lab.get("/users").with(&cookie).send().refused(401, "unauthorized");
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    // The token in it is what it was.
    let bearer = format!("Bearer {}", token_of(&cookie));
    lab.get("/users").header("authorization", &bearer).send().ok();
    let answer = lab.post("/refresh").header("authorization", &bearer).send().ok();
    assert_eq!(answer.header("set-cookie"), None);
    answer.text("minifiedJwt");
}

#[test]
fn forged_cookies_are_refused() {
    let mut lab = lab();
    let cookie = sign_in(&mut lab, "ada@example.com");
    let elevated = elevate(&mut lab, &cookie, "ada@example.com", &["wallet:export"]).ok();
    let elevated = elevated.text("elevatedAccessToken");
    for value in
        [format!("{}x", token_of(&cookie)), elevated, "x.y.z".into(), format!("\"{}\"", token_of(&cookie))]
    {
        let forged = format!("DYNAMIC_JWT_TOKEN={value}");
        lab.get("/users").with(&forged).send().refused(401, "unauthorized");
    }
    lab.wait(SECOND);
    lab.get("/users").with(&cookie).send().ok();
}
