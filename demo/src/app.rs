//! The frame: provider, routes, header, sandbox panel.

use web_sys::HtmlElement;
use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_router::prelude::*;
use yew_step_up::{StepUpProvider, TokenScope, use_elevation, use_session, use_step_up_client};

use crate::{
    backend::{Backend, consent_desk},
    consent,
    control::Control,
    event_log::use_event_log,
    format::minutes,
    pages::{
        consent::Consent,
        credentials::Credentials,
        explicit::{self, Explicit},
        factors::Factors,
        headless::{self, Headless},
        inspector::Inspector,
        managed::{self, Managed},
        resumed::ResumedNote,
        sign_in::SignIn,
        source::{BesideSource, SourceFile},
        together::{self, Together},
        trace::Trace,
    },
    panel::SandboxPanel,
    prompt::Prompt,
    setup::Setup,
    ui::{banner::Banner, icon::Mark, spawn, theme::ThemeToggle},
};

#[derive(Clone, Copy, PartialEq, Routable)]
pub(crate) enum Route {
    #[at("/managed")]
    Managed,
    #[at("/explicit")]
    Explicit,
    #[at("/headless")]
    Headless,
    #[at("/together")]
    Together,
    #[at("/credentials")]
    Credentials,
    #[at("/factors")]
    Factors,
    #[at("/inspector")]
    Inspector,
    #[not_found]
    #[at("/")]
    Home,
}

#[component]
pub(crate) fn App() -> Html {
    // A consent page has nothing to do with the app but its sandbox.
    let consent = use_memo((), |()| consent::requested());
    match &*consent {
        Some((provider, query)) => {
            let here = Callback::from(|()| setup().and_then(|setup| consent_desk(&setup)));
            html! { <Consent provider={provider.clone()} query={query.clone()} {here} /> }
        }
        None => html! { <Showcase /> },
    }
}

fn setup() -> Result<Setup, String> {
    let location = web_sys::window().map(|window| window.location());
    let query = location.as_ref().and_then(|location| location.search().ok()).unwrap_or_default();
    Setup::from_query(&query)
}

#[component]
fn Showcase() -> Html {
    let backend = use_memo((), |()| setup().and_then(|setup| Backend::new(&setup)));
    let is_elsewhere = use_memo((), |()| send_to_localhost());
    match &*backend {
        _ if *is_elsewhere => {
            html! { <p class="quiet">{ "Going to localhost, where passkeys and cookies work…" }</p> }
        }
        Ok(backend) => html! {
            <StepUpProvider client={backend.client.clone()}>
                <ContextProvider<Option<Control>> context={backend.control.clone()}>
                    <HashRouter><Frame backend={backend.clone()} /></HashRouter>
                </ContextProvider<Option<Control>>>
            </StepUpProvider>
        },
        Err(why) => html! {
            <main class="refused">
                <h1>{ "Step-up" }</h1>
                <Banner test_id="api-refused" title="This address is refused" text={why.clone()} />
            </main>
        },
    }
}

/// An IP address is another site for cookies and no name for passkeys, so visitors are sent to the name.
fn send_to_localhost() -> bool {
    let Some(location) = web_sys::window().map(|window| window.location()) else { return false };
    if !location.hostname().is_ok_and(|host| host == "127.0.0.1") {
        return false;
    }
    location.set_hostname("localhost").is_ok()
}

#[derive(Properties, PartialEq)]
struct FrameProps {
    backend: Backend,
}

