//! A one-time code: one native input, drawn as six cells, so that pasting, filling in and screen readers work as they do
//! everywhere.

use web_sys::HtmlInputElement;
use yew::prelude::*;

const LENGTH: usize = 6;

#[derive(Properties, PartialEq)]
pub(crate) struct OtpInputProps {
    pub(crate) test_id: AttrValue,
    /// Called with the six digits once they are there.
    pub(crate) oncomplete: Callback<String>,
    #[prop_or_default]
    pub(crate) is_busy: bool,
    /// What went wrong with the last code. It empties the input.
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// Names the element that shows the error.
    pub(crate) error_id: AttrValue,
}

#[component]
pub(crate) fn OtpInput(props: &OtpInputProps) -> Html {
    let digits = use_state(String::new);
    let input = use_node_ref();
    let is_new = use_mut_ref(|| true);
    {
        // At first, and after a failed try: ready for the next. At first it is empty, or has what the user was quick to type.
        let (digits, input) = (digits.clone(), input.clone());
        use_effect_with((props.is_busy, props.error.clone()), move |(is_busy, _)| {
            let is_new = is_new.replace(false);
            if !is_busy {
                if !is_new {
                    digits.set(String::new());
                }
                focus(&input);
            }
        });
    }
    let oninput = {
        let (digits, oncomplete) = (digits.clone(), props.oncomplete.clone());
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let typed: String = input.value().chars().filter(char::is_ascii_digit).take(LENGTH).collect();
            input.set_value(&typed);
            digits.set(typed.clone());
            if typed.len() == LENGTH {
                oncomplete.emit(typed);
            }
        })
    };
    let cells = (0..LENGTH).map(|at| {
        let digit = digits.get(at..=at);
        let is_next = at == digits.len();
        html! { <span class={classes!("cell", is_next.then_some("next"))}>{ digit }</span> }
    });
    html! {
        <div class={classes!("otp", props.error.is_some().then_some("wrong"), props.is_busy.then_some("busy"))}>
            <input
                ref={input}
                class="otp-field"
                data-testid={props.test_id.clone()}
                value={(*digits).clone()}
                {oninput}
                type="text"
                inputmode="numeric"
                autocomplete="one-time-code"
                pattern="[0-9]*"
                aria-label="Six-digit code"
                aria-invalid={props.error.is_some().to_string()}
                aria-describedby={props.error_id.clone()}
                readonly={props.is_busy}
            />
            <div class="cells" aria-hidden="true">{ for cells }</div>
        </div>
    }
}

fn focus(input: &NodeRef) {
    if let Some(input) = input.cast::<HtmlInputElement>() {
        // An input that takes no focus is reached by hand.
        let _ = input.focus();
    }
}
