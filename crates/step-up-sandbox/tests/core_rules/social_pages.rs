//! The providers' pages, and the page that people come back to.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Config;

use crate::{
    lab::{Answer, Lab},
    social::{VERIFIER, authorize_url, begin, consent, decide, provider, state},
};

const HTML: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
const FORM: &str = "application/x-www-form-urlencoded";

impl Answer {
    /// The page.
    fn html(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{}", self.body);
        self.body.as_str().unwrap()
    }
}

fn open(lab: &mut Lab, url: &str) -> Answer {
    lab.at(Method::Get, url).header("accept", HTML).send()
}

fn submit(lab: &mut Lab, path: &str, form: &str) -> Answer {
    let ask = lab.at(Method::Post, path).header("accept", HTML).header("content-type", FORM);
    ask.raw(form.as_bytes()).send()
}

fn attribute<'a>(page: &'a str, before: &str) -> &'a str {
    let start = page.find(before).unwrap_or_else(|| panic!("no {before} in {page}")) + before.len();
    &page[start..start + page[start..].find('"').unwrap()]
}

/// The page of Google for a flow that nobody began with.
fn google(lab: &mut Lab) -> String {
    begin(lab, None, "google", &state(1)).ok();
    authorize_url(lab, "google", &state(1), Some(VERIFIER))
}

#[test]
fn a_page_asks_and_tells_its_opener_and_nobody_else() {
    let mut lab = Lab::new();
    let body = json!({ "state": state(1) });
    lab.post("/providers/google/initAuth").header("origin", "http://localhost:3000").body(body).send().ok();
    let url = authorize_url(&mut lab, "google", &state(1), Some(VERIFIER));
    let page = open(&mut lab, &url).ok();
    for test_id in ["consent-account", "consent-continue", "consent-refuse"] {
        assert!(page.html().contains(&format!("data-testid=\"{test_id}\"")), "{test_id}");
    }
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let path = attribute(page.html(), "action=\"").to_owned();
    let form = format!("ticket={ticket}&account=ada%2Bx%40example.com&decision=continue");
    let answer = submit(&mut lab, &path, &form);
    assert_eq!(answer.status, 303);
    let back = answer.header("location").unwrap().to_owned();
    let redirect_url = provider(&mut lab, "google")["redirectUrl"].as_str().unwrap().to_owned();
    assert!(back.starts_with(&format!("{redirect_url}?code=")), "{back}");
    let told = open(&mut lab, &back).ok();
    assert_eq!(attribute(told.html(), "data-target=\""), "http://localhost:3000");
    let message: Value =
        serde_json::from_str(&attribute(told.html(), "data-message=\"").replace("&quot;", "\"")).unwrap();
    assert_eq!(message["type"], "authorization_response");
    assert_eq!((&message["provider"], &message["state"]), (&json!("google"), &json!(state(1))));
    assert!(message["code"].is_string() && message.get("error").is_none(), "{message}");
    assert!(!told.html().contains("\"*\""));
    assert_eq!(told.header("referrer-policy"), Some("no-referrer"));
    // The page is there once, and so is the ticket.
    assert_eq!(open(&mut lab, &back).status, 422);
    assert_eq!(submit(&mut lab, &path, &form).status, 400);
}

#[test]
fn every_page_has_a_strict_policy() {
    let mut lab = Lab::new();
    let url = google(&mut lab);
    let ask = open(&mut lab, &url).ok();
    let ticket = attribute(ask.html(), "name=\"ticket\" value=\"").to_owned();
    let answer =
        submit(&mut lab, "/sandbox-idp/google/authorize", &format!("ticket={ticket}&decision=refuse"));
    let back = answer.header("location").unwrap().to_owned();
    let told = open(&mut lab, &back).ok();
    let refused = open(&mut lab, &back);
    assert!(told.html().contains("Not signed in"));
    for page in [&ask, &told, &refused] {
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'; style-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("access-control-allow-origin"), None);
    }
    assert!(ask.header("content-security-policy").unwrap().contains("script-src 'none'"));
    assert!(ask.header("content-security-policy").unwrap().ends_with("form-action 'self'"));
    assert_eq!(ask.header("referrer-policy"), Some("same-origin"), "none would send the form from nowhere");
    assert_eq!(refused.header("referrer-policy"), Some("no-referrer"));
}

