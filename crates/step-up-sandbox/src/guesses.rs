//! Wrong answers of second factors: whoever gave five in five minutes waits, right or wrong, and whichever factor.

use step_up_core::{Timestamp, UserId};

use crate::{
    reply::{Outcome, Refusal},
    store::{StoreError, Table},
    time::{self, MINUTE},
    world::World,
};

/// How many wrong answers are looked at within [`WINDOW`].
const TRIES: usize = 5;

const WINDOW: std::time::Duration = MINUTE.saturating_mul(5);

/// When a user's wrong answers were given, in milliseconds, oldest first.
pub(crate) const GUESSES: Table<Vec<i64>> = Table::new("mfaGuesses");

/// Refuses an answer that is not to be looked at.
pub(crate) fn check(world: &World<'_>, user: &UserId) -> Outcome<()> {
    let recent = recent(world, user)?;
    if recent.len() < TRIES {
        return Ok(());
    }
    let frees_at = Timestamp::from_millis(recent[recent.len() - TRIES]).after(WINDOW);
    Err(Refusal::too_many_guesses(time::secs_until(world.now, frees_at)).into())
}

/// Counts a wrong answer. How many are left.
pub(crate) fn count(world: &mut World<'_>, user: &UserId) -> Result<usize, StoreError> {
    let mut recent = recent(world, user)?;
    recent.push(world.now.as_millis());
    GUESSES.put(&mut world.tx, user.as_str(), &recent)?;
    Ok(TRIES.saturating_sub(recent.len()))
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) {
    GUESSES.delete(&mut world.tx, user.as_str());
}

fn recent(world: &World<'_>, user: &UserId) -> Result<Vec<i64>, StoreError> {
    let mut guesses = GUESSES.get(&world.tx, user.as_str())?.unwrap_or_default();
    guesses.retain(|given| Timestamp::from_millis(*given).after(WINDOW) > world.now);
    Ok(guesses)
}
