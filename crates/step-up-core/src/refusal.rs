//! Reading refusals: what a failing answer means.

use std::time::Duration;

use crate::{
    clock::Timestamp, error::StepUpError, http_date, json::Json, transport::HttpResponse, types::TokenScope,
};

/// The error that an answer with a failing status stands for. Its body is
/// `{"error": "…", "code"?: "…", "payload"?: {…}}` (`docs/PROTOCOL.md`, "Errors"), or anything else.
///
/// `scopes` are those that the call needs, for [`NotElevated`](StepUpError::NotElevated); `now` is for a
/// `Retry-After` that names a date.
pub(crate) fn refusal(response: &HttpResponse, scopes: &[TokenScope], now: Timestamp) -> StepUpError {
    // What is no JSON is null here, and so is what is absent.
    let body = Json::parse(&response.body).unwrap_or(Json::Null);
    let code = body.get("code").as_text();
    match code.unwrap_or_default() {
        "wrong_email_verification_token" | "wrong_sms_verification_token" | "mfa_invalid_code" => {
            StepUpError::InvalidCode { attempts_left: body.get("payload").get("attemptsLeft").as_integer() }
        }
        "invalid_email_verification" | "invalid_sms_verification" => StepUpError::CodeExpired,
        "invalid_verification" => StepUpError::UnknownVerification,
        "too_many_email_verification_attempts"
        | "too_many_sms_verification_attempts"
        | "too_many_verification_attempts" => StepUpError::TooManyAttempts,
        "mfa_required" => StepUpError::MfaRequired,
        "captcha_required" | "captcha_invalid" => StepUpError::CaptchaRequired,
        "invalid_external_auth" => StepUpError::InvalidExternalAuth,
        "passkey_not_found" => StepUpError::PasskeyNotFound,
        "embedded_wallet_not_allowed" => StepUpError::EmbeddedWalletNotAllowed,
        // The elevated token is missing, stale, wrong or used.
        _ if is_elevation_challenge(response, code) => StepUpError::NotElevated { missing: scopes.to_vec() },
        _ if response.status == 429 => StepUpError::RateLimited { retry_after: retry_after(response, now) },
        _ if response.status == 401 => StepUpError::NotSignedIn,
        _ => StepUpError::Api {
            status: response.status,
            code: code.map(Into::into),
            message: body
                .get("error")
                .as_text()
                .map_or_else(|| format!("The server answered with status {}.", response.status), Into::into),
        },
    }
}

/// Whether the server says that the elevated token is missing, stale, wrong or used: by its code, or by the challenge
/// of [RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3). What the challenge asks for is
/// [`Challenge`](crate::Challenge)'s to read; here its name is enough.
fn is_elevation_challenge(response: &HttpResponse, code: Option<&str>) -> bool {
    matches!(response.status, 401 | 403)
        && (code == Some("elevated_access_token_required")
            || response.header("www-authenticate").is_some_and(|challenge| {
                challenge.split(['"', ' ', ',', '=']).any(|part| part == "insufficient_user_authentication")
            }))
}

/// `Retry-After` ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)): seconds or a date.
fn retry_after(response: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let header = response.header("retry-after")?.trim();
    if let Some(secs) = header.parse::<i64>().ok().and_then(|secs| secs.try_into().ok()) {
        return Some(Duration::from_secs(secs));
    }
    http_date::parse(header).map(|date| date.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_514_400);

    fn error(status: u16, body: &str) -> StepUpError {
        refusal(&HttpResponse::new(status, body), &[TokenScope::WalletExport], NOW)
    }

    #[test]
    fn codes_map_to_variants() {
        let of = |code: &str| error(422, &format!(r#"{{"error":"no","code":"{code}"}}"#));
        for code in ["wrong_email_verification_token", "wrong_sms_verification_token", "mfa_invalid_code"] {
            assert_eq!(of(code), StepUpError::InvalidCode { attempts_left: None }, "{code}");
        }
        for code in ["invalid_email_verification", "invalid_sms_verification"] {
            assert_eq!(of(code), StepUpError::CodeExpired, "{code}");
        }
        assert_eq!(of("invalid_verification"), StepUpError::UnknownVerification);
        for code in [
            "too_many_email_verification_attempts",
            "too_many_sms_verification_attempts",
            "too_many_verification_attempts",
        ] {
            assert_eq!(of(code), StepUpError::TooManyAttempts, "{code}");
        }
        assert_eq!(of("mfa_required"), StepUpError::MfaRequired);
        for code in ["captcha_required", "captcha_invalid"] {
            assert_eq!(of(code), StepUpError::CaptchaRequired, "{code}");
        }
        assert_eq!(of("invalid_external_auth"), StepUpError::InvalidExternalAuth);
        assert_eq!(of("embedded_wallet_not_allowed"), StepUpError::EmbeddedWalletNotAllowed);
        assert_eq!(
            of("something_new"),
            StepUpError::Api { status: 422, code: Some("something_new".into()), message: "no".into() }
        );
    }

    #[test]
    fn tries_left_come_from_the_payload() {
        let body =
            r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":2,"x":1}}"#;
        assert_eq!(error(422, body), StepUpError::InvalidCode { attempts_left: Some(2) });
    }

    #[test]
    fn a_challenge_is_known_by_code_and_by_header() {
        let not_elevated = StepUpError::NotElevated { missing: vec![TokenScope::WalletExport] };
        assert_eq!(error(403, r#"{"error":"E","code":"elevated_access_token_required"}"#), not_elevated);
        let challenge = HttpResponse::new(401, "").with_header(
            "WWW-Authenticate",
            r#"Bearer error="insufficient_user_authentication", max_age="5""#,
        );
        assert_eq!(refusal(&challenge, &[TokenScope::WalletExport], NOW), not_elevated);
        assert_eq!(
            error(500, r#"{"error":"E","code":"elevated_access_token_required"}"#),
            StepUpError::Api {
                status: 500,
                code: Some("elevated_access_token_required".into()),
                message: "E".into()
            }
        );
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date() {
        let limited = |header: &str| {
            refusal(&HttpResponse::new(429, "{}").with_header("Retry-After", header), &[], NOW)
        };
        let after = |secs| StepUpError::RateLimited { retry_after: Some(Duration::from_secs(secs)) };
        assert_eq!(limited("120"), after(120));
        assert_eq!(limited("Tue, 24 Nov 2026 10:01:00 GMT"), after(60));
        assert_eq!(limited("Tue, 24 Nov 2026 09:00:00 GMT"), after(0));
        assert_eq!(limited("soon"), StepUpError::RateLimited { retry_after: None });
    }

    #[test]
    fn a_refusal_that_is_no_json_still_names_its_status() {
        for body in ["", "<html>", r#"{"error":{"code":"x"}}"#, "null"] {
            assert_eq!(
                error(502, body),
                StepUpError::Api {
                    status: 502,
                    code: None,
                    message: "The server answered with status 502.".into()
                }
            );
        }
        assert_eq!(error(401, ""), StepUpError::NotSignedIn);
    }
}
