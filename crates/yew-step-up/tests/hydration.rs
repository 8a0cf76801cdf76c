//! Both lanes: a page is rendered on a server, and hydrated in a browser.
//!
//! The native lane renders the page and compares it with `hydration.html`. The browser lane hydrates that file. The server
//! does not know the session that a browser keeps, so the file shows a signed-out page.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(target_arch = "wasm32")]
#[path = "support/wait.rs"]
mod wait;

use yew::prelude::*;
use yew_step_up::{
    StepUpClient, StepUpProvider, TokenScope, use_elevation, use_session, use_step_up_authentication,
    use_step_up_prompt,
};

const ENVIRONMENT: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";

#[derive(Properties, PartialEq)]
struct PageProps {
    /// On the server the provider makes its own.
    client: Option<StepUpClient>,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! {
        <StepUpProvider environment_id={ENVIRONMENT} client={props.client.clone()} hydrate=true>
            <main>
                <Account />
                <Lock />
                <Export />
                <Prompt />
            </main>
        </StepUpProvider>
    }
}

/// Other elements for a user than for a visitor: hydration ends in a panic if the first render has others than the server's.
#[component]
fn Account() -> Html {
    let session = use_session();
    let Some(user) = session.user() else {
        return html! { <a href="/sign-in">{ "Sign in" }</a> };
    };
    let sign_out = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| {
            let signed_out = session.sign_out();
            yew::platform::spawn_local(async move { signed_out.await.unwrap() });
        })
    };
    html! { <p>{ user.id.as_str() }<button id="sign-out" onclick={sign_out}>{ "Sign out" }</button></p> }
}

#[component]
fn Lock() -> Html {
    let elevation = use_elevation(TokenScope::WalletExport);
    html! { if elevation.elevation().is_some() { <strong>{ "Unlocked" }</strong> } else { <em>{ "Locked" }</em> } }
}

#[component]
fn Export() -> Html {
    let step_up = use_step_up_authentication();
    let required = use_state(|| None);
    let check = {
        let required = required.setter();
        step_up.callback(move |step_up, _: MouseEvent| {
            let required = required.clone();
            async move { required.set(Some(step_up.is_step_up_required(&TokenScope::WalletExport).await)) }
        })
    };
    let label = match *required {
        None => "Export",
        Some(true) => "Verify first",
        Some(false) => "Go on",
    };
    html! {
        <button id="export" onclick={check} disabled={step_up.is_loading}>{ label }</button>
    }
}

#[component]
fn Prompt() -> Html {
    let prompt = use_step_up_prompt();
    html! { if prompt.is_some() { <dialog open=true>{ "Verify" }</dialog> } }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::test(flavor = "current_thread")]
async fn a_server_renders_the_page_that_the_browser_lane_hydrates() {
    let html = yew::ServerRenderer::<Page>::with_props(|| PageProps { client: None }).render().await;
    let served = include_str!("hydration.html").trim_end();
    assert_eq!(without_names(&html), served, "what the server renders goes into hydration.html");
}

