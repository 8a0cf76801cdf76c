//! Where things are, and which packages a command means.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files;

pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Published libraries: their documentation is built without warnings.
pub(crate) const LIBRARIES: &[&str] = &["step-up-core", "step-up-sandbox", "yew-step-up", "yew-step-up-ui"];
/// What has tests that run in a browser.
pub(crate) const BROWSER_TESTED: &[&str] =
    &["yew-step-up", "yew-step-up-ui", "page-headless-all", "page-headless-otp", "page-managed"];
/// What exists only in a browser.
pub(crate) const BROWSER_ONLY: &[&str] =
    &["step-up-demo", "page-blank", "page-headless-all", "page-headless-otp", "page-managed"];

/// The root of the project that this program was compiled in.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where cargo builds, as the user's environment says.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The version of `package` in Cargo.lock.
pub(crate) fn locked_version(package: &str) -> Result<String> {
    let path = root().join("Cargo.lock");
    let lock = files::read(&path)?;
    let versions = versions_in_lock(&lock, package);
    match versions.as_slice() {
        [version] => Ok((*version).to_owned()),
        [] => bail!(
            "{} does not name {package}. Run `cargo update --workspace`, then start again.",
            path.display()
        ),
        _ => bail!(
            "{} names {package} more than once ({}). `cargo tree --duplicates` tells who asks for which.",
            path.display(),
            versions.join(", ")
        ),
    }
}

fn versions_in_lock<'a>(lock: &'a str, package: &str) -> Vec<&'a str> {
    let name = format!("name = \"{package}\"");
    lock.split("[[package]]")
        .filter(|entry| entry.lines().any(|line| line == name))
        .filter_map(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")))
        .map(|version| version.trim_matches('"'))
        .collect()
}

/// The oldest compiler that the workspace says it builds with, as (major, minor).
pub(crate) fn oldest_rust() -> Result<(u32, u32)> {
    let manifest = files::read(&root().join("Cargo.toml"))?;
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .and_then(|version| major_minor(version.trim_matches('"')))
        .context("Cargo.toml has no `rust-version`, so no compiler can be compared with it. Add it to [workspace.package].")
}

/// The first two numbers of a version.
pub(crate) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.129"

[[package]]
name = "syn"
version = "1.0.0"

[[package]]
name = "syn"
version = "2.0.0"
"#;

    #[test]
    fn the_lock_file_tells_a_version() {
        assert_eq!(versions_in_lock(LOCK, "wasm-bindgen"), ["0.2.130"]);
        assert_eq!(versions_in_lock(LOCK, "syn"), ["1.0.0", "2.0.0"]);
        assert!(versions_in_lock(LOCK, "wasm").is_empty());
    }

    #[test]
    fn this_workspace_has_what_is_read_from_it() {
        assert!(major_minor(&locked_version("wasm-bindgen").unwrap()).is_some());
        assert!(oldest_rust().unwrap() >= (1, 85));
    }

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        assert_eq!(major_minor("1.96.0"), Some((1, 96)));
        assert_eq!(major_minor("1.95"), Some((1, 95)));
        assert_eq!(major_minor("nightly"), None);
    }
}
