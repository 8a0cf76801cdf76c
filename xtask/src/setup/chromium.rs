//! Chromium and ChromeDriver, from the system's packages or from where `CHROMIUM` and `CHROMEDRIVER` say.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::setup::machine::{self, Machine};
use crate::setup::probe;

const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const CHROMIUM_ON_MACOS: &[&str] = &[
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
/// Without a font a page has no text in a screenshot.
const PACKAGES: &[&str] = &["chromium", "chromium-driver", "fonts-liberation"];

/// A browser and the program that drives it.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

pub(super) fn ensure() -> Result<Browser> {
    let browser = match find() {
        Some(browser) => browser,
        None => install()?,
    };
    fit(&browser)?;
    Ok(browser)
}

fn find() -> Option<Browser> {
    let chromium = named_by("CHROMIUM")
        .or_else(|| CHROMIUM.iter().find_map(|name| probe::on_path(name)))
        .or_else(|| CHROMIUM_ON_MACOS.iter().map(PathBuf::from).find(|path| path.exists()))?;
    let driver = named_by("CHROMEDRIVER").or_else(|| probe::on_path("chromedriver"))?;
    Some(Browser { chromium, driver })
}

fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn install() -> Result<Browser> {
    let missing = || {
        machine::by_hand(
            "Chromium or ChromeDriver is missing.",
            PACKAGES,
            "brew install --cask chromium chromedriver",
            "Install both with your package manager, or name them in CHROMIUM and CHROMEDRIVER",
        )
    };
    if Machine::this() != Machine::DebianAsRoot || !machine::apt_has("chromium-driver")? {
        return Err(missing());
    }
    machine::apt_install("Chromium and ChromeDriver, from Debian", PACKAGES)?;
    find().ok_or_else(missing)
}

/// A driver drives only the browser of its own version.
fn fit(browser: &Browser) -> Result<()> {
    let chromium = told(&browser.chromium, "CHROMIUM")?;
    let driver = told(&browser.driver, "CHROMEDRIVER")?;
    if major(&chromium) == major(&driver) {
        return Ok(());
    }
    bail!(
        "{} is version {chromium} and {} is version {driver}: they must be of one major version. Install both from one \
         source, or name a pair in CHROMIUM and CHROMEDRIVER, then start again.",
        browser.chromium.display(),
        browser.driver.display()
    )
}

fn told(program: &Path, variable: &str) -> Result<String> {
    let Some(version) = probe::version(program) else {
        bail!(
            "{} does not tell its version. Install it again, or name another in {variable}, then start again.",
            program.display()
        )
    };
    Ok(version)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_none_is_named() {
        let browser =
            Browser { chromium: PathBuf::from("/no/chromium"), driver: PathBuf::from("/no/chromedriver") };
        let error = fit(&browser).unwrap_err().to_string();
        assert!(error.contains("/no/chromium"), "{error}");
        assert!(error.contains("CHROMIUM"), "{error}");
    }

    #[test]
    fn only_the_major_version_must_fit() {
        assert_eq!(major("156.0.8078.73"), major("156.0.1.2"));
        assert_ne!(major("156.0.8078.73"), major("155.0.8078.73"));
    }
}
