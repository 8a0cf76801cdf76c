//! Signing in, linking and stepping up with a social account (`docs/PROTOCOL.md`, "Social accounts"). What decides is in
//! `social/`.

use std::{
    fmt,
    future::{pending, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use futures_util::future::Shared;

use super::{
    Inner, StepUpClient, Verified,
    waiting::{Answer, Until},
};
use crate::{
    LocalFuture, base64,
    endpoint::{Endpoint as _, GetOauthResult, InitAuth, SocialSignIn, SocialVerify},
    error::{Result, StepUpError},
    origin::Origin,
    session::Epoch,
    social::{
        Draft, Heard, Kept, LOOK, Mailbox, OauthResult, OnBlocked, Popup, Progress, Returned, SocialOptions,
        SocialPurpose, SocialRequest, SocialWindow, Waiting, authorization_url, code_of, return_url,
    },
    types::{Provider, TokenScope, User, UserId},
};

impl StepUpClient {
    /// Verifies the user with a social account of theirs, and holds the elevated token for the scopes of `options`.
    ///
    /// The popup is opened when this is called, not when the future is polled: call it in the user's click, or open the
    /// popup there and hand it in ([`SocialOptions::with_popup`]). Dropping the future closes it.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](StepUpError::Cancelled) where the user refused at the provider;
    /// [`PopupClosed`](StepUpError::PopupClosed) eight seconds after the last sign of life of the popup;
    /// [`TimedOut`](StepUpError::TimedOut) after six minutes; [`PopupBlocked`](StepUpError::PopupBlocked), or
    /// [`Redirecting`](StepUpError::Redirecting) where the page left for the provider instead: then the page that comes back
    /// goes on with [`take_social_return`](Self::take_social_return);
    /// [`ProviderRefused`](StepUpError::ProviderRefused);
    /// [`SocialAccountNotLinked`](StepUpError::SocialAccountNotLinked) if the user signed in at the provider with an account
    /// that is not linked to them; [`InvalidConfig`](StepUpError::InvalidConfig) where the
    /// environment has no such provider; [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where there are no windows;
    /// [`MfaRequired`](StepUpError::MfaRequired); [`NotElevated`](StepUpError::NotElevated),
    /// [`SubjectMismatch`](StepUpError::SubjectMismatch) and [`NotSignedIn`](StepUpError::NotSignedIn) as for other
    /// verifications; those of every request.
    pub fn verify_social(
        &self,
        provider: &Provider,
        options: SocialOptions,
    ) -> LocalFuture<'static, Result<Verified>> {
        self.start_social(SocialPurpose::StepUp, provider, options)
    }

    /// Links a social account to the user. It needs an elevated token for
    /// [`credential:link`](TokenScope::CredentialLink), where the server guards links, and uses it.
    ///
    /// # Errors
    ///
    /// As for [`verify_social`](Self::verify_social).
    pub fn link_social(
        &self,
        provider: &Provider,
        options: SocialOptions,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        self.user_by(SocialPurpose::Link, provider, options)
    }

    /// Signs in with a social account. Whoever was signed in is signed out on this client once it has succeeded.
    ///
    /// # Errors
    ///
    /// As for [`verify_social`](Self::verify_social); [`NotSignedIn`](StepUpError::NotSignedIn) where somebody signed in or
    /// out meanwhile.
    pub fn sign_in_with_social(
        &self,
        provider: &Provider,
        options: SocialOptions,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        self.user_by(SocialPurpose::SignIn, provider, options)
    }

    fn user_by(
        &self,
        purpose: SocialPurpose,
        provider: &Provider,
        options: SocialOptions,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        // No elevated token comes of it.
        let done = self.start_social(purpose, provider, SocialOptions { scopes: Vec::new(), ..options });
        Box::pin(async move { Ok(done.await?.user) })
    }

    fn start_social(
        &self,
        purpose: SocialPurpose,
        provider: &Provider,
        options: SocialOptions,
    ) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        let begun = self.begin_social(purpose, provider, options);
        Box::pin(async move { client.go_on_social(begun?).await })
    }

    /// What has to happen inside of the user's click.
    fn begin_social(
        &self,
        purpose: SocialPurpose,
        provider: &Provider,
        options: SocialOptions,
    ) -> Result<Begun> {
        // Whatever fails from here on, a popup that was handed in is closed.
        let handed_in = options.popup.map(Opened);
        let inner = &self.inner;
        let (epoch, user) = match purpose {
            SocialPurpose::SignIn => (inner.epoch(), None),
            _ => (inner.signed_in_epoch()?, self.user().map(|user| user.id.clone())),
        };
        let window = inner.platform.social_window.clone().ok_or_else(|| StepUpError::UnsupportedTarget {
            why: "social accounts need a window, and this platform has none".into(),
        })?;
        let popup = if options.is_redirect {
            None
        } else {
            let popup = handed_in.unwrap_or_else(|| Opened(window.open()));
            match (popup.0.is_blocked(), options.on_blocked) {
                (false, _) => Some(popup),
                (true, OnBlocked::Redirect) => None,
                (true, OnBlocked::Fail) => return Err(StepUpError::PopupBlocked),
            }
        };
        let (provider, scopes, app_state) = (provider.clone(), options.scopes, options.app_state);
        let draft = Draft { purpose, provider, scopes, app_state, user };
        Ok(Begun { epoch, draft, window, popup, cancellation: options.cancellation })
    }

    async fn go_on_social(&self, mut begun: Begun) -> Result<Verified> {
        let epoch = begun.epoch;
        let cancellation: LocalFuture<'static, ()> = match begun.cancellation.take() {
            Some(cancellation) => Box::pin(cancellation),
            None => Box::pin(pending()),
        };
        let asking = Until::cancelled(Box::pin(self.ask_provider(begun)), cancellation);
        let (request, code) = asking.await?;
        self.complete_social(epoch, request, code).await
    }

    /// The authorization code, and the request that it answers. The popup is closed when this ends.
    async fn ask_provider(&self, begun: Begun) -> Result<(Rc<SocialRequest>, String)> {
        let Begun { epoch, draft, window, popup, .. } = begun;
        let inner = &self.inner;
        let settings = self.settings().await?;
        let provider = settings.providers.iter().find(|known| known.provider == draft.provider);
        let provider = provider.ok_or_else(|| StepUpError::InvalidConfig {
            why: format!(
                "the environment has no social provider \"{}\" with its addresses; enable it in the dashboard",
                draft.provider
            ),
        })?;
        let platform = &inner.platform;
        let request = Rc::new(SocialRequest::new(draft, &*platform.keychain, platform.clock.now())?);
        let challenge = match &request.verifier {
            Some(verifier) => {
                let digest = platform.keychain.sha256(verifier.clone().into_bytes());
                let digest = Until::timeout(digest, self.sleep(inner.config.timeout())).await?;
                Some(base64::encode_url(&digest))
            }
            None => None,
        };
        let url = authorization_url(provider, &request, challenge.as_deref())?;
        let mailbox = Rc::new(Mailbox::default());
        let page = match &popup {
            Some(popup) => {
                let mailbox = Rc::clone(&mailbox);
                let origin = Origin::of(&provider.redirect_url)?;
                popup.0.listen(origin.as_str(), Box::new(move |message| mailbox.put(message)));
                None
            }
            None => Some(window.address()?),
        };
        let return_url = page.as_deref().map(return_url);
        self.run(epoch, &InitAuth { request: &request, return_url: return_url.as_deref() }).await?;
        let Some(popup) = popup else {
            let left = self.leave_for(&*window, &request, &page.unwrap_or_default(), &url);
            return Err(left.err().unwrap_or(StepUpError::Redirecting));
        };
        // It is still the app's own empty page, so this is no hint but true.
        if popup.0.is_gone() {
            return Err(StepUpError::PopupClosed);
        }
        popup.0.navigate(&url)?;
        let code = self.code_of_popup(epoch, &request, &*popup.0, &mailbox).await?;
        Ok((request, code))
    }

    /// Waits for what comes of the popup.
    async fn code_of_popup(
        &self,
        epoch: Epoch,
        request: &SocialRequest,
        popup: &dyn Popup,
        mailbox: &Mailbox,
    ) -> Result<String> {
        let inner = &self.inner;
        let now = || inner.platform.clock.now();
        let mut waiting = Waiting::new(now());
        let mut asked: Option<Answer<OauthResult>> = None;
        loop {
            let mut tick = inner.platform.timer.sleep(LOOK);
            let heard = poll_fn(|context| {
                if let Some(message) = mailbox.take(context) {
                    return Poll::Ready(Heard::Message(message));
                }
                if let Some(answer) = &mut asked
                    && let Poll::Ready(result) = Pin::new(answer).poll(context)
                {
                    asked = None;
                    // It is the second way to the answer. Where it fails, the first one is still there, and the time runs.
                    return Poll::Ready(Heard::Result(result.unwrap_or(OauthResult::Pending)));
                }
                tick.as_mut().poll(context).map(|()| Heard::Nothing)
            })
            .await;
            inner.require(epoch)?;
            waiting = match waiting.next(request, heard, popup.is_gone(), now()) {
                Progress::Goes(waiting) => waiting,
                Progress::Ended(code) => return code,
            };
            if asked.is_none() && waiting.is_poll_due(now()) {
                asked = Some(self.run(epoch, &GetOauthResult { request }));
            }
        }
    }

    /// Leaves the page for the provider. This call ends here; the page that comes back goes on.
    fn leave_for(
        &self,
        window: &dyn SocialWindow,
        request: &SocialRequest,
        page: &str,
        url: &str,
    ) -> Result<()> {
        let is_kept = self.inner.platform.session_store.is_lasting();
        let session = if is_kept { None } else { self.inner.stored() };
        window.keep(&request.to_secret_json(page, session.as_ref()))?;
        window.leave(url).inspect_err(|_| self.inner.forget_redirect())
    }

    /// Redeems the code.
    async fn complete_social(
        &self,
        epoch: Epoch,
        request: Rc<SocialRequest>,
        code: String,
    ) -> Result<Verified> {
        let draft = &request.draft;
        let is_link = match draft.purpose {
            SocialPurpose::SignIn => {
                let call = SocialSignIn { request: &request, code: &code }.call();
                let user = self.sign_in_by::<SocialSignIn<'_>>(Some(epoch), Ok(call)).await?;
                return Ok(Verified { user, elevation: None, mfa_token: None });
            }
            SocialPurpose::Link => true,
            SocialPurpose::StepUp => false,
        };
        let verify = SocialVerify { request: &request, code: &code, is_link };
        if is_link {
            return self.verify_in(epoch, &verify, &draft.scopes).await;
        }
        let not_linked = StepUpError::SocialAccountNotLinked { provider: draft.provider.clone() };
        self.step_up(Some(epoch), Ok(verify.call()), SocialVerify::parse, &draft.scopes, Some(not_linked))
            .await
    }

    /// Takes up the return from a provider, if that is how this page was loaded. Call it once, before anything is shown:
    /// the code leaves the address bar, what waited in the tab is deleted, and a session that nothing else kept is taken up
    /// again. [`resume_social`](Self::resume_social) goes on with what it gives.
    ///
    /// `None` where the page was loaded otherwise, or by an answer to nothing that was asked in this tab.
    #[must_use]
    pub fn take_social_return(&self) -> Option<SocialReturn> {
        let inner = &self.inner;
        let window = inner.platform.social_window.as_deref()?;
        let now = inner.platform.clock.now();
        // What cannot be read was not asked for.
        let kept = window.take().ok().flatten().and_then(|text| Kept::from_json(&text));
        let page = kept.as_ref().map(|kept| kept.page.as_str());
        let address = window.address().ok();
        let returned = address.as_deref().and_then(|address| Returned::of(address, page));
        if let Some((_, clean)) = &returned {
            // Where the browser refuses, the code is best used up all the same.
            let _ = window.replace_address(clean);
        }
        let Kept { request, session, .. } = kept.filter(|kept| !kept.is_stale(now))?;
        if let Some(session) = session
            && inner.signed_in_epoch().is_err()
            && !inner.is_over(session.expires_at)
        {
            inner.begin_epoch(Some((session.token, session.user, session.expires_at)));
        }
        let (returned, _) = returned?;
        let outcome = if request.is_answered_by(&returned.state) {
            code_of(&request.draft.provider, returned.code, returned.error)
        } else {
            Err(StepUpError::StateMismatch)
        };
        Some(SocialReturn { request: Rc::new(request), outcome })
    }

    /// Goes on where a redirect left off.
    ///
    /// # Errors
    ///
    /// [`StateMismatch`](StepUpError::StateMismatch) where the answer belongs to another request;
    /// [`SubjectMismatch`](StepUpError::SubjectMismatch) where another user is signed in now than the one who asked;
    /// otherwise as for [`verify_social`](Self::verify_social), without what concerns popups.
    pub fn resume_social(&self, returned: SocialReturn) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        let SocialReturn { request, outcome } = returned;
        let epoch = match request.draft.purpose {
            SocialPurpose::SignIn => Ok(self.inner.epoch()),
            _ => self.inner.signed_in_epoch(),
        };
        Box::pin(async move {
            let code = outcome?;
            let epoch = epoch?;
            let is_other = |asked: &UserId| client.user().is_none_or(|user| user.id != *asked);
            if request.draft.user.as_ref().is_some_and(is_other) {
                return Err(StepUpError::SubjectMismatch);
            }
            client.complete_social(epoch, request, code).await
        })
    }

    /// Deletes what waits in the tab for a redirect that will not come back: the page is still here, or is here again as it
    /// was left.
    pub fn forget_social_redirect(&self) {
        self.inner.forget_redirect();
    }
}