/// The hash is that of the text between the tags, character by character.
#[test]
fn the_policy_allows_what_is_in_the_page() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let mut lab = Lab::new();
    begin(&mut lab, None, "apple", &state(1)).ok();
    let url = authorize_url(&mut lab, "apple", &state(1), None);
    let ask = open(&mut lab, &url).ok();
    let ticket = attribute(ask.html(), "name=\"ticket\" value=\"").to_owned();
    let post = submit(
        &mut lab,
        "/sandbox-idp/apple/authorize",
        &format!("ticket={ticket}&account=ada&decision=continue"),
    );
    let post = post.ok();
    let code = attribute(post.html(), "name=\"code\" value=\"").to_owned();
    let back = attribute(post.html(), "action=\"").to_owned();
    let told = submit(&mut lab, &back, &format!("code={code}&state={}", state(1))).ok();
    for (page, tag, directive) in
        [(&ask, "style", "style-src"), (&post, "script", "script-src"), (&told, "script", "script-src")]
    {
        let html = page.html();
        let start = html.find(&format!("<{tag}>")).unwrap() + tag.len() + 2;
        let text = &html[start..start + html[start..].find(&format!("</{tag}>")).unwrap()];
        let hash = STANDARD.encode(Sha256::digest(text));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
}

#[test]
fn names_are_text_and_never_markup() {
    let mut lab = Lab::new();
    let evil = "\"><img src=x onerror=alert(1)>'&";
    let social = json!([{ "provider": "google", "username": evil }]);
    lab.person_with("ada@example.com", json!({ "email": "ada@example.com", "social": social }));
    lab.set(json!({ "general": { "displayName": "</p><script>alert(2)</script>" } }));
    let url = google(&mut lab);
    let page = open(&mut lab, &url).ok();
    assert!(page.html().contains("&lt;img src=x"), "the name is there");
    assert!(page.html().contains("&lt;script&gt;alert(2)"));
    for markup in ["<img", "<script"] {
        assert!(!page.html().contains(markup), "{markup}");
    }
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let form =
        format!("ticket={ticket}&account=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E%27%26&decision=continue");
    let back =
        submit(&mut lab, "/sandbox-idp/google/authorize", &form).header("location").unwrap().to_owned();
    // Nor what stands in the address.
    let injected = format!("{}&error=%22%3E%3Cscript%3E", back.replace("?code=", "?x="));
    let told = open(&mut lab, &injected).ok();
    assert_eq!(told.html().matches("<script").count(), 1, "its own");
    assert!(told.html().contains("server_error"));
}

#[test]
fn a_name_that_is_none_is_asked_for_again() {
    let mut lab = Lab::new();
    let url = google(&mut lab);
    let page = open(&mut lab, &url).ok();
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let path = "/sandbox-idp/google/authorize";
    for name in ["", "+", "%00", &"x".repeat(101)] {
        let again = submit(&mut lab, path, &format!("ticket={ticket}&account={name}&decision=continue")).ok();
        assert!(again.html().contains("role=\"alert\""), "{name}");
    }
    assert_eq!(submit(&mut lab, path, &format!("ticket={ticket}&account=ada&decision=maybe")).status, 400);
    assert_eq!(submit(&mut lab, path, &format!("ticket={ticket}&account=ada&decision=continue")).status, 303);
}

#[test]
fn a_request_of_a_foreign_client_or_to_a_foreign_address_goes_nowhere() {
    let mut lab = Lab::new();
    let url = google(&mut lab);
    for wrong in [
        url.replace("sandbox-google", "sandbox-evil"),
        url.replace("http%3A%2F%2Flocalhost", "http%3A%2F%2Fevil.example"),
        url.replace("%2Fredirect", "%2Fredirect%2F"),
        url.replace(&state(1), &state(2)),
        url.replace("/google/authorize", "/github/authorize"),
        "/sandbox-idp/google/authorize".to_owned(),
    ] {
        let page = open(&mut lab, &wrong);
        assert!((400..500).contains(&page.status), "{wrong}");
        assert!(page.header("location").is_none() && page.html().contains("This does not work"));
    }
    let token = url.replace("response_type=code", "response_type=token");
    let answer = open(&mut lab, &token);
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").unwrap().contains("error=unsupported_response_type"));
}

