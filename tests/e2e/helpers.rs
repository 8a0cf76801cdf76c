//! End to end: the helpers that the other tests wait with fail when what they wait for does not come, and say what is there
//! instead.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{rc::Rc, time::Duration};

use step_up_tests::Browser;
use tokio::task::{LocalSet, spawn_local};

/// A page on which nothing changes.
const PAGE: &str = "data:text/html,<p data-testid=text>Nothing changes here.</p>
    <button data-testid=off disabled>Off</button>
    <button data-testid=busy aria-busy=true>Busy</button>
    <input data-testid=read-only readonly>
    <input data-testid=full value=1>
    <input data-testid=stuck type=checkbox aria-busy=false onclick='return false'>";

/// What the panic of this step says.
async fn failure(browser: &Rc<Browser>, step: impl AsyncFnOnce(&Browser) + 'static) -> String {
    let browser = Rc::clone(browser);
    let step = spawn_local(async move { step(&browser).await });
    let panic = step.await.expect_err("the step passes, and should not").into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_fails_the_step_that_waits_for_it() {
    LocalSet::new().run_until(each_step_fails()).await;
}

async fn each_step_fails() {
    let browser = Rc::new(Browser::start().await.with_limit(Duration::from_millis(300)));
    browser.open(PAGE).await;
    assert!(browser.has("text").await && !browser.has("missing").await);

    let missing = failure(&browser, async |browser| drop(browser.find("missing").await)).await;
    assert!(missing.starts_with("[data-testid='missing'] is not on the page: "), "{missing}");
    assert!(missing.contains("Nothing changes here."), "it shows the page: {missing}");

    let gone = failure(&browser, async |browser| browser.gone("text").await).await;
    assert!(gone.starts_with("[data-testid='text'] is not there 0 times: it is there 1 times"), "{gone}");

    for id in ["off", "busy"] {
        let lost = failure(&browser, async move |browser| browser.click(id).await).await;
        assert!(
            lost.starts_with(&format!("[data-testid='{id}'] cannot be clicked: it is one of ")),
            "{lost}"
        );
    }

    for (id, reason) in [("read-only", "it is one of "), ("full", "it is not empty")] {
        let lost = failure(&browser, async move |browser| browser.type_into(id, "2").await).await;
        assert!(lost.contains(&format!("typed into [data-testid='{id}']: {reason}")), "{lost}");
    }

    let other = async |browser: &Browser| drop(browser.text_where("text", |text| text.is_empty()).await);
    let other = failure(&browser, other).await;
    assert!(other.contains(r#"it has "Nothing changes here.""#), "{other}");

    let never = failure(&browser, async |browser| browser.wait_for("return 1 > 2").await).await;
    assert!(never.starts_with("this is never true: return 1 > 2: it is false"), "{never}");

    let stuck = failure(&browser, async |browser| browser.turn_on("stuck").await).await;
    assert!(stuck.starts_with("[data-testid='stuck']:checked is not on the page"), "{stuck}");

    let none = failure(&browser, async |browser| browser.in_popup(async |_| ()).await).await;
    assert!(none.starts_with("no window opened"), "{none}");
    browser.driver().execute("window.open('about:blank')", vec![]).await.unwrap();
    let open = failure(&browser, async |browser| browser.in_popup(async |_| ()).await).await;
    assert!(open.starts_with("the other window stays open"), "{open}");
}
