//! What goes over the wire, call by call. A change here is a change of protocol.

use super::*;
use crate::{
    secret::CaptchaToken,
    types::{OtpAddress, OtpVerification, PhoneNumber},
};

/// One line a call: what it is, who sends it, how, and its body.
fn line(endpoint: &dyn Fn() -> Call) -> String {
    let call = endpoint();
    let signed = if call.is_device_signed { " device-signed" } else { "" };
    let how = if call.carries_token { "carries" } else { "guarded-by" };
    let guard = call.guard.map(|guard| format!(" {how}={}", guard.scope())).unwrap_or_default();
    let key = if call.opens_session { Some("02ab".to_owned()) } else { None };
    let body = call.body.map(|mut body| {
        body.add("sessionPublicKey", &key);
        format!(" {}", body.finish_text())
    });
    let body = body.unwrap_or_default();
    format!("{} {} auth={:?}{signed}{guard}{body}", call.method.as_str(), call.path, call.auth)
}

#[test]
fn calls_are_what_the_protocol_says() {
    use TokenScope::{CredentialLink, WalletExport};
    let code = "123456";
    let email = OtpAddress::from("a@b.example");
    let phone = OtpAddress::from(PhoneNumber::parse("+1 555 010 0100").unwrap());
    let by = |address: &OtpAddress| OtpVerification {
        address: address.clone(),
        uuid: "v1".into(),
        credential_id: None,
    };
    let (by_email, by_sms) = (by(&email), by(&phone));
    for (call, expected) in [
        (line(&|| GetSettings.call()), "GET /settings auth=Never"),
        (line(&|| GetNonces.call()), "GET /nonces?count=5 auth=Never"),
        (line(&|| GetUser.call()), "GET /users auth=Required"),
        (line(&|| Refresh.call()), "POST /refresh auth=Required device-signed"),
        (line(&|| Revoke.call()), "POST /revoke auth=Required"),
        (
            line(&|| SendCode { address: &email, captcha: None }.call()),
            r#"POST /emailVerifications/create auth=Optional {"email":"a@b.example"}"#,
        ),
        (
            line(&|| SendCode { address: &phone, captcha: Some(&CaptchaToken::new("c1")) }.call()),
            r#"POST /smsVerifications/create auth=Optional {"phoneCountryCode":"1","phoneNumber":"5550100100","isoCountryCode":"US","captchaToken":"c1"}"#,
        ),
        (
            line(&|| ResendCode { address: &by_email.address, uuid: &by_email.uuid }.call()),
            r#"POST /emailVerifications/retry auth=Optional {"email":"a@b.example","verificationUUID":"v1"}"#,
        ),
        (
            line(&|| ResendCode { address: &by_sms.address, uuid: &by_sms.uuid }.call()),
            r#"POST /smsVerifications/retry auth=Optional {"phoneCountryCode":"1","phoneNumber":"5550100100","isoCountryCode":"US","verificationUUID":"v1"}"#,
        ),
        (
            line(&|| SignInWithCode { verification: &by_email, code }.call()),
            r#"POST /emailVerifications/signin auth=Never device-signed {"verificationUUID":"v1","verificationToken":"123456","sessionPublicKey":"02ab"}"#,
        ),
        (
            line(&|| SignInWithCode { verification: &by_sms, code }.call()),
            r#"POST /smsVerifications/signin auth=Never device-signed {"verificationUUID":"v1","verificationToken":"123456","sessionPublicKey":"02ab"}"#,
        ),
        (
            line(&|| {
                VerifyCode { verification: &by_email, code, scopes: &[WalletExport, CredentialLink] }.call()
            }),
            r#"POST /emailVerifications/verify auth=Required device-signed guarded-by=credential:link {"verificationUUID":"v1","verificationToken":"123456","requestedScopes":["wallet:export","credential:link"]}"#,
        ),
        (
            line(&|| VerifyCode { verification: &by_sms, code, scopes: &[] }.call()),
            r#"POST /smsVerifications/verify auth=Required device-signed guarded-by=credential:link {"verificationUUID":"v1","verificationToken":"123456"}"#,
        ),
        (
            line(&|| LinkAddress { verification: &by_email, code }.call()),
            r#"POST /emailVerifications/verify auth=Required device-signed carries=credential:link {"verificationUUID":"v1","verificationToken":"123456"}"#,
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
    let mut elsewhere = request("../users", None);
    elsewhere.draft.purpose = SocialPurpose::SignIn;
    let asked = GetOauthResult { request: &elsewhere };
    let code = "c";
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
            line(&|| SocialSignIn { request: &github, code }.call()),
            r#"POST /providers/github/signIn auth=Never device-signed {"code":"c","codeVerifier":"v","state":"s","sessionPublicKey":"02ab"}"#,
        ),
    ] {
        assert_eq!(call, expected);
    }
    for pending in ["{}", r#"{"status":"pending","code":"c"}"#, r#"{"status":"later"}"#] {
        assert!(matches!(GetOauthResult::parse(pending.as_bytes()), Ok(OauthResult::Pending)), "{pending}");
    }
    assert!(GetOauthResult::parse(b"<html>").is_err());
}

