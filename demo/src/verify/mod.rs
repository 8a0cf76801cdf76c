//! A prompt of one's own, on the headless hook: it asks whether the user has to verify and with what, and shows the screen
//! for that. This is the folder to copy.

mod button_screen;
mod captcha_screen;
mod chooser;
mod method;
mod otp_screen;
mod recovery_screen;
mod screen;
mod stopped;
mod totp_screen;

use std::rc::Rc;

use yew::prelude::*;
use yew_step_up::{StepUpError, TokenScope, use_session, use_step_up_authentication};

pub(crate) use self::method::Method;
use self::{
    button_screen::ButtonScreen, captcha_screen::CaptchaScreen, chooser::Chooser, otp_screen::OtpScreen,
    recovery_screen::RecoveryScreen, screen::ScreenProps, stopped::Stopped, totp_screen::TotpScreen,
};
use crate::ui::spawn;

#[derive(Properties, PartialEq)]
pub(crate) struct VerifyProps {
    /// What the user wants to do.
    pub(crate) scope: TokenScope,
    /// They may, now or without being asked: the elevated token goes with the next call by itself.
    pub(crate) onverified: Callback<()>,
    pub(crate) oncancel: Callback<()>,
}

/// Where the prompt is.
#[derive(Clone, PartialEq)]
enum Stage {
    Asking,
    /// The check itself failed.
    Failed(StepUpError),
    Choosing,
    With(Method),
}

#[component]
pub(crate) fn Verify(props: &VerifyProps) -> Html {
    let step_up = use_step_up_authentication();
    let user = use_session().user.clone();
    let stage = use_state(|| Stage::Asking);
    let methods = use_state(|| Rc::<[Method]>::from([]));

    let choose = {
        let (step_up, stage) = (step_up.clone(), stage.setter());
        Callback::from(move |method: Method| {
            step_up.reset_state();
            if let Method::Code { credential, .. } = &method {
                let sending = step_up.send_otp_to(credential);
                // What goes wrong is in the hook's state.
                spawn(async move { drop(sending.await) });
            }
            stage.set(Stage::With(method));
        })
    };
    {
        let (step_up, stage, methods) = (step_up.clone(), stage.setter(), methods.setter());
        let (choose, onverified) = (choose.clone(), props.onverified.clone());
        use_effect_with(props.scope.clone(), move |scope| {
            let check = step_up.check_step_up_auth(scope);
            spawn(async move {
                let check = check.await;
                if !check.is_required {
                    onverified.emit(());
                    return;
                }
                let offered = user.map(|user| Method::offered(&check, &user)).unwrap_or_default();
                match offered.first() {
                    Some(first) => choose.emit(first.clone()),
                    None => stage.set(Stage::Failed(check.cause.unwrap_or(StepUpError::NoReauthMethods))),
                }
                methods.set(offered.into());
            });
        });
    }
    let onother = (methods.len() > 1).then(|| {
        let (step_up, stage) = (step_up.clone(), stage.setter());
        Callback::from(move |()| {
            step_up.reset_state();
            stage.set(Stage::Choosing);
        })
    });
    let screen = || ScreenProps {
        step_up: step_up.clone(),
        scopes: vec![props.scope.clone()],
        onverified: props.onverified.clone(),
        onother: onother.clone(),
        oncancel: props.oncancel.clone(),
    };
    match &*stage {
        Stage::Asking => html! {
            <section class="card" aria-busy="true"><p class="quiet">{ "One moment…" }</p></section>
        },
        Stage::Failed(error) => html! {
            <Stopped error={error.clone()} oncancel={props.oncancel.clone()} />
        },
        Stage::Choosing => html! {
            <Chooser methods={methods.to_vec()} onchoose={choose} oncancel={props.oncancel.clone()} />
        },
        Stage::With(Method::Totp) => html! { <TotpScreen ..screen() /> },
        Stage::With(Method::Recovery) => html! { <RecoveryScreen ..screen() /> },
        Stage::With(Method::Code { .. }) if step_up.otp_verification.is_some() => {
            html! { <OtpScreen ..screen() /> }
        }
        Stage::With(Method::Code { .. }) if step_up.captcha_required => {
            html! { <CaptchaScreen ..screen() /> }
        }
        Stage::With(method) if !matches!(method, Method::Code { .. }) => {
            html! { <ButtonScreen method={method.clone()} screen={Rc::new(screen())} /> }
        }
        Stage::With(method) => match &step_up.error {
            Some(error) => {
                let method = method.clone();
                html! {
                    <Stopped
                        error={error.clone()}
                        onsend={choose.reform(move |()| method.clone())}
                        {onother}
                        oncancel={props.oncancel.clone()}
                    />
                }
            }
            None => html! {
                <section class="card" aria-busy="true"><p class="quiet">{ "One moment…" }</p></section>
            },
        },
    }
}
