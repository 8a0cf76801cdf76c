//! A toolchain that compiles for the browser.
//!
//! Four ways, the first that works: the active toolchain can do it; rustup adds the target; Debian's own toolchain
//! and source, where only Debian's packages can be reached; a sentence that says what to do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::setup::machine::Machine;
use crate::setup::toolbox::forget_the_outer_cargo;
use crate::setup::{debian_toolchain, probe};
use crate::step::Step;
use crate::{files, process, workspace};

/// How long rustup may try: where its server cannot be reached it may hang.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

const PROBE: &str =
    "#[unsafe(no_mangle)]\npub extern \"C\" fn probe(length: usize) -> usize { vec![0_u8; length].len() }\n";

/// The name of the toolchain to use; `None` is the active one.
pub(super) fn ensure() -> Result<Option<String>> {
    if compiles(None)? {
        return Ok(None);
    }
    if probe::on_path("rustup").is_none() {
        bail!(
            "this Rust toolchain cannot compile for {wasm}, and rustup, which could add that, is missing. Install rustup \
             (on macOS: `brew install rustup`), run `rustup target add {wasm}`, then start again.",
            wasm = workspace::WASM
        );
    }
    if debian_toolchain::is_linked() && compiles(Some(debian_toolchain::NAME))? {
        debian_toolchain::use_in_this_project()?;
        return Ok(Some(debian_toolchain::NAME.to_owned()));
    }
    if rustup_adds_it()? {
        return Ok(None);
    }
    if Machine::this() == Machine::DebianAsRoot && debian_toolchain::is_offered()? {
        debian_toolchain::install()?;
        if compiles(Some(debian_toolchain::NAME))? {
            debian_toolchain::use_in_this_project()?;
            return Ok(Some(debian_toolchain::NAME.to_owned()));
        }
    }
    bail!(
        "the target {wasm} could not be added to the Rust toolchain: {reason}. Run `rustup target add {wasm}` where \
         rustup's server can be reached, then start again.",
        wasm = workspace::WASM,
        reason = process::last_words("rustup-target").trim_end_matches('.')
    )
}

/// Whether a toolchain can compile and link for the browser, found out by doing it.
pub(super) fn compiles(toolchain: Option<&str>) -> Result<bool> {
    let mut rustc = Command::new("rustc");
    forget_the_outer_cargo(&mut rustc);
    if let Some(toolchain) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    compiles_with(rustc)
}

pub(super) fn compiles_with(mut rustc: Command) -> Result<bool> {
    let folder = workspace::target().join("xtask");
    files::create_folder(&folder)?;
    let source = folder.join("probe.rs");
    // Its own name, so that two runs at once do not write the same file.
    let made = folder.join(format!("probe-{}.wasm", std::process::id()));
    files::write(&source, PROBE)?;
    rustc.args(["--edition", "2024", "--crate-type", "cdylib", "--target", workspace::WASM, "-o"]);
    rustc.arg(&made).arg(&source).stderr(std::process::Stdio::null());
    let compiled = process::answer(rustc).is_some() && made.exists();
    remove(&made);
    Ok(compiled)
}

fn remove(file: &Path) {
    let _ = std::fs::remove_file(file);
}

fn rustup_adds_it() -> Result<bool> {
    let step = Step::start(format!("rustup target add {}", workspace::WASM));
    let mut add = Command::new("rustup");
    add.args(["target", "add", workspace::WASM]).current_dir(workspace::root());
    if process::attempt("rustup-target", add, RUSTUP_LIMIT)? && compiles(None)? {
        step.done();
        return Ok(true);
    }
    step.skipped("rustup's server did not give it");
    Ok(false)
}
