use super::{Auth, Call, Endpoint, Guard};
use crate::{
    error::Result,
    json::{Body, decode, parse},
    percent,
    social::{OauthResult, SocialPurpose, SocialRequest},
    transport::Method,
    types::{Provider, VerifyResponse},
};

/// Announces a request, and where the service is to send the page back to, if it is the page that leaves.
pub(crate) struct InitAuth<'a> {
    pub(crate) request: &'a SocialRequest,
    pub(crate) return_url: Option<&'a str>,
}

impl Endpoint for InitAuth<'_> {
    type Output = ();

    fn call(&self) -> Call {
        let body = Body::new().text("state", &self.request.state);
        let body = match self.return_url {
            Some(return_url) => body.text("redirectUrl", return_url),
            None => body,
        };
        let draft = &self.request.draft;
        Call::new(Method::Post, path(&draft.provider, "initAuth"), asker(draft.purpose)).body(body)
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// Asks how a request ended.
pub(crate) struct GetOauthResult<'a> {
    pub(crate) request: &'a SocialRequest,
}

impl Endpoint for GetOauthResult<'_> {
    type Output = OauthResult;

    fn call(&self) -> Call {
        let draft = &self.request.draft;
        let body = Body::new().text("state", &self.request.state);
        Call::new(Method::Post, path(&draft.provider, "oauthResult"), asker(draft.purpose)).body(body)
    }

    fn parse(body: &[u8]) -> Result<OauthResult> {
        let answer = parse(body, "the result of a request to a provider")?;
        if answer.get("status").as_text() != Some("completed") {
            return Ok(OauthResult::Pending);
        }
        let text = |name| answer.get(name).as_text().map(Into::into);
        Ok(OauthResult::Completed { code: text("code"), error: text("error") })
    }
}

/// Verifies the signed-in user with an authorization code, or links the account.
pub(crate) struct SocialVerify<'a> {
    pub(crate) request: &'a SocialRequest,
    pub(crate) code: &'a str,
    /// A link uses the elevated token that links are guarded by. A step-up leaves it alone.
    pub(crate) is_link: bool,
}

impl Endpoint for SocialVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let draft = &self.request.draft;
        let body = code_body(self.request, self.code).scopes("requestedScopes", &draft.scopes);
        let call = Call::new(Method::Post, path(&draft.provider, "verify"), Auth::Required).body(body);
        // An account that is not the user's is a link, and the server guards links.
        if self.is_link { call.elevated(Guard::Link) } else { call.guarded_by(Guard::Link) }
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// Signs in with an authorization code.
pub(crate) struct SocialSignIn<'a> {
    pub(crate) request: &'a SocialRequest,
    pub(crate) code: &'a str,
}

impl Endpoint for SocialSignIn<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = code_body(self.request, self.code);
        Call::new(Method::Post, path(&self.request.draft.provider, "signIn"), Auth::Never)
            .opens_session()
            .device_signed()
            .body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// Whose request it is: the session's that will redeem the code. A sign-in is nobody's yet, whoever is signed in.
fn asker(purpose: SocialPurpose) -> Auth {
    match purpose {
        SocialPurpose::SignIn => Auth::Never,
        SocialPurpose::StepUp | SocialPurpose::Link => Auth::Required,
    }
}

/// What both calls that take a code send.
fn code_body(request: &SocialRequest, code: &str) -> Body {
    let body = Body::new().text("code", code);
    let body = match &request.verifier {
        Some(verifier) => body.text("codeVerifier", verifier),
        None => body,
    };
    body.text("state", &request.state)
}

fn path(provider: &Provider, call: &str) -> String {
    let mut path = String::from("/providers/");
    percent::encode_into(&mut path, provider.as_str());
    path.push('/');
    path.push_str(call);
    path
}
