//! What goes over the wire, call by call. A change here is a change of protocol.

use super::*;

/// One line a call: what it is, who sends it, how, and its body.
fn line(endpoint: &dyn Fn() -> Call) -> String {
    let call = endpoint();
    let signed = if call.is_device_signed { " device-signed" } else { "" };
    let how = if call.carries_token { "carries" } else { "guarded-by" };
    let guard = call.guard.map(|scope| format!(" {how}={scope}")).unwrap_or_default();
    let body = call.body.map(|body| format!(" {}", String::from_utf8(body).unwrap())).unwrap_or_default();
    format!("{} {} auth={:?}{signed}{guard}{body}", call.method.as_str(), call.path, call.auth)
}

#[test]
fn calls_are_what_the_protocol_says() {
    use TokenScope::{CredentialLink, WalletExport};
    let (uuid, code) = ("v1", "123456");
    for (call, expected) in [
        (line(&|| GetSettings.call()), "GET /settings auth=Never"),
        (line(&|| GetNonces.call()), "GET /nonces?count=5 auth=Never"),
        (line(&|| GetUser.call()), "GET /users auth=Required"),
        (line(&|| Refresh.call()), "POST /refresh auth=Required device-signed"),
        (line(&|| Revoke.call()), "POST /revoke auth=Required"),
        (
            line(&|| EmailCreate { email: "a@b.example" }.call()),
            r#"POST /emailVerifications/create auth=Optional {"email":"a@b.example"}"#,
        ),
        (
            line(&|| EmailRetry { email: "a@b.example", verification_uuid: uuid }.call()),
            r#"POST /emailVerifications/retry auth=Optional {"email":"a@b.example","verificationUUID":"v1"}"#,
        ),
        (
            line(&|| EmailSignIn { verification_uuid: uuid, code, session_public_key: "02ab" }.call()),
            r#"POST /emailVerifications/signin auth=Never device-signed {"verificationUUID":"v1","verificationToken":"123456","sessionPublicKey":"02ab"}"#,
        ),
        (
            line(&|| {
                EmailVerify { verification_uuid: uuid, code, scopes: &[WalletExport, CredentialLink] }.call()
            }),
            r#"POST /emailVerifications/verify auth=Required device-signed guarded-by=credential:link {"verificationUUID":"v1","verificationToken":"123456","requestedScopes":["wallet:export","credential:link"]}"#,
        ),
        (
            line(&|| EmailVerify { verification_uuid: uuid, code, scopes: &[] }.call()),
            r#"POST /emailVerifications/verify auth=Required device-signed guarded-by=credential:link {"verificationUUID":"v1","verificationToken":"123456"}"#,
        ),
        (
            line(&|| StepUpCheckCall { scope: &WalletExport }.call()),
            r#"POST /stepUp/check auth=Required {"scope":"wallet:export"}"#,
        ),
    ] {
        assert_eq!(call, expected);
    }
}