#[test]
fn only_the_page_itself_answers_for_people() {
    let mut lab = Lab::new();
    let url = google(&mut lab);
    let ticket = lab.at(Method::Get, &url).send().ok().text("ticket");
    let answer = |lab: &mut Lab, origin: &str| {
        let body = json!({ "ticket": ticket, "account": "ada", "decision": "continue" });
        let ask = lab.at(Method::Post, "/sandbox-idp/google/authorize").header("host", "localhost:8787");
        ask.header("origin", origin).body(body).send()
    };
    // An app's page may call the API, and not this.
    for origin in
        ["http://localhost:3000", "null", "https://evil.example", "http://localhost:8787.evil.example"]
    {
        answer(&mut lab, origin).refused(403, "origin_not_allowed");
    }
    let page =
        lab.at(Method::Get, &url).header("host", "localhost:8787").header("origin", "http://localhost:3000");
    page.send().refused(403, "origin_not_allowed");
    answer(&mut lab, "http://localhost:8787").ok();
    // Also where the sandbox's own origin may not call.
    let mut lab = Lab::with(Config::default().allow_origin("https://app.example").unwrap());
    let own = lab.at(Method::Post, "/sandbox-idp/google/authorize").header("host", "localhost:8787");
    own.header("origin", "http://localhost:8787").body(json!({})).send().refused(422, "invalid_request");
}

#[test]
fn a_flow_without_a_page_that_waits_goes_back_to_the_app() {
    let mut lab = Lab::new();
    let init = |lab: &mut Lab, number, url: &str, origin: &str| {
        let body = json!({ "state": state(number), "redirectUrl": url });
        lab.post("/providers/google/initAuth").header("origin", origin).body(body).send()
    };
    let app = "http://localhost:3000";
    for foreign in [
        "https://evil.example/",
        "http://localhost:3001/",
        "http://localhost:3000@evil.example/",
        "http://localhost:3000\\@evil.example/",
        "http://localhost:3000.evil.example/",
        "//localhost:3000/",
        "/",
        "",
        "javascript:alert(1)",
        "http://localhost:3000/\r\nx: y",
    ] {
        init(&mut lab, 1, foreign, app).refused(422, "invalid_redirect_url");
    }
    init(&mut lab, 1, "http://localhost:3000/back?x=1#/wallet", app).ok();
    let back = consent(&mut lab, "google", &state(1), Some(VERIFIER), "ada").ok().text("redirectTo");
    let (start, rest) = back.split_once("dynamicOauthCode=").unwrap();
    assert_eq!(start, "http://localhost:3000/back?x=1&");
    assert!(rest.ends_with(&format!("&dynamicOauthState={}#/wallet", state(1))), "{rest}");

    init(&mut lab, 2, "http://localhost:3000/", app).ok();
    let url = authorize_url(&mut lab, "google", &state(2), Some(VERIFIER));
    let page = open(&mut lab, &url).ok();
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.ends_with("form-action 'self' http://localhost:3000"), "{policy}");
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let refused = decide(&mut lab, "google", &ticket, "", "refuse").ok();
    let back = open(&mut lab, &refused.text("redirectTo"));
    assert_eq!(back.status, 303);
    assert_eq!(
        back.header("location"),
        Some(&*format!(
            "http://localhost:3000/?dynamicOauthError=access_denied&dynamicOauthState={}",
            state(2)
        ))
    );
    assert_eq!(back.header("referrer-policy"), Some("no-referrer"));
    // Without an origin, any that may call.
    let body = |url: &str| json!({ "state": state(3), "redirectUrl": url });
    lab.post("/providers/google/initAuth")
        .body(body("https://evil.example/"))
        .send()
        .refused(422, "invalid_redirect_url");
    lab.post("/providers/google/initAuth").body(body("http://localhost:9/")).send().ok();
}

