//! Reading refusals: what a failing answer means.

use std::time::Duration;

use crate::{
    challenge::Challenge, clock::Timestamp, error::StepUpError, http_date, json::Json,
    transport::HttpResponse, types::TokenScope,
};

/// Of a response that an error keeps, at most so many bytes of the body, header fields, and bytes of these.
const KEPT_BODY: usize = 64 * 1024;
const KEPT_FIELDS: usize = 64;
const KEPT_HEADERS: usize = 16 * 1024;

/// Longer sentences of a server are cut: they are for a screen.
const MAX_SENTENCE: usize = 1_000;

/// Returns the error that a response of the service with a failing status stands for. Its body is
/// `{"error": "…", "code"?: "…", "payload"?: {…}}` (`docs/PROTOCOL.md`, "Errors"), or anything else.
///
/// `scopes` are those that the call needs, for [`NotElevated`](StepUpError::NotElevated); `now` is for a
/// `Retry-After` that names a date.
pub(crate) fn service_refusal(response: HttpResponse, scopes: &[TokenScope], now: Timestamp) -> StepUpError {
    // What is no JSON is null here, and so is what is absent.
    let body = Json::parse(&response.body).unwrap_or(Json::Null);
    match body.get("code").as_text().unwrap_or_default() {
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
        _ => refusal(response, scopes, now),
    }
}

/// Returns the error that a response of any server with a failing status stands for. Codes of the service's own are not
/// read: another server may mean something else by them.
pub(crate) fn refusal(response: HttpResponse, scopes: &[TokenScope], now: Timestamp) -> StepUpError {
    // The elevated token is missing, stale, wrong or used.
    if let Some(challenge) = Challenge::of_response(&response) {
        return StepUpError::NotElevated(challenge.or_scopes(scopes));
    }
    match response.status {
        429 => StepUpError::RateLimited { retry_after: retry_after(&response, now) },
        401 => StepUpError::NotSignedIn,
        _ => unnamed(response),
    }
}

/// The error that has no variant of its own, with what the server said.
fn unnamed(response: HttpResponse) -> StepUpError {
    let status = response.status;
    let body = Json::parse(&response.body).unwrap_or(Json::Null);
    StepUpError::Api {
        status,
        code: body.get("code").as_text().map(sentence),
        message: message(&body).unwrap_or_else(|| format!("The server answered with status {status}.")),
        response: Box::new(bounded(response)),
    }
}

/// What the server says: `error`, or `title` and `detail` of a problem
/// ([RFC 9457 §3.1](https://www.rfc-editor.org/rfc/rfc9457#section-3.1)).
fn message(body: &Json) -> Option<String> {
    let text = |name| body.get(name).as_text().filter(|text| !text.is_empty()).map(sentence);
    text("error").or_else(|| match (text("title"), text("detail")) {
        (Some(title), Some(detail)) => {
            let stop = if title.ends_with(['.', '!', '?']) { "" } else { "." };
            Some(format!("{title}{stop} {detail}"))
        }
        (title, detail) => title.or(detail),
    })
}

fn sentence(text: &str) -> String {
    text.chars().take(MAX_SENTENCE).collect()
}

