//! Questions about what is installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// Where the user's shell would find `program`.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(&name)).find(|candidate| candidate.is_file())
}

/// The version that a program tells when asked; `None` when it is missing or does not run.
pub(super) fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version");
    version_in(&process::answer(command)?)
}

/// The first word that looks like a version.
fn version_in(answer: &str) -> Option<String> {
    answer
        .split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(version_in("trunk 0.21.14").as_deref(), Some("0.21.14"));
        assert_eq!(version_in("wasm-opt version 132 (version_132)").as_deref(), Some("132"));
        assert_eq!(version_in("v20.20.2").as_deref(), Some("20.20.2"));
        assert_eq!(version_in("Chromium 156.0.8078.73 built on Debian").as_deref(), Some("156.0.8078.73"));
        assert_eq!(version_in("no idea"), None);
    }

    #[test]
    fn a_missing_program_has_no_version() {
        assert_eq!(version(Path::new("/no/such/program")), None);
        assert_eq!(on_path("no-such-program"), None);
    }
}
