//! Builds pages as they would be published.

use std::path::PathBuf;

use anyhow::Result;

use crate::setup::Toolbox;
use crate::{process, workspace};

/// A page that trunk builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Blank,
    HeadlessOtp,
    /// Every hook and method.
    HeadlessAll,
    /// [`HeadlessAll`](Self::HeadlessAll) without one method.
    Without(Method),
    /// The ready-made prompt, for every method.
    Managed,
    Demo,
}

/// A method that is a feature of `yew-step-up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    External,
    Mfa,
    Otp,
    Passkey,
    Social,
    Wallet,
}

impl Method {
    pub(crate) const ALL: [Self; 6] =
        [Self::External, Self::Mfa, Self::Otp, Self::Passkey, Self::Social, Self::Wallet];

    /// The feature's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Mfa => "mfa",
            Self::Otp => "otp",
            Self::Passkey => "passkey",
            Self::Social => "social",
            Self::Wallet => "wallet",
        }
    }
}

impl Page {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::HeadlessOtp => "headless-otp",
            Self::HeadlessAll => "headless-all",
            Self::Without(Method::External) => "headless-all-without-external",
            Self::Without(Method::Mfa) => "headless-all-without-mfa",
            Self::Without(Method::Otp) => "headless-all-without-otp",
            Self::Without(Method::Passkey) => "headless-all-without-passkey",
            Self::Without(Method::Social) => "headless-all-without-social",
            Self::Without(Method::Wallet) => "headless-all-without-wallet",
            Self::Managed => "managed",
            Self::Demo => "demo",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Blank => "tests/pages/blank/index.html",
            Self::HeadlessOtp => "tests/pages/headless-otp/index.html",
            Self::HeadlessAll | Self::Without(_) => "tests/pages/headless-all/index.html",
            Self::Managed => "tests/pages/managed/index.html",
            Self::Demo => "demo/index.html",
        }
    }

    /// The features that it is built with; `None` are the default ones.
    fn features(self) -> Option<String> {
        let Self::Without(left_out) = self else { return None };
        let others = Method::ALL.into_iter().filter(|method| *method != left_out);
        Some(others.map(Method::name).collect::<Vec<_>>().join(","))
    }
}

/// Builds `page` in release mode; returns the folder with its files.
pub(crate) fn build(toolbox: &Toolbox, page: Page) -> Result<PathBuf> {
    let name = page.name();
    let dist = workspace::target().join("pages").join(name);
    let mut build = toolbox.trunk("build");
    build.arg("--release").arg("--dist").arg(&dist);
    if let Some(features) = page.features() {
        build.args(["--no-default-features", "--features", &features]);
    }
    build.arg(workspace::root().join(page.source()));
    process::logged(&format!("page {name}, release"), &format!("page-{name}"), build)?;
    Ok(dist)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn a_page_without_a_method_has_all_the_others() {
        let features = Page::Without(Method::Otp).features().unwrap();
        assert_eq!(features, "external,mfa,passkey,social,wallet");
        assert_eq!(Page::HeadlessAll.features(), None);
    }

    #[test]
    fn the_methods_are_the_default_features_of_the_library_and_of_the_page() {
        // Prompts are no method: they choose one.
        let beside = [
            ("crates/yew-step-up/Cargo.toml", &["prompt"][..]),
            ("tests/pages/headless-all/Cargo.toml", &[]),
        ];
        for (manifest, beside) in beside {
            let mut names: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
            names.extend(beside);
            names.sort_unstable();
            let default = format!("default = {names:?}");
            let text = files::read(&workspace::root().join(manifest)).unwrap();
            assert!(text.lines().any(|line| line == default), "{manifest} has no line {default}");
        }
    }
}