/// The response, cut to what an error may keep.
fn bounded(mut response: HttpResponse) -> HttpResponse {
    response.body.truncate(KEPT_BODY);
    response.body.shrink_to_fit();
    let mut size = 0;
    let is_kept = |(name, value): &(String, String)| {
        size += name.len() + value.len();
        size <= KEPT_HEADERS
    };
    response.headers = response.headers.into_iter().take(KEPT_FIELDS).take_while(is_kept).collect();
    response
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
        service_refusal(HttpResponse::new(status, body), &[TokenScope::WalletExport], NOW)
    }

    fn api(response: &HttpResponse, code: Option<&str>, message: &str) -> StepUpError {
        StepUpError::Api {
            status: response.status,
            code: code.map(Into::into),
            message: message.into(),
            response: Box::new(response.clone()),
        }
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
        let new = HttpResponse::new(422, r#"{"error":"no","code":"something_new"}"#);
        assert_eq!(of("something_new"), api(&new, Some("something_new"), "no"));
    }

    #[test]
    fn tries_left_come_from_the_payload() {
        let body =
            r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":2,"x":1}}"#;
        assert_eq!(error(422, body), StepUpError::InvalidCode { attempts_left: Some(2) });
    }

    #[test]
    fn a_code_of_the_service_from_another_server_is_only_a_code() {
        let response = HttpResponse::new(422, r#"{"error":"no","code":"mfa_required"}"#);
        assert_eq!(refusal(response.clone(), &[], NOW), api(&response, Some("mfa_required"), "no"));
    }

    #[test]
    fn a_challenge_is_known_by_code_and_by_header() {
        let not_elevated = StepUpError::NotElevated(Challenge::new(&[TokenScope::WalletExport]));
        assert_eq!(error(403, r#"{"error":"E","code":"elevated_access_token_required"}"#), not_elevated);
        let challenge = HttpResponse::new(401, "")
            .with_header("WWW-Authenticate", r#"Bearer error="insufficient_user_authentication""#);
        assert_eq!(service_refusal(challenge, &[TokenScope::WalletExport], NOW), not_elevated);
        let failed = HttpResponse::new(500, r#"{"error":"E","code":"elevated_access_token_required"}"#);
        assert_eq!(
            service_refusal(failed.clone(), &[], NOW),
            api(&failed, Some("elevated_access_token_required"), "E")
        );
        let told = HttpResponse::new(401, "").with_header(
            "WWW-Authenticate",
            r#"Bearer error="invalid_token", error_description="not insufficient_user_authentication""#,
        );
        assert_eq!(service_refusal(told, &[TokenScope::WalletExport], NOW), StepUpError::NotSignedIn);
    }

    #[test]
    fn a_challenge_keeps_what_the_server_names_and_takes_the_requested_scopes_if_it_names_none() {
        let requested = [TokenScope::WalletExport];
        let named = HttpResponse::new(401, "").with_header(
            "WWW-Authenticate",
            r#"Bearer error="insufficient_user_authentication", scope="bank:transfer", acr_values="phr""#,
        );
        let StepUpError::NotElevated(challenge) = refusal(named, &requested, NOW) else { panic!() };
        assert_eq!(challenge.scopes, [TokenScope::from("bank:transfer")]);
        assert_eq!(challenge.acr_values, ["phr"]);
        let unnamed = HttpResponse::new(401, "").with_header(
            "WWW-Authenticate",
            r#"Bearer error="insufficient_user_authentication", max_age="5""#,
        );
        let StepUpError::NotElevated(challenge) = refusal(unnamed, &requested, NOW) else { panic!() };
        assert_eq!(challenge.scopes, requested);
        assert_eq!(challenge.max_age, Some(Duration::from_secs(5)));
    }

    #[test]
    fn a_problem_becomes_a_message_and_stays_readable() {
        let of = |body: &str| {
            let response =
                HttpResponse::new(422, body).with_header("content-type", "application/problem+json");
            let error = refusal(response.clone(), &[], NOW);
            let StepUpError::Api { status: 422, response: kept, .. } = &error else { panic!("{error:?}") };
            assert_eq!(**kept, response);
            error.to_string()
        };
        assert_eq!(
            of(r#"{"type":"about:blank","title":"Not enough credit.","detail":"Your balance is 30."}"#),
            "Not enough credit. Your balance is 30."
        );
        assert_eq!(of(r#"{"title":"Not enough credit","detail":"30 left."}"#), "Not enough credit. 30 left.");
        assert_eq!(of(r#"{"title":"Not enough credit"}"#), "Not enough credit");
        assert_eq!(of(r#"{"detail":"30 left.","title":""}"#), "30 left.");
        assert_eq!(of(r#"{"error":"no","title":"t","detail":"d"}"#), "no");
        assert_eq!(of(r#"{"title":5}"#), "The server answered with status 422.");
    }

    #[test]
    fn a_response_that_an_error_keeps_is_bounded_and_never_printed() {
        let long = "hunter2 ".repeat(100_000);
        let body = format!(r#"{{"error":"{long}","code":"{long}"}}"#);
        let mut response = HttpResponse::new(422, body);
        for _ in 0..100 {
            response = response.with_header("x", "hunter2 ".repeat(100));
        }
        let error = refusal(response, &[], NOW);
        let StepUpError::Api { code: Some(code), message, response, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((code.len(), message.len(), response.body.len()), (1_000, 1_000, 64 * 1024));
        let size: usize = response.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(!response.headers.is_empty() && size <= 16 * 1024, "{size}");
        let secret = HttpResponse::new(422, "hunter2").with_header("set-cookie", "hunter2");
        assert!(!format!("{:?}", refusal(secret, &[], NOW)).contains("hunter2"));
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_as_a_date() {
        let limited =
            |header: &str| refusal(HttpResponse::new(429, "{}").with_header("Retry-After", header), &[], NOW);
        let after = |secs| StepUpError::RateLimited { retry_after: Some(Duration::from_secs(secs)) };
        assert_eq!(limited("120"), after(120));
        assert_eq!(limited("Tue, 24 Nov 2026 10:01:00 GMT"), after(60));
        assert_eq!(limited("Tue, 24 Nov 2026 09:00:00 GMT"), after(0));
        assert_eq!(limited("soon"), StepUpError::RateLimited { retry_after: None });
    }

    #[test]
    fn a_refusal_that_is_no_json_still_names_its_status() {
        for body in ["", "<html>", r#"{"error":{"code":"x"}}"#, "null"] {
            let response = HttpResponse::new(502, body);
            assert_eq!(error(502, body), api(&response, None, "The server answered with status 502."));
        }
        assert_eq!(error(401, ""), StepUpError::NotSignedIn);
    }
}
