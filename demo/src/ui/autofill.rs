//! What a phone's keyboard does with a code that arrives: it types it into the field that asks for one, whoever drew that
//! field.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, InputEvent, InputEventInit};

/// Types the code into the page's field for one. False where no field waits for one.
pub(crate) fn fill_in(code: &str) -> bool {
    type_into_field(code).is_some()
}

fn type_into_field(code: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let field = document.query_selector("input[autocomplete='one-time-code']").ok()??;
    let field: HtmlInputElement = field.dyn_into().ok()?;
    if field.read_only() || field.disabled() {
        return None;
    }
    let options = InputEventInit::new();
    options.set_bubbles(true);
    let typed = InputEvent::new_with_event_init_dict("input", &options).ok()?;
    field.set_value(code);
    // Whether a listener cancels it is its own business.
    field.dispatch_event(&typed).ok().map(|_| ())
}
