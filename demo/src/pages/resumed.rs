//! Says how a redirect to a provider ended that came back to this page.

use yew::prelude::*;
use yew_step_up::{SocialPurpose, StepUpError, use_step_up_resume};

use crate::{format::provider_name, ui::banner::Banner};

#[component]
pub(crate) fn ResumedNote() -> Html {
    let Some(resumed) = use_step_up_resume() else { return Html::default() };
    let provider = provider_name(&resumed.provider);
    match &resumed.result {
        Ok(_) => {
            let text = match resumed.purpose {
                SocialPurpose::StepUp => format!("You have verified with {provider}. Go on where you were."),
                SocialPurpose::Link => format!("Your {provider} account is linked."),
                _ => format!("You have signed in with {provider}."),
            };
            html! { <p class="callout good" role="status" data-testid="resumed">{ text }</p> }
        }
        // A user who refused at the provider knows it.
        Err(StepUpError::Cancelled) => Html::default(),
        Err(error) => html! {
            <Banner test_id="resumed-error" title={format!("{provider} did not work")} text={error.to_string()} />
        },
    }
}
