//! The proof that a wallet is whose it is said to be: a signed message that was made for this sandbox, now.

use std::time::Duration;

use step_up_core::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Address, message::Message};
use crate::{
    call::Call,
    nonce,
    origin::Origin,
    reply::{Outcome, Refusal},
    time::MINUTE,
    world::World,
};

/// For how long a message counts, from when it says that it was issued.
const LIFETIME: Duration = Duration::from_secs(10 * MINUTE.as_secs());

/// How far a client's clock may be ahead.
const SKEW: Duration = MINUTE;

/// What a client sends as a proof.
pub(crate) struct Proof<'a> {
    /// Whose signature it is.
    pub(crate) address: Address,
    /// The chain that the wallet is on, by its number, where it has one.
    pub(crate) network: Option<&'a str>,
    pub(crate) message: &'a str,
    pub(crate) signature: &'a str,
}

impl Proof<'_> {
    /// Refuses what is none. The message's nonce is used up either way.
    pub(crate) fn evaluate(&self, call: &mut Call<'_>) -> Outcome<()> {
        let message = Message::parse(self.message)
            .ok_or_else(|| refused("The message does not have the layout of EIP-4361."))?;
        let is_fresh = nonce::take(&mut call.world, message.nonce)?;
        call.world.tx.keep();
        if !is_fresh {
            return Err(Refusal::unprocessable(
                "invalid_nonce",
                "The message's nonce was not given out here, was used, or is too old.",
            )
            .into());
        }
        if let Some(sentence) = self.objection(&message, call) {
            return Err(refused(sentence).into());
        }
        if !self.address.has_signed(self.message, self.signature) {
            return Err(Refusal::unprocessable(
                "invalid_wallet_signature",
                "The signature is not that of this address.",
            )
            .into());
        }
        Ok(())
    }

    /// What the message says wrong.
    fn objection(&self, message: &Message<'_>, call: &Call<'_>) -> Option<&'static str> {
        let world = &call.world;
        if !is_for_this_page(message, call) {
            return Some("The message is for another page, by its domain or its URI.");
        }
        if message.version != "1" {
            return Some("The message has another version than 1.");
        }
        if message.account_kind != self.address.account_kind() || !self.address.is_written(message.address) {
            return Some("The message is for another account.");
        }
        if !self.is_for_its_chain(message) {
            return Some("The message is for another chain.");
        }
        if message.request_id != Some(world.config.environment_id()) {
            return Some("The message is for another environment, by its request id.");
        }
        if !is_of_now(message, world) {
            return Some("The message is not of now, by its times and the sandbox's clock.");
        }
        None
    }

    /// On Ethereum a message names its chain, and that is the wallet's; on Solana there is none to name.
    fn is_for_its_chain(&self, message: &Message<'_>) -> bool {
        match (self.address, message.chain_id) {
            (Address::Ethereum(_), Some(id)) => {
                let is_number = id.parse::<u64>().is_ok_and(|number| number.to_string() == id);
                is_number && self.network.is_none_or(|network| network == id)
            }
            (Address::Ethereum(_), None) | (Address::Solana(_), Some(_)) => false,
            (Address::Solana(_), None) => true,
        }
    }
}

/// Whether the message was made for a page that may call, and, where the request comes from a page, for that one.
fn is_for_this_page(message: &Message<'_>, call: &Call<'_>) -> bool {
    let Some((scheme, rest)) = message.uri.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(origin) = Origin::parse(&format!("{scheme}://{authority}")) else { return false };
    let is_callers =
        call.header("origin").is_none_or(|caller| Origin::parse(caller).as_ref() == Some(&origin));
    authority.eq_ignore_ascii_case(message.domain)
        && is_callers
        && call.world.config.origins.contains(&origin)
}

fn is_of_now(message: &Message<'_>, world: &World<'_>) -> bool {
    let now = world.now;
    let is_met = |time: Option<&str>, check: &dyn Fn(Timestamp) -> bool| {
        time.is_none_or(|text| parse_time(text).is_some_and(check))
    };
    is_met(Some(message.issued_at), &|issued| issued <= now.after(SKEW) && now < issued.after(LIFETIME))
        && is_met(message.not_before, &|earliest| earliest <= now)
        && is_met(message.expiration_time, &|end| now < end)
}

/// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339).
fn parse_time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Timestamp::from_millis)
}

fn refused(sentence: &'static str) -> Refusal {
    Refusal::unprocessable("invalid_wallet_message", sentence)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::iso8601;

    #[test]
    fn times_are_read_with_their_offset() {
        let at = Timestamp::from_secs(1_795_514_400);
        for text in ["2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000Z", "2026-11-24T12:30:00+02:30"] {
            assert_eq!(parse_time(text), Some(at), "{text}");
        }
        for text in ["", "now", "2026-11-24", "2026-11-24T10:00:00", "2026-13-24T10:00:00Z", "1795514400"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_clients_write_is_read(millis in 0..253_402_300_799_999_i64) {
            let moment = Timestamp::from_millis(millis);
            prop_assert_eq!(parse_time(&iso8601(moment)), Some(moment));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,40}") {
            parse_time(&text);
        }
    }
}
