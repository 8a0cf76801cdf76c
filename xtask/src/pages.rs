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
    Demo,
}

impl Page {
    pub(crate) const ALL: [Self; 3] = [Self::Blank, Self::HeadlessOtp, Self::Demo];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::HeadlessOtp => "headless-otp",
            Self::Demo => "demo",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Blank => "tests/pages/blank/index.html",
            Self::HeadlessOtp => "tests/pages/headless-otp/index.html",
            Self::Demo => "demo/index.html",
        }
    }
}

/// Builds `page` in release mode; returns the folder with its files.
pub(crate) fn build(toolbox: &Toolbox, page: Page) -> Result<PathBuf> {
    let dist = workspace::target().join("pages").join(page.name());
    let mut build = toolbox.trunk("build");
    build.arg("--release").arg("--dist").arg(&dist).arg(workspace::root().join(page.source()));
    process::logged(&format!("page {}, release", page.name()), &format!("page-{}", page.name()), build)?;
    Ok(dist)
}
