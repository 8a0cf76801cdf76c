//! What follows from what a popup does. It is a value: each event gives either the next one or the end, so that it ends
//! once.

use std::time::Duration;

use super::{SocialMessage, SocialRequest};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
    types::Provider,
};

/// How long the user has.
const LONGEST: Duration = Duration::from_secs(6 * 60);
/// How long after the last sign of life a popup is taken for closed. By then the service has heard of an answer that the
/// page has not, and said so when it was asked.
const SILENCE: Duration = Duration::from_secs(8);
/// How often the popup is looked at, at most.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// How often the service is asked while the popup is there and can speak for itself, and once it is gone.
const POLL_OPEN: Duration = Duration::from_secs(10);
const POLL_GONE: Duration = Duration::from_secs(2);

/// Something that happened.
pub(crate) enum Heard {
    /// A page said something.
    Message(SocialMessage),
    /// The service was asked, and said this.
    Result(OauthResult),
    /// Nothing but time passed.
    Nothing,
}

/// What the service knows of a request.
pub(crate) enum OauthResult {
    /// Nothing yet.
    Pending,
    /// How it ended.
    Completed {
        /// The authorization code.
        code: Option<String>,
        /// Why there is none.
        error: Option<String>,
    },
}

/// How far it is.
pub(crate) enum Progress {
    /// It goes on.
    Goes(Waiting),
    /// This is the end: an authorization code, or why there is none.
    Ended(Result<String>),
}

/// A popup that is waited for.
pub(crate) struct Waiting {
    since: Timestamp,
    alive_at: Timestamp,
    polled_at: Timestamp,
    is_gone: bool,
}

impl Waiting {
    /// From now on.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { since: now, alive_at: now, polled_at: now, is_gone: false }
    }

    /// What follows from what was heard, and from whether the popup is gone.
    pub(crate) fn next(
        mut self,
        request: &SocialRequest,
        heard: Heard,
        is_gone: bool,
        now: Timestamp,
    ) -> Progress {
        match heard {
            Heard::Message(message) if is_answer(request, &message) => {
                return Progress::Ended(code_of(&request.draft.provider, message.code, message.error));
            }
            Heard::Result(OauthResult::Completed { code, error }) => {
                return Progress::Ended(code_of(&request.draft.provider, code, error));
            }
            // Anybody can say anything; it is not ours.
            Heard::Message(_) | Heard::Result(OauthResult::Pending) | Heard::Nothing => {}
        }
        // A look that comes late, from a page whose timers slept, does not say when the popup went.
        let is_late = !self.is_gone && now.since(self.alive_at) > LOOK;
        if !is_gone || is_late {
            self.alive_at = now;
        }
        self.is_gone = is_gone;
        if now.since(self.since) >= LONGEST {
            return Progress::Ended(Err(StepUpError::TimedOut));
        }
        if now.since(self.alive_at) >= SILENCE {
            return Progress::Ended(Err(StepUpError::PopupClosed));
        }
        Progress::Goes(self)
    }

    /// Whether the service is to be asked now. Whoever is told so asks.
    pub(crate) fn is_poll_due(&mut self, now: Timestamp) -> bool {
        let pause = if self.is_gone { POLL_GONE } else { POLL_OPEN };
        let is_due = now.since(self.polled_at) >= pause;
        if is_due {
            self.polled_at = now;
        }
        is_due
    }
}

fn is_answer(request: &SocialRequest, message: &SocialMessage) -> bool {
    request.is_answered_by(&message.state) && message.provider == request.draft.provider.as_str()
}

/// The authorization code of an answer that is ours, or why there is none
/// ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
pub(crate) fn code_of(provider: &Provider, code: Option<String>, error: Option<String>) -> Result<String> {
    // The service's page writes an absent error so.
    let error = error.filter(|error| !error.is_empty() && error != "undefined");
    match (error, code.filter(|code| !code.is_empty())) {
        (Some(error), _) if error == "access_denied" || error.starts_with("user_cancelled") => {
            Err(StepUpError::Cancelled)
        }
        (Some(error), _) => {
            Err(StepUpError::ProviderRefused { provider: provider.clone(), error: plain(error) })
        }
        (None, Some(code)) => Ok(code),
        (None, None) => Err(StepUpError::Decode { expected: "an authorization code", line: 0, column: 0 }),
    }
}

