//! Drawings, in the page itself.

use yew::prelude::*;

/// The mark: a step up.
#[component]
pub(crate) fn Mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M9 21h5v-5h5v-5h4" />
        </svg>
    }
}

/// A key, for the wallet's card.
#[component]
pub(crate) fn Key() -> Html {
    html! {
        <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true">
            <circle cx="8" cy="15" r="4" />
            <path d="M11 12l8-8M16 7l3 3" />
        </svg>
    }
}

/// A letter, for what was sent.
#[component]
pub(crate) fn Letter() -> Html {
    html! {
        <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true">
            <rect x="3" y="5" width="18" height="14" rx="3" />
            <path d="M4 8l8 6 8-6" />
        </svg>
    }
}