#[test]
fn a_provider_may_cut_its_opener_off() {
    let mut lab = Lab::new();
    let url = google(&mut lab);
    assert_eq!(open(&mut lab, &url).ok().header("cross-origin-opener-policy"), None);
    lab.set(json!({ "sandbox": { "crossOriginOpenerPolicy": ["google"] } }));
    assert_eq!(open(&mut lab, &url).ok().header("cross-origin-opener-policy"), Some("same-origin"));
    begin(&mut lab, None, "discord", &state(2)).ok();
    let other = authorize_url(&mut lab, "discord", &state(2), None);
    assert_eq!(open(&mut lab, &other).ok().header("cross-origin-opener-policy"), None);
}

#[test]
fn a_sandbox_in_a_page_sends_people_to_the_apps_consent_page() {
    let app = "http://localhost:8080/?x=1#/consent";
    let mut lab = Lab::with(Config::default().with_consent_page(app).unwrap());
    let settings = provider(&mut lab, "google");
    assert_eq!(settings["baseAuthUrl"], "http://localhost:8080/?x=1#/consent/google");
    assert_eq!(settings["redirectUrl"], "http://localhost:8080/?x=1");
    let body = json!({ "state": state(1), "redirectUrl": "http://localhost:8081/" });
    lab.post("/providers/google/initAuth").body(body).send().refused(422, "invalid_redirect_url");
    begin(&mut lab, None, "google", &state(1)).ok();
    let query = format!(
        "?client_id=sandbox-google&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2F%3Fx%3D1&state={}",
        state(1)
    );
    let page = lab.at(Method::Get, &format!("/sandbox-idp/google/authorize{query}")).send().ok();
    assert_eq!((page.text("providerName"), page.text("appName")), ("Google".into(), "Sandbox".into()));
    assert_eq!(page.body["accounts"][0]["email"], "ada@example.com");
    let answer = decide(&mut lab, "google", &page.text("ticket"), "ada", "continue").ok();
    let query = answer.text("redirectTo").split_once("?x=1&").unwrap().1.to_owned();
    let back = lab.get(&format!("/providers/google/redirect?{query}")).send().ok();
    assert_eq!(back.body["targetOrigin"], "http://localhost:8080");
}

/// A form's hidden fields, in their order.
fn hidden(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (name.to_owned(), rest.split('"').next().unwrap().replace("&quot;", "\""))
    };
    inputs.map(field).collect()
}

fn value(form: &[(String, String)], name: &str) -> Option<String> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// The address of Apple's page with these parameters beside those that are always there.
fn apple_url(lab: &mut Lab, state: &str, more: &[(&str, &str)]) -> String {
    let settings = provider(lab, "apple");
    let text = |name: &str| settings[name].as_str().unwrap().to_owned();
    let (client_id, redirect_uri) = (text("clientId"), text("redirectUrl"));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", &*client_id), ("redirect_uri", &redirect_uri), ("state", state)])
        .extend_pairs(more)
        .finish();
    format!("{}?{query}", text("baseAuthUrl"))
}

const HYBRID: [(&str, &str); 2] = [("response_type", "code id_token"), ("response_mode", "form_post")];

/// A user decides on Apple's page. Returns the form that goes back.
fn apple_form(
    lab: &mut Lab,
    number: u32,
    more: &[(&str, &str)],
    account: &str,
    decision: &str,
) -> Vec<(String, String)> {
    begin(lab, None, "apple", &state(number)).ok();
    let url = apple_url(lab, &state(number), &[&HYBRID, more].concat());
    let page = open(lab, &url).ok();
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let form = format!("ticket={ticket}&account={account}&decision={decision}");
    let answer = submit(lab, "/sandbox-idp/apple/authorize", &form).ok();
    assert!(answer.html().contains("<form method=\"post\""));
    hidden(answer.html())
}

