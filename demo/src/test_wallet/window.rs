//! The wallet's own window: a modal dialog, made of plain elements because it is no part of the app.

use std::{cell::RefCell, rc::Rc};

use gloo::{events::EventListener, utils};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use super::{ICON, NAME, accounts::Accounts};

/// What the page wants.
pub(super) enum Ask {
    /// Nothing: the user opened the wallet.
    Nothing,
    /// To see an account.
    Connect,
    /// A signature of this text.
    Sign(String),
}

/// What the user wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approve,
    Reject,
    /// No answer, ever.
    StaySilent,
}

pub(super) struct Window {
    accounts: Rc<Accounts>,
    shown: Rc<RefCell<Option<Shown>>>,
}

/// An open window. Dropped, it is gone.
struct Shown {
    dialog: HtmlDialogElement,
    _listeners: Vec<EventListener>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        // Closing it gives the focus back to where it was.
        self.dialog.close();
        self.dialog.remove();
    }
}

impl Window {
    pub(super) fn new(accounts: Rc<Accounts>) -> Self {
        Self { accounts, shown: Rc::default() }
    }

    /// Shows the window until the user decides. `None` where it is open already, or cannot be shown.
    pub(super) fn open(&self, ask: Ask, decide: impl FnOnce(Decision) + 'static) -> Option<()> {
        if self.shown.borrow().is_some() {
            return None;
        }
        let shown = self.build(&ask, decide).ok()?;
        utils::body().append_child(&shown.dialog).ok()?;
        shown.dialog.show_modal().ok()?;
        self.shown.replace(Some(shown));
        Some(())
    }

    fn build(&self, ask: &Ask, decide: impl FnOnce(Decision) + 'static) -> Result<Shown, JsValue> {
        let dialog: HtmlDialogElement = element("dialog", "test-wallet", "")?.unchecked_into();
        dialog.set_attribute("aria-labelledby", "test-wallet-title")?;
        dialog.set_attribute("data-testid", "wallet-window")?;
        let header = element("header", "test-wallet-header", "")?;
        let icon = element("img", "test-wallet-icon", "")?;
        icon.set_attribute("src", ICON)?;
        icon.set_attribute("alt", "")?;
        let title = element("h2", "test-wallet-title", NAME)?;
        title.set_id("test-wallet-title");
        // The focus starts where there is nothing to press by accident.
        title.set_attribute("tabindex", "-1")?;
        title.set_attribute("autofocus", "")?;
        header.append_with_node_2(&icon, &title)?;
        dialog.append_child(&header)?;

        let host = utils::window().location().host().unwrap_or_default();
        if let Some(question) = question(ask, &host) {
            let question = element("p", "test-wallet-question", &question)?;
            dialog.append_child(&question)?;
        }
        if let Ask::Sign(text) = ask {
            if is_for_another_site(text, &host) {
                let warning = "This message names another site. Whoever asks could use it there.";
                let warning = element("p", "test-wallet-warning", warning)?;
                warning.set_attribute("role", "alert")?;
                warning.set_attribute("data-testid", "wallet-warning")?;
                dialog.append_child(&warning)?;
            }
            let message = element("pre", "test-wallet-message", text)?;
            message.set_attribute("data-testid", "wallet-message")?;
            // A long message scrolls, by keyboard too.
            message.set_attribute("tabindex", "0")?;
            message.set_attribute("aria-label", "Message to sign")?;
            message.set_attribute("role", "region")?;
            dialog.append_child(&message)?;
        }
        let account = element("p", "test-wallet-account", &self.account())?;
        account.set_attribute("data-testid", "wallet-account")?;
        account.set_attribute("aria-live", "polite")?;
        dialog.append_child(&account)?;

        let listeners = self.buttons(&dialog, account, ask, decide)?;
        Ok(Shown { dialog, _listeners: listeners })
    }