#[test]
fn unknown_fields_and_values_never_break_parsing() {
    let answer = StepUpCheckCall::parse(
        br#"{"isRequired":true,"later":{},"credentials":[{"id":"1","format":"smell","new":[]}]}"#,
    )
    .unwrap();
    assert!(answer.is_required);
    assert_eq!(answer.credentials[0].format.as_str(), "smell");
    assert_eq!(answer.default_credential_id, None);
}

#[test]
fn an_answer_without_what_matters_is_an_error() {
    assert!(StepUpCheckCall::parse(b"{}").is_err());
    assert!(SendCode::parse(br#"{"verificationUUID":""}"#).is_err());
    assert!(SendCode::parse(br#"{"email":"a@b.example"}"#).is_err());
    assert!(GetNonces::parse(b"[]").is_err());
    assert!(Refresh::parse(br#"{"minifiedJwt":"x"}"#).is_err(), "a session without a user is none");
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
            line(&|| {
                TotpVerify { code, device: Some(&device), scopes: &[WalletExport], wants_mfa_token: false }
                    .call()
            }),
            r#"POST /users/mfa/auth/totp auth=Required {"code":"123456","id":"d1","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| TotpVerify { code, device: None, scopes: &[], wants_mfa_token: false }.call()),
            r#"POST /users/mfa/auth/totp auth=Required {"code":"123456"}"#,
        ),
        (
            line(&|| {
                RecoveryVerify { code: "ab-cd", scopes: &[WalletExport], wants_mfa_token: false }.call()
            }),
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

#[cfg(feature = "passkey")]
#[test]
fn calls_of_passkeys_are_what_the_protocol_says() {
    let json = |text: &str| crate::json::parse(text.as_bytes(), "a test's text").unwrap();
    for (call, expected) in [
        (line(&|| GetPasskeys.call()), "GET /users/passkeys auth=Required"),
        (line(&|| PasskeyRequestOptions.call()), "GET /users/passkeys/authenticate auth=Required"),
        (line(&|| PasskeyCreationOptions.call()), "GET /users/passkeys/register auth=Required"),
        (
            line(&|| {
                PasskeyVerify {
                    assertion: json(r#"{"id":"k"}"#),
                    scopes: &[TokenScope::WalletExport],
                    wants_mfa_token: false,
                }
                .call()
            }),
            r#"POST /users/mfa/auth/passkey auth=Required {"id":"k","requestedScopes":["wallet:export"]}"#,
        ),
        (
            line(&|| {
                PasskeyVerify { assertion: json(r#"{"id":"k"}"#), scopes: &[], wants_mfa_token: false }.call()
            }),
            r#"POST /users/mfa/auth/passkey auth=Required {"id":"k"}"#,
        ),
        (
            line(&|| PasskeyRegister { registration: json(r#"{"id":"k"}"#) }.call()),
            r#"POST /users/passkeys/register auth=Required carries=credential:link {"id":"k"}"#,
        ),
        (
            line(&|| RenamePasskey { passkey: &"p".into(), alias: "x" }.call()),
            r#"PUT /users/passkeys auth=Required {"id":"p","alias":"x"}"#,
        ),
        (
            line(&|| DeletePasskey { passkey: &"p".into() }.call()),
            r#"DELETE /users/passkeys auth=Required carries=credential:unlink {"passkeyId":"p"}"#,
        ),
    ] {
        assert_eq!(call, expected);
    }
}

#[cfg(feature = "wallet")]
#[test]
fn calls_of_wallets_and_links_are_what_the_protocol_says() {
    use crate::wallet::{WalletChain, WalletSignature};
    let hex = format!("0x{}", "1b".repeat(65));
    let proof = WalletProof {
        chain: WalletChain::Evm,
        message: "a\nb".into(),
        network: Some("1".into()),
        address: "0xA".into(),
        signature: WalletSignature::from_evm(&hex).unwrap(),
        wallet_name: "metamaskevm".into(),
    };
    let body = |scopes: &str, rest: &str| {
        format!(
            r#"{{"chain":"EVM","messageToSign":"a\u000ab","network":"1","publicWalletAddress":"0xA",{scopes}"signedMessage":"{hex}","walletName":"metamaskevm","walletProvider":"browserExtension"{rest}}}"#
        )
    };
    let scopes = [TokenScope::WalletExport];
    let requested = r#""requestedScopes":["wallet:export"],"#;
    for (call, expected) in [
        (
            line(&|| WalletSignIn { proof: &proof }.call()),
            format!("POST /wallets/signin auth=Never {}", body("", r#","sessionPublicKey":"02ab""#)),
        ),
        (
            line(&|| WalletVerify { proof: &proof, scopes: &scopes }.call()),
            format!(
                "POST /wallets/verify auth=Required device-signed guarded-by=credential:link {}",
                body(requested, "")
            ),
        ),
        (
            line(&|| WalletLink { proof: &proof }.call()),
            format!("POST /verify/link auth=Required device-signed carries=credential:link {}", body("", "")),
        ),
        (
            line(&|| Unlink { credential: &"c".into(), is_wallet: true }.call()),
            r#"POST /verify/unlink auth=Required carries=credential:unlink {"walletId":"c"}"#.into(),
        ),
        (
            line(&|| Unlink { credential: &"c".into(), is_wallet: false }.call()),
            r#"POST /verify/unlink auth=Required carries=credential:unlink {"verifiedCredentialId":"c"}"#
                .into(),
        ),
    ] {
        assert_eq!(call, expected);
    }
}
