//! Signing in with a code, sent by email or SMS.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::{
    CaptchaToken, OtpAddress, OtpVerification, PhoneNumber, StepUpError, use_session, use_step_up_client,
};

use super::other_ways::OtherWays;
use crate::control::Control;
use crate::format::reportable;
use crate::ui::{
    button::PrimaryButton,
    countdown::Resend,
    icon::{Letter, Person},
    otp_input::OtpInput,
    spawn,
};

#[component]
pub(crate) fn SignIn() -> Html {
    let session = use_session();
    let client = use_step_up_client();
    let sent = use_state(|| None::<OtpVerification>);
    let error = use_state(|| None::<StepUpError>);
    let is_busy = use_state(|| false);
    let control = use_context::<Option<Control>>().flatten();

    let send = {
        let (session, sent, error, is_busy) = (session.clone(), sent.clone(), error.clone(), is_busy.clone());
        Callback::from(move |address: OtpAddress| {
            let (session, control) = (session.clone(), control.clone());
            let (sent, error, is_busy) = (sent.clone(), error.clone(), is_busy.clone());
            is_busy.set(true);
            spawn(async move {
                let mut sending = session.send_sign_in_code(address.clone()).await;
                if let (Err(StepUpError::CaptchaRequired), Some(control)) = (&sending, control) {
                    // The sandbox's captcha is always solved. In an app this is where its widget comes.
                    sending = match control.solve_captcha().await {
                        Ok(token) => {
                            session.send_sign_in_code_with_captcha(address, CaptchaToken::new(token)).await
                        }
                        Err(error) => Err(error),
                    };
                }
                match sending {
                    Ok(verification) => {
                        error.set(None);
                        sent.set(Some(verification));
                    }
                    Err(why) => error.set(Some(why)),
                }
                is_busy.set(false);
            });
        })
    };
    let verify = {
        let (sent, error, is_busy) = (sent.clone(), error.clone(), is_busy.clone());
        Callback::from(move |code: String| {
            let Some(verification) = &*sent else { return };
            let (sent, error, is_busy) = (sent.clone(), error.clone(), is_busy.clone());
            let signing_in = session.sign_in_with_otp(verification, &code);
            is_busy.set(true);
            spawn(async move {
                // Signed in, this page is gone.
                if let Err(why) = signing_in.await {
                    // A void code leads back to where another is sent.
                    if why.voids_code() {
                        sent.set(None);
                    }
                    error.set(Some(why));
                    is_busy.set(false);
                }
            });
        })
    };
    let resend = {
        let (sent, error) = (sent.clone(), error.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(verification) = &*sent else { return };
            let (sent, error) = (sent.clone(), error.clone());
            let sending = client.resend_sign_in_code(verification);
            spawn(async move {
                match sending.await {
                    Ok(verification) => {
                        error.set(None);
                        sent.set(Some(verification));
                    }
                    Err(why) => error.set(Some(why)),
                }
            });
        })
    };
    let back = {
        let (sent, error) = (sent.clone(), error.clone());
        Callback::from(move |_: MouseEvent| {
            sent.set(None);
            error.set(None);
        })
    };
    let onerror = {
        let error = error.setter();
        Callback::from(move |why| error.set(reportable(why)))
    };
    let message = error.as_ref().map(|error| AttrValue::from(error.to_string()));
    html! {
        <div class="welcome">
        <Hero />
        <section class="card" aria-labelledby="sign-in-title">
            <div class="card-head">
                <span class="medal">{ if sent.is_some() { html! { <Letter /> } } else { html! { <Person /> } } }</span>
                <div>
                    <h2 id="sign-in-title">{ "Sign in" }</h2>
                    <p class="quiet">
                        if let Some(verification) = &*sent {
                            { format!("A code is on its way to {}", verification.destination()) }
                        } else {
                            { "With a code sent to your email address or phone. Any will do: the sandbox has its own inbox." }
                        }
                    </p>
                </div>
            </div>
            if let Some(verification) = &*sent {
                <OtpInput
                    test_id="sign-in-code"
                    oncomplete={verify}
                    is_busy={*is_busy}
                    error={message.clone()}
                    error_id="sign-in-error"
                />
                <p id="sign-in-error" class="field-note error" aria-live="assertive" data-testid="sign-in-error">{ message }</p>
                <div class="row">
                    <Resend test_id="sign-in-resend" onclick={resend} sent={verification.uuid().to_owned()} />
                    <button type="button" class="button ghost" onclick={back}>{ "Change address" }</button>
                </div>
            } else {
                <AddressForm onaddress={send} is_busy={*is_busy} />
                <p id="sign-in-error" class="field-note error" aria-live="assertive" data-testid="sign-in-error">{ message }</p>
                <OtherWays onerror={onerror} />
            }
        </section>
        </div>
    }
}

/// What this is about, as a stair.
#[component]
fn Hero() -> Html {
    let step = |title: &'static str, text: &'static str| {
        html! { <li><strong>{ title }</strong><span class="quiet">{ text }</span></li> }
    };
    html! {
        <div class="hero">
            <h1>{ "Ask once more, before it matters" }</h1>
            <p class="lead">
                { "Step-up authentication for Yew: hooks that guard what cannot be undone, with a ready-made prompt or screens of your own." }
            </p>
            <ol class="stair">
                { step("Sign in", "A code by email opens the session.") }
                { step("Step up", "Another one brings a token for one scope.") }
                { step("Act", "The token goes with that call, and is used up.") }
            </ol>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct AddressFormProps {
    onaddress: Callback<OtpAddress>,
    is_busy: bool,
}

#[component]
fn AddressForm(props: &AddressFormProps) -> Html {
    let input = use_node_ref();
    let onsubmit = {
        let (input, onaddress) = (input.clone(), props.onaddress.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = input.cast::<HtmlInputElement>() {
                match address(&input.value()) {
                    Some(address) => onaddress.emit(address),
                    None => {
                        input.set_custom_validity("An email address, or a phone number that begins with +");
                        // Shows the sentence.
                        input.report_validity();
                        input.set_custom_validity("");
                    }
                }
            }
        })
    };
    html! {
        <form class="stack" {onsubmit}>
            <label class="field">
                <span>{ "Email address, or phone number with +" }</span>
                <input
                    ref={input}
                    data-testid="sign-in-email"
                    type="text"
                    name="username"
                    inputmode="email"
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                    placeholder="you@example.com"
                />
            </label>
            <PrimaryButton label="Send a code" test_id="sign-in-send" is_busy={props.is_busy} />
        </form>
    }
}

/// Where a code can be sent: what begins with `+` is a phone number.
fn address(text: &str) -> Option<OtpAddress> {
    let text = text.trim();
    if text.starts_with('+') {
        PhoneNumber::parse(text).map(Into::into)
    } else {
        text.contains('@').then(|| text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_begins_a_phone_number_and_an_at_sign_makes_an_email_address() {
        assert!(matches!(address(" +1 555 010 0100 "), Some(OtpAddress::Phone(_))));
        assert_eq!(address("ada@example.com"), Some("ada@example.com".into()));
        assert_eq!(address("+1"), None);
        assert_eq!(address("ada"), None);
    }
}
