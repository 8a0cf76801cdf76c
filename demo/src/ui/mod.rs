//! The parts that screens are made of.

pub(crate) mod autofill;
pub(crate) mod banner;
pub(crate) mod button;
pub(crate) mod copy;
pub(crate) mod countdown;
pub(crate) mod focus;
pub(crate) mod icon;
pub(crate) mod otp_input;
pub(crate) mod qr;
pub(crate) mod theme;

pub(crate) use yew::platform::spawn_local as spawn;
