//! Prompts: callers wait, whoever is mounted draws, and the user verifies. What decides is in `prompt/`.
//!
//! Callers drive the look-up of what the user has: as long as somebody waits it goes on, and when nobody does it ends.

use std::{
    collections::BTreeMap,
    fmt,
    future::pending,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{AbortHandle, Shared, abortable},
};

use super::{Inner, StepUpClient, Verified};
use crate::{
    LocalFuture,
    endpoint::GetMfaMethods,
    error::{Result, StepUpError},
    prompt::{
        CallerId, Grant, Offer, PromptId, PromptMethod, PromptMethodKind, PromptOptions, PromptScreen,
        PromptView, Queue, Settled, factors_of_check, offer_of,
    },
    routing::{Factors, Method, Path, Policy},
    secret::CaptchaToken,
    state::Action,
    tracker::StepUpTracker,
    types::{MfaMethods, OtpVerification, TokenScope},
};

type Lookup = Shared<LocalFuture<'static, ()>>;

/// The prompts of a client.
#[derive(Default)]
pub(super) struct Prompts {
    queue: Queue,
    drawn: Option<Drawn>,
    callers: BTreeMap<CallerId, Slot>,
    /// Whoever may draw, in the order that they were mounted; the last one does.
    prompters: Vec<(u64, Rc<dyn Fn()>)>,
    next_prompter: u64,
}

/// The prompt that is drawn.
struct Drawn {
    id: PromptId,
    tracker: StepUpTracker,
    offer: Offer,
    lookup: Lookup,
    /// Ends what the user is shown by a passkey, a wallet or a provider.
    attempt: Option<AbortHandle>,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        if let Some(attempt) = &self.attempt {
            attempt.abort();
        }
    }
}

/// Where a caller finds how their wait ended.
struct Slot {
    outcome: Option<Result<Verified>>,
    waker: Waker,
}

/// What is left to do once nothing is borrowed any more: whoever is told may call the client.
#[derive(Default)]
#[must_use]
struct Afterwards {
    wakers: Vec<Waker>,
    notify: Option<Rc<dyn Fn()>>,
    /// Dropped last: its look-up may end a request, which tells the listeners.
    closed: Vec<Drawn>,
}

impl Afterwards {
    fn run(self) {
        drop(self.closed);
        self.wakers.into_iter().for_each(Waker::wake);
        if let Some(notify) = self.notify {
            notify();
        }
    }
}

impl Prompts {
    fn settle(
        &mut self,
        settled: Vec<Settled>,
        verified: impl Fn(Grant) -> Result<Verified>,
        after: &mut Afterwards,
    ) {
        for Settled { caller, result } in settled {
            self.finish(caller, result.and_then(&verified), after);
        }
    }

    fn finish(&mut self, caller: CallerId, outcome: Result<Verified>, after: &mut Afterwards) {
        if let Some(slot) = self.callers.get_mut(&caller) {
            slot.outcome = Some(outcome);
            after.wakers.push(slot.waker.clone());
        }
    }

    fn fail(&mut self, settled: Vec<Settled>, after: &mut Afterwards) {
        // Nobody is settled as verified here; if somebody were, it would be as an error.
        self.settle(settled, |_| Err(StepUpError::NotElevated { missing: Vec::new() }), after);
    }

    /// The prompt that is drawn, where it is still this one.
    fn drawn(&mut self, id: PromptId) -> Option<&mut Drawn> {
        self.drawn.as_mut().filter(|drawn| drawn.id == id)
    }

    fn notify(&self, after: &mut Afterwards) {
        after.notify = self.prompters.last().map(|(_, notify)| Rc::clone(notify));
    }
}

