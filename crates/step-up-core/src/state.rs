//! What a screen shows of a verification, and how it changes.
//!
//! Several calls can be under way at once. Only the latest one writes the state, so that a slow answer to an old
//! question never overwrites a new one; a reset counts as a call.

use crate::{error::StepUpError, types::OtpVerification};

/// What a screen shows of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpState {
    /// Whether a call or a check is under way.
    pub is_loading: bool,
    /// What went wrong in the latest call. A cancellation is not an error: see [`is_cancelled`](Self::is_cancelled).
    pub error: Option<StepUpError>,
    /// Whether the latest call was cancelled: by the user, or because its future was dropped. The call's result is
    /// [`Cancelled`](StepUpError::Cancelled); a screen has nothing to report.
    pub is_cancelled: bool,
    /// The code that was sent and not yet verified.
    pub otp_verification: Option<OtpVerification>,
    /// The code that was sent and is void: it expired, has no tries left, or was used for less than was asked. A resend
    /// sends a new code to the same address.
    pub void_otp: Option<OtpVerification>,
    /// Whether a captcha has to be solved before a code is sent.
    pub captcha_required: bool,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It began.
    Begin,
    /// A code was sent.
    OtpSent(OtpVerification),
    /// The user is verified, and the code is used up.
    Verified,
    /// It failed.
    Failed(StepUpError),
}

impl StepUpState {
    /// This state after `action`.
    #[must_use]
    pub(crate) fn reduce(self, action: Action) -> Self {
        match action {
            Action::Begin => Self { is_loading: true, error: None, is_cancelled: false, ..self },
            Action::OtpSent(verification) => Self {
                otp_verification: Some(verification),
                void_otp: None,
                captcha_required: false,
                ..self.settled(None)
            },
            Action::Verified => {
                Self { otp_verification: None, void_otp: None, captcha_required: false, ..self.settled(None) }
            }
            Action::Failed(StepUpError::Cancelled) => Self { is_cancelled: true, ..self.settled(None) },
            Action::Failed(error) => {
                let captcha_required = self.captcha_required || error == StepUpError::CaptchaRequired;
                let failed = if error.voids_code() { self.without_code() } else { self };
                Self { captcha_required, ..failed.settled(Some(error)) }
            }
        }
    }

    /// The code that waits is void. An older void code makes room for it.
    fn without_code(mut self) -> Self {
        if let Some(code) = self.otp_verification.take() {
            self.void_otp = Some(code);
        }
        self
    }

    fn settled(self, error: Option<StepUpError>) -> Self {
        Self { is_loading: false, error, is_cancelled: false, ..self }
    }
}

/// Names a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallId(u64);

/// Names the resets that a check has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckId(u64);

/// A state, the latest call, which alone may write it, and the checks that are under way. A check writes nothing but
/// that it loads, so any number of them run beside a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepUpModel {
    state: StepUpState,
    latest: u64,
    is_calling: bool,
    checks: u32,
    resets: CheckId,
}

impl StepUpModel {
    /// The state.
    pub(crate) fn state(&self) -> &StepUpState {
        &self.state
    }

    /// A call begins, and is the latest from now on.
    pub(crate) fn begin(&mut self) -> CallId {
        self.latest += 1;
        self.is_calling = true;
        self.reduce(Action::Begin);
        CallId(self.latest)
    }

    /// A call ended. Returns whether the state changed: only the latest call's end changes it.
    pub(crate) fn finish(&mut self, call: CallId, action: Action) -> bool {
        if call.0 != self.latest {
            return false;
        }
        self.is_calling = false;
        self.reduce(action);
        true
    }

    /// A check begins.
    pub(crate) fn begin_check(&mut self) -> CheckId {
        self.checks += 1;
        self.load();
        self.resets
    }

    /// A check ended. One from before a reset was forgotten by it.
    pub(crate) fn finish_check(&mut self, check: CheckId) {
        if check == self.resets {
            self.checks -= 1;
            self.load();
        }
    }

    /// Back to the start. What is under way goes on, and writes nothing here.
    pub(crate) fn reset(&mut self) {
        *self = Self { latest: self.latest + 1, resets: CheckId(self.resets.0 + 1), ..Self::default() };
    }

    fn reduce(&mut self, action: Action) {
        self.state = std::mem::take(&mut self.state).reduce(action);
        self.load();
    }

