//! Links an email address or a phone number: asks which, sends a code there, and takes it.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::{CaptchaToken, OtpAddress, OtpVerification, PhoneNumber, StepUpError, use_step_up_client};

use crate::{
    control::Control,
    ui::{
        button::PrimaryButton,
        focus::use_focus,
        icon::{Letter, Phone},
        otp_input::OtpInput,
        spawn,
    },
};

#[derive(Properties, PartialEq)]
pub(crate) struct LinkCodeProps {
    pub(crate) is_phone: bool,
    pub(crate) ondone: Callback<()>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn LinkCode(props: &LinkCodeProps) -> Html {
    let client = use_step_up_client();
    let control = use_context::<Option<Control>>().flatten();
    let sent = use_state(|| None::<OtpVerification>);
    let error = use_state(|| None::<AttrValue>);
    let is_busy = use_state(|| false);
    let input = use_focus();
    let is_phone = props.is_phone;

    let send = {
        let (client, input, sent, error, is_busy) =
            (client.clone(), input.clone(), sent.setter(), error.setter(), is_busy.setter());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = input.cast::<HtmlInputElement>() else { return };
            let Some(address) = address(&field.value(), is_phone) else {
                error.set(Some("A phone number begins with + and its country code.".into()));
                return;
            };
            let (client, control, sent, error, is_busy) =
                (client.clone(), control.clone(), sent.clone(), error.clone(), is_busy.clone());
            is_busy.set(true);
            spawn(async move {
                let mut sending = client.send_link_code(address.clone()).await;
                if let (Err(StepUpError::CaptchaRequired), Some(control)) = (&sending, control) {
                    // The sandbox's captcha is always solved. In an app this is where its widget comes.
                    sending = match control.solve_captcha().await {
                        Ok(token) => {
                            client.send_link_code_with_captcha(address, CaptchaToken::new(token)).await
                        }
                        Err(error) => Err(error),
                    };
                }
                error.set(sending.as_ref().err().map(|error| error.to_string().into()));
                sent.set(sending.ok());
                is_busy.set(false);
            });
        })
    };
    let link = {
        let (sent, error, is_busy) = (sent.clone(), error.setter(), is_busy.setter());
        let ondone = props.ondone.clone();
        Callback::from(move |code: String| {
            let Some(verification) = &*sent else { return };
            let linking = client.link_with_otp(verification, &code);
            let (sent, error, is_busy, ondone) =
                (sent.clone(), error.clone(), is_busy.clone(), ondone.clone());
            is_busy.set(true);
            spawn(async move {
                match linking.await {
                    Ok(_) => ondone.emit(()),
                    Err(why) => {
                        // A void code leads back to where another is sent.
                        if why.voids_code() {
                            sent.set(None);
                        }
                        error.set(Some(why.to_string().into()));
                        is_busy.set(false);
                    }
                }
            });
        })
    };
    let (title, label) = if is_phone {
        ("Link a phone", "Phone number, with its country code")
    } else {
        ("Link an email address", "Email address")
    };
    html! {
        <section class="card" aria-labelledby="link-title">
            <div class="card-head">
                <span class="medal">{ if is_phone { html! { <Phone /> } } else { html! { <Letter /> } } }</span>
                <div>
                    <h1 id="link-title">{ title }</h1>
                    <p class="quiet">
                        if let Some(verification) = &*sent {
                            { format!("A code is on its way to {}", verification.destination()) }
                        } else {
                            { "A code is sent there, to see that it is yours." }
                        }
                    </p>
                </div>
            </div>
            if sent.is_some() {
                <OtpInput
                    test_id="link-code"
                    oncomplete={link}
                    is_busy={*is_busy}
                    error={(*error).clone()}
                    error_id="link-error"
                />
            } else {
                <form class="stack" onsubmit={send}>
                    <label class="field">
                        <span>{ label }</span>
                        <input
                            ref={input}
                            data-testid="link-address"
                            type={if is_phone { "tel" } else { "email" }}
                            autocomplete={if is_phone { "tel" } else { "email" }}
                            placeholder={if is_phone { "+1 555 010 0100" } else { "you@example.com" }}
                            required=true
                            aria-describedby="link-error"
                        />
                    </label>
                    <PrimaryButton label="Send a code" test_id="link-send" is_busy={*is_busy} />
                </form>
            }
            <p id="link-error" class="field-note error" aria-live="assertive" data-testid="link-error">
                { (*error).clone() }
            </p>
            <div class="row">
                <button
                    type="button"
                    class="button ghost end"
                    data-testid="link-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}

fn address(text: &str, is_phone: bool) -> Option<OtpAddress> {
    if is_phone { PhoneNumber::parse(text).map(Into::into) } else { Some(text.into()) }
}