impl Inner {
    /// The session is over, and with it every prompt.
    pub(super) fn end_prompts(&self) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.prompts.borrow_mut();
            let settled = prompts.queue.fail_all(&StepUpError::NotSignedIn);
            prompts.fail(settled, &mut after);
            // Whoever was answered and has not looked yet would find a token that is gone.
            for slot in prompts.callers.values_mut() {
                slot.outcome = Some(Err(StepUpError::NotSignedIn));
            }
            after.closed.extend(prompts.drawn.take());
            prompts.notify(&mut after);
        }
        after.run();
    }

    fn notify_prompter(&self) {
        let mut after = Afterwards::default();
        self.prompts.borrow().notify(&mut after);
        after.run();
    }

    fn is_held(&self, scope: &TokenScope) -> bool {
        self.elevations.borrow().find(scope, self.clock.now()).is_some()
    }

    /// What an elevation that is held already brings to a prompt, if that is all that it is for.
    fn held_for(&self, options: &PromptOptions) -> Option<Verified> {
        if options.is_forced || options.wants_mfa_token || options.scopes.is_empty() {
            return None;
        }
        if !options.scopes.iter().all(|scope| self.is_held(scope)) {
            return None;
        }
        let user = self.current.borrow().session.user.clone()?;
        let now = self.clock.now();
        let held: Vec<_> = {
            let elevations = self.elevations.borrow();
            options.scopes.iter().filter_map(|scope| elevations.find(scope, now).cloned()).collect()
        };
        // Several scopes can be held by several tokens; the one that covers the most tells the most.
        let elevation = held
            .into_iter()
            .max_by_key(|held| options.scopes.iter().filter(|scope| held.scopes.contains(scope)).count());
        Some(Verified { user, elevation, mfa_token: None })
    }
}