/// The form goes back to the service.
fn come_back(lab: &mut Lab, form: &[(String, String)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let path = lab.url("/providers/apple/redirect");
    lab.at(Method::Post, &path).header("content-type", FORM).raw(body.as_bytes()).send()
}

/// With these response modes Apple refuses on its own page, and does not send the user back.
#[test]
fn apple_takes_the_response_types_and_modes_that_its_documentation_allows() {
    let mut lab = Lab::new();
    begin(&mut lab, None, "apple", &state(1)).ok();
    for (types, mode, scope, is_asked) in [
        ("code", None, "", true),
        ("code", Some("query"), "", true),
        ("code", Some("query"), "openid", true),
        ("code", Some("form_post"), "name email", true),
        ("code id_token", Some("form_post"), "name email", true),
        ("id_token code", Some("form_post"), "", true),
        ("code id_token", Some("query"), "", false),
        ("code id_token", Some("fragment"), "", false),
        ("code", Some("query"), "name", false),
        ("code", Some("query"), "openid email", false),
        ("code", Some("fragment"), "", false),
        ("code", Some("web_message"), "", false),
        ("code", Some(""), "", false),
    ] {
        let mut parameters = vec![("response_type", types), ("scope", scope)];
        parameters.extend(mode.map(|mode| ("response_mode", mode)));
        let url = apple_url(&mut lab, &state(1), &parameters);
        let page = open(&mut lab, &url);
        assert_eq!(page.status, if is_asked { 200 } else { 400 }, "{types} {mode:?} {scope}");
        assert_eq!(page.html().contains("consent-continue"), is_asked, "{types} {mode:?} {scope}");
    }
    for types in ["id_token", "token", "", "code token", "code  id_token", "code code", "code+id_token"] {
        let url = apple_url(&mut lab, &state(1), &[("response_type", types), ("response_mode", "form_post")]);
        let page = open(&mut lab, &url).ok();
        let error = value(&hidden(page.html()), "error");
        assert_eq!(error.as_deref(), Some("unsupported_response_type"), "{types}");
    }
    let url =
        apple_url(&mut lab, &state(1), &[("response_type", "code id_token"), ("nonce", &"n".repeat(256))]);
    assert_eq!(open(&mut lab, &url).status, 400, "too long a nonce");
    // No other provider has identity tokens here.
    begin(&mut lab, None, "google", &state(2)).ok();
    let url = authorize_url(&mut lab, "google", &state(2), None);
    let answer = open(&mut lab, &url.replace("response_type=code", "response_type=code%20id_token"));
    assert!(answer.header("location").unwrap().contains("error=unsupported_response_type"));
}

#[test]
fn by_query_apple_redirects_as_others_do() {
    let mut lab = Lab::new();
    begin(&mut lab, None, "apple", &state(1)).ok();
    let url = apple_url(&mut lab, &state(1), &[("response_type", "code"), ("response_mode", "query")]);
    let page = open(&mut lab, &url).ok();
    let ticket = attribute(page.html(), "name=\"ticket\" value=\"").to_owned();
    let form = format!("ticket={ticket}&account=ada&decision=continue");
    let answer = submit(&mut lab, "/sandbox-idp/apple/authorize", &form);
    let back = answer.header("location").unwrap().to_owned();
    assert!(!back.contains("id_token") && !back.contains("user="), "{back}");
    assert!(open(&mut lab, &back).ok().html().contains("Signed in"));
}

#[test]
fn an_identity_token_is_signed_by_apples_key_and_bound_to_the_code_and_the_request() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
    let mut lab = Lab::new();
    let more = [("scope", "name email"), ("nonce", "n-0S6 WzA2+Mj")];
    let form = apple_form(&mut lab, 1, &more, "ada%40example.com", "continue");
    let token = value(&form, "id_token").unwrap();
    let keys = lab.at(Method::Get, "/sandbox-idp/apple/keys").send().ok().body;
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let kid = decode_header(&token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("Apple's key")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["sandbox-apple"]);
    validation.set_issuer(&["http://localhost/sandbox-idp/apple"]);
    validation.validate_exp = false;
    let claims = decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(claims["nonce"], "n-0S6 WzA2+Mj");
    assert_eq!(claims["email"], "ada@example.com");
    let now = lab.now.as_secs();
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 86_400)));
    // Its key is none of the service's, and its token no session.
    let service = lab.get("/.well-known/jwks").send().ok().body;
    assert_ne!(service["keys"][0]["kid"], kid);
    lab.get("/users").header("authorization", &format!("Bearer {token}")).send().refused(401, "unauthorized");
    // Without the scopes, the nonce and an address there is less in it, and the key stays the same.
    let mut lab = lab.restarted();
    let form = apple_form(&mut lab, 2, &[], "grace", "continue");
    assert_eq!(value(&form, "user"), None);
    let token = value(&form, "id_token").unwrap();
    let claims = decode::<Value>(&token, &key, &validation).unwrap().claims;
    for name in ["nonce", "email", "email_verified"] {
        assert_eq!(claims.get(name), None, "{name}");
    }
    lab.at(Method::Get, "/sandbox-idp/google/keys").send().refused(404, "not_found");
}

