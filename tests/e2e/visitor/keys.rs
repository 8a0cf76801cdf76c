//! The visitor's hands on the keyboard, and nowhere else.

use step_up_tests::Browser;
use thirtyfour::Key;

/// More presses of Tab than any page takes.
const ENOUGH: usize = 80;

pub(crate) struct Keys<'a>(pub(crate) &'a Browser);

/// The element with this `data-testid`, for selectors.
pub(crate) fn id(id: &str) -> String {
    format!("[data-testid='{id}']")
}

impl Keys<'_> {
    /// Presses a key, or types a text, for whatever has the focus.
    pub(crate) async fn press(&self, keys: impl AsRef<str>) {
        let pressed = self.0.driver().action_chain().send_keys(keys.as_ref()).perform().await;
        pressed.unwrap_or_else(|error| panic!("{:?}: {error}", keys.as_ref()));
    }

    /// Waits until the focus is there by itself, and what has it can be used.
    pub(crate) async fn are_on(&self, selector: &str) {
        let script = format!(
            "const it = document.activeElement;
            return it?.matches({selector:?}) === true && !it.readOnly && !it.matches(\"[aria-busy='true']\")"
        );
        self.0.wait_for(&script).await;
    }

    /// Tabs there, from where the focus is. Wherever it goes on the way, it can be seen.
    pub(crate) async fn tab_to(&self, selector: &str) {
        self.0.element(selector).await;
        let script = format!(
            "const it = document.activeElement;
            return [it.matches({selector:?}), it === document.body || it.matches(':focus-visible')]"
        );
        let mut passed = Vec::new();
        for _ in 0..ENOUGH {
            let state = self.0.driver().execute(&script, vec![]).await.unwrap();
            let [is_there, is_visible]: [bool; 2] = state.convert().unwrap();
            assert!(is_visible, "the focus is nowhere to be seen, after {passed:?}");
            if is_there {
                return;
            }
            self.press(Key::Tab.value().to_string()).await;
            let name = "const it = document.activeElement;
                return it.dataset.testid ?? it.dataset.stepUpPart ?? it.textContent.slice(0, 20)";
            let name = self.0.driver().execute(name, vec![]).await.unwrap();
            passed.push(name.json().as_str().unwrap_or("nothing").to_owned());
        }
        panic!("{selector} cannot be reached by Tab: {passed:?}");
    }

    /// Tabs there and presses Enter.
    pub(crate) async fn enter_on(&self, selector: &str) {
        self.tab_to(selector).await;
        self.enter().await;
    }

    /// Tabs there and presses the space bar.
    pub(crate) async fn space_on(&self, selector: &str) {
        self.tab_to(selector).await;
        self.press(" ").await;
    }

    pub(crate) async fn enter(&self) {
        self.press(Key::Enter.value().to_string()).await;
    }

    pub(crate) async fn escape(&self) {
        self.press(Key::Escape.value().to_string()).await;
    }
}