/// Asking.
impl StepUpClient {
    /// Lets the user verify, by whatever way the [routing table](crate::routing) gives, and holds the elevated token for
    /// the scopes of `options`. Whoever is mounted draws the prompt ([`mount_prompter`](Self::mount_prompter)).
    ///
    /// Where the scopes are held already it is `Ok` at once. Callers that ask at the same time share one prompt where their
    /// scopes allow it, and wait for each other where they don't. Dropping the future leaves the prompt; the last one
    /// closes it.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](StepUpError::Cancelled) where the user cancelled, or the prompt's screen is gone;
    /// [`NoPrompter`](StepUpError::NoPrompter) where nobody draws prompts;
    /// [`NoReauthMethods`](StepUpError::NoReauthMethods) where the user has nothing to verify with, and
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where this app or browser has none of it;
    /// [`PopupClosed`](StepUpError::PopupClosed), [`Redirecting`](StepUpError::Redirecting),
    /// [`MfaRequired`](StepUpError::MfaRequired), [`SubjectMismatch`](StepUpError::SubjectMismatch);
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the session ended meanwhile; those of every request, where
    /// what the user has could not be looked up. Other failures stay in the prompt, for another try.
    pub fn prompt_step_up_auth(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Auto, options)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with a second factor only.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`NoMfaMethods`](StepUpError::NoMfaMethods) where the
    /// user has none.
    pub fn prompt_mfa(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Mfa, options)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with what the user signs in with only.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`MfaRequired`](StepUpError::MfaRequired) where the user
    /// has a second factor, without which nothing elevates them.
    pub fn prompt_reauthenticate(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Reauthenticate, options)
    }

    fn ask_user(&self, path: Path, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            if let Some(verified) = client.inner.held_for(&options) {
                return Ok(verified);
            }
            let has_prompter = || !client.inner.prompts.borrow().prompters.is_empty();
            if !has_prompter() {
                // The prompt's screen may be about to mount.
                client.sleep(Duration::ZERO).await;
                client.inner.require(epoch)?;
                if !has_prompter() {
                    return Err(StepUpError::NoPrompter);
                }
            }
            Caller::join(&client, path, options).await
        })
    }

    /// Draws the first prompt of the queue, if it is not drawn yet and not answered by what is held.
    fn advance_prompts(&self) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts.borrow_mut();
            loop {
                let front = prompts.queue.front().map(|front| front.id);
                if prompts.drawn.as_ref().map(|drawn| drawn.id) == front {
                    break;
                }
                after.closed.extend(prompts.drawn.take());
                let held = prompts.queue.settle_held(|options| self.inner.held_for(options));
                if !held.is_empty() {
                    for (caller, verified) in held {
                        prompts.finish(caller, Ok(verified), &mut after);
                    }
                    continue;
                }
                if let Some(front) = prompts.queue.front() {
                    let drawn = self.draw(front.id, front.path, front.scopes.first());
                    prompts.drawn = Some(drawn);
                    let waiting: Vec<CallerId> = prompts.queue.front_callers().collect();
                    // One of them drives the look-up.
                    let slots = waiting.iter().filter_map(|caller| prompts.callers.get(caller));
                    after.wakers.extend(slots.map(|slot| slot.waker.clone()));
                }
            }
            prompts.notify(&mut after);
        }
        after.run();
    }

    fn draw(&self, id: PromptId, path: Path, scope: Option<&TokenScope>) -> Drawn {
        let inner = Rc::downgrade(&self.inner);
        let tracker = StepUpTracker::new(move || {
            if let Some(inner) = inner.upgrade() {
                inner.notify_prompter();
            }
        });
        let (client, scope) = (self.clone(), scope.cloned());
        let lookup: LocalFuture<'static, ()> = Box::pin(async move {
            let offer = client.look_up(path, scope).await;
            client.offer(id, offer);
        });
        Drawn { id, tracker, offer: Offer::loading(), lookup: lookup.shared(), attempt: None }
    }

    /// What the user can verify with: from one check where that suffices, else from the list of second factors.
    fn look_up(&self, path: Path, scope: Option<TokenScope>) -> LocalFuture<'static, Result<Offer>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let policy = client.policy(path);
            let user = client.user().ok_or(StepUpError::NotSignedIn)?;
            if let Some(scope) = scope {
                let check = client.shared_check(epoch, scope).await;
                if let Some(factors) = factors_of_check(&check, &user, &policy) {
                    let named = |id: &str| {
                        let credential = check.credentials.iter().find(|known| known.id.as_str() == id)?;
                        credential.alias.clone()
                    };
                    return offer_of(&factors, &policy, named);
                }
            }
            let methods = client.run(epoch, &GetMfaMethods).await?;
            offer_of(&Factors::new(&user, &methods), &policy, |id| alias_in(&methods, id))
        })
    }

    /// What this build and this platform can verify with.
    fn policy(&self, path: Path) -> Policy {
        let mut methods = Vec::new();
        #[cfg(feature = "passkey")]
        methods.extend(self.is_passkey_supported().then_some(Method::Passkey));
        #[cfg(feature = "mfa")]
        methods.push(Method::Totp);
        #[cfg(feature = "otp")]
        methods.extend([Method::Email, Method::Sms]);
        #[cfg(feature = "wallet")]
        methods.extend(self.inner.platform.wallets.is_some().then_some(Method::Wallet));
        #[cfg(feature = "social")]
        methods.extend(self.inner.platform.social_window.is_some().then_some(Method::Social));
        let sign_in_credential = self.inner.current.borrow().session.sign_in_credential.clone();
        Policy { path, methods, sign_in_credential }
    }

    /// The look-up has ended.
    fn offer(&self, id: PromptId, offer: Result<Offer>) {
        match offer {
            Ok(offer) => {
                if let Some(drawn) = self.inner.prompts.borrow_mut().drawn(id) {
                    drawn.offer = offer;
                }
                self.inner.notify_prompter();
            }
            Err(error) => self.fail_prompt(id, &error),
        }
    }

    fn fail_prompt(&self, id: PromptId, error: &StepUpError) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts.borrow_mut();
            let settled = prompts.queue.fail(id, error);
            prompts.fail(settled, &mut after);
        }
        self.advance_prompts();
        after.run();
    }

    fn fail_all_prompts(&self, error: &StepUpError) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts.borrow_mut();
            let settled = prompts.queue.fail_all(error);
            prompts.fail(settled, &mut after);
        }
        self.advance_prompts();
        after.run();
    }

    /// A verification of the prompt has ended.
    fn conclude_prompt(&self, id: PromptId, result: &Result<Verified>) {
        match result {
            Ok(verified) => {
                let mut after = Afterwards::default();
                {
                    let prompts = &mut *self.inner.prompts.borrow_mut();
                    let granted =
                        verified.elevation.as_ref().map(|held| held.scopes.as_slice()).unwrap_or_default();
                    let settled = prompts.queue.answer(id, granted);
                    let share = |grant| {
                        let mfa_token = match grant {
                            Grant::Elevation => None,
                            Grant::ElevationAndMfaToken => verified.mfa_token.clone(),
                        };
                        Ok(Verified { mfa_token, ..verified.clone() })
                    };
                    prompts.settle(settled, share, &mut after);
                }
                self.advance_prompts();
                after.run();
            }
            // After these another try in the same prompt is of no use.
            Err(
                error @ (StepUpError::NotSignedIn
                | StepUpError::MfaRequired
                | StepUpError::SubjectMismatch
                | StepUpError::PopupClosed
                | StepUpError::Redirecting),
            ) => self.fail_prompt(id, error),
            Err(_) => {}
        }
    }
}