/// An attacker who makes a browser send a form could put another code beside the victim's state.
#[test]
fn a_code_comes_back_with_the_identity_token_that_was_given_beside_it_and_with_no_other() {
    let mut lab = Lab::new();
    let form = apple_form(&mut lab, 1, &[("nonce", "one")], "ada", "continue");
    let other = apple_form(&mut lab, 2, &[("nonce", "one")], "ada", "continue");
    let token = value(&form, "id_token").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let session = lab.person("eve@example.com").token;
    let with = |token: Option<&str>| -> Vec<(String, String)> {
        let rest = form.iter().filter(|(name, _)| name != "id_token").cloned();
        rest.chain(token.map(|token| ("id_token".to_owned(), token.to_owned()))).collect()
    };
    for wrong in [
        None,
        Some(""),
        Some("x"),
        Some(signed),
        Some(&*format!("{signed}.")),
        Some(&*format!("{header}.{}.{signature}", claims.replacen('e', "f", 1))),
        Some(&*format!("eyJhbGciOiJub25lIn0.{claims}.")),
        Some(&*value(&other, "id_token").unwrap()),
        Some(&*session),
    ] {
        come_back(&mut lab, &with(wrong)).refused(422, "invalid_oauth_code");
    }
    // Another state with this code and its token.
    let swapped = [
        ("code".to_owned(), value(&form, "code").unwrap()),
        ("state".to_owned(), state(2)),
        ("id_token".to_owned(), token.clone()),
    ];
    come_back(&mut lab, &swapped).refused(422, "invalid_oauth_code");
    let unknown = [("code".to_owned(), value(&form, "code").unwrap()), ("state".to_owned(), state(9))];
    come_back(&mut lab, &unknown).refused(422, "invalid_oauth_state");
    // A page of another origin sends no form here.
    for origin in ["http://localhost:3000", "https://evil.example", "null"] {
        let path = lab.url("/providers/apple/redirect");
        let ask = lab.at(Method::Post, &path).header("host", "localhost:8787").header("origin", origin);
        ask.header("content-type", FORM).raw(b"state=x").send().refused(403, "origin_not_allowed");
    }
    // None of that cost the code, which is taken once.
    let told = come_back(&mut lab, &form).ok();
    assert_eq!(told.body["message"]["code"], value(&form, "code").unwrap());
    come_back(&mut lab, &form).refused(422, "invalid_oauth_state");
}

#[test]
fn apple_says_the_user_until_the_account_is_a_users_and_only_what_the_scopes_name() {
    let mut lab = Lab::new();
    let mut user = |number, scope: &str, account: &str| {
        let form = apple_form(&mut lab, number, &[("scope", scope)], account, "continue");
        value(&form, "user").map(|user| serde_json::from_str::<Value>(&user).unwrap())
    };
    let name = json!({ "firstName": "Ada", "lastName": "King \"Lovelace\"" });
    let account = "Ada+King+%22Lovelace%22";
    assert_eq!(user(1, "name email", account), Some(json!({ "name": name })), "it has no address");
    assert_eq!(user(2, "email", "ada%40example.com"), Some(json!({ "email": "ada@example.com" })));
    assert_eq!(user(3, "openid", "ada%40example.com"), None);
    let social = json!([{ "provider": "apple", "email": "ada@example.com" }]);
    lab.person_with("ada@example.com", json!({ "email": "ada@example.com", "social": social }));
    let form = apple_form(&mut lab, 4, &[("scope", "name email")], "ada%40example.com", "continue");
    assert_eq!(value(&form, "user"), None);
}

