//! How things are written for people.

use std::time::Duration;

use serde::Serialize;
use wasm_bindgen::JsValue;
use yew_step_up::{Provider, StepUpError, Timestamp};

/// What there is to report of an error: a user who cancelled knows it.
pub(crate) fn reportable(error: StepUpError) -> Option<StepUpError> {
    Some(error).filter(|error| *error != StepUpError::Cancelled)
}

/// `4:05`
pub(crate) fn minutes(duration: Duration) -> String {
    // Rounded up, so that it never says nothing while there is something left.
    let secs = duration.as_millis().div_ceil(1000);
    format!("{}:{:02}", secs / 60, secs % 60)
}

/// The key as it looks before it is revealed: as long as it is, and telling nothing.
pub(crate) fn mask(key: &str) -> String {
    "•".repeat(key.chars().count())
}

/// The start of a key, and its end: enough to tell it from another.
pub(crate) fn shorten(address: &str) -> String {
    match (address.get(..6), address.len().checked_sub(4).and_then(|at| address.get(at..))) {
        (Some(start), Some(end)) if address.chars().count() > 10 => format!("{start}…{end}"),
        _ => address.to_owned(),
    }
}

/// As the provider writes itself.
pub(crate) fn provider_name(provider: &Provider) -> String {
    match provider {
        Provider::Google => "Google".into(),
        Provider::GitHub => "GitHub".into(),
        Provider::Apple => "Apple".into(),
        Provider::Discord => "Discord".into(),
        other => other.as_str().to_owned(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimeOptions {
    hour: &'static str,
    minute: &'static str,
    second: &'static str,
}

/// The date and time for programs, RFC 3339.
pub(crate) fn iso(time: Timestamp) -> String {
    date(time).to_iso_string().into()
}

/// The time of day, as this visitor writes it.
pub(crate) fn time_of_day(time: Timestamp) -> String {
    let options = TimeOptions { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    // Options that cannot be handed over leave the browser its own way.
    let options = serde_wasm_bindgen::to_value(&options).unwrap_or(JsValue::UNDEFINED);
    let date = date(time);
    js_sys::Reflect::get(&date, &"toLocaleTimeString".into())
        .ok()
        .and_then(|method| js_sys::Function::from(method).call2(&date, &JsValue::UNDEFINED, &options).ok())
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn date(time: Timestamp) -> js_sys::Date {
    // Exact: below 2^53 for the next 285,000 years.
    #[allow(clippy::cast_precision_loss)]
    let millis = time.as_millis() as f64;
    js_sys::Date::new(&JsValue::from_f64(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up() {
        assert_eq!(minutes(Duration::ZERO), "0:00");
        assert_eq!(minutes(Duration::from_millis(1)), "0:01");
        assert_eq!(minutes(Duration::from_secs(245)), "4:05");
    }

    #[test]
    fn a_masked_key_tells_nothing() {
        assert_eq!(mask("0x12"), "••••");
    }

    #[test]
    fn addresses_are_shortened_and_short_ones_are_not() {
        assert_eq!(shorten("0x00112233445566778899"), "0x0011…8899");
        assert_eq!(shorten("0x0011"), "0x0011");
        assert_eq!(shorten("äöüäöüäöü"), "äöüäöüäöü");
    }
}