/// An error's name, if it is one: it comes through an address that anybody can write, and is shown to people.
fn plain(error: String) -> String {
    let is_name =
        error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if is_name { error } else { "an unknown error".into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Draft, SocialPurpose},
        *,
    };

    fn request() -> SocialRequest {
        SocialRequest {
            draft: Draft {
                purpose: SocialPurpose::StepUp,
                provider: Provider::Google,
                scopes: vec![],
                app_state: None,
                user: None,
            },
            state: "s".into(),
            verifier: None,
            created_at: Timestamp::default(),
        }
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_millis(millis))
    }

    fn message(provider: &str, state: &str) -> Heard {
        Heard::Message(SocialMessage::new(provider.into(), state.into(), Some("c".into()), None))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ours,
        Foreign,
        Pending,
        Completed,
        Failed,
        Nothing,
    }

    fn step() -> impl Strategy<Value = (Step, bool, u64)> {
        let what = prop_oneof![
            1 => Just(Step::Ours),
            4 => Just(Step::Foreign),
            4 => Just(Step::Pending),
            1 => Just(Step::Completed),
            1 => Just(Step::Failed),
            8 => Just(Step::Nothing),
        ];
        (what, any::<bool>(), 0..3_000_u64)
    }

    proptest! {
        /// Any order of events ends once: with the first answer that is ours, else closed after eight seconds without a
        /// sign of life, else after six minutes.
        #[test]
        fn any_order_of_events_ends_once(steps in proptest::collection::vec(step(), 0..400)) {
            let request = request();
            let (mut waiting, mut now, mut alive, mut was_gone) = (Waiting::new(at(0)), 0, 0, false);
            let silence = std::iter::repeat((Step::Nothing, false, 1_000));
            for (what, is_gone, pause) in steps.into_iter().chain(silence) {
                now += pause;
                if !is_gone || (!was_gone && now - alive > 1_000) { alive = now; }
                was_gone = is_gone;
                let heard = match what {
                    Step::Ours => message("google", "s"),
                    Step::Foreign => message("google", "t"),
                    Step::Pending => Heard::Result(OauthResult::Pending),
                    Step::Completed => Heard::Result(OauthResult::Completed { code: Some("c".into()), error: None }),
                    Step::Failed => Heard::Result(OauthResult::Completed { code: None, error: Some("access_denied".into()) }),
                    Step::Nothing => Heard::Nothing,
                };
                let is_over = now >= 360_000;
                match waiting.next(&request, heard, is_gone, at(now)) {
                    Progress::Goes(next) => {
                        prop_assert!(!matches!(what, Step::Ours | Step::Completed | Step::Failed));
                        prop_assert!(!is_over && now - alive < 8_000);
                        waiting = next;
                    }
                    Progress::Ended(end) => {
                        let expected = match what {
                            Step::Ours | Step::Completed => Ok("c".to_owned()),
                            Step::Failed => Err(StepUpError::Cancelled),
                            _ if is_over => Err(StepUpError::TimedOut),
                            _ => Err(StepUpError::PopupClosed),
                        };
                        prop_assert_eq!(&end, &expected);
                        prop_assert!(end != Err(StepUpError::PopupClosed) || now - alive >= 8_000);
                        return Ok(());
                    }
                }
            }
        }
    }

    #[test]
    fn another_providers_answer_is_not_ours() {
        for (provider, state) in
            [("google", "S"), ("google", ""), ("github", "s"), ("", "s"), ("google", "ss")]
        {
            let progress = Waiting::new(at(0)).next(&request(), message(provider, state), false, at(1));
            assert!(matches!(progress, Progress::Goes(_)), "{provider} {state}");
        }
    }

    #[test]
    fn the_service_is_asked_more_often_once_the_popup_is_gone() {
        let mut waiting = Waiting::new(at(0));
        assert!(!waiting.is_poll_due(at(9_999)));
        assert!(waiting.is_poll_due(at(10_000)) && !waiting.is_poll_due(at(10_001)));
        let Progress::Goes(mut waiting) = waiting.next(&request(), Heard::Nothing, true, at(11_000)) else {
            panic!("ended")
        };
        assert!(!waiting.is_poll_due(at(11_999)) && waiting.is_poll_due(at(12_000)));
    }

    #[test]
    fn a_page_whose_timers_slept_asks_before_it_says_closed() {
        let goes = |progress| match progress {
            Progress::Goes(waiting) => waiting,
            Progress::Ended(end) => panic!("{end:?}"),
        };
        let mut waiting = goes(Waiting::new(at(0)).next(&request(), Heard::Nothing, true, at(60_000)));
        assert!(waiting.is_poll_due(at(60_000)));
        let waiting = goes(waiting.next(&request(), Heard::Nothing, true, at(67_999)));
        let ended = waiting.next(&request(), Heard::Nothing, true, at(68_000));
        assert!(matches!(ended, Progress::Ended(Err(StepUpError::PopupClosed))));
    }

    #[test]
    fn an_answer_without_a_code_is_an_error() {
        let of = |code: Option<&str>, error: Option<&str>| {
            code_of(&Provider::Google, code.map(Into::into), error.map(Into::into))
        };
        assert_eq!(of(Some("c"), None), Ok("c".into()));
        assert_eq!(of(Some("c"), Some("undefined")), Ok("c".into()));
        assert_eq!(of(Some("c"), Some("")), Ok("c".into()));
        assert_eq!(of(Some("c"), Some("access_denied")), Err(StepUpError::Cancelled));
        assert_eq!(of(None, Some("user_cancelled_login")), Err(StepUpError::Cancelled));
        let refused = |error: &str| {
            Err(StepUpError::ProviderRefused { provider: Provider::Google, error: error.into() })
        };
        assert_eq!(of(None, Some("server_error")), refused("server_error"));
        assert_eq!(of(None, Some("<b>Call 555</b>")), refused("an unknown error"));
        assert_eq!(of(None, Some(&"e".repeat(65))), refused("an unknown error"));
        for nothing in [None, Some("")] {
            assert!(matches!(of(nothing, None), Err(StepUpError::Decode { .. })));
        }
    }
}
