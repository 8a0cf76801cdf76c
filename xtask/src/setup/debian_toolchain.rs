//! Debian's Rust toolchain, with a standard library for the browser that is built from Debian's source of it.
//!
//! For machines that reach Debian's packages and crates, and not rustup's server. The toolchain is linked into
//! rustup under a name that tells what it is, and chosen for this project only.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::toolbox::forget_the_outer_cargo;
use crate::setup::{cache, machine, wasm_target};
use crate::step::{self, Step};
use crate::{files, process, workspace};

/// What rustup calls it.
pub(super) const NAME: &str = "yew-step-up-debian";
/// Packages with rustfmt and clippy for it.
pub(super) const LINTS: &[&str] = &["rust-web-clippy", "rustfmt-web"];

const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];
const PREFIX: &str = "/usr";
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const RUSTLIB: &str = "/usr/lib/rustlib";

pub(super) fn is_linked() -> bool {
    let mut list = Command::new("rustup");
    list.args(["toolchain", "list"]);
    let names = process::answer(list).unwrap_or_default();
    names.lines().any(|line| line.split_whitespace().next() == Some(NAME))
}

/// Whether Debian has the packages here.
pub(super) fn is_offered() -> Result<bool> {
    machine::apt_has("rustc-web")
}

pub(super) fn install() -> Result<()> {
    let _lock = cache::lock(&cache::folder()?, "debian-toolchain")?;
    let packages: Vec<&str> = PACKAGES.iter().chain(LINTS).copied().collect();
    machine::apt_install("Rust toolchain, from Debian", &packages)?;
    new_enough()?;
    // The linker has a package of its own, whose number follows the compiler's LLVM.
    let linker = format!("lld-{}", llvm()?);
    machine::apt_install("linker, from Debian", &[&linker])?;
    if !wasm_target::compiles_with(Command::new(RUSTC))? {
        build_standard_library()?;
    }
    let mut link = Command::new("rustup");
    link.args(["toolchain", "link", NAME, PREFIX]);
    process::logged(&format!("toolchain {NAME}"), "rustup-link", link)
}

/// Makes it the toolchain of this project, so that plain `cargo test` and `trunk serve` use it too.
pub(super) fn use_in_this_project() -> Result<()> {
    let root = workspace::root();
    let mut list = Command::new("rustup");
    list.args(["override", "list"]);
    let overrides = process::answer(list).unwrap_or_default();
    match overridden(&overrides, &root) {
        Some(NAME) => return Ok(()),
        Some(other) => {
            step::note(&format!(
                "this project has the toolchain {other}, which stays; plain `trunk serve` needs RUSTUP_TOOLCHAIN={NAME}"
            ));
            return Ok(());
        }
        None => {}
    }
    let mut choose = Command::new("rustup");
    choose.args(["override", "set", NAME, "--path"]).arg(&root);
    process::logged(&format!("toolchain {NAME} for this project"), "rustup-override", choose)
}

/// The toolchain that `rustup override list` has for a folder.
fn overridden<'a>(list: &'a str, folder: &Path) -> Option<&'a str> {
    list.lines().find_map(|line| {
        let (path, toolchain) = line.trim_end().rsplit_once(char::is_whitespace)?;
        (Path::new(path.trim_end()) == folder).then_some(toolchain)
    })
}

fn new_enough() -> Result<()> {
    let found = told("release: ")?;
    let (major, minor) = workspace::oldest_rust()?;
    if workspace::major_minor(&found).is_some_and(|version| version >= (major, minor)) {
        return Ok(());
    }
    bail!(
        "Debian's Rust is {found}, and this project needs {major}.{minor}. Run `rustup target add {}` where rustup's \
         server can be reached, then start again.",
        workspace::WASM
    )
}

/// The major version of the LLVM in Debian's compiler.
fn llvm() -> Result<String> {
    let version = told("LLVM version: ")?;
    Ok(version.split('.').next().unwrap_or(&version).to_owned())
}

fn told(label: &str) -> Result<String> {
    let mut ask = Command::new(RUSTC);
    ask.arg("-vV");
    let answer = process::answer(ask).unwrap_or_default();
    let line = answer.lines().find_map(|line| line.strip_prefix(label));
    line.map(str::to_owned).with_context(|| {
        format!("{RUSTC} does not say its \"{label}\". Install rustc-web again, then start again.")
    })
}

/// Builds the standard library as rustc's own build does, and puts it where the compiler looks for it.
fn build_standard_library() -> Result<()> {
    let work = cache::folder()?.join(".standard-library");
    files::remove_folder(&work)?;
    let step = Step::start("source of the standard library");
    let source = Path::new(RUSTLIB).join("src/rust/library");
    if !source.join("sysroot/Cargo.toml").exists() {
        step.failed();
        bail!(
            "{} has no source of the standard library. Install rust-web-src again, then start again.",
            source.display()
        );
    }
    // The installed source cannot be written to, and cargo writes beside it.
    files::copy_folder(&source, &work)?;
    step.done();
    process::logged("standard library for the browser", "standard-library", build_command(&work))?;
    put_in_place(&work)?;
    files::remove_folder(&work)
}

fn build_command(work: &Path) -> Command {
    let mut build = Command::new(CARGO);
    forget_the_outer_cargo(&mut build);
    build.current_dir(work);
    build.args(["build", "--release", "--manifest-path", "sysroot/Cargo.toml", "--target", workspace::WASM]);
    build.args(["--features", "panic-unwind compiler-builtins-mem", "--target-dir"]).arg(work.join("target"));
    build.env("RUSTC", RUSTC).env("RUSTC_BOOTSTRAP", "1");
    // What rustc's own build sets: the standard library's crates are told apart from everybody else's, and
    // `-Zforce-unstable-if-unmarked` keeps their insides unstable.
    build.env("__CARGO_DEFAULT_LIB_METADATA", "bootstrapstd");
    build.env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes");
    build
}

fn put_in_place(work: &Path) -> Result<()> {
    let built = work.join("target").join(workspace::WASM).join("release/deps");
    let libraries =
        files::below(&built, &|path| path.extension().is_some_and(|extension| extension == "rlib"))?;
    let place = Path::new(RUSTLIB).join(workspace::WASM);
    let unfinished = PathBuf::from(format!("{}.unfinished", place.display()));
    files::remove_folder(&unfinished)?;
    files::create_folder(&unfinished.join("lib"))?;
    for library in &libraries {
        if let Some(name) = library.file_name() {
            files::copy(library, &unfinished.join("lib").join(name))?;
        }
    }
    files::remove_folder(&place)?;
    files::rename(&unfinished, &place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_found_for_the_exact_folder() {
        let list = "/home/me/project with space   \tstable-x86_64\n/home/me/project \t yew-step-up-debian\n";
        assert_eq!(overridden(list, Path::new("/home/me/project")), Some(NAME));
        assert_eq!(overridden(list, Path::new("/home/me/project with space")), Some("stable-x86_64"));
        assert_eq!(overridden(list, Path::new("/home/me")), None);
        assert_eq!(overridden("no overrides\n", Path::new("/home/me")), None);
    }
}
