//! One screen for each thing that a user can be asked.

mod captcha;
mod choose;
mod code;
mod dead_end;
mod loading;
mod start;

pub(crate) use self::{
    captcha::captcha,
    choose::choose,
    code::{CodeScreen, is_spent},
    dead_end::dead_end,
    loading::loading,
    start::start,
};