fn alias_in(methods: &MfaMethods, id: &str) -> Option<String> {
    let devices = methods.devices.iter().map(|device| (&device.id, &device.alias));
    let passkeys = methods.passkeys.iter().map(|passkey| (&passkey.id, &passkey.alias));
    devices.chain(passkeys).find(|(known, _)| known.as_str() == id).and_then(|(_, alias)| alias.clone())
}

/// Somebody who waits. Dropped, they leave the queue.
struct Caller {
    client: StepUpClient,
    id: CallerId,
    /// The look-up that they drive, of the prompt that is drawn, whoever's it is.
    driven: Option<(PromptId, Option<Lookup>)>,
}

impl Caller {
    fn join(client: &StepUpClient, path: Path, options: PromptOptions) -> Self {
        let id = {
            let prompts = &mut *client.inner.prompts.borrow_mut();
            let id = prompts.queue.join(path, options);
            prompts.callers.insert(id, Slot { outcome: None, waker: Waker::noop().clone() });
            id
        };
        let caller = Self { client: client.clone(), id, driven: None };
        // Also where the prompt is drawn already: it may ask for more now.
        client.advance_prompts();
        caller
    }

    /// How the wait ended, or the look-up to drive until it does.
    fn look(&mut self, context: &Context<'_>) -> Poll<Result<Verified>> {
        let prompts = &mut *self.client.inner.prompts.borrow_mut();
        let Some(slot) = prompts.callers.get_mut(&self.id) else {
            return Poll::Ready(Err(StepUpError::Cancelled));
        };
        if let Some(outcome) = slot.outcome.take() {
            prompts.callers.remove(&self.id);
            return Poll::Ready(outcome);
        }
        slot.waker.clone_from(context.waker());
        Poll::Pending
    }

    /// Drives the look-up that is under way. Says whether it has ended just now.
    fn drive(&mut self, context: &mut Context<'_>) -> bool {
        let current = {
            let prompts = self.client.inner.prompts.borrow();
            prompts.drawn.as_ref().map(|drawn| (drawn.id, drawn.lookup.clone()))
        };
        let Some((id, lookup)) = current else { return false };
        if self.driven.as_ref().is_none_or(|(driven, _)| *driven != id) {
            self.driven = Some((id, Some(lookup)));
        }
        let Some((_, driven)) = &mut self.driven else { return false };
        let has_ended = driven.as_mut().is_some_and(|lookup| lookup.poll_unpin(context).is_ready());
        if has_ended {
            *driven = None;
        }
        has_ended
    }
}

