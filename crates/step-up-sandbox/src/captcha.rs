//! Captchas, without a puzzle: the control API gives out what a visitor would get for solving one.

use serde::{Deserialize, Serialize};
use step_up_core::Timestamp;

use crate::{
    call::Call,
    random,
    reply::{Outcome, Refusal},
    settings::Rules,
    store::{StoreError, Table},
    time::{self, MINUTE},
    world::World,
};

/// A captcha that was solved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Solved {
    #[serde(with = "time::millis")]
    pub(crate) expires_at: Timestamp,
}

/// By their token.
pub(crate) const CAPTCHAS: Table<Solved> = Table::new("captchas");

/// A token that is good once, for two minutes, and until when.
pub(crate) fn issue(world: &mut World<'_>) -> Result<(String, Timestamp), StoreError> {
    for (token, solved) in CAPTCHAS.list(&world.tx, "")? {
        if solved.expires_at <= world.now {
            CAPTCHAS.delete(&mut world.tx, &token);
        }
    }
    let token = random::nonce(&mut world.tx)?;
    let expires_at = world.now.after(2 * MINUTE);
    CAPTCHAS.put(&mut world.tx, &token, &Solved { expires_at })?;
    Ok((token, expires_at))
}

/// Asks for a captcha before a code is sent, where the environment has them. Its token is used up, whatever becomes of
/// the request.
pub(crate) fn demand(call: &mut Call<'_>, token: Option<&str>) -> Outcome<()> {
    let world = &mut call.world;
    if !Rules::load(&world.tx)?.is_captcha_on() {
        return Ok(());
    }
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(Refusal::unprocessable("captcha_required", "A captcha has to be solved first.").into());
    };
    let solved = CAPTCHAS.get(&world.tx, token)?;
    CAPTCHAS.delete(&mut world.tx, token);
    world.tx.keep();
    match solved {
        Some(solved) if solved.expires_at > world.now => Ok(()),
        _ => Err(Refusal::unprocessable("captcha_invalid", "That captcha is too old or was used.").into()),
    }
}