#[cfg(feature = "social")]
#[test]
fn calls_of_social_accounts_are_what_the_protocol_says() {
    use crate::social::{Draft, OauthResult, SocialPurpose, SocialRequest};
    let request = |provider: &str, verifier: Option<&str>| SocialRequest {
        draft: Draft {
            purpose: SocialPurpose::StepUp,
            provider: provider.into(),
            scopes: vec![TokenScope::WalletExport],
            app_state: None,
            user: None,
        },
        state: "s".into(),
        verifier: verifier.map(Into::into),
        created_at: crate::Timestamp::default(),
    };
    let (google, github) = (request("google", None), request("github", Some("v")));
    let asked =
        GetOauthResult { purpose: SocialPurpose::SignIn, provider: "../users".into(), state: "s".into() };
    let (code, key) = ("c", "02ab");
    for (call, expected) in [
        (
            line(&|| InitAuth { request: &google, return_url: None }.call()),
            r#"POST /providers/google/initAuth auth=Required {"state":"s"}"#,
        ),
        (
            line(&|| InitAuth { request: &google, return_url: Some("https://a.example/") }.call()),
            r#"POST /providers/google/initAuth auth=Required {"state":"s","redirectUrl":"https://a.example/"}"#,
        ),
        (line(&|| asked.call()), r#"POST /providers/%2E%2E%2Fusers/oauthResult auth=Never {"state":"s"}"#),
        (
            line(&|| SocialVerify { request: &google, code, is_link: false }.call()),
            r#"POST /providers/google/verify auth=Required guarded-by=credential:link {"code":"c","state":"s","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| SocialVerify { request: &github, code, is_link: true }.call()),
            r#"POST /providers/github/verify auth=Required carries=credential:link {"code":"c","codeVerifier":"v","state":"s","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| SocialSignIn { request: &github, code, session_public_key: key }.call()),
            r#"POST /providers/github/signIn auth=Never device-signed {"code":"c","codeVerifier":"v","state":"s","sessionPublicKey":"02ab"}"#,
        ),
    ] {
        assert_eq!(call, expected);
    }
    for pending in ["{}", r#"{"status":"pending","code":"c"}"#, r#"{"status":"later"}"#] {
        assert!(matches!(asked.parse(pending.as_bytes()), Ok(OauthResult::Pending)), "{pending}");
    }
    assert!(asked.parse(b"<html>").is_err());
}

#[test]
fn unknown_fields_and_values_never_break_parsing() {
    let answer = StepUpCheckCall { scope: &TokenScope::WalletExport }
        .parse(br#"{"isRequired":true,"later":{},"credentials":[{"id":"1","format":"smell","new":[]}]}"#)
        .unwrap();
    assert!(answer.is_required);
    assert_eq!(answer.credentials[0].format.as_str(), "smell");
    assert_eq!(answer.default_credential_id, None);
}

#[test]
fn an_answer_without_what_matters_is_an_error() {
    assert!(StepUpCheckCall { scope: &TokenScope::WalletExport }.parse(b"{}").is_err());
    assert!(EmailCreate { email: "" }.parse(br#"{"verificationUUID":""}"#).is_err());
    assert!(EmailCreate { email: "" }.parse(br#"{"email":"a@b.example"}"#).is_err());
    assert!(GetNonces.parse(b"[]").is_err());
    assert!(Refresh.parse(br#"{"minifiedJwt":"x"}"#).is_err(), "a session without a user is none");
}

#[cfg(feature = "mfa")]
#[test]
fn calls_of_second_factors_are_what_the_protocol_says() {
    use TokenScope::WalletExport;
    let (code, device) = ("123456", "d1".into());
    for (call, expected) in [
        (line(&|| GetMfaMethods.call()), "GET /users/mfa/methods?verifiedOnly=true auth=Required"),
        (line(&|| TotpRegister.call()), "GET /users/mfa/register/totp auth=Required carries=credential:link"),
        (
            line(&|| TotpVerify { code, device: Some(&device), scopes: &[WalletExport] }.call()),
            r#"POST /users/mfa/auth/totp auth=Required {"code":"123456","id":"d1","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| TotpVerify { code, device: None, scopes: &[] }.call()),
            r#"POST /users/mfa/auth/totp auth=Required {"code":"123456"}"#,
        ),
        (
            line(&|| RecoveryVerify { code: "ab-cd", scopes: &[WalletExport] }.call()),
            r#"POST /users/mfa/auth/recovery auth=Required {"code":"ab-cd","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| SetDefaultDevice { device: &device }.call()),
            r#"PUT /users/mfa/d1 auth=Required {"default":true}"#,
        ),
        (
            line(&|| DeleteDevice { device: &"../x?y=\u{e9}".into() }.call()),
            "DELETE /users/mfa/%2E%2E%2Fx%3Fy%3D%C3%A9 auth=Required carries=credential:unlink",
        ),
        (line(&|| GetRecoveryCodes.call()), "GET /users/mfa/recovery auth=Required carries=credential:link"),
        (
            line(&|| RegenerateRecoveryCodes.call()),
            "POST /users/mfa/recovery auth=Required carries=credential:link",
        ),
        (
            line(&|| AcknowledgeRecoveryCodes.call()),
            r#"PUT /users auth=Required {"mfaBackupCodeAcknowledgement":"complete"}"#,
        ),
    ] {
        assert_eq!(call, expected);
    }
}