impl Future for Caller {
    type Output = Result<Verified>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(outcome) = self.look(context) {
                return Poll::Ready(outcome);
            }
            if !self.drive(context) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let is_waiting = {
            let prompts = &mut *self.client.inner.prompts.borrow_mut();
            prompts.queue.leave(self.id);
            prompts.callers.remove(&self.id).is_some()
        };
        if is_waiting {
            self.client.advance_prompts();
        }
    }
}

/// Drawing.
impl StepUpClient {
    /// Says that somebody draws prompts, and is told by `on_change` when there is something new to draw. The last one
    /// that was mounted draws, until what this returns is dropped.
    ///
    /// ```
    /// use step_up_core::{PromptMethodKind, PromptScreen, StepUpClient};
    ///
    /// fn draw(client: &StepUpClient) {
    ///     let prompter = client.mount_prompter(|| println!("draw again"));
    ///     let Some(prompt) = prompter.prompt() else { return };
    ///     let Some(view) = prompt.view() else { return };
    ///     match view.screen {
    ///         PromptScreen::Verify(method) if method.kind.has_code() => println!("a field for the code"),
    ///         PromptScreen::Verify(method) => println!("a button that starts {:?}", method.label),
    ///         PromptScreen::Choose { .. } => println!("a list"),
    ///         _ => println!("a moment"),
    ///     }
    /// }
    /// ```
    pub fn mount_prompter(&self, on_change: impl Fn() + 'static) -> Prompter {
        let mut after = Afterwards::default();
        let id = {
            let prompts = &mut *self.inner.prompts.borrow_mut();
            // Whoever drew until now no longer does.
            prompts.notify(&mut after);
            let id = prompts.next_prompter;
            prompts.next_prompter += 1;
            prompts.prompters.push((id, Rc::new(on_change)));
            id
        };
        after.run();
        Prompter { client: self.clone(), id }
    }
}

/// Somebody who draws prompts; from [`StepUpClient::mount_prompter`]. When the last one is dropped, whoever waits is
/// [`Cancelled`](StepUpError::Cancelled).
#[must_use = "dropping a prompter unmounts it"]
pub struct Prompter {
    client: StepUpClient,
    id: u64,
}

impl fmt::Debug for Prompter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompter({})", self.id)
    }
}

impl Prompter {
    /// The prompt that waits, if it is for this one to draw.
    #[must_use]
    pub fn prompt(&self) -> Option<Prompt> {
        let prompts = self.client.inner.prompts.borrow();
        let is_last = prompts.prompters.last().is_some_and(|(id, _)| *id == self.id);
        let drawn = prompts.drawn.as_ref().filter(|_| is_last)?;
        Some(Prompt { client: self.client.clone(), id: drawn.id })
    }
}

impl Drop for Prompter {
    fn drop(&mut self) {
        let is_nobody_left = {
            let prompts = &mut *self.client.inner.prompts.borrow_mut();
            prompts.prompters.retain(|(id, _)| *id != self.id);
            prompts.prompters.is_empty()
        };
        if is_nobody_left {
            self.client.fail_all_prompts(&StepUpError::Cancelled);
        } else {
            self.client.inner.notify_prompter();
        }
    }
}

/// The prompt that waits, for whoever draws it. Once it is over, its methods do nothing and are
/// [`Cancelled`](StepUpError::Cancelled).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    client: StepUpClient,
    id: PromptId,
}

impl Prompt {
    /// What to draw; `None` once it is over.
    #[must_use]
    pub fn view(&self) -> Option<PromptView> {
        let prompts = self.client.inner.prompts.borrow();
        let drawn = prompts.drawn.as_ref().filter(|drawn| drawn.id == self.id)?;
        let front = prompts.queue.front().filter(|front| front.id == self.id)?;
        let state = drawn.tracker.state();
        Some(PromptView::of(self.id, front.path, &front.scopes, &drawn.offer, &state))
    }