    fn buttons(
        &self,
        dialog: &HtmlDialogElement,
        account: HtmlElement,
        ask: &Ask,
        decide: impl FnOnce(Decision) + 'static,
    ) -> Result<Vec<EventListener>, JsValue> {
        let shown = Rc::clone(&self.shown);
        let decide = RefCell::new(Some(decide));
        let settle = Rc::new(move |decision: Decision| {
            // The window goes first, with the listener that runs: in a moment, when it no longer runs.
            let (shown, decide) = (Rc::clone(&shown), decide.take());
            yew::platform::spawn_local(async move {
                drop(shown.take());
                if let Some(decide) = decide {
                    decide(decision);
                }
            });
        });
        let row = element("div", "test-wallet-buttons", "")?;
        let mut listeners = Vec::new();
        let choices: &[(&str, &str, &str, Decision)] = match ask {
            Ask::Nothing => &[("wallet-close", "Close", "button primary", Decision::Reject)],
            Ask::Connect | Ask::Sign(_) => &[
                ("wallet-approve", "Approve", "button primary", Decision::Approve),
                ("wallet-reject", "Reject", "button", Decision::Reject),
                ("wallet-silent", "Do not answer", "button ghost", Decision::StaySilent),
            ],
        };
        for (test_id, label, class, decision) in choices {
            let (settle, decision) = (Rc::clone(&settle), *decision);
            let button = button(&row, test_id, label, class)?;
            listeners.push(EventListener::new(&button, "click", move |_| settle(decision)));
        }
        let switch = button(&row, "wallet-switch-account", "Switch account", "button ghost")?;
        let accounts = Rc::clone(&self.accounts);
        listeners.push(EventListener::new(&switch, "click", move |_| {
            accounts.switch();
            account.set_text_content(Some(&describe(&accounts)));
        }));
        dialog.append_child(&row)?;
        // The Escape key: the browser would close the dialog by itself, and nobody would hear of it.
        let options = gloo::events::EventListenerOptions::enable_prevent_default();
        listeners.push(EventListener::new_with_options(dialog, "cancel", options, move |event| {
            event.prevent_default();
            settle(Decision::Reject);
        }));
        Ok(listeners)
    }

    fn account(&self) -> String {
        describe(&self.accounts)
    }
}

fn describe(accounts: &Accounts) -> String {
    format!("{}: {}", accounts.label(), accounts.key().address())
}

fn question(ask: &Ask, host: &str) -> Option<String> {
    match ask {
        Ask::Nothing => None,
        Ask::Connect => Some(format!("{host} wants to see your account.")),
        Ask::Sign(_) => Some(format!("{host} wants you to sign a message. It costs nothing.")),
    }
}

/// Whether a message to sign in is for another site than the one that asks
/// ([EIP-4361](https://eips.ethereum.org/EIPS/eip-4361), "Wallet Implementer Steps").
fn is_for_another_site(text: &str, host: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.split_once(" wants you to sign in with your ").is_some_and(|(site, _)| site != host)
}

fn button(row: &Element, test_id: &str, label: &str, class: &str) -> Result<HtmlElement, JsValue> {
    let button = element("button", class, label)?;
    button.set_attribute("type", "button")?;
    button.set_attribute("data-testid", test_id)?;
    row.append_child(&button)?;
    Ok(button)
}

fn element(tag: &str, class: &str, text: &str) -> Result<HtmlElement, JsValue> {
    let element: HtmlElement = utils::document().create_element(tag)?.unchecked_into();
    element.set_class_name(class);
    if !text.is_empty() {
        // As text: a page cannot put elements into the wallet.
        element.set_text_content(Some(text));
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_for_another_site_is_seen() {
        let text = "evil.example wants you to sign in with your Ethereum account:\n0x";
        assert!(is_for_another_site(text, "localhost:8080"));
        assert!(!is_for_another_site(text, "evil.example"));
        assert!(!is_for_another_site("hello", "localhost:8080"));
    }
}
