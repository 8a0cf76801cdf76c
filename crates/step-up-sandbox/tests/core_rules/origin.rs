//! Who may call at all.

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::Config;

use crate::lab::Lab;

#[test]
fn an_allowed_page_may_read_the_answer_and_its_date() {
    let mut lab = Lab::new();
    let answer = lab.get("/settings").header("origin", "http://localhost:3000").send().ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("date, retry-after, www-authenticate"));
    assert_eq!(answer.header("vary"), Some("origin"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[test]
fn refusals_can_be_read_too() {
    let mut lab = Lab::new();
    let answer =
        lab.get("/users").header("origin", "http://localhost:3000").send().refused(401, "unauthorized");
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"));
}

#[test]
fn a_foreign_page_is_refused_and_nothing_is_done() {
    let mut lab = Lab::new();
    for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
        let body = json!({ "email": "ada@example.com" });
        let answer = lab.post("/emailVerifications/create").header("origin", origin).body(body).send();
        let answer = answer.refused(403, "origin_not_allowed");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        lab.at(Method::Get, "/sandbox/inbox")
            .header("origin", origin)
            .send()
            .refused(403, "origin_not_allowed");
    }
    assert_eq!(lab.at(Method::Get, "/sandbox/inbox").send().ok().body, json!([]));
}

#[test]
fn listed_origins_replace_the_default() {
    let mut lab = Lab::with(Config::default().allow_origin("https://app.example").unwrap());
    lab.get("/settings").header("origin", "https://app.example").send().ok();
    lab.get("/settings").header("origin", "http://localhost:3000").send().refused(403, "origin_not_allowed");
    lab.get("/settings").send().ok();
}

#[test]
fn a_foreign_host_is_refused() {
    let mut lab = Lab::new();
    for host in ["evil.example", "evil.example:8787", "localhost.evil.example"] {
        lab.get("/settings").header("host", host).send().refused(403, "host_not_allowed");
        lab.at(Method::Get, "/sandbox/inbox").header("host", host).send().refused(403, "host_not_allowed");
    }
    for host in ["localhost:8787", "127.0.0.1:8787", "[::1]:8787"] {
        lab.get("/settings").header("host", host).send().ok();
    }
}

#[test]
fn an_origin_is_bare() {
    for origin in
        ["", "app.example", "https://app.example/", "https://app.example/x", "ftp://app.example", "*"]
    {
        assert!(Config::default().allow_origin(origin).is_err(), "{origin}");
    }
}