    /// The user verifies with this method, one of [`PromptView::methods`]. What was under way with another is given up.
    pub fn choose(&self, method: &PromptMethod) {
        self.change(|offer| {
            if offer.methods.contains(method) {
                offer.screen = PromptScreen::Verify(method.clone());
            }
        });
    }

    /// Offers every method, the one of now first. What is under way is given up. The scopes stay as they are.
    pub fn show_methods(&self) {
        self.change(Offer::show_methods);
    }

    /// Changes what is offered, and begins anew.
    fn change(&self, change: impl FnOnce(&mut Offer)) {
        let given_up = {
            let prompts = &mut *self.client.inner.prompts.borrow_mut();
            prompts.queue.begin(self.id);
            let Some(drawn) = prompts.drawn(self.id) else { return };
            change(&mut drawn.offer);
            (drawn.tracker.clone(), drawn.attempt.take())
        };
        let (tracker, attempt) = given_up;
        if let Some(attempt) = attempt {
            attempt.abort();
        }
        tracker.reset();
    }

    /// The user wants none of it. Whoever waits for this prompt is [`Cancelled`](StepUpError::Cancelled).
    pub fn cancel(&self) {
        self.client.fail_prompt(self.id, &StepUpError::Cancelled);
    }

    /// Sends a code to the chosen email address or phone number, in place of the one before. Send the first one when the
    /// screen that asks for it appears, the others from a button.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`]; the prompt shows them and goes on.
    pub fn send(&self) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(None)
    }

    /// Sends the code that waits for a captcha, with the captcha's answer.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn submit_captcha_token(&self, token: &str) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(Some(CaptchaToken::new(token)))
    }

    fn send_code(&self, captcha: Option<CaptchaToken>) -> LocalFuture<'static, Result<OtpVerification>> {
        let Some(step) = self.step() else { return over() };
        let client = &self.client;
        let sending = match (&step.method, captcha) {
            #[cfg(feature = "otp")]
            (Some(method), captcha) if method.kind.is_sent() => Ok(match (captcha, &step.sent) {
                (Some(captcha), _) => client.send_otp_with_captcha(method.credential(), captcha),
                (None, Some(sent)) => client.resend_otp(sent),
                (None, None) => client.send_otp(method.credential()),
            }),
            _ => Err(StepUpError::NoOtpCredential),
        };
        step.tracker.track(sending, |sent| Action::OtpSent(sent.clone()))
    }

    /// Verifies the user with the code that was sent, or with one of their authenticator app, or with a recovery code:
    /// whichever is chosen.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent) where none was sent yet, and those of the method. After
    /// [`InvalidCode`](StepUpError::InvalidCode) and most others the prompt goes on.
    pub fn submit_code(&self, code: &str) -> LocalFuture<'static, Result<Verified>> {
        let Some(step) = self.step() else { return over() };
        let (client, scopes) = (&self.client, step.scopes.as_slice());
        let verify = match step.method.as_ref().map(|method| (method.kind, method)) {
            #[cfg(feature = "otp")]
            Some((PromptMethodKind::Email | PromptMethodKind::Sms, _)) => match &step.sent {
                Some(sent) => Ok(client.verify_otp(sent, code, scopes)),
                None => Err(StepUpError::OtpNotSent),
            },
            #[cfg(feature = "mfa")]
            Some((PromptMethodKind::Totp, method)) => {
                Ok(client.verify_totp(code, method.device(), scopes, step.wants_mfa_token))
            }
            #[cfg(feature = "mfa")]
            Some((PromptMethodKind::RecoveryCode, _)) => {
                Ok(client.verify_recovery(code, scopes, step.wants_mfa_token))
            }
            _ => Err(no_such_method("takes a code")),
        };
        self.verify(&step, verify)
    }

    /// Starts a passkey, a wallet or a social account, whichever is chosen. Call it in the user's click: a wallet and a
    /// provider's popup need one, and some browsers' passkeys do.
    ///
    /// # Errors
    ///
    /// Those of the method. After [`PopupClosed`](StepUpError::PopupClosed) and [`Redirecting`](StepUpError::Redirecting)
    /// the prompt is over; after others it goes on.
    pub fn start(&self) -> LocalFuture<'static, Result<Verified>> {
        let Some(step) = self.step() else { return over() };
        let (wait, attempt) = abortable(pending::<()>());
        let cancelled = wait.map(drop);
        let before = self
            .client
            .inner
            .prompts
            .borrow_mut()
            .drawn(self.id)
            .and_then(|drawn| drawn.attempt.replace(attempt));
        if let Some(before) = before {
            before.abort();
        }
        let (client, scopes) = (&self.client, step.scopes.as_slice());
        let verify = match step.method.as_ref().map(|method| (method.kind, method)) {
            #[cfg(feature = "passkey")]
            Some((PromptMethodKind::Passkey, _)) => {
                Ok(client.verify_passkey(scopes, step.wants_mfa_token, Box::pin(cancelled)))
            }
            #[cfg(feature = "wallet")]
            Some((PromptMethodKind::Wallet, method)) => {
                let verify = client.verify_wallet(method.credential(), scopes);
                Ok(unless(cancelled, verify))
            }
            #[cfg(feature = "social")]
            Some((PromptMethodKind::Social, method)) => match &method.provider {
                Some(provider) => {
                    let options = crate::social::SocialOptions::new().with_scopes(scopes);
                    Ok(client.verify_social(provider, options.with_cancellation(cancelled)))
                }
                None => Err(no_such_method("has a provider")),
            },
            _ => Err(no_such_method("is started")),
        };
        self.verify(&step, verify)
    }

    fn verify(
        &self,
        step: &Step,
        verify: Result<LocalFuture<'static, Result<Verified>>>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, id) = (self.client.clone(), self.id);
        let concluded = verify.map(|verify| -> LocalFuture<'static, Result<Verified>> {
            Box::pin(async move {
                let result = verify.await;
                client.conclude_prompt(id, &result);
                result
            })
        });
        step.tracker.track(concluded, |_| Action::Verified)
    }

    /// Where the prompt stands as the user does something. From now on it asks for nothing else.
    fn step(&self) -> Option<Step> {
        let prompts = &mut *self.client.inner.prompts.borrow_mut();
        prompts.queue.begin(self.id);
        let drawn = prompts.drawn.as_ref().filter(|drawn| drawn.id == self.id)?;
        let front = prompts.queue.front().filter(|front| front.id == self.id)?;
        let method = match &drawn.offer.screen {
            PromptScreen::Verify(method) => Some(method.clone()),
            _ => None,
        };
        let sent = drawn.tracker.state().otp_verification.clone();
        Some(Step {
            tracker: drawn.tracker.clone(),
            method,
            scopes: front.scopes.clone(),
            wants_mfa_token: front.wants_mfa_token(),
            sent,
        })
    }
}

struct Step {
    tracker: StepUpTracker,
    method: Option<PromptMethod>,
    scopes: Vec<TokenScope>,
    wants_mfa_token: bool,
    sent: Option<OtpVerification>,
}

fn over<T: 'static>() -> LocalFuture<'static, Result<T>> {
    Box::pin(async { Err(StepUpError::Cancelled) })
}

fn no_such_method(what: &str) -> StepUpError {
    StepUpError::UnsupportedTarget { why: format!("no method that {what} is chosen in this prompt") }
}

#[cfg(feature = "wallet")]
fn unless(
    cancelled: impl Future<Output = ()> + 'static,
    verify: LocalFuture<'static, Result<Verified>>,
) -> LocalFuture<'static, Result<Verified>> {
    Box::pin(async move {
        match futures_util::future::select(std::pin::pin!(cancelled), verify).await {
            futures_util::future::Either::Left(_) => Err(StepUpError::Cancelled),
            futures_util::future::Either::Right((result, _)) => result,
        }
    })
}
