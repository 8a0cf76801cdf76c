//! German.

use yew::AttrValue;
use yew_step_up::{PromptMethod, PromptMethodKind as Kind, StepUpError, TokenScope};

use super::{Phrase, label_of, name_of, provider_name};

pub(super) fn say(phrase: Phrase<'_>) -> Option<AttrValue> {
    Some(match phrase {
        Phrase::Loading => "Einen Moment …".into(),
        Phrase::ChooseTitle => "Bestätigen Sie, dass Sie es sind".into(),
        Phrase::ChooseText => "Wählen Sie, womit.".into(),
        Phrase::Purpose(scope) => return purpose(scope).map(Into::into),
        Phrase::Method(method) => name(method),
        Phrase::Title(method) => title(method),
        Phrase::Text(method) => text(method),
        Phrase::Sending(method) => {
            format!("Wir senden einen Code an {} …", label_of(method).unwrap_or_default()).into()
        }
        Phrase::NotSent => "Es wartet kein Code auf Sie.".into(),
        Phrase::Code(Kind::RecoveryCode) => "Wiederherstellungscode".into(),
        Phrase::Code(_) => "Sechsstelliger Code".into(),
        Phrase::Incomplete(Kind::RecoveryCode) => "Geben Sie zuerst einen Wiederherstellungscode ein.".into(),
        Phrase::Incomplete(_) => "Geben Sie zuerst alle sechs Ziffern ein.".into(),
        Phrase::Verify => "Bestätigen".into(),
        Phrase::Start(method) => match method.kind {
            Kind::Passkey => "Passkey verwenden".into(),
            Kind::Wallet => "Mit dem Wallet signieren".into(),
            Kind::Social => format!("Weiter mit {}", provider_name(method)).into(),
            _ => "Weiter".into(),
        },
        Phrase::Waiting(method) => match method.kind {
            Kind::Passkey => "Ihr Browser fragt nach dem Passkey.",
            Kind::Wallet => "Ihr Wallet fragt nach der Signatur.",
            Kind::Social => "Fahren Sie in dem Fenster fort, das sich geöffnet hat.",
            _ => "Einen Moment …",
        }
        .into(),
        Phrase::Send => "Neuen Code senden".into(),
        Phrase::SendIn(seconds) => format!("Neuer Code in {}", span(seconds)).into(),
        Phrase::CaptchaTitle => "Sind Sie ein Mensch?".into(),
        Phrase::CaptchaText => "Lösen Sie zuerst diese Aufgabe. Danach senden wir Ihnen einen Code.".into(),
        Phrase::NoCaptchaTitle => "Hier kann kein Code gesendet werden".into(),
        Phrase::NoCaptcha => "Zuvor ist ein Captcha nötig, und diese App kann keines anzeigen.".into(),
        Phrase::DeadEnd => "Sie können das gerade nicht bestätigen".into(),
        Phrase::OtherMethod => "Andere Methode".into(),
        Phrase::Cancel => "Abbrechen".into(),
        Phrase::Close => "Schließen".into(),
        Phrase::Error(error) => return self::error(error),
    })
}

fn purpose(scope: &TokenScope) -> Option<&'static str> {
    Some(match scope {
        TokenScope::WalletExport => "Privaten Schlüssel des Wallets exportieren",
        TokenScope::WalletDelete => "Wallet löschen",
        TokenScope::WalletSign => "Mit dem Wallet signieren",
        TokenScope::WalletDelegate => "Zugriff auf ein Wallet übertragen",
        TokenScope::CredentialLink => "Anmeldemöglichkeit hinzufügen",
        TokenScope::CredentialUpdate => "Anmeldemöglichkeit ändern",
        TokenScope::CredentialUnlink => "Anmeldemöglichkeit entfernen",
        TokenScope::UserUpdate => "Konto ändern",
        TokenScope::UserDelete => "Konto löschen",
        _ => return None,
    })
}

fn name(method: &PromptMethod) -> AttrValue {
    match method.kind {
        Kind::Passkey => "Passkey".into(),
        Kind::Totp => "Authenticator-App".into(),
        Kind::RecoveryCode => "Wiederherstellungscode".into(),
        Kind::Email => "Code per E-Mail".into(),
        Kind::Sms => "Code per SMS".into(),
        Kind::Wallet => "Wallet".into(),
        _ => provider_name(method).to_owned().into(),
    }
}

fn title(method: &PromptMethod) -> AttrValue {
    match method.kind {
        Kind::Passkey => "Verwenden Sie Ihren Passkey".into(),
        Kind::Totp => "Geben Sie den Code Ihrer App ein".into(),
        Kind::RecoveryCode => "Geben Sie einen Wiederherstellungscode ein".into(),
        Kind::Email => "Sehen Sie in Ihren E-Mails nach".into(),
        Kind::Sms => "Sehen Sie auf Ihrem Telefon nach".into(),
        Kind::Wallet => "Signieren Sie mit Ihrem Wallet".into(),
        Kind::Social => format!("Weiter mit {}", provider_name(method)).into(),
        _ => "Bestätigen Sie, dass Sie es sind".into(),
    }
}

