//! The messages that the sandbox would have sent.

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, Channel},
    store::{StoreError, Table},
    time,
    world::World,
};

/// A message with a code.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) to: String,
    channel: Channel,
    pub(crate) code: String,
    #[serde(rename = "verificationUUID")]
    pub(crate) verification: String,
    #[serde(rename = "sentAt")]
    sent_at: String,
}

pub(crate) const MESSAGES: Table<Message> = Table::new("messages");

/// How many messages are kept.
const CAPACITY: usize = 200;

pub(crate) fn deliver(
    world: &mut World<'_>,
    to: &Address,
    code: &str,
    verification: &str,
) -> Result<(), StoreError> {
    let kept = MESSAGES.list(&world.tx, "")?;
    for (key, _) in kept.iter().take((kept.len() + 1).saturating_sub(CAPACITY)) {
        MESSAGES.delete(&mut world.tx, key);
    }
    let key = world.next_key(MESSAGES.name())?;
    MESSAGES.put(
        &mut world.tx,
        &key,
        &Message {
            to: to.text(),
            channel: to.channel(),
            code: code.to_owned(),
            verification: verification.to_owned(),
            sent_at: time::iso8601(world.now),
        },
    )
}

/// The messages to an address, or all; the newest first.
pub(crate) fn messages(world: &World<'_>, to: Option<&str>) -> Result<Vec<Message>, StoreError> {
    let to = to.map(|to| to.trim().to_lowercase());
    let messages = MESSAGES.list(&world.tx, "")?.into_iter().rev().map(|(_, message)| message);
    Ok(messages.filter(|message| to.as_ref().is_none_or(|to| message.to == *to)).collect())
}