#[component]
fn Frame(props: &FrameProps) -> Html {
    let client = use_step_up_client();
    let session = use_session();
    let log = use_event_log(&client);
    let content = use_node_ref();
    let is_signed_in = session.user().is_some();
    use_title("Step-up authentication for Yew".into());
    let render = {
        let log = (*log).clone();
        let beside = {
            let log = log.clone();
            move |source: &'static [SourceFile], page: Html| {
                html! { <BesideSource {source} log={log.clone()}>{ page }</BesideSource> }
            }
        };
        Callback::from(move |route: Route| match route {
            Route::Inspector => html! { <Inspector log={log.clone()} /> },
            _ if !is_signed_in => html! { <SignIn /> },
            Route::Home | Route::Managed => beside(managed::SOURCE, html! { <Managed /> }),
            Route::Explicit => beside(explicit::SOURCE, html! { <Explicit /> }),
            Route::Headless => beside(headless::SOURCE, html! { <Headless /> }),
            Route::Together => beside(together::SOURCE, html! { <Together log={log.clone()} /> }),
            Route::Credentials => html! { <><Credentials /><Trace log={log.clone()} /></> },
            Route::Factors => html! { <><Factors /><Trace log={log.clone()} /></> },
        })
    };
    html! {
        <div class="frame">
            <SkipLink to={content.clone()} />
            <Header />
            <main ref={content} class="content" tabindex="-1"><ResumedNote /><Switch<Route> {render} /></main>
            <Prompt control={props.backend.control.clone()} log={(*log).clone()} />
            if let Some(control) = &props.backend.control {
                <SandboxPanel control={control.clone()} log={(*log).clone()} />
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SkipLinkProps {
    to: NodeRef,
}

/// For keyboards. A link to a fragment would not do: the fragment is the route.
#[component]
fn SkipLink(props: &SkipLinkProps) -> Html {
    let to = props.to.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        if let Some(content) = to.cast::<HtmlElement>() {
            // Content that takes no focus is reached by tabbing on.
            let _ = content.focus();
        }
    });
    html! { <button class="skip" {onclick}>{ "Skip to the content" }</button> }
}

#[component]
fn Header() -> Html {
    let session = use_session();
    let sign_out = {
        let session = session.clone();
        Callback::from(move |_: MouseEvent| {
            let sign_out = session.sign_out();
            // On this page it is done at once. A server that could not be told ends the session when it expires.
            spawn(async move { drop(sign_out.await) });
        })
    };
    html! {
        <header class="bar">
            <Link<Route> to={Route::Home} classes="brand"><Mark /><span class="brand-name">{ "Step-up" }</span></Link<Route>>
            <nav class="tabs" aria-label="Pages">
                <Tab to={Route::Managed} label="Managed" test_id="nav-managed" />
                <Tab to={Route::Explicit} label="Explicit path" test_id="nav-explicit" />
                <Tab to={Route::Headless} label="Headless" test_id="nav-headless" />
                <Tab to={Route::Together} label="Together" test_id="nav-together" />
                <Tab to={Route::Credentials} label="Credentials" test_id="nav-credentials" />
                <Tab to={Route::Factors} label="Factors" test_id="nav-factors" />
                <Tab to={Route::Inspector} label="Inspector" test_id="nav-inspector" />
            </nav>
            <div class="bar-end">
                <Held />
                if let Some(user) = session.user() {
                    <span class="who" data-testid="signed-in-user">{ user.email.clone().unwrap_or_default() }</span>
                    <button class="button ghost" data-testid="sign-out" onclick={sign_out}>{ "Sign out" }</button>
                }
                <ThemeToggle />
            </div>
        </header>
    }
}

/// That the user may export a wallet now without being asked, and for how long.
#[component]
fn Held() -> Html {
    let held = use_elevation(TokenScope::WalletExport);
    let update = use_update();
    use_interval(move || update(), if held.elevation().is_some() { 1_000 } else { 0 });
    html! {
        if let Some(elevation) = held.elevation() {
            <span class="badge gold" data-testid="held" title={if elevation.single_use { "Good for one call" } else { "Good until it expires" }}>
                <span class="scope">{ TokenScope::WalletExport.as_str() }</span>{ " " }{ minutes(held.remaining()) }
            </span>
        }
    }
}

#[derive(Properties, PartialEq)]
struct TabProps {
    to: Route,
    label: AttrValue,
    test_id: AttrValue,
}

#[component]
fn Tab(props: &TabProps) -> Html {
    let navigator = use_navigator();
    let current = use_route::<Route>();
    let is_here = current == Some(props.to) || (current == Some(Route::Home) && props.to == Route::Managed);
    let to = props.to;
    let onclick = Callback::from(move |_: MouseEvent| {
        if let Some(navigator) = &navigator {
            navigator.push(&to);
        }
    });
    let tab = use_node_ref();
    use_effect_with((is_here, tab.clone()), |(is_here, tab)| {
        if *is_here {
            show(tab);
        }
    });
    html! {
        <button ref={tab} class="tab" aria-current={is_here.then_some("page")} data-testid={props.test_id.clone()} {onclick}>
            { props.label.clone() }
        </button>
    }
}

/// Scrolls a line of tabs that is too long for the screen, so that this one is seen.
fn show(tab: &NodeRef) {
    let Some(tab) = tab.cast::<HtmlElement>() else { return };
    if let Some(line) = tab.parent_element() {
        // With some of the one before it, so that it can be seen that there is one.
        line.set_scroll_left(tab.offset_left() - 64);
    }
}
