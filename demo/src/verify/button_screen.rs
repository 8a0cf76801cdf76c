//! Asks for what begins with a press of a button: a passkey, a wallet's signature, a social account, the word of another
//! identity provider. Browsers want to see that press.

use std::rc::Rc;

use yew::prelude::*;
use yew_step_up::{SocialOptions, StepUpError, use_external_auth};

use super::{
    Method,
    screen::{Frame, ScreenProps, follow},
};
use crate::{
    control::Control,
    format::{provider_name, shorten},
    ui::{
        button::PrimaryButton,
        focus::use_focus,
        icon::{Key, Person},
        spawn,
    },
};

const NOT_VERIFIED: &str = "Not verified yet. Try again when you are ready.";

#[derive(Properties, PartialEq)]
pub(crate) struct ButtonScreenProps {
    pub(crate) method: Method,
    pub(crate) screen: Rc<ScreenProps>,
}

#[component]
pub(crate) fn ButtonScreen(props: &ButtonScreenProps) -> Html {
    let heading = use_focus();
    let external = use_external_auth();
    let control = use_context::<Option<Control>>().flatten();
    let failure = use_state(|| None::<AttrValue>);
    let ScreenProps { step_up, scopes, onverified, onother, oncancel } = &*props.screen;
    let onclick = {
        let (method, step_up, scopes) = (props.method.clone(), step_up.clone(), scopes.clone());
        let (onverified, failure) = (onverified.clone(), failure.setter());
        Callback::from(move |_: MouseEvent| {
            let onverified = onverified.clone();
            match &method {
                Method::Passkey => follow(step_up.verify_passkey_mfa(&scopes), onverified),
                Method::Wallet { credential, .. } => {
                    follow(step_up.verify_wallet(Some(credential), &scopes), onverified);
                }
                Method::Social { provider, .. } => {
                    // Where the popup is blocked the page goes there itself, and comes back to this one.
                    let options = SocialOptions::new().with_scopes(&scopes);
                    follow(step_up.verify_social(provider.clone(), options), onverified);
                }
                Method::External { subject } => {
                    let (external, failure) = (external.clone(), failure.clone());
                    let vouched = match &control {
                        Some(control) => control.vouch(subject, &scopes),
                        None => Err(StepUpError::UnsupportedTarget {
                            why: "this demo is nobody's backend".into(),
                        }),
                    };
                    spawn(async move {
                        let verified = match vouched {
                            Ok(assertion) => external.verify_with_external_jwt(assertion.expose()).await,
                            Err(error) => Err(error),
                        };
                        match verified {
                            Ok(_) => onverified.emit(()),
                            Err(error) => failure.set(Some(error.to_string().into())),
                        }
                    });
                }
                // These have fields, and screens of their own.
                Method::Code { .. } | Method::Totp | Method::Recovery => {}
            }
        })
    };
    let (name, icon, hint, label) = match &props.method {
        Method::Passkey => (
            "passkey",
            html! { <Key /> },
            "Use the passkey of this account.".to_owned(),
            "Use a passkey".to_owned(),
        ),
        Method::Wallet { address, .. } => (
            "wallet",
            html! { <Key /> },
            format!("Sign a message with {}. It costs nothing.", shorten(address)),
            "Sign".to_owned(),
        ),
        Method::Social { provider, name } => (
            "social",
            html! { <Person /> },
            format!("Sign in to {} as {name}, in a window that opens.", provider_name(provider)),
            format!("Continue with {}", provider_name(provider)),
        ),
        _ => (
            "external",
            html! { <Person /> },
            "Your own identity provider can say that it is you.".to_owned(),
            "Ask Example ID".to_owned(),
        ),
    };
    // A user who cancelled needs no error, but hears that nothing was verified.
    let hint = if step_up.is_cancelled { NOT_VERIFIED.to_owned() } else { hint };
    html! {
        <Frame
            {name}
            {icon}
            {hint}
            error={(*failure).clone().or_else(|| props.screen.error())}
            onother={onother.clone()}
            oncancel={oncancel.clone()}
            {heading}
        >
            <PrimaryButton {label} test_id={format!("{name}-verify")} {onclick} is_busy={step_up.is_loading} />
        </Frame>
    }
}
