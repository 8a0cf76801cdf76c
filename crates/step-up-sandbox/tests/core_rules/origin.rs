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

/// Calls whose answer another page cannot read, and that do something all the same.
const READS: [&str; 4] = ["/nonces?count=50", "/nonce", "/settings", "/users"];

#[test]
fn a_request_that_another_site_made_without_an_origin_is_refused() {
    let mut lab = Lab::new();
    for site in ["cross-site", "same-site", "Cross-Site", "nonsense"] {
        for mode in ["no-cors", "navigate", "cors"] {
            for path in READS {
                let ask = lab.get(path).header("sec-fetch-site", site).header("sec-fetch-mode", mode);
                ask.send().refused(403, "origin_required");
            }
            for path in ["/sandbox/inbox", "/sandbox/requests", "/.well-known/jwks", "/nothing"] {
                let ask = lab.at(Method::Get, path).header("sec-fetch-site", site);
                ask.header("sec-fetch-mode", mode).send().refused(403, "origin_required");
            }
            let ask = lab.at(Method::Post, "/sandbox/reset").header("sec-fetch-site", site);
            ask.header("sec-fetch-mode", mode).send().refused(403, "origin_required");
        }
    }
    assert_eq!(serde_json::to_value(lab.sandbox.store()).unwrap().get("nonces"), None);
}

#[test]
fn an_allowed_page_of_another_site_calls_with_its_origin() {
    let mut lab = Lab::with(
        Config::default()
            .allow_origin("https://app.example")
            .unwrap()
            .allow_origin("http://localhost:1")
            .unwrap(),
    );
    for (origin, site) in [
        ("https://app.example", "cross-site"),
        ("http://localhost:1", "same-site"),
        ("http://localhost:1", "same-origin"),
    ] {
        let ask = lab.get("/settings").header("origin", origin).header("sec-fetch-site", site);
        ask.header("sec-fetch-mode", "cors").send().ok();
        let body = json!({ "email": "ada@example.com" });
        let ask = lab.post("/emailVerifications/create").header("origin", origin);
        ask.header("sec-fetch-site", site).body(body).send().ok();
    }
    for site in ["same-origin", "none"] {
        lab.get("/settings").header("sec-fetch-site", site).send().ok();
    }
    lab.get("/settings").send().ok();
}

/// People come to these from the app and from the provider, by links and by forms.
#[test]
fn people_come_to_the_providers_pages_from_any_site_and_scripts_and_frames_do_not() {
    let mut lab = Lab::new();
    let redirect = lab.url("/providers/google/redirect?state=x&code=y");
    for path in ["/sandbox-idp/google/authorize?client_id=x", redirect.as_str()] {
        for site in ["cross-site", "same-site"] {
            let mut open = |mode: &str, dest: &str| {
                let ask = lab.at(Method::Get, path).header("sec-fetch-site", site);
                let ask = ask.header("sec-fetch-mode", mode).header("sec-fetch-dest", dest);
                ask.send()
            };
            let answer = open("navigate", "document");
            assert!(answer.body["code"] != "origin_required", "{path} {}", answer.body);
            for (mode, dest) in [
                ("no-cors", "image"),
                ("navigate", "iframe"),
                ("navigate", "object"),
                ("cors", "empty"),
                ("", ""),
            ] {
                open(mode, dest).refused(403, "origin_required");
            }
        }
    }
}

#[test]
fn two_hosts_are_one_too_many() {
    let mut lab = Lab::new();
    for hosts in [["localhost", "evil.example"], ["localhost", "localhost"], ["localhost", ""]] {
        for path in ["/sandbox/inbox".to_owned(), lab.url("/settings")] {
            let ask = lab.at(Method::Get, &path).header("host", hosts[0]).header("Host", hosts[1]);
            ask.send().refused(400, "ambiguous_host");
        }
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
