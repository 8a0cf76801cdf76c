//! English.

use yew::AttrValue;
use yew_step_up::{PromptMethod, PromptMethodKind as Kind, StepUpError, TokenScope};

use super::{Phrase, label_of, name_of, provider_name};

pub(super) fn say(phrase: Phrase<'_>) -> Option<AttrValue> {
    Some(match phrase {
        Phrase::Loading => "One moment…".into(),
        Phrase::ChooseTitle => "Confirm that it is you".into(),
        Phrase::ChooseText => "Choose how.".into(),
        Phrase::Purpose(scope) => return purpose(scope).map(Into::into),
        Phrase::Method(method) => name(method),
        Phrase::Title(method) => title(method),
        Phrase::Text(method) => text(method),
        Phrase::Sending(method) => {
            format!("We are sending a code to {}…", label_of(method).unwrap_or_default()).into()
        }
        Phrase::NotSent => "No code is waiting for you.".into(),
        Phrase::Code(Kind::RecoveryCode) => "Recovery code".into(),
        Phrase::Code(_) => "Six-digit code".into(),
        Phrase::Incomplete(Kind::RecoveryCode) => "Type a recovery code first.".into(),
        Phrase::Incomplete(_) => "Type all six digits first.".into(),
        Phrase::Verify => "Confirm".into(),
        Phrase::Start(method) => match method.kind {
            Kind::Passkey => "Use passkey".into(),
            Kind::Wallet => "Sign with wallet".into(),
            Kind::Social => format!("Continue with {}", provider_name(method)).into(),
            _ => "Continue".into(),
        },
        Phrase::Waiting(method) => match method.kind {
            Kind::Passkey => "Your browser is asking for the passkey.",
            Kind::Wallet => "Your wallet is asking for the signature.",
            Kind::Social => "Go on in the window that opened.",
            _ => "One moment…",
        }
        .into(),
        Phrase::Send => "Send a new code".into(),
        Phrase::SendIn(seconds) => format!("New code in {}", span(seconds)).into(),
        Phrase::CaptchaTitle => "Are you a person?".into(),
        Phrase::CaptchaText => "Solve this first. Then we send you a code.".into(),
        Phrase::NoCaptchaTitle => "No code can be sent here".into(),
        Phrase::NoCaptcha => "A captcha has to be solved first, and this app has none to show.".into(),
        Phrase::DeadEnd => "You cannot confirm this now".into(),
        Phrase::OtherMethod => "Use another method".into(),
        Phrase::Cancel => "Cancel".into(),
        Phrase::Close => "Close".into(),
        Phrase::Error(error) => return self::error(error),
    })
}

fn purpose(scope: &TokenScope) -> Option<&'static str> {
    Some(match scope {
        TokenScope::WalletExport => "Export your wallet's private key",
        TokenScope::WalletDelete => "Delete a wallet",
        TokenScope::WalletSign => "Sign with your wallet",
        TokenScope::WalletDelegate => "Delegate access to a wallet",
        TokenScope::CredentialLink => "Add a way to sign in",
        TokenScope::CredentialUpdate => "Change a way to sign in",
        TokenScope::CredentialUnlink => "Remove a way to sign in",
        TokenScope::UserUpdate => "Change your account",
        TokenScope::UserDelete => "Delete your account",
        _ => return None,
    })
}

fn name(method: &PromptMethod) -> AttrValue {
    match method.kind {
        Kind::Passkey => "Passkey".into(),
        Kind::Totp => "Authenticator app".into(),
        Kind::RecoveryCode => "Recovery code".into(),
        Kind::Email => "Code by email".into(),
        Kind::Sms => "Code by text message".into(),
        Kind::Wallet => "Wallet".into(),
        _ => provider_name(method).to_owned().into(),
    }
}

