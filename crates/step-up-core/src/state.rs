//! What a screen shows of a verification, and how it changes.
//!
//! Several calls can be under way at once. Only the latest one writes the state, so that a slow answer to an old
//! question never overwrites a new one; a reset counts as a call.

use crate::{error::StepUpError, types::OtpVerification};

/// What a screen shows of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpState {
    /// Whether a call is under way.
    pub is_loading: bool,
    /// What went wrong in the latest call.
    pub error: Option<StepUpError>,
    /// The code that was sent and not yet verified.
    pub otp_verification: Option<OtpVerification>,
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
    pub fn reduce(self, action: Action) -> Self {
        match action {
            Action::Begin => Self { is_loading: true, error: None, ..self },
            Action::OtpSent(verification) => {
                Self { otp_verification: Some(verification), captcha_required: false, ..self.settled(None) }
            }
            Action::Verified => {
                Self { otp_verification: None, captcha_required: false, ..self.settled(None) }
            }
            Action::Failed(error) => {
                let captcha_required = self.captcha_required || error == StepUpError::CaptchaRequired;
                // A code that is void or was accepted cannot be tried again; any other failure leaves it to be typed
                // once more.
                let is_void = matches!(
                    error,
                    StepUpError::CodeExpired
                        | StepUpError::TooManyAttempts
                        | StepUpError::UnknownVerification
                        | StepUpError::NotElevated(_)
                        | StepUpError::SubjectMismatch
                );
                let otp_verification = if is_void { None } else { self.otp_verification.clone() };
                Self { captcha_required, otp_verification, ..self.settled(Some(error)) }
            }
        }
    }

    fn settled(self, error: Option<StepUpError>) -> Self {
        Self { is_loading: false, error, ..self }
    }
}

/// Names a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallId(u64);

/// A state and the latest call, which alone may write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepUpModel {
    state: StepUpState,
    latest: u64,
}

impl StepUpModel {
    /// The state.
    pub(crate) fn state(&self) -> &StepUpState {
        &self.state
    }

    /// A call begins, and is the latest from now on.
    pub(crate) fn begin(&mut self) -> CallId {
        self.latest += 1;
        self.state = std::mem::take(&mut self.state).reduce(Action::Begin);
        CallId(self.latest)
    }

    /// A call ended. Says whether the state changed: only the latest call's end changes it.
    pub(crate) fn finish(&mut self, call: CallId, action: Action) -> bool {
        if call.0 != self.latest {
            return false;
        }
        self.state = std::mem::take(&mut self.state).reduce(action);
        true
    }

    /// Back to the start. What is under way goes on, and writes nothing here.
    pub(crate) fn reset(&mut self) {
        self.latest += 1;
        self.state = StepUpState::default();
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
            StepUpError::CodeExpired,
            StepUpError::TooManyAttempts,
            StepUpError::UnknownVerification,
            StepUpError::NotElevated(Challenge::default()),
            StepUpError::SubjectMismatch,
        ] {
            assert_eq!(after(error.clone()).otp_verification, None, "{error:?}");
            assert_eq!(after(error.clone()).error, Some(error));
        }
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
