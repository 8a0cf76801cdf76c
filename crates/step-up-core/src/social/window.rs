//! What social sign-in needs of a browser's windows.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    rc::Rc,
    task::{Context, Waker},
};

use crate::error::Result;

/// The window that the app runs in.
pub trait SocialWindow {
    /// Opens an empty popup, at once: browsers allow it inside of a click only.
    fn open(&self) -> Rc<dyn Popup>;

    /// The page's address, with query and fragment.
    ///
    /// # Errors
    ///
    /// [`UnsupportedTarget`](crate::StepUpError::UnsupportedTarget) where there is none.
    fn address(&self) -> Result<String>;

    /// Puts another address of the same page in the place of the present one, without loading anything.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::StepUpError::Storage) where the browser refuses.
    fn replace_address(&self, address: &str) -> Result<()>;

    /// Leaves the page for this address.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::StepUpError::Storage) where the browser refuses.
    fn leave(&self, address: &str) -> Result<()>;

    /// Keeps a text in this tab until it is taken, in the place of one that was kept before. It may hold a session, and is
    /// as secret as that.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::StepUpError::Storage) where it cannot be written.
    fn keep(&self, secret: &str) -> Result<()>;

    /// Takes what was kept, if anything was: it is deleted before this returns.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::StepUpError::Storage) where it cannot be read or deleted.
    fn take(&self) -> Result<Option<String>>;
}

/// A popup, empty until it is sent somewhere. When it is closed or dropped, its window is closed and nothing is listened
/// to any more.
pub trait Popup {
    /// Whether the browser blocked it: then there is no window.
    fn is_blocked(&self) -> bool;

    /// Whether the user seems to have left it. Only a hint: a provider's page can cut the tie to its opener
    /// (`Cross-Origin-Opener-Policy`), and its window then says that it is closed.
    fn is_gone(&self) -> bool;

    /// From now on, hands on what the window says from a page of `origin`, and what is said on the origin's own channel.
    /// Messages of other windows and origins are not handed on.
    fn listen(&self, origin: &str, heard: Box<dyn Fn(SocialMessage)>);

    /// Sends the popup to this address.
    ///
    /// # Errors
    ///
    /// [`PopupClosed`](crate::StepUpError::PopupClosed) where there is no window any more.
    fn navigate(&self, address: &str) -> Result<()>;

    /// Closes it.
    fn close(&self);
}

/// What the page that the provider returned to says (`docs/PROTOCOL.md`, "Social accounts"). `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SocialMessage {
    pub(super) provider: String,
    pub(super) state: String,
    pub(super) code: Option<String>,
    pub(super) error: Option<String>,
}

impl SocialMessage {
    /// A message as it came. Whether it is an answer to anything is found out later.
    #[must_use]
    pub fn new(provider: String, state: String, code: Option<String>, error: Option<String>) -> Self {
        Self { provider, state, code, error }
    }
}

impl fmt::Debug for SocialMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocialMessage(…)")
    }
}

/// Messages that came and were not read.
#[derive(Default)]
pub(crate) struct Mailbox(RefCell<(VecDeque<SocialMessage>, Option<Waker>)>);

/// More than any honest page says. Who floods is forgotten, not remembered.
const MOST: usize = 16;

impl Mailbox {
    pub(crate) fn put(&self, message: SocialMessage) {
        let waker = {
            let (messages, waker) = &mut *self.0.borrow_mut();
            if messages.len() < MOST {
                messages.push_back(message);
            }
            waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next message; where there is none, whoever waits is woken by it.
    pub(crate) fn take(&self, context: &Context<'_>) -> Option<SocialMessage> {
        let (messages, waker) = &mut *self.0.borrow_mut();
        let message = messages.pop_front();
        if message.is_none() {
            *waker = Some(context.waker().clone());
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_not_printed_and_a_flood_is_not_kept() {
        let message = SocialMessage::new("google".into(), "hunter2".into(), Some("hunter2".into()), None);
        assert_eq!(format!("{message:?}"), "SocialMessage(…)");
        let mailbox = Mailbox::default();
        for _ in 0..100 {
            mailbox.put(message.clone());
        }
        let context = Context::from_waker(Waker::noop());
        let kept = std::iter::from_fn(|| mailbox.take(&context)).count();
        assert_eq!(kept, MOST);
    }
}