fn title(method: &PromptMethod) -> AttrValue {
    match method.kind {
        Kind::Passkey => "Use your passkey".into(),
        Kind::Totp => "Enter the code from your app".into(),
        Kind::RecoveryCode => "Enter a recovery code".into(),
        Kind::Email => "Check your email".into(),
        Kind::Sms => "Check your phone".into(),
        Kind::Wallet => "Sign with your wallet".into(),
        Kind::Social => format!("Continue with {}", provider_name(method)).into(),
        _ => "Confirm that it is you".into(),
    }
}

fn text(method: &PromptMethod) -> AttrValue {
    let label = label_of(method);
    match (method.kind, label) {
        (Kind::Passkey, _) => "Confirm with your fingerprint, face, PIN or security key.".into(),
        (Kind::Totp, _) => "Your authenticator app shows six digits.".into(),
        (Kind::RecoveryCode, _) => "Type one of the codes that you kept. Each works once.".into(),
        (Kind::Email | Kind::Sms, Some(to)) => format!("We sent a code to {to}.").into(),
        (Kind::Email | Kind::Sms, None) => "We sent you a code.".into(),
        (Kind::Wallet, Some(wallet)) => format!("Sign a message with {wallet}. It costs nothing.").into(),
        (Kind::Wallet, None) => "Sign a message. It costs nothing.".into(),
        (Kind::Social, Some(account)) => format!("Sign in as {account}, in a window that opens.").into(),
        _ => "Sign in once more, in a window that opens.".into(),
    }
}

/// Most errors say it well themselves.
fn error(error: &StepUpError) -> Option<AttrValue> {
    Some(match error {
        StepUpError::Cancelled => "Nothing was confirmed. Try again, or use another method.".into(),
        StepUpError::NotElevated(_) => "That was not enough for this action. Try again.".into(),
        StepUpError::SocialAccountNotLinked { provider } => {
            let name = name_of(provider);
            format!("That {name} account is not linked to yours. Sign in with the one that is, or use another method.")
                .into()
        }
        StepUpError::CaptchaRequired => "A code is sent only after a captcha.".into(),
        StepUpError::OtpNotSent => "No code was sent yet.".into(),
        StepUpError::NoOtpCredential => "You have no email address or phone number that a code can be sent to.".into(),
        StepUpError::NoMfaMethods => "You have no second factor yet. Add one to your account first.".into(),
        StepUpError::NoReauthMethods => {
            "There is nothing to confirm with yet. Add an email address, a phone number, a wallet or a social \
             account to your account."
                .into()
        }
        StepUpError::WalletNotFound(_) | StepUpError::NoWalletCredential => {
            "That wallet is not in this browser. Open it, or use another method.".into()
        }
        StepUpError::PasskeyFailed { .. } => "The passkey could not be used. Try again, or use another method.".into(),
        StepUpError::Decode { .. } => "The server's answer could not be read. Try again later.".into(),
        StepUpError::RateLimited { retry_after: Some(pause) } => {
            let seconds = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).max(1);
            format!("Too many tries. Wait for {}.", span(seconds)).into()
        }
        _ => return None,
    })
}

fn span(seconds: u32) -> String {
    match seconds {
        1 => "1 second".into(),
        0..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use yew_step_up::Provider;

    use super::*;

    #[test]
    fn times_are_told_in_units_that_people_use() {
        assert_eq!(span(1), "1 second");
        assert_eq!(span(30), "30 seconds");
        assert_eq!(span(121), "3 minutes");
        let pause = StepUpError::RateLimited { retry_after: Some(Duration::from_secs(3_600)) };
        assert_eq!(error(&pause).as_deref(), Some("Too many tries. Wait for 60 minutes."));
    }

    #[test]
    fn an_account_that_is_not_linked_is_named_by_its_provider() {
        let other = StepUpError::SocialAccountNotLinked { provider: Provider::GitHub };
        assert_eq!(
            error(&other).as_deref(),
            Some(
                "That GitHub account is not linked to yours. Sign in with the one that is, or use another method."
            )
        );
    }
}
