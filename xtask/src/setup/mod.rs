//! Everything that a command needs of the machine: what is there is used, what is missing is installed or named.
//!
//! What does not belong to the operating system goes into a cache of the user's (`cache`), one folder per tool and
//! version, so that the next clone finds it. A start with everything in place asks no network.

mod cache;
mod cargo_tool;
mod chromium;
mod crates;
mod debian_toolchain;
mod links;
mod lints;
mod machine;
mod node;
mod probe;
mod toolbox;
mod wasm_opt;
mod wasm_target;

use anyhow::Result;

use cargo_tool::CargoTool;

pub(crate) use toolbox::Toolbox;

/// Something that a command needs beyond a host toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Compiling for the browser.
    Wasm,
    /// rustfmt and clippy.
    Lints,
    /// cargo-deny.
    Deny,
    /// Building pages: trunk, and what it calls.
    Trunk,
    /// wasm-bindgen's test runner.
    WasmBindgen,
    /// A browser and its driver.
    Chromium,
}

const TRUNK: &str = "0.21.14";
const CARGO_DENY: &str = "0.20.2";

/// Makes sure of everything in `needs`; says what it does.
pub(crate) fn ensure(needs: &[Need]) -> Result<Toolbox> {
    let needed = |need: Need| needs.contains(&need);
    let mut toolbox = Toolbox::new();
    // The quick ones first: what a person has to install by hand should be said at once.
    if needed(Need::Chromium) {
        toolbox.browser = Some(chromium::ensure()?);
    }
    if needed(Need::Trunk) {
        node::ensure()?;
    }
    if needed(Need::Wasm) {
        toolbox.toolchain = wasm_target::ensure()?;
    }
    if needed(Need::Lints) {
        lints::ensure(&toolbox)?;
    }
    crates::ensure(&toolbox)?;
    if needed(Need::Trunk) {
        toolbox.add(wasm_opt::ensure()?, &["wasm-opt"])?;
    }
    if needed(Need::Trunk) || needed(Need::WasmBindgen) {
        let version = crate::workspace::locked_version("wasm-bindgen")?;
        let tool = CargoTool {
            package: "wasm-bindgen-cli",
            version: &version,
            binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            // Runs over every module at every rebuild.
            opt_level: "2",
        };
        toolbox.add(tool.ensure(&toolbox)?, tool.binaries)?;
    }
    if needed(Need::Trunk) {
        let tool = CargoTool { package: "trunk", version: TRUNK, binaries: &["trunk"], opt_level: "1" };
        toolbox.add(tool.ensure(&toolbox)?, tool.binaries)?;
    }
    if needed(Need::Deny) {
        let tool = CargoTool {
            package: "cargo-deny",
            version: CARGO_DENY,
            binaries: &["cargo-deny"],
            opt_level: "1",
        };
        toolbox.deny = Some(tool.ensure(&toolbox)?.join("cargo-deny"));
    }
    Ok(toolbox)
}
