use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const SIGN: TokenScope = TokenScope::WalletSign;
const LINK: TokenScope = TokenScope::CredentialLink;

fn options(scopes: &[TokenScope]) -> PromptOptions {
    PromptOptions::new(scopes)
}

fn front(queue: &Queue) -> PromptId {
    queue.front().unwrap().id
}

fn callers(settled: &[Settled]) -> Vec<CallerId> {
    settled.iter().map(|settled| settled.caller).collect()
}

#[test]
fn a_thousand_callers_share_one_prompt() {
    let mut queue = Queue::default();
    let waiting: Vec<_> = (0..1000).map(|_| queue.join(Path::Auto, options(&[EXPORT]))).collect();
    assert_eq!(queue.prompts.len(), 1);
    let settled = queue.answer(front(&queue), &[EXPORT]);
    assert_eq!(callers(&settled), waiting);
    assert!(settled.iter().all(|settled| settled.result == Ok(Grant::Elevation)));
    assert!(queue.front().is_none());
}

#[test]
fn a_prompt_is_widened_until_the_user_has_begun() {
    let mut queue = Queue::default();
    let one = queue.join(Path::Auto, options(&[EXPORT]));
    let _two = queue.join(Path::Auto, options(&[SIGN]));
    let first = front(&queue);
    assert_eq!(queue.front().unwrap().scopes, [EXPORT, SIGN]);
    queue.leave(one);
    assert_eq!(queue.front().unwrap().scopes, [SIGN], "nobody wants the other one any more");
    queue.begin(first);
    queue.join(Path::Auto, options(&[SIGN]));
    assert_eq!(queue.prompts.len(), 1, "it covers the newcomer");
    queue.join(Path::Auto, options(&[EXPORT]));
    assert_eq!(queue.prompts.len(), 2);
    assert_eq!(queue.front().unwrap().scopes, [SIGN], "the user verifies for what they were shown");
}

#[test]
fn paths_are_not_mixed() {
    let mut queue = Queue::default();
    queue.join(Path::Auto, options(&[EXPORT]));
    queue.join(Path::Mfa, options(&[EXPORT]));
    queue.join(Path::Reauthenticate, options(&[EXPORT]));
    assert_eq!(queue.prompts.len(), 3);
}

#[test]
fn a_legacy_mfa_token_is_for_one_caller() {
    let mut queue = Queue::default();
    let other = queue.join(Path::Mfa, options(&[EXPORT]));
    let wanting = queue.join(Path::Mfa, options(&[EXPORT]).with_mfa_token());
    queue.join(Path::Mfa, options(&[EXPORT]).with_mfa_token());
    assert_eq!(queue.prompts.len(), 2);
    let settled = queue.answer(front(&queue), &[EXPORT]);
    assert_eq!(
        settled,
        [
            Settled { caller: other, result: Ok(Grant::Elevation) },
            Settled { caller: wanting, result: Ok(Grant::ElevationAndMfaToken) },
        ]
    );
}

#[test]
fn only_the_prompt_that_is_drawn_can_end() {
    let mut queue = Queue::default();
    queue.join(Path::Auto, options(&[EXPORT]));
    queue.begin(front(&queue));
    queue.join(Path::Auto, options(&[SIGN]));
    let waiting = queue.prompts[1].id;
    assert!(queue.answer(waiting, &[SIGN]).is_empty());
    assert!(queue.fail(waiting, &StepUpError::Cancelled).is_empty());
    assert_eq!(queue.prompts.len(), 2);
}

#[test]
fn less_than_was_asked_for_is_no_success() {
    let mut queue = Queue::default();
    queue.join(Path::Auto, options(&[EXPORT, SIGN]));
    let settled = queue.answer(front(&queue), &[EXPORT]);
    assert_eq!(settled[0].result, Err(StepUpError::NotElevated(Challenge::new(&[SIGN]))));
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        path: Path,
        scopes: Vec<TokenScope>,
        wants_mfa_token: bool,
        is_forced: bool,
    },
    Leave(usize),
    Begin,
    Answer(Vec<TokenScope>),
    /// Of a prompt that was drawn before.
    AnswerLate(usize, Vec<TokenScope>),
    Cancel,
    SettleHeld(Vec<TokenScope>),
    Unmount,
    SignOut,
}

fn scopes() -> impl Strategy<Value = Vec<TokenScope>> {
    proptest::sample::subsequence(vec![EXPORT, SIGN, LINK], 0..=3)
}

fn step() -> impl Strategy<Value = Step> {
    let path = prop_oneof![4 => Just(Path::Auto), 1 => Just(Path::Mfa), 1 => Just(Path::Reauthenticate)];
    prop_oneof![
        8 => (path, scopes(), prop::bool::weighted(0.2), any::<bool>()).prop_map(
            |(path, scopes, wants_mfa_token, is_forced)| Step::Join { path, scopes, wants_mfa_token, is_forced }
        ),
        3 => any::<prop::sample::Index>().prop_map(|index| Step::Leave(index.index(1 << 16))),
        3 => Just(Step::Begin),
        3 => scopes().prop_map(Step::Answer),
        1 => (0..8_usize, scopes()).prop_map(|(which, scopes)| Step::AnswerLate(which, scopes)),
        1 => Just(Step::Cancel),
        1 => scopes().prop_map(Step::SettleHeld),
        1 => Just(Step::Unmount),
        1 => Just(Step::SignOut),
    ]
}

/// Who waits and who was settled, as the callers see it.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<CallerId, PromptOptions>,
    settled: BTreeSet<CallerId>,
    left: BTreeSet<CallerId>,
    /// What was on the screen when the user began, and must stay.
    begun: Option<(PromptId, Vec<TokenScope>)>,
}

