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

macro_rules! glyphs {
    ($($(#[$doc:meta])* $name:ident: $path:literal;)*) => {$(
        $(#[$doc])*
        #[component]
        pub(crate) fn $name() -> Html {
            html! { <svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d={$path} /></svg> }
        }
    )*};
}

glyphs! {
    /// A person, for whoever signs in.
    Person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5";
    /// A phone, for what is sent to one.
    Phone: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2";
    /// Two sheets, for what can be copied.
    Copy: "M9 9h10v11H9zM15 9V4H5v11h4";
    /// A tick, for what is done.
    Check: "M5 12.5l4.5 4.5L19 7.5";
    /// An open eye, for what can be seen.
    Eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z";
    /// A closed eye, for what can be hidden.
    Shut: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM4 20L20 4";
    /// A sign, for what has to be known first.
    Warning: "M12 4L2.8 19.5h18.4zM12 10v4.2M12 17v.1";
    /// The sun, for light colours.
    Sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4";
    /// The moon, for dark colours.
    Moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z";
    /// A screen, for the device's own colours.
    Auto: "M4 5h16v11H4zM9 20h6M12 16v4";
    /// Points up, at what opens there.
    Chevron: "M6 15l6-6 6 6";
}
