//! The session's own life.

use crate::{
    account,
    call::Call,
    reply::{Outcome, done, ok},
    session,
};

/// A new token for the old one.
pub(super) fn refresh(call: &mut Call<'_>) -> Outcome {
    let mut session = call.session()?;
    call.check_bound_device(&session)?;
    let account = account::of_session(&call.world, &session)?;
    session::refresh(&mut call.world, &mut session)?;
    ok(&session::verified(&call.world, &session, &account, None)?)
}

/// Signs out: the session's tokens and its elevations are void at once.
pub(super) fn revoke(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    session::end(&mut call.world, &session.id)?;
    done()
}
