//! What the prompt says, in the user's language.

mod english;
mod german;

use std::{fmt, rc::Rc};

use yew::AttrValue;
use yew_step_up::{PromptMethod, PromptMethodKind, Provider, StepUpError, TokenScope};

/// Something that the prompt says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Phrase<'a> {
    /// What the user has is being looked up: the heading.
    Loading,
    /// Which way to verify: the heading.
    ChooseTitle,
    /// Which way to verify: what to do.
    ChooseText,
    /// What the user is about to allow, above the heading. What has no words is not mentioned.
    Purpose(&'a TokenScope),
    /// This way to verify, in a list of them. What the user knows it by (their address, say) stands below it.
    Method(&'a PromptMethod),
    /// The heading of this way to verify.
    Title(&'a PromptMethod),
    /// What to do; for a code that is sent: that it was.
    Text(&'a PromptMethod),
    /// A code is being sent.
    Sending(&'a PromptMethod),
    /// No code is waiting to be typed, because of what stands below.
    NotSent,
    /// The field for a code of this kind.
    Code(PromptMethodKind),
    /// What was typed is less than a code of this kind: stands where what went wrong does.
    Incomplete(PromptMethodKind),
    /// The button that verifies a code.
    Verify,
    /// The button that starts a passkey, a wallet or a social account.
    Start(&'a PromptMethod),
    /// What was started goes on elsewhere.
    Waiting(&'a PromptMethod),
    /// The button that has another code sent.
    Send,
    /// That button, where it has to be waited for so many seconds.
    SendIn(u32),
    /// A captcha comes first: the heading.
    CaptchaTitle,
    /// A captcha comes first: what to do.
    CaptchaText,
    /// A captcha comes first, and the app draws none: the heading.
    NoCaptchaTitle,
    /// A captcha comes first, and the app draws none: why that is the end of it.
    NoCaptcha,
    /// There is no way to verify, or it could not be found out; why, is an [`Error`](Self::Error): the heading.
    DeadEnd,
    /// The button that offers every method.
    OtherMethod,
    /// The button that ends the prompt.
    Cancel,
    /// The button that leaves a [`DeadEnd`](Self::DeadEnd).
    Close,
    /// What went wrong.
    Error(&'a StepUpError),
}

type Say = dyn Fn(Phrase<'_>) -> Option<AttrValue>;

/// What the prompt says. English and German are here; other languages are a function from [`Phrase`]s to texts.
///
/// ```
/// use yew::AttrValue;
/// use yew_step_up_ui::{Phrase, Texts};
///
/// // One sentence in other words, the rest as it is.
/// let texts = Texts::english().with(|phrase| match phrase {
///     Phrase::OtherMethod => Some("I can't do that".into()),
///     _ => None,
/// });
///
/// // Another language. What it leaves out is English.
/// let arabic = Texts::new("ar", |phrase| match phrase {
///     Phrase::Verify => Some("تأكيد".into()),
///     Phrase::SendIn(seconds) => Some(format!("رمز جديد خلال {seconds} ث").into()),
///     _ => None,
/// })
/// .with_dir("rtl");
/// # assert_eq!(texts, texts.clone());
/// # assert_eq!(texts.say(Phrase::OtherMethod), Some(AttrValue::from("I can't do that")));
/// # assert_eq!(arabic.say(Phrase::Cancel), Some(AttrValue::from("Cancel")));
/// ```
#[derive(Clone)]
pub struct Texts {
    lang: AttrValue,
    dir: Option<AttrValue>,
    say: Rc<Say>,
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.lang == other.lang && self.dir == other.dir && Rc::ptr_eq(&self.say, &other.say)
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Texts({})", self.lang)
    }
}

impl Texts {
    /// English.
    #[must_use]
    pub fn english() -> Self {
        Self { lang: "en".into(), dir: None, say: Rc::new(english::say) }
    }

    /// German, which says "Sie".
    #[must_use]
    pub fn german() -> Self {
        Self { lang: "de".into(), dir: None, say: Rc::new(german::say) }
    }

    /// The language `lang` ([BCP 47](https://www.rfc-editor.org/info/bcp47), such as `fr` or `pt-BR`). What `say` has no
    /// words for is said in English.
    #[must_use]
    pub fn new(lang: &'static str, say: impl Fn(Phrase<'_>) -> Option<AttrValue> + 'static) -> Self {
        Self { lang: lang.into(), ..Self::english().with(say) }
    }

    /// Says some of it in other words: `None` leaves it as it is.
    #[must_use]
    pub fn with(self, say: impl Fn(Phrase<'_>) -> Option<AttrValue> + 'static) -> Self {
        let before = self.say;
        Self { say: Rc::new(move |phrase| say(phrase).or_else(|| before(phrase))), ..self }
    }

    /// The direction that it is written in (`rtl`, `ltr`), where that is not the page's.
    #[must_use]
    pub fn with_dir(self, dir: &'static str) -> Self {
        Self { dir: Some(dir.into()), ..self }
    }

    /// A phrase in words.
    #[must_use]
    pub fn say(&self, phrase: Phrase<'_>) -> Option<AttrValue> {
        (self.say)(phrase)
    }

    /// An error in words, for what an app shows of it outside the prompt. What has none is as its `Display` says it.
    #[must_use]
    pub fn error(&self, error: &StepUpError) -> AttrValue {
        self.say(Phrase::Error(error)).unwrap_or_else(|| error.to_string().into())
    }

    pub(crate) fn lang(&self) -> &AttrValue {
        &self.lang
    }

    pub(crate) fn dir(&self) -> Option<&AttrValue> {
        self.dir.as_ref()
    }
}

/// What the user knows a method by.
pub(crate) fn label_of(method: &PromptMethod) -> Option<&str> {
    method.label.as_deref().filter(|label| !label.is_empty())
}

fn provider_name(method: &PromptMethod) -> &str {
    method.provider.as_ref().map_or("", name_of)
}

/// As the provider writes itself.
fn name_of(provider: &Provider) -> &str {
    match provider {
        Provider::Apple => "Apple",
        Provider::Coinbase => "Coinbase",
        Provider::Discord => "Discord",
        Provider::EpicGames => "Epic Games",
        Provider::Facebook => "Facebook",
        Provider::Farcaster => "Farcaster",
        Provider::GitHub => "GitHub",
        Provider::Google => "Google",
        Provider::Kraken => "Kraken",
        Provider::Line => "LINE",
        Provider::Microsoft => "Microsoft",
        Provider::Shopify => "Shopify",
        Provider::Spotify => "Spotify",
        Provider::Telegram => "Telegram",
        Provider::TikTok => "TikTok",
        Provider::Twitch => "Twitch",
        Provider::Twitter => "X",
        other => other.as_str(),
    }
}
