//! Links in cargo's own folder for binaries, so that plain `trunk serve` finds what `cargo xtask` installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::setup::{cache, probe};
use crate::step;

/// Links `binary` where the user's shell finds it, unless the user has one of that name.
pub(super) fn offer(folder: &Path, binary: &str) -> Result<()> {
    let Some(place) = cargo_binaries() else { return Ok(()) };
    let tools = cache::folder()?;
    if folder.starts_with(&tools) && probe::on_path(binary).is_none_or(|found| is_ours(&found, &tools)) {
        link(&folder.join(binary), &place.join(binary), &tools);
    }
    Ok(())
}

/// Where `cargo install` puts binaries, if that is where the shell looks.
fn cargo_binaries() -> Option<PathBuf> {
    let cargo_home = match env::var_os("CARGO_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => cache::home().ok()?.join(".cargo"),
    };
    let place = cargo_home.join("bin");
    let path = env::var_os("PATH")?;
    (place.is_dir() && env::split_paths(&path).any(|folder| folder == place)).then_some(place)
}

/// Makes or renews a link. Being without it is no reason to stop: `cargo xtask` itself does not need it.
fn link(target: &Path, place: &Path, tools: &Path) {
    if fs::read_link(place).is_ok_and(|to| to == target) {
        return;
    }
    if is_ours(place, tools) {
        let _ = fs::remove_file(place);
    }
    if fs::symlink_metadata(place).is_ok() {
        return;
    }
    match make(target, place) {
        Ok(()) => step::note(&format!("{} is now a link to {}", place.display(), target.display())),
        Err(error) => step::note(&format!("{} could not be made a link: {error}", place.display())),
    }
}

/// A link into our cache: made by an earlier run, for this version or another.
fn is_ours(place: &Path, tools: &Path) -> bool {
    fs::read_link(place).is_ok_and(|to| to.starts_with(tools))
}

#[cfg(unix)]
fn make(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn make(_target: &Path, _place: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("this system needs special rights for links; add the tool's folder to PATH"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn a_link_is_renewed_and_a_binary_of_the_users_is_left_alone() {
        let folder = env::temp_dir().join(format!("yew-step-up-xtask-{}-links", std::process::id()));
        files::remove_folder(&folder).unwrap();
        let tools = folder.join("tools");
        files::create_folder(&folder).unwrap();
        let place = folder.join("trunk");

        link(&tools.join("trunk-1/bin/trunk"), &place, &tools);
        assert_eq!(fs::read_link(&place).unwrap(), tools.join("trunk-1/bin/trunk"));
        link(&tools.join("trunk-2/bin/trunk"), &place, &tools);
        assert_eq!(fs::read_link(&place).unwrap(), tools.join("trunk-2/bin/trunk"));

        fs::remove_file(&place).unwrap();
        files::write(&place, "the user's").unwrap();
        link(&tools.join("trunk-2/bin/trunk"), &place, &tools);
        assert_eq!(files::read(&place).unwrap(), "the user's");
        files::remove_folder(&folder).unwrap();
    }
}
