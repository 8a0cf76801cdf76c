//! The field for a code: one native input, so that pasting, filling in and screen readers work as they do everywhere. Six
//! digits are drawn as six cells.

use yew::prelude::*;
use yew_step_up::StepUpError;

use crate::{
    dialog::{focus, rewrite},
    screens::is_spent,
};

const LENGTH: usize = 6;

/// What a code looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Six digits.
    Digits,
    /// Letters and digits, as many as there are.
    Words,
}

impl Form {
    /// Whether it may be a whole code.
    pub(crate) fn is_complete(self, code: &str) -> bool {
        match self {
            Self::Digits => code.len() == LENGTH,
            Self::Words => !code.is_empty(),
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct CodeFieldProps {
    pub(crate) form: Form,
    pub(crate) label: AttrValue,
    pub(crate) code: UseStateHandle<String>,
    /// Six digits are there.
    pub(crate) oncomplete: Callback<String>,
    pub(crate) is_busy: bool,
    /// It was to be confirmed before it was whole.
    pub(crate) is_incomplete: bool,
    pub(crate) error: Option<StepUpError>,
}

#[component]
pub(crate) fn CodeField(props: &CodeFieldProps) -> Html {
    let input = use_node_ref();
    use_effect_with(props.error.clone(), {
        let (input, code) = (input.clone(), props.code.setter());
        move |error| {
            if let Some(error) = error {
                // What a lost connection kept from being sent is sent again by Enter.
                if is_spent(error) {
                    code.set(String::new());
                }
                focus(&input);
            }
        }
    });
    use_effect_with(props.is_incomplete, {
        let input = input.clone();
        move |is_incomplete| {
            if *is_incomplete {
                focus(&input);
            }
        }
    });
    let is_digits = props.form == Form::Digits;
    let form = props.form;
    let oninput = {
        let (code, oncomplete) = (props.code.setter(), props.oncomplete.clone());
        Callback::from(move |event: InputEvent| {
            let typed = rewrite(&event, |typed| if is_digits { digits(typed) } else { typed.to_owned() });
            code.set(typed.clone());
            if is_digits && form.is_complete(&typed) {
                oncomplete.emit(typed);
            }
        })
    };
    let wrong = (props.is_incomplete || props.error.as_ref().is_some_and(is_spent)).then_some("true");
    let cells = is_digits.then(|| {
        let cells = (0..LENGTH).map(|at| {
            let is_next = (at == props.code.len()).then_some("");
            html! { <span data-step-up-part="cell" data-step-up-next={is_next}>{ props.code.get(at..=at) }</span> }
        });
        html! { <span data-step-up-part="cells" aria-hidden="true">{ for cells }</span> }
    });
    html! {
        <label data-step-up-part="field" data-step-up-form={if is_digits { "digits" } else { "words" }}>
            <span data-step-up-part="field-label">{ props.label.clone() }</span>
            <input
                ref={input}
                data-step-up-part="code"
                data-step-up-focus=""
                value={(*props.code).clone()}
                {oninput}
                type="text"
                inputmode={is_digits.then_some("numeric")}
                autocomplete={if is_digits { "one-time-code" } else { "off" }}
                autocapitalize="none"
                autocorrect="off"
                spellcheck="false"
                aria-invalid={wrong}
                aria-describedby="step-up-text step-up-error"
                readonly={props.is_busy}
                dir="ltr"
            />
            { cells }
        </label>
    }
}

/// The first digits of what is typed or pasted, in whichever of these scripts: Latin, Arabic, Persian, full width.
fn digits(typed: &str) -> String {
    let digit = |character: char| {
        ['0', '٠', '۰', '０'].into_iter().find_map(|zero| {
            let digit = u32::from(character).checked_sub(u32::from(zero))?;
            char::from_digit(digit, 10)
        })
    };
    typed.chars().filter_map(digit).take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_in_every_script_and_nothing_else() {
        assert_eq!(digits("123 456"), "123456");
        assert_eq!(digits("Code: 1-2-3-4-5-6-7"), "123456");
        assert_eq!(digits("٠١٢٣٤٥"), "012345");
        assert_eq!(digits("۶۷۸۹"), "6789");
        assert_eq!(digits("１２"), "12");
        assert_eq!(digits("²½x "), "");
    }
}
