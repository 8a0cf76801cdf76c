//! The user's cache of tools: `${XDG_CACHE_HOME:-~/.cache}/yew-step-up/`, one folder per tool and version.
//!
//! A folder with its final name is complete: an installation happens in another folder of the same cache and is
//! renamed at the end. One process installs at a time; the operating system drops the lock of one that died.

use std::env;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;
use crate::step::Step;

/// Where the tools are.
pub(super) fn folder() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| Path::new(value).is_absolute()) {
        Some(base) => PathBuf::from(base),
        None => home()?.join(".cache"),
    };
    Ok(base.join("yew-step-up"))
}

pub(super) fn home() -> Result<PathBuf> {
    env::home_dir()
        .filter(|home| home.is_absolute())
        .context("your home folder is unknown. Set HOME, or XDG_CACHE_HOME for the tools, then start again.")
}

/// The folder `name` of the cache: as it is when `is_good` says so, else filled by `install` and then put in place.
pub(super) fn ensure(
    name: &str,
    is_good: &dyn Fn(&Path) -> bool,
    install: &dyn Fn(&Path) -> Result<()>,
) -> Result<PathBuf> {
    ensure_in(&folder()?, name, is_good, install)
}

fn ensure_in(
    cache: &Path,
    name: &str,
    is_good: &dyn Fn(&Path) -> bool,
    install: &dyn Fn(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let place = cache.join(name);
    if is_good(&place) {
        return Ok(place);
    }
    files::create_folder(cache)?;
    let _lock = lock(cache, name)?;
    // Somebody else may have installed it while this process waited.
    if is_good(&place) {
        return Ok(place);
    }
    let unfinished = cache.join(format!(".unfinished-{name}"));
    files::remove_folder(&unfinished)?;
    files::create_folder(&unfinished)?;
    install(&unfinished)?;
    files::remove_folder(&place)?;
    files::rename(&unfinished, &place)?;
    Ok(place)
}

/// Keeps other processes out until it is dropped.
pub(super) fn lock(cache: &Path, name: &str) -> Result<File> {
    files::create_folder(cache)?;
    let path = cache.join(format!(".{name}.lock"));
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let step = Step::start(format!("waiting for another `cargo xtask` that installs {name}"));
            file.lock().with_context(|| format!("{} cannot be locked", path.display()))?;
            step.done();
            Ok(file)
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    fn has_tool(place: &Path) -> bool {
        place.join("tool").exists()
    }

    fn scratch(name: &str) -> PathBuf {
        let cache = env::temp_dir().join(format!("yew-step-up-xtask-{}-{name}", std::process::id()));
        files::remove_folder(&cache).unwrap();
        cache
    }

    #[test]
    fn an_installation_happens_once_and_elsewhere() {
        let cache = scratch("once");
        let times = Cell::new(0);
        for _ in 0..2 {
            let place = ensure_in(&cache, "tool-1", &has_tool, &|unfinished| {
                times.set(times.get() + 1);
                assert!(!cache.join("tool-1").exists(), "the final name appears at the end");
                files::write(&unfinished.join("tool"), "")
            });
            assert_eq!(place.unwrap(), cache.join("tool-1"));
        }
        assert_eq!(times.get(), 1);
        files::remove_folder(&cache).unwrap();
    }

    #[test]
    fn an_interrupted_installation_does_not_look_finished_and_is_begun_anew() {
        let cache = scratch("interrupted");
        let interrupted = ensure_in(&cache, "tool-1", &has_tool, &|unfinished| {
            files::write(&unfinished.join("tool"), "half")?;
            bail!("the power went")
        });
        assert!(interrupted.is_err());
        assert!(!cache.join("tool-1").exists());
        ensure_in(&cache, "tool-1", &has_tool, &|unfinished| {
            assert!(!unfinished.join("tool").exists(), "nothing of the first try is left");
            files::write(&unfinished.join("tool"), "whole")
        })
        .unwrap();
        assert_eq!(files::read(&cache.join("tool-1/tool")).unwrap(), "whole");
        files::remove_folder(&cache).unwrap();
    }

    #[test]
    fn a_broken_tool_is_replaced() {
        let cache = scratch("broken");
        files::create_folder(&cache.join("tool-1")).unwrap();
        ensure_in(&cache, "tool-1", &has_tool, &|unfinished| files::write(&unfinished.join("tool"), ""))
            .unwrap();
        assert!(has_tool(&cache.join("tool-1")));
        files::remove_folder(&cache).unwrap();
    }
}