    fn load(&mut self) {
        self.state.is_loading = self.is_calling || self.checks > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::Challenge;

    fn sent() -> OtpVerification {
        OtpVerification { address: "a@b.example".into(), uuid: "1".into(), credential_id: None }
    }

    #[test]
    fn a_wrong_code_can_be_tried_again_and_a_void_one_cannot() {
        let waiting = StepUpState::default().reduce(Action::Begin).reduce(Action::OtpSent(sent()));
        assert_eq!(waiting.otp_verification, Some(sent()));
        assert!(!waiting.is_loading);
        let after = |error| waiting.clone().reduce(Action::Begin).reduce(Action::Failed(error));
        for error in
            [StepUpError::InvalidCode { attempts_left: Some(1) }, StepUpError::Network, StepUpError::TimedOut]
        {
            assert_eq!(after(error.clone()).otp_verification, Some(sent()), "{error:?}");
        }
        for error in [
            StepUpError::InvalidCode { attempts_left: Some(0) },
            StepUpError::CodeExpired,
            StepUpError::TooManyAttempts,
            StepUpError::UnknownVerification,
            StepUpError::NotElevated(Challenge::default()),
            StepUpError::SubjectMismatch,
        ] {
            assert_eq!(after(error.clone()).otp_verification, None, "{error:?}");
            assert_eq!(after(error.clone()).void_otp, Some(sent()), "{error:?}");
            assert_eq!(after(error.clone()).error, Some(error));
        }
    }

    #[test]
    fn a_void_code_is_known_until_another_is_sent() {
        let waiting = StepUpState::default().reduce(Action::OtpSent(sent()));
        let void = waiting.reduce(Action::Failed(StepUpError::TooManyAttempts));
        // Whatever keeps the new code from being sent, it can be asked for again.
        for error in [StepUpError::Network, StepUpError::UnknownVerification, StepUpError::CaptchaRequired] {
            let failed = void.clone().reduce(Action::Begin).reduce(Action::Failed(error.clone()));
            assert_eq!(failed.void_otp, Some(sent()), "{error:?}");
        }
        let new = void.reduce(Action::Begin).reduce(Action::OtpSent(sent()));
        assert_eq!((new.otp_verification, new.void_otp), (Some(sent()), None));
    }

    #[test]
    fn a_cancellation_is_not_an_error_and_lasts_until_the_next_call() {
        let waiting = StepUpState::default().reduce(Action::OtpSent(sent()));
        let cancelled = waiting.clone().reduce(Action::Begin).reduce(Action::Failed(StepUpError::Cancelled));
        assert_eq!(cancelled, StepUpState { is_cancelled: true, ..waiting });
        assert!(!cancelled.clone().reduce(Action::Begin).is_cancelled);
        assert!(!cancelled.reduce(Action::Failed(StepUpError::Network)).is_cancelled);
    }

    #[test]
    fn a_check_loads_beside_a_call_and_ends_with_a_reset() {
        let mut model = StepUpModel::default();
        let (check, other) = (model.begin_check(), model.begin_check());
        let call = model.begin();
        model.finish_check(check);
        assert!(model.finish(call, Action::OtpSent(sent())));
        assert!(model.state().is_loading, "the other check is under way");
        model.finish_check(other);
        assert_eq!(model.state(), &StepUpState::default().reduce(Action::OtpSent(sent())));
        let old = model.begin_check();
        model.reset();
        assert!(!model.state().is_loading);
        let new = model.begin_check();
        model.finish_check(old);
        assert!(model.state().is_loading, "the old check ends nothing but itself");
        model.finish_check(new);
        assert_eq!(model.state(), &StepUpState::default());
    }

    #[test]
    fn a_verified_code_is_forgotten() {
        let state = StepUpState::default().reduce(Action::OtpSent(sent())).reduce(Action::Verified);
        assert_eq!(state, StepUpState::default());
    }

    #[test]
    fn only_the_latest_call_writes() {
        let mut model = StepUpModel::default();
        let slow = model.begin();
        let quick = model.begin();
        assert!(model.finish(quick, Action::OtpSent(sent())));
        assert!(!model.finish(slow, Action::Failed(StepUpError::Network)));
        assert_eq!(model.state().error, None);
        assert_eq!(model.state().otp_verification, Some(sent()));
    }

    #[test]
    fn a_reset_counts_as_a_call() {
        let mut model = StepUpModel::default();
        let call = model.begin();
        model.reset();
        assert!(!model.finish(call, Action::Failed(StepUpError::Network)));
        assert_eq!(model.state(), &StepUpState::default());
    }

    #[test]
    fn a_captcha_is_asked_for_until_a_code_is_sent() {
        let state = StepUpState::default().reduce(Action::Failed(StepUpError::CaptchaRequired));
        assert!(state.captcha_required);
        assert!(!state.reduce(Action::OtpSent(sent())).captcha_required);
    }
}
