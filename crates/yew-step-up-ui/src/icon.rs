//! Drawings, in the page itself.

use yew::prelude::*;
use yew_step_up::PromptMethodKind;

pub(crate) const SHIELD: &str =
    "M12 3l7.5 2.8v5.4c0 4.6-3 8-7.5 9.8-4.5-1.8-7.5-5.2-7.5-9.8V5.8zM8.7 12l2.3 2.3 4.3-4.6";
pub(crate) const WARNING: &str = "M12 4L2.8 19.5h18.4zM12 10v4.2M12 17v.1";
const PASSKEY: &str = "M9.5 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6zM2.8 20c.5-3.4 3.2-5.3 6.7-5.3 1.1 0 2.1.2 3 .5M17.5 13.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM17.5 13.5V21l1.7-1.6-1.2-1.5 1.2-1.5";
const PHONE: &str = "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 18h2";
const CLOCK: &str = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2";
const LETTER: &str =
    "M5 5.5h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM3.5 7l8.5 6 8.5-6";
const WALLET: &str =
    "M5 7h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5.5A2.5 2.5 0 0 1 3 16.5v-10A1.5 1.5 0 0 1 4.5 5H17M16 13v.1";
const PERSON: &str = "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5";
const LIST: &str = "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5v.1M4.5 12v.1M4.5 17.5v.1";

/// What stands for a kind of method.
pub(crate) const fn of(kind: PromptMethodKind) -> &'static str {
    match kind {
        PromptMethodKind::Passkey => PASSKEY,
        PromptMethodKind::Totp => CLOCK,
        PromptMethodKind::RecoveryCode => LIST,
        PromptMethodKind::Email => LETTER,
        PromptMethodKind::Sms => PHONE,
        PromptMethodKind::Wallet => WALLET,
        PromptMethodKind::Social => PERSON,
        _ => SHIELD,
    }
}

/// Names a kind of method, for stylesheets.
pub(crate) const fn name(kind: PromptMethodKind) -> &'static str {
    match kind {
        PromptMethodKind::Passkey => "passkey",
        PromptMethodKind::Totp => "totp",
        PromptMethodKind::RecoveryCode => "recovery",
        PromptMethodKind::Email => "email",
        PromptMethodKind::Sms => "sms",
        PromptMethodKind::Wallet => "wallet",
        PromptMethodKind::Social => "social",
        _ => "other",
    }
}

pub(crate) fn draw(path: &'static str) -> Html {
    html! {
        <svg data-step-up-part="glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={path} /></svg>
    }
}