impl Inner {
    pub(super) fn forget_redirect(&self) {
        let Some(window) = &self.platform.social_window else { return };
        if let Err(error) = window.take() {
            // It may hold a session, so somebody should hear of it.
            self.current.borrow_mut().session.store_error.get_or_insert(error);
        }
    }
}

/// What was begun in the user's click.
struct Begun {
    epoch: Epoch,
    draft: Draft,
    window: Rc<dyn SocialWindow>,
    /// `None` where the page itself is to leave.
    popup: Option<Opened>,
    cancellation: Option<Shared<LocalFuture<'static, ()>>>,
}

/// A popup, which is closed when this is dropped: by the end, by an error, with the future.
struct Opened(Rc<dyn Popup>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A redirect to a social provider that came back, to be resumed.
pub struct SocialReturn {
    request: Rc<SocialRequest>,
    outcome: Result<String>,
}

impl SocialReturn {
    /// What it was for.
    #[must_use]
    pub fn purpose(&self) -> SocialPurpose {
        self.request.draft.purpose
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.request.draft.provider
    }

    /// The scopes that were asked for.
    #[must_use]
    pub fn scopes(&self) -> &[TokenScope] {
        &self.request.draft.scopes
    }

    /// What the app gave to get back.
    #[must_use]
    pub fn app_state(&self) -> Option<&str> {
        self.request.draft.app_state.as_deref()
    }
}

impl fmt::Debug for SocialReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocialReturn({:?} {})", self.purpose(), self.provider())
    }
}