fn text(method: &PromptMethod) -> AttrValue {
    let label = label_of(method);
    match (method.kind, label) {
        (Kind::Passkey, _) => {
            "Bestätigen Sie mit Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel.".into()
        }
        (Kind::Totp, _) => "Ihre Authenticator-App zeigt sechs Ziffern an.".into(),
        (Kind::RecoveryCode, _) => {
            "Geben Sie einen der Codes ein, die Sie aufbewahrt haben. Jeder gilt einmal.".into()
        }
        (Kind::Email | Kind::Sms, Some(to)) => format!("Wir haben einen Code an {to} gesendet.").into(),
        (Kind::Email | Kind::Sms, None) => "Wir haben Ihnen einen Code gesendet.".into(),
        (Kind::Wallet, Some(wallet)) => {
            format!("Signieren Sie eine Nachricht mit {wallet}. Das kostet nichts.").into()
        }
        (Kind::Wallet, None) => "Signieren Sie eine Nachricht. Das kostet nichts.".into(),
        (Kind::Social, Some(account)) => {
            format!("Melden Sie sich als {account} an, in einem Fenster, das sich öffnet.").into()
        }
        _ => "Melden Sie sich noch einmal an, in einem Fenster, das sich öffnet.".into(),
    }
}

fn error(error: &StepUpError) -> Option<AttrValue> {
    Some(match error {
        StepUpError::Cancelled => {
            "Es wurde nichts bestätigt. Versuchen Sie es noch einmal oder verwenden Sie eine andere Methode.".into()
        }
        StepUpError::InvalidCode { attempts_left: None } => "Dieser Code ist falsch.".into(),
        StepUpError::InvalidCode { attempts_left: Some(0) } => {
            "Dieser Code ist falsch. Sie haben keinen Versuch mehr.".into()
        }
        StepUpError::InvalidCode { attempts_left: Some(1) } => {
            "Dieser Code ist falsch. Sie haben noch einen Versuch.".into()
        }
        StepUpError::InvalidCode { attempts_left: Some(left) } => {
            format!("Dieser Code ist falsch. Sie haben noch {left} Versuche.").into()
        }
        StepUpError::CodeExpired => "Dieser Code gilt nicht mehr. Fordern Sie einen neuen an.".into(),
        StepUpError::UnknownVerification => {
            "Dieser Code wurde nicht für Sie gesendet. Fordern Sie einen neuen an.".into()
        }
        StepUpError::TooManyAttempts => "Zu viele Versuche. Fordern Sie einen neuen Code an.".into(),
        StepUpError::RateLimited { retry_after: None } => "Zu viele Versuche. Warten Sie eine Weile.".into(),
        StepUpError::RateLimited { retry_after: Some(pause) } => {
            let seconds = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).max(1);
            format!("Zu viele Versuche. Warten Sie {}.", wait(seconds)).into()
        }
        StepUpError::CaptchaRequired => "Vor dem Senden eines Codes ist ein Captcha nötig.".into(),
        StepUpError::OtpNotSent => "Es wurde noch kein Code gesendet.".into(),
        StepUpError::NoOtpCredential => {
            "Sie haben keine E-Mail-Adresse und keine Telefonnummer, an die ein Code gesendet werden kann.".into()
        }
        StepUpError::NoMfaMethods => {
            "Sie haben noch keinen zweiten Faktor. Fügen Sie Ihrem Konto zuerst einen hinzu.".into()
        }
        StepUpError::NoReauthMethods => {
            "Es gibt noch nichts, womit Sie sich ausweisen können. Fügen Sie Ihrem Konto eine E-Mail-Adresse, eine \
             Telefonnummer, ein Wallet oder ein Konto bei einem sozialen Netzwerk hinzu."
                .into()
        }
        StepUpError::MfaRequired => {
            "Ein zweiter Faktor ist nötig: Bestätigen Sie mit einem Passkey oder einer Authenticator-App.".into()
        }
        StepUpError::PasskeyNotFound => "Für dieses Konto wurde kein Passkey gefunden.".into(),
        StepUpError::RelyingPartyMismatch => {
            "Die Passkeys dieses Kontos können unter dieser Adresse nicht verwendet werden.".into()
        }
        StepUpError::PasskeyFailed { .. } => "Der Passkey konnte nicht verwendet werden. Versuchen Sie es noch einmal \
                                              oder verwenden Sie eine andere Methode."
            .into(),
        StepUpError::WalletNotFound(_) | StepUpError::NoWalletCredential => {
            "Dieses Wallet ist nicht in diesem Browser. Öffnen Sie es oder verwenden Sie eine andere Methode.".into()
        }
        StepUpError::WalletAccountMismatch => "Das Wallet hat mit einem anderen Konto signiert. Wechseln Sie im \
                                               Wallet das Konto und versuchen Sie es noch einmal."
            .into(),
        StepUpError::WalletFailed { .. } => "Das Wallet hat nicht signiert. Versuchen Sie es noch einmal.".into(),
        StepUpError::EmbeddedWalletNotAllowed => {
            "Ein eingebettetes Wallet kann hier nicht verwendet werden.".into()
        }
        StepUpError::PopupBlocked => "Der Browser hat das Fenster blockiert. Erlauben Sie Pop-ups für diese Seite \
                                      und versuchen Sie es noch einmal."
            .into(),
        StepUpError::PopupClosed => "Das Fenster wurde geschlossen, bevor die Anmeldung fertig war.".into(),
        StepUpError::ProviderRefused { .. } => {
            "Der Anbieter hat die Anmeldung abgelehnt. Versuchen Sie es noch einmal.".into()
        }
        StepUpError::SocialAccountNotLinked { provider } => {
            let name = name_of(provider);
            format!(
                "Dieses Konto bei {name} ist nicht mit Ihrem Konto verknüpft. Melden Sie sich mit dem verknüpften an \
                 oder verwenden Sie eine andere Methode."
            )
            .into()
        }
        StepUpError::StateMismatch => "Diese Anmeldung wurde nicht hier begonnen. Versuchen Sie es noch einmal.".into(),
        StepUpError::Redirecting => "Es geht auf einer anderen Seite weiter.".into(),
        StepUpError::TimedOut => "Es kam nicht rechtzeitig eine Antwort. Versuchen Sie es noch einmal.".into(),
        StepUpError::NotElevated(_) => {
            "Das hat für diesen Vorgang nicht gereicht. Versuchen Sie es noch einmal.".into()
        }
        StepUpError::SubjectMismatch => {
            "Die Antwort galt einem anderen Benutzer. Es wurde nichts geändert.".into()
        }
        StepUpError::NotSignedIn => "Sie sind nicht angemeldet.".into(),
        StepUpError::UnsupportedTarget { .. } => "Das ist in diesem Browser nicht möglich.".into(),
        StepUpError::Storage { .. } => "Der Speicher des Browsers ist nicht verfügbar.".into(),
        StepUpError::Network => {
            "Der Server ist nicht erreichbar. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.".into()
        }
        // What the server says of a refusal is more than could be said here; of its own failure it says nothing.
        StepUpError::Api { status: 500.., .. } => {
            "Beim Server ist etwas schiefgegangen. Versuchen Sie es später noch einmal.".into()
        }
        StepUpError::Decode { .. } => {
            "Die Antwort des Servers war nicht lesbar. Versuchen Sie es später noch einmal.".into()
        }
        _ => return None,
    })
}

