//! End to end: the policy that the demo is served under is there, and a page that is against it fails its test. That the demo
//! itself is not against it is checked at the end of every other test, by [`PageServer`](step_up_tests::PageServer).

#![allow(clippy::unwrap_used)]

mod visitor;

use std::time::Duration;

use visitor::Visitor;

/// What the browser refuses when a script in the page does this, as the browser says it.
async fn refused(visitor: &Visitor, script: &str) -> String {
    visitor.browser.driver().execute(script, vec![]).await.unwrap();
    let reported = tokio::time::timeout(Duration::from_secs(60), visitor.page.next_violations()).await;
    let violations = reported.unwrap_or_else(|_| panic!("the policy allows: {script}"));
    violations.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_forbids_is_refused_and_noticed_in_page() {
    let visitor = Visitor::in_page().await;
    visitor.browser.find("sign-in-email").await;
    assert_eq!(visitor.page.take_violations(), [""; 0], "the page alone is within its policy");
    let append = |element: &str, member: &str, value: &str| {
        format!(
            "const it = document.createElement('{element}'); it.{member} = '{value}'; document.body.append(it);"
        )
    };
    for (directive, script) in [
        ("script-src-elem", append("script", "textContent", "window.wasHere = true")),
        ("script-src", "setTimeout('window.wasHere = true')".to_owned()),
        ("style-src-elem", append("style", "textContent", "body { display: none }")),
        ("style-src-attr", "document.body.setAttribute('style', 'display: none')".to_owned()),
        ("img-src", append("img", "src", "http://localhost:9/pixel.png")),
        ("connect-src", "fetch('http://localhost:9/').catch(() => {})".to_owned()),
        ("frame-src", append("iframe", "src", "/")),
        ("base-uri", append("base", "href", "http://localhost:9/")),
    ] {
        let violation = refused(&visitor, &script).await;
        assert!(violation.starts_with(&format!("{directive}: ")), "{script} is against {violation}");
    }
    let was_here = visitor.browser.driver().execute("return window.wasHere === true", vec![]).await;
    assert_eq!(was_here.unwrap().json(), &false);
}