/// The page with markers of components as a release build has them: without the names of their types.
#[cfg(not(target_arch = "wasm32"))]
fn without_names(html: &str) -> String {
    let mut parts = html.split('[');
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once(']').map_or("", |(_, rest)| rest));
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("[]")
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use std::{
        cell::{Cell, RefCell},
        rc::Rc,
    };

    use js_sys::{Array, Function, Reflect};
    use wasm_bindgen::{JsCast as _, JsValue};
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
    use yew_step_up::{
        Config, HttpRequest, HttpResponse, PromptOptions, SessionStore as _, StoredSession, Timestamp,
        WebSessionStore, browser_platform,
    };

    use super::{wait::settle, *};

    wasm_bindgen_test_configure!(run_in_browser);

    const SERVED: &str = include_str!("hydration.html");
    const REQUIRED: &str = r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}]}"#;
    const CREATED: &str = r#"{"verificationUUID":"v","email":"a@b.example"}"#;
    const STORED: &str = r#"{"token":"x","expiresAtMillis":5000000,"user":{"id":"ada","verifiedCredentials":[
        {"id":"c","format":"email","email":"a@b.example","signInEnabled":true}]}}"#;

    /// The elements that a page shows to a visitor and to a user.
    const SIGNED_OUT: &str = "A EM BUTTON";
    const SIGNED_IN: &str = "P EM BUTTON";

    fn answer(path: &str) -> (u16, String) {
        let ends = |end| path.ends_with(end);
        match path {
            _ if ends("/settings") => (200, "{}".into()),
            _ if ends("/nonces") => (200, r#"{"nonces":["1","2","3"]}"#.into()),
            _ if ends("/check") => (200, REQUIRED.into()),
            _ if ends("/create") => (200, CREATED.into()),
            _ if ends("/verify") => {
                let claims = r#"{"scope":"wallet:export","exp":1300}"#;
                let payload = web_sys::window().unwrap().btoa(claims).unwrap().replace('=', "");
                (
                    200,
                    STORED.replacen(
                        "\"token\"",
                        &format!(r#""elevatedAccessToken":"e30.{payload}.x","t""#),
                        1,
                    ),
                )
            }
            _ if ends("/revoke") => (204, String::new()),
            _ => panic!("{path} was asked for"),
        }
    }

    fn config() -> Config {
        Config::new(ENVIRONMENT).unwrap()
    }

    fn client() -> StepUpClient {
        let transport = |request: HttpRequest| {
            let (status, body) = answer(request.path());
            async move { Ok(HttpResponse::new(status, body)) }
        };
        let platform = browser_platform(&config())
            .with_transport(transport)
            .with_clock(|| Timestamp::from_secs(1_000))
            .with_session_store(WebSessionStore::tab(&config()));
        StepUpClient::new(config(), platform)
    }

    /// What the browser's console is told of errors and warnings, while this is there.
    struct Console {
        said: Array,
        real: [(&'static str, JsValue); 2],
    }

    impl Console {
        fn listen() -> Self {
            let said = Array::new();
            let console = console();
            let real = ["error", "warn"].map(|level| {
                let real = Reflect::get(&console, &level.into()).unwrap();
                let spy = Function::new_with_args(
                    "said, real",
                    "return (...all) => { said.push(all.join(' ')); real(...all); }",
                );
                let spy = spy.call2(&JsValue::UNDEFINED, &said, &real).unwrap();
                Reflect::set(&console, &level.into(), &spy).unwrap();
                (level, real)
            });
            Self { said, real }
        }

        fn assert_silent(&self) {
            assert_eq!(self.said.length(), 0, "{:?}", self.said);
        }
    }

    impl Drop for Console {
        fn drop(&mut self) {
            for (level, real) in &self.real {
                let _ = Reflect::set(&console(), &(*level).into(), real);
            }
        }
    }

    fn console() -> JsValue {
        Reflect::get(&js_sys::global(), &"console".into()).unwrap()
    }

    /// The served page, hydrated.
    struct Hydrated {
        app: Option<AppHandle<Page>>,
        root: web_sys::Element,
        console: Console,
    }

    impl Hydrated {
        async fn new(client: &StepUpClient) -> Self {
            let console = Console::listen();
            let document = web_sys::window().unwrap().document().unwrap();
            let root = document.create_element("div").unwrap();
            document.body().unwrap().append_child(&root).unwrap();
            root.set_inner_html(SERVED);
            let served = root.query_selector("#export").unwrap().unwrap();
            let props = PageProps { client: Some(client.clone()) };
            let app = Some(yew::Renderer::<Page>::with_root_and_props(root.clone(), props).hydrate());
            let page = Self { app, root, console };
            settle().await;
            let now = page.element("#export");
            assert!(served.is_same_node(Some(&now)), "the server's elements are taken over, not made again");
            page
        }

        fn element(&self, selector: &str) -> web_sys::Element {
            self.root.query_selector(selector).unwrap().expect(selector)
        }

        /// The names of the elements that the page consists of.
        fn elements(&self) -> String {
            let children = self.element("main").children();
            let names = (0..children.length()).map(|index| children.item(index).unwrap().tag_name());
            names.collect::<Vec<_>>().join(" ")
        }

        async fn click(&self, selector: &str) {
            self.element(selector).unchecked_into::<web_sys::HtmlElement>().click();
            settle().await;
        }

        fn leave(mut self) {
            self.app.take().unwrap().destroy();
            self.root.remove();
            self.console.assert_silent();
        }
    }

    #[wasm_bindgen_test]
    async fn a_signed_out_page_hydrates_as_it_was_served_and_its_events_work() {
        WebSessionStore::tab(&config()).clear().unwrap();
        let page = Hydrated::new(&client()).await;
        assert_eq!(page.elements(), SIGNED_OUT);
        assert_eq!(page.element("#export").text_content().unwrap(), "Export");
        page.click("#export").await;
        assert_eq!(page.element("#export").text_content().unwrap(), "Verify first");
        page.leave();
    }

    #[wasm_bindgen_test]
    async fn a_stored_session_that_the_server_did_not_know_is_shown_after_hydration() {
        let store = WebSessionStore::tab(&config());
        store.save(&StoredSession::from_json(STORED).unwrap()).unwrap();
        let client = client();
        let page = Hydrated::new(&client).await;
        assert_eq!(page.elements(), SIGNED_IN);
        assert!(page.element("p").text_content().unwrap().starts_with("ada"));
        page.click("#export").await;
        assert_eq!(page.element("#export").text_content().unwrap(), "Verify first");
        page.click("#sign-out").await;
        assert_eq!(page.elements(), SIGNED_OUT);
        assert_eq!(store.load().unwrap(), None);
        page.leave();
    }

    #[wasm_bindgen_test]
    async fn an_elevation_that_is_held_before_hydration_is_shown_after_it() {
        let store = WebSessionStore::tab(&config());
        store.save(&StoredSession::from_json(STORED).unwrap()).unwrap();
        let client = client();
        let sent = client.send_otp(None).await.unwrap();
        client.verify_otp(&sent, "1", &[TokenScope::WalletExport]).await.unwrap();
        let page = Hydrated::new(&client).await;
        assert_eq!(page.elements(), "P STRONG BUTTON");
        page.leave();
        store.clear().unwrap();
    }

    #[wasm_bindgen_test]
    async fn a_prompt_is_drawn_after_hydration() {
        let store = WebSessionStore::tab(&config());
        store.save(&StoredSession::from_json(STORED).unwrap()).unwrap();
        let client = client();
        let page = Hydrated::new(&client).await;
        let outcome = Rc::<RefCell<Option<_>>>::default();
        let slot = Rc::clone(&outcome);
        let asked = client.prompt_step_up_auth(PromptOptions::new(&[TokenScope::WalletExport]));
        yew::platform::spawn_local(async move {
            slot.replace(Some(asked.await));
        });
        settle().await;
        assert_eq!(page.elements(), format!("{SIGNED_IN} DIALOG"));
        page.leave();
        settle().await;
        assert!(outcome.borrow().is_some(), "the prompt ends with the page");
        store.clear().unwrap();
    }

    /// What a page shows at each render, for a page that no server rendered.
    #[wasm_bindgen_test]
    async fn a_page_that_no_server_rendered_shows_the_stored_session_at_once() {
        #[derive(Properties)]
        struct FirstProps {
            client: StepUpClient,
            renders: Rc<Cell<(u32, u32)>>,
        }
        impl PartialEq for FirstProps {
            fn eq(&self, other: &Self) -> bool {
                Rc::ptr_eq(&self.renders, &other.renders)
            }
        }
        #[component]
        fn Counting(props: &FirstProps) -> Html {
            let is_signed_in = use_session().user().is_some();
            let (renders, signed_in) = props.renders.get();
            props.renders.set((renders + 1, signed_in + u32::from(is_signed_in)));
            Html::default()
        }
        #[component]
        fn First(props: &FirstProps) -> Html {
            let (client, renders) = (props.client.clone(), Rc::clone(&props.renders));
            html! { <StepUpProvider client={client.clone()}><Counting {client} {renders} /></StepUpProvider> }
        }
        let store = WebSessionStore::tab(&config());
        store.save(&StoredSession::from_json(STORED).unwrap()).unwrap();
        let renders = Rc::<Cell<_>>::default();
        let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
        let props = FirstProps { client: client(), renders: Rc::clone(&renders) };
        let app = yew::Renderer::<First>::with_root_and_props(root, props).render();
        settle().await;
        assert_eq!(renders.get(), (1, 1));
        app.destroy();
        store.clear().unwrap();
    }
}
