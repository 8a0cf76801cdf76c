//! A QR picture, drawn as one path.

use qrcodegen::{QrCode, QrCodeEcc};
use yew::prelude::*;

/// Clear space around the picture, which readers need.
const MARGIN: i32 = 4;

#[derive(Properties, PartialEq)]
pub(crate) struct QrProps {
    pub(crate) text: AttrValue,
    pub(crate) label: AttrValue,
}

#[component]
pub(crate) fn Qr(props: &QrProps) -> Html {
    let picture = use_memo(props.text.clone(), |text| draw(text));
    match &*picture {
        Some((size, path)) => html! {
            <svg class="qr" viewBox={format!("0 0 {size} {size}")} role="img" aria-label={props.label.clone()}>
                <path d={path.clone()} />
            </svg>
        },
        // Too long for a picture. The text itself is beside it.
        None => Html::default(),
    }
}

fn draw(text: &str) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let path = dark
        .filter(|(x, y)| code.get_module(*x, *y))
        .fold(String::new(), |path, (x, y)| path + &format!("M{},{}h1v1h-1z", x + MARGIN, y + MARGIN));
    Some((code.size() + 2 * MARGIN, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_finder_patterns_and_margin() {
        let (size, path) = draw("otpauth://totp/x?secret=ABC").unwrap();
        assert!((21 + 2 * MARGIN..=177 + 2 * MARGIN).contains(&size), "{size}");
        // Seven dark modules, and a light one: the first row of a finder pattern.
        assert!(path.contains("M4,4h1v1h-1z") && path.contains("M10,4h1v1h-1z") && !path.contains("M11,4h"));
        assert!(draw(&"x".repeat(10_000)).is_none());
    }
}