impl Model {
    fn settle(&mut self, settled: &[Settled], granted: Option<&[TokenScope]>) {
        let mut mfa_tokens = 0;
        for Settled { caller, result } in settled {
            let options = self.waiting.remove(caller).expect("settled twice, or without having waited");
            assert!(self.settled.insert(*caller) && !self.left.contains(caller));
            let is_granted =
                granted.is_some_and(|granted| options.scopes.iter().all(|scope| granted.contains(scope)));
            assert_eq!(result.is_ok(), is_granted, "{result:?} for {options:?} where {granted:?}");
            if *result == Ok(Grant::ElevationAndMfaToken) {
                assert!(options.wants_mfa_token);
                mfa_tokens += 1;
            }
        }
        assert!(mfa_tokens <= 1, "a token for one use has one owner");
    }

    fn check(&mut self, queue: &Queue) {
        let queued: Vec<CallerId> =
            queue.prompts.iter().flat_map(|prompt| &prompt.callers).map(|caller| caller.id).collect();
        let unique: BTreeSet<CallerId> = queued.iter().copied().collect();
        assert_eq!(queued.len(), unique.len(), "nobody waits twice");
        assert!(unique.iter().eq(self.waiting.keys()), "whoever was not settled waits");
        for prompt in &queue.prompts {
            assert!(!prompt.callers.is_empty(), "a prompt for nobody");
            for caller in &prompt.callers {
                assert!(prompt.covers(&caller.options.scopes), "a prompt covers its callers");
            }
            let wanting = prompt.callers.iter().filter(|caller| caller.options.wants_mfa_token).count();
            assert!(wanting <= 1);
        }
        // Never two: what has begun is in front, and there it stays until it ends.
        assert!(queue.prompts.iter().skip(1).all(|prompt| !prompt.has_begun));
        if let (Some((id, scopes)), Some(front)) = (&self.begun, queue.front())
            && front.id == *id
        {
            assert_eq!(front.scopes, *scopes, "the user verifies for what they were shown");
        }
    }
}

proptest! {
    /// Whatever happens in whatever order: everybody settles once, nobody as verified without what they asked for, and
    /// one prompt is drawn at a time.
    #[test]
    fn every_caller_settles_exactly_once(steps in prop::collection::vec(step(), 1..80)) {
        let (mut queue, mut model, mut drawn) = (Queue::default(), Model::default(), Vec::new());
        for step in steps {
            match step {
                Step::Join { path, scopes, wants_mfa_token, is_forced } => {
                    let options = PromptOptions { wants_mfa_token, is_forced, ..options(&scopes) };
                    let caller = queue.join(path, options.clone());
                    prop_assert!(model.waiting.insert(caller, options).is_none());
                }
                Step::Leave(which) => {
                    let Some(caller) = model.waiting.keys().nth(which % model.waiting.len().max(1)).copied() else {
                        continue;
                    };
                    queue.leave(caller);
                    model.waiting.remove(&caller);
                    model.left.insert(caller);
                }
                Step::Begin => {
                    if let Some(prompt) = queue.front().map(|front| front.id) {
                        queue.begin(prompt);
                        let has_begun = model.begun.as_ref().is_some_and(|(id, _)| *id == prompt);
                        if !has_begun {
                            model.begun = Some((prompt, queue.front().unwrap().scopes.clone()));
                        }
                    }
                }
                Step::Answer(granted) => {
                    if let Some(prompt) = queue.front().map(|front| front.id) {
                        let settled = queue.answer(prompt, &granted);
                        prop_assert!(!settled.is_empty());
                        model.settle(&settled, Some(&granted));
                    }
                }
                Step::AnswerLate(which, granted) => {
                    let past: Vec<PromptId> = drawn.clone();
                    let now = queue.front().map(|front| front.id);
                    if let Some(prompt) = past.get(which).copied().filter(|prompt| Some(*prompt) != now) {
                        prop_assert!(queue.answer(prompt, &granted).is_empty(), "it was over");
                    }
                }
                Step::Cancel => {
                    if let Some(prompt) = queue.front().map(|front| front.id) {
                        let settled = queue.fail(prompt, &StepUpError::Cancelled);
                        model.settle(&settled, None);
                    }
                }
                Step::SettleHeld(held) => {
                    let is_held = |options: &PromptOptions| {
                        let is_held = !options.is_forced
                            && !options.wants_mfa_token
                            && options.scopes.iter().all(|scope| held.contains(scope));
                        is_held.then(|| options.clone())
                    };
                    for (caller, options) in queue.settle_held(is_held) {
                        prop_assert_eq!(model.waiting.remove(&caller), Some(options.clone()));
                        prop_assert!(model.settled.insert(caller));
                        prop_assert!(options.scopes.iter().all(|scope| held.contains(scope)));
                    }
                }
                Step::Unmount | Step::SignOut => {
                    let error = if matches!(step, Step::Unmount) {
                        StepUpError::Cancelled
                    } else {
                        StepUpError::NotSignedIn
                    };
                    let settled = queue.fail_all(&error);
                    for settled in &settled {
                        prop_assert_eq!(&settled.result, &Err(error.clone()));
                    }
                    model.settle(&settled, None);
                    prop_assert!(queue.front().is_none());
                }
            }
            if let Some(front) = queue.front() && drawn.last() != Some(&front.id) {
                prop_assert!(!drawn.contains(&front.id), "a prompt that was over is drawn again");
                drawn.push(front.id);
            }
            model.check(&queue);
        }
        let settled = queue.fail_all(&StepUpError::Cancelled);
        model.settle(&settled, None);
        prop_assert!(model.waiting.is_empty());
    }
}
