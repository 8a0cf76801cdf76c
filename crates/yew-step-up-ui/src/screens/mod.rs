//! One screen for each thing that a user can be asked.

mod captcha;
mod choose;
mod code;
mod loading;
mod start;

pub(crate) use self::{
    captcha::CaptchaScreen,
    choose::ChooseScreen,
    code::{CodeScreen, is_spent},
    loading::LoadingScreen,
    start::StartScreen,
};
