//! Core lane: what the stylesheet says, without a browser.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

use yew_step_up_ui::STYLESHEET;

/// In this order: the text, what it stands on, the least contrast (WCAG 2.2: 4.5 for text, 3 for what is no text).
const PAIRS: &[(&str, &str, f64)] = &[
    ("ink", "paper", 4.5),
    ("ink", "raised", 4.5),
    ("muted", "paper", 4.5),
    ("muted", "raised", 4.5),
    ("accent", "paper", 4.5),
    ("accent", "raised", 4.5),
    ("accent-ink", "accent", 4.5),
    ("error", "paper", 4.5),
    ("edge", "paper", 3.0),
];

#[test]
fn colours_have_contrast_in_the_light_and_in_the_dark() {
    for (text, ground, least) in PAIRS {
        for scheme in [0, 1] {
            let contrast = contrast(colour(text)[scheme], colour(ground)[scheme]);
            assert!(contrast >= *least, "{text} on {ground}, {}: {contrast:.2}", ["light", "dark"][scheme]);
        }
    }
    assert!((contrast(0x0000_0000, 0x00ff_ffff) - 21.0).abs() < 0.01, "black on white");
}

#[test]
fn nothing_comes_from_elsewhere() {
    for from_elsewhere in ["url(", "@import", "@font-face", "image-set(", "src("] {
        assert!(!STYLESHEET.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[test]
fn nothing_moves_for_those_who_want_no_motion() {
    let (before, moving) =
        STYLESHEET.split_once("@media (prefers-reduced-motion: no-preference) {\n").unwrap();
    let (moving, after) = moving.split_once("\n}\n").unwrap();
    for motion in ["animation", "transition", "@keyframes", "smooth"] {
        assert!(
            !before.contains(motion) && !after.contains(motion),
            "{motion} is asked for by whoever wants it"
        );
    }
    assert!(moving.contains("animation"));
}

#[test]
fn no_side_is_left_or_right() {
    for line in STYLESHEET.lines() {
        let property = line.trim().split(':').next().unwrap();
        let has_side = property.split('-').any(|word| word == "left" || word == "right");
        assert!(!has_side && !line.contains(": left") && !line.contains(": right"), "{line}");
    }
}

/// `--_name: var(--step-up-name, light-dark(#light, #dark));`
fn colour(name: &str) -> [u32; 2] {
    let start = format!("  --_{name}: var(--step-up-{name}, light-dark(");
    let (_, rest) = STYLESHEET.split_once(&start).unwrap();
    let (pair, _) = rest.split_once("))").unwrap();
    let (light, dark) = pair.split_once(", ").unwrap();
    [light, dark].map(|hex| {
        let hex = hex.strip_prefix('#').unwrap();
        let long: String = match hex.len() {
            3 => hex.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => hex.to_owned(),
        };
        u32::from_str_radix(&long, 16).unwrap()
    })
}

/// As WCAG 2.2 has it.
fn contrast(one: u32, other: u32) -> f64 {
    let luminance = |colour: u32| {
        let channel = |shift: u32| {
            let value = f64::from(colour >> shift & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other { one / other } else { other / one }
}
