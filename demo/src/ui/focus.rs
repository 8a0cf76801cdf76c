//! Where the keyboard goes when a screen takes another's place.

use web_sys::HtmlElement;
use yew::prelude::*;

/// For the heading of a screen: it is focused when the screen appears, so that a keyboard and a screen reader go on from
/// there instead of from the top of the page. The heading needs a `tabindex` of -1.
#[hook]
pub(crate) fn use_focus() -> NodeRef {
    let heading = use_node_ref();
    {
        let heading = heading.clone();
        use_effect_with((), move |()| {
            if let Some(heading) = heading.cast::<HtmlElement>() {
                // A heading that takes no focus is found by reading on.
                let _ = heading.focus();
            }
        });
    }
    heading
}
