//! File system calls whose errors name the file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("the folder {} cannot be made", path.display()))
}

pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("the folder {} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("{} cannot be renamed to {}", from.display(), to.display()))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(|_| ())
        .with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))
}

/// All files below `folder` that `wanted` accepts, in a stable order. Follows links.
pub(crate) fn below(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("the folder {} cannot be read", folder.display()))?.path();
        if path.is_dir() {
            found.extend(below(&path, wanted)?);
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a folder with all that is in it; links are copied as what they point to.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in below(from, &|_| true)? {
        let inside = file.strip_prefix(from).unwrap_or(&file);
        let copy_of_it = to.join(inside);
        if let Some(parent) = copy_of_it.parent() {
            create_folder(parent)?;
        }
        copy(&file, &copy_of_it)?;
    }
    Ok(())
}
