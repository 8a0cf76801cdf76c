//! A ready-made prompt for step-up authentication: one component, which draws every way to verify.
//!
//! [`StepUpPrompt`] draws the prompts that `yew-step-up` gives, in a native `<dialog>`: the keyboard stays in it and goes back
//! to where it was, Escape cancels, errors are announced. Put it below the `StepUpProvider`, once, and link the stylesheet
//! `step-up.css` of this crate.
//!
//! ```
//! use yew::prelude::*;
//! use yew_step_up::StepUpProvider;
//! use yew_step_up_ui::StepUpPrompt;
//!
//! #[component]
//! fn App() -> Html {
//!     html! {
//!         <StepUpProvider environment_id="5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000">
//!             // …the app, which calls `prompt_step_up_auth`…
//!             <StepUpPrompt />
//!         </StepUpProvider>
//!     }
//! }
//! ```

mod code;
mod dialog;
mod icon;
mod prompt;
mod screens;
mod sheet;
mod texts;
mod wait;

pub use prompt::{StepUpPrompt, StepUpPromptProps};
pub use texts::{Phrase, Texts};

/// The stylesheet, as `step-up.css` has it, for those whose build writes it to where the page finds it. It costs the program
/// nothing where it is not named.
pub const STYLESHEET: &str = include_str!("../step-up.css");

/// The examples of the README and of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../../docs/guide/src/ready-made.md")]
struct Examples;