/// After „in".
fn span(seconds: u32) -> String {
    match seconds {
        1 => "1 Sekunde".into(),
        0..120 => format!("{seconds} Sekunden"),
        _ => format!("{} Minuten", seconds.div_ceil(60)),
    }
}

/// After „Warten Sie".
fn wait(seconds: u32) -> String {
    if seconds == 1 { "eine Sekunde".into() } else { span(seconds) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use yew_step_up::{HttpResponse, Provider};

    use super::*;

    #[test]
    fn what_goes_wrong_for_a_user_is_said_in_german() {
        let pause = StepUpError::RateLimited { retry_after: Some(Duration::from_secs(1)) };
        assert_eq!(error(&pause).as_deref(), Some("Zu viele Versuche. Warten Sie eine Sekunde."));
        let tries = |left| error(&StepUpError::InvalidCode { attempts_left: Some(left) });
        assert_eq!(tries(0).as_deref(), Some("Dieser Code ist falsch. Sie haben keinen Versuch mehr."));
        assert_eq!(tries(1).as_deref(), Some("Dieser Code ist falsch. Sie haben noch einen Versuch."));
        assert_eq!(tries(2).as_deref(), Some("Dieser Code ist falsch. Sie haben noch 2 Versuche."));
        let others = [
            StepUpError::Cancelled,
            StepUpError::InvalidCode { attempts_left: None },
            StepUpError::CodeExpired,
            StepUpError::UnknownVerification,
            StepUpError::TooManyAttempts,
            StepUpError::RateLimited { retry_after: None },
            StepUpError::CaptchaRequired,
            StepUpError::NoMfaMethods,
            StepUpError::NoReauthMethods,
            StepUpError::NoOtpCredential,
            StepUpError::MfaRequired,
            StepUpError::PasskeyNotFound,
            StepUpError::RelyingPartyMismatch,
            StepUpError::NoWalletCredential,
            StepUpError::WalletAccountMismatch,
            StepUpError::EmbeddedWalletNotAllowed,
            StepUpError::PopupBlocked,
            StepUpError::PopupClosed,
            StepUpError::StateMismatch,
            StepUpError::TimedOut,
            StepUpError::SubjectMismatch,
            StepUpError::NotSignedIn,
            StepUpError::Network,
            StepUpError::Api {
                status: 503,
                code: None,
                message: "The server answered with status 503.".into(),
                response: HttpResponse::new(503, "").into(),
            },
            StepUpError::SocialAccountNotLinked { provider: Provider::GitHub },
        ];
        for other in others {
            assert!(error(&other).is_some(), "{other:?}");
        }
        let refused = StepUpError::Api {
            status: 403,
            code: None,
            message: "Konto gesperrt.".into(),
            response: HttpResponse::new(403, "").into(),
        };
        assert_eq!(error(&refused), None, "as the server says it");
    }
}