#[test]
fn a_user_who_cancels_at_apple_comes_back_by_form_with_apples_error() {
    let mut lab = Lab::new();
    let form = apple_form(&mut lab, 1, &[], "", "refuse");
    assert_eq!(
        form,
        [("error".to_owned(), "user_cancelled_authorize".to_owned()), ("state".to_owned(), state(1))]
    );
    let told = come_back(&mut lab, &form).ok();
    assert_eq!(told.body["message"]["error"], "user_cancelled_authorize");
}

#[test]
fn in_a_page_apples_answer_is_taken_from_the_address() {
    let mut lab = Lab::with(Config::default().with_consent_page("http://localhost:8080/#/consent").unwrap());
    begin(&mut lab, None, "apple", &state(1)).ok();
    let url = apple_url(&mut lab, &state(1), &[&HYBRID, [("scope", "name email")].as_slice()].concat());
    let query = url.split_once('?').unwrap().1;
    let page = lab.at(Method::Get, &format!("/sandbox-idp/apple/authorize?{query}")).send().ok();
    let back = decide(&mut lab, "apple", &page.text("ticket"), "Ada King", "continue").ok();
    let query = back.text("redirectTo").split_once('?').unwrap().1.to_owned();
    assert!(query.contains("&id_token=") && query.contains("&user="), "{query}");
    let told = lab.get(&format!("/providers/apple/redirect?{query}")).send().ok();
    assert!(told.body["message"]["code"].is_string(), "{}", told.body);
}

/// A parameter of an authorization request or of a provider's answer, right or wrong.
fn parameter() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("response_type"),
        Just("response_mode"),
        Just("scope"),
        Just("nonce"),
        Just("code_challenge"),
        Just("code_challenge_method"),
        Just("code"),
        Just("state"),
        Just("id_token"),
        Just("user"),
        Just("error"),
    ];
    let value = prop_oneof![
        Just("code+id_token".to_owned()),
        Just("code".to_owned()),
        Just("form_post".to_owned()),
        Just("query".to_owned()),
        Just("name+email".to_owned()),
        Just("a.b.c".to_owned()),
        Just(state(1)),
        "\\PC{0,20}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_request_is_a_panic(
        name in prop_oneof![Just("google".to_owned()), Just("apple".to_owned()), "\\PC{0,8}"],
        call in prop_oneof![
            Just("initAuth"), Just("redirect"), Just("oauthResult"), Just("signIn"), Just("verify"),
        ],
        junk in "\\PC{0,60}",
        form in prop_oneof![
            "[a-z_=&%+\\PC]{0,80}",
            proptest::collection::vec(parameter(), 0..8).prop_map(|pairs| pairs.join("&")),
        ],
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        is_html in any::<bool>(),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let begun = if name == "apple" { "apple" } else { "google" };
        begin(&mut lab, None, begun, &state(1)).ok();
        let redirect_uri = provider(&mut lab, begun)["redirectUrl"].as_str().unwrap().to_owned();
        let form = format!("redirect_uri={redirect_uri}&{form}");
        let query = format!("?client_id=sandbox-{name}&state={}&{form}&{junk}", state(1));
        let body = json!({ "state": state(1), "code": junk, "redirectUrl": junk, "codeVerifier": junk, "ticket": junk });
        let accept = if is_html { HTML } else { "*/*" };
        let authorize = format!("/sandbox-idp/{name}/authorize{query}");
        let api = format!("/api/v0/sdk/{}/providers/{name}/{call}{query}", lab.config.environment_id());
        for path in [&authorize, &api] {
            for method in [Method::Get, Method::Post] {
                for (kind, body) in [
                    (FORM, form.as_bytes()),
                    (FORM, &bytes),
                    ("application/json", body.to_string().as_bytes()),
                    ("application/json", &bytes),
                ] {
                    let ask = lab.at(method, path).by(&ada).header("accept", accept).header("content-type", kind);
                    let answer = ask.raw(body).send();
                    prop_assert!(answer.status != 500 && answer.status >= 200, "{method:?} {path}");
                }
            }
        }
    }
}
