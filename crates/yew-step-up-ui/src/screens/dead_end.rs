//! There is no way to verify, or it could not be found out: says why, and how to leave.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::StepUpError;

use crate::{
    icon,
    sheet::Sheet,
    texts::{Phrase, Texts},
};

pub(crate) fn dead_end(key: &Key, texts: &Texts, error: &StepUpError, onclose: Callback<()>) -> Html {
    Sheet {
        onclose,
        has_focus: true,
        error: Some(texts.error(error)),
        ..Sheet::new(key, texts, None, "dead-end", icon::WARNING, Phrase::DeadEnd)
    }
    .draw()
}
