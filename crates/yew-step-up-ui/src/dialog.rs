//! The native dialog, and where the keyboard goes. The only place that names the browser's types.

use std::{cell::RefCell, rc::Rc};

use js_sys::Array;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{
    Document, FocusOptions, HtmlDialogElement, HtmlElement, HtmlInputElement, MutationObserver,
    MutationObserverInit,
};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct DialogProps {
    pub(crate) oncancel: Callback<()>,
    /// Changes with the screen: what it marks gets the focus.
    pub(crate) screen: AttrValue,
    pub(crate) last_focus: LastFocus,
    pub(crate) lang: AttrValue,
    pub(crate) dir: Option<AttrValue>,
    pub(crate) children: Html,
}

/// A modal dialog for as long as it is mounted. It takes the focus and gives it back.
#[component]
pub(crate) fn Dialog(props: &DialogProps) -> Html {
    let dialog = use_node_ref();
    use_effect_with((), {
        let (dialog, last_focus) = (dialog.clone(), Rc::clone(&props.last_focus));
        move |()| {
            let before = focused_before(&last_focus);
            let dialog = dialog.cast::<HtmlDialogElement>();
            if let Some(dialog) = &dialog {
                // It fails where it is open already, which it cannot be.
                let _ = dialog.show_modal();
            }
            move || {
                // It may be in the page still, and nothing beside it takes the focus while it is open.
                if let Some(dialog) = &dialog {
                    dialog.close();
                }
                if let Some(before) = before {
                    give_back(before);
                }
            }
        }
    });
    use_effect_with(props.screen.clone(), {
        let dialog = dialog.clone();
        move |_| {
            let marked = dialog
                .cast::<HtmlDialogElement>()
                .and_then(|dialog| dialog.query_selector("[data-step-up-focus]").ok().flatten());
            if let Some(marked) = marked.and_then(|marked| marked.dyn_into().ok()) {
                take_focus(&marked);
            }
        }
    });
    // Escape, or a gesture of the system. The dialog goes when the prompt is over, and not before.
    let oncancel = {
        let (dialog, cancel) = (dialog.clone(), props.oncancel.clone());
        Callback::from(move |event: Event| {
            if is_of(&dialog, &event) {
                event.prevent_default();
                cancel.emit(());
            }
        })
    };
    // Browsers close a dialog in spite of that when Escape is pressed again and again.
    let onclose = {
        let (dialog, cancel) = (dialog.clone(), props.oncancel.clone());
        Callback::from(move |event: Event| {
            if is_of(&dialog, &event) {
                cancel.emit(());
            }
        })
    };
    html! {
        <dialog
            ref={dialog}
            data-step-up-part="dialog"
            aria-labelledby="step-up-title"
            aria-describedby="step-up-purpose step-up-text step-up-error"
            lang={props.lang.clone()}
            dir={props.dir.clone()}
            {oncancel}
            {onclose}
        >
            { props.children.clone() }
        </dialog>
    }
}

/// The element that got the focus last.
pub(crate) type LastFocus = Rc<RefCell<Option<HtmlElement>>>;

/// Follows the focus for as long as the component is mounted. A button that is disabled while its action runs has lost the
/// focus by the time that the dialog opens, and should get it back all the same.
#[hook]
pub(crate) fn use_last_focus() -> LastFocus {
    let last = use_mut_ref(|| None::<HtmlElement>);
    use_effect_with((), {
        let last = Rc::clone(&last);
        move |()| {
            last.replace(active_element());
            let listener = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                last.replace(event.target().and_then(|target| target.dyn_into().ok()));
            });
            let document = document();
            if let Some(document) = &document {
                // It fails for no event that a document has.
                let _ =
                    document.add_event_listener_with_callback("focusin", listener.as_ref().unchecked_ref());
            }
            move || {
                if let Some(document) = &document {
                    let _ = document
                        .remove_event_listener_with_callback("focusin", listener.as_ref().unchecked_ref());
                }
            }
        }
    });
    last
}

/// What has the focus, or has lost it only because it was disabled.
fn focused_before(last_focus: &LastFocus) -> Option<HtmlElement> {
    if !is_focus_lost() {
        return active_element();
    }
    let last = last_focus.borrow().clone();
    last.filter(|last| last.is_connected() && last.has_attribute("disabled"))
}

fn active_element() -> Option<HtmlElement> {
    document()?.active_element()?.dyn_into().ok()
}

/// Gives an element the focus.
pub(crate) fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        take_focus(&element);
    }
}

/// What is typed in the input that `event` is of, after `rewrite`.
pub(crate) fn rewrite(event: &InputEvent, rewrite: impl FnOnce(&str) -> String) -> String {
    let input: HtmlInputElement = event.target_unchecked_into();
    let typed = input.value();
    let kept = rewrite(&typed);
    if kept != typed {
        input.set_value(&kept);
    }
    kept
}

/// What a captcha in the dialog does is not the dialog's.
fn is_of(dialog: &NodeRef, event: &Event) -> bool {
    dialog.get().is_some_and(|dialog| event.target().as_ref() == Some(&*dialog))
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn take_focus(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    // What takes no focus is reached by hand.
    let _ = element.focus_with_options(&options);
}

/// Whether nothing has the focus any more: a keyboard would start at the top of the page.
fn is_focus_lost() -> bool {
    let active = document().and_then(|document| document.active_element());
    active.is_none_or(|active| active.tag_name() == "BODY")
}

/// Gives the focus back to what had it before. A button that is disabled while its action runs gets it once it is
/// enabled, unless the user has gone somewhere else meanwhile.
fn give_back(before: HtmlElement) {
    take_focus(&before);
    if !before.has_attribute("disabled") {
        return;
    }
    let target = before.clone();
    let on_change =
        Closure::<dyn FnMut(JsValue, MutationObserver)>::new(move |_, observer: MutationObserver| {
            if is_focus_lost() {
                take_focus(&target);
            }
            observer.disconnect();
        });
    // The browser frees the closure with its observer, and the observer with the button.
    let Ok(observer) = MutationObserver::new(on_change.into_js_value().unchecked_ref()) else { return };
    let options = MutationObserverInit::new();
    options.set_attribute_filter(&Array::of1(&"disabled".into()));
    // Where it cannot be watched, the focus stays where the browser puts it.
    let _ = observer.observe_with_options(&before, &options);
}
