//! The layers of the workspace: who may depend on whom, and which code may name the browser.
//!
//! ARCHITECTURE.md says why. A failure names the edge or the file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every package of the workspace, and the packages of it that it may build on.
const ARROWS: &[(&str, &[&str])] = &[
    ("step-up-core", &[]),
    ("step-up-sandbox", &["step-up-core"]),
    ("yew-step-up", &["step-up-core"]),
    ("yew-step-up-ui", &["yew-step-up", "step-up-core"]),
    ("step-up-demo", &["yew-step-up-ui", "yew-step-up", "step-up-core", "step-up-sandbox"]),
    ("page-blank", &[]),
    ("page-headless-otp", &["yew-step-up", "step-up-core"]),
    ("page-headless-all", &["yew-step-up", "step-up-core"]),
    ("page-managed", &["yew-step-up-ui", "yew-step-up", "step-up-core"]),
    ("step-up-bench", &[]),
    ("step-up-tests", &["step-up-core", "step-up-sandbox"]),
    ("xtask", &[]),
];

/// Tests may also run against the sandbox, whatever they test.
const TESTS_MAY_ALSO_USE: &str = "step-up-sandbox";

/// Need a browser, so plain `cargo test` leaves them out.
const NO_DEFAULT_MEMBERS: &[&str] = &[
    "step-up-demo",
    "step-up-tests",
    "page-blank",
    "page-headless-all",
    "page-headless-otp",
    "page-managed",
];

const BROWSER_CRATES: &[&str] = &["gloo", "js-sys", "wasm-bindgen", "wasm-bindgen-futures", "web-sys", "yew"];

#[test]
fn no_arrow_turns() {
    let mut wrong = Vec::new();
    for package in packages() {
        let Some(allowed) = allowed(&package.name) else {
            wrong.push(format!("{} is not in the table of arrows", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let inside = ARROWS.iter().any(|(name, _)| *name == dependency.name);
            let for_tests = dependency.kind == "dev" && dependency.name == TESTS_MAY_ALSO_USE;
            if inside && !for_tests && !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} → {} ({})", package.name, dependency.name, dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that turn:\n{}", wrong.join("\n"));
}

#[test]
fn yew_hooks_is_for_the_demo_only() {
    let wrong: Vec<String> = packages()
        .into_iter()
        .filter(|package| package.name != "step-up-demo")
        .filter(|package| package.dependencies.iter().any(|dependency| dependency.name == "yew-hooks"))
        .map(|package| format!("{} → yew-hooks", package.name))
        .collect();
    assert!(wrong.is_empty(), "yew-hooks turns on yew's `csr` for everybody:\n{}", wrong.join("\n"));
}

#[test]
fn the_core_knows_no_platform_in_its_dependencies() {
    let mut forbidden = BROWSER_CRATES.to_vec();
    forbidden.push("tokio");
    assert_closure_without("step-up-core", &["--target", "all"], &forbidden);
}

#[test]
fn the_sandbox_knows_no_browser_in_its_dependencies() {
    assert_closure_without("step-up-sandbox", &[], BROWSER_CRATES);
    // In the page it runs on the same code: time and randomness are arguments.
    let in_the_page = ["--no-default-features", "--target", "wasm32-unknown-unknown"];
    assert_closure_without("step-up-sandbox", &in_the_page, BROWSER_CRATES);
}

#[test]
fn plain_cargo_test_needs_no_browser() {
    let metadata = metadata();
    let defaults: Vec<&str> = metadata["workspace_default_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let wrong: Vec<String> = packages()
        .into_iter()
        .filter(|package| defaults.contains(&package.id.as_str()))
        .filter(|package| NO_DEFAULT_MEMBERS.contains(&package.name.as_str()))
        .map(|package| package.name)
        .collect();
    assert!(wrong.is_empty(), "default members that need a browser: {}", wrong.join(", "));
}

#[test]
fn the_core_knows_no_platform_in_its_sources() {
    assert_sources_without(&root().join("crates/step-up-core/src"), None, &["cfg(target_arch", "JsValue"]);
}

#[test]
fn only_the_browser_module_of_yew_step_up_names_the_browser() {
    let sources = root().join("crates/yew-step-up/src");
    assert_sources_without(&sources, Some(&sources.join("browser")), &["web_sys", "js_sys", "JsValue"]);
}

struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// `normal`, `dev` or `build`.
    kind: String,
}

fn allowed(package: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(name, _)| *name == package).map(|(_, allowed)| *allowed)
}

/// The packages of the workspace with what their manifests name, optional dependencies too.
fn packages() -> Vec<Package> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        kind: value["kind"].as_str().unwrap_or("normal").to_owned(),
    };
    metadata()["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Package {
            id: text(&package["id"]),
            name: text(&package["name"]),
            dependencies: package["dependencies"].as_array().unwrap().iter().map(dependency).collect(),
        })
        .collect()
}

fn metadata() -> Value {
    serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).unwrap()
}

/// Fails when a package that `package` builds on, at any depth, is one of `forbidden`.
fn assert_closure_without(package: &str, choice: &[&str], forbidden: &[&str]) {
    let mut arguments = vec!["tree", "--package", package, "--edges", "normal", "--prefix", "none"];
    arguments.extend(["--format", "{p}"]);
    arguments.extend(choice);
    let tree = cargo(&arguments);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(package), "`cargo {}` said nothing of {package}", arguments.join(" "));
    let wrong: Vec<String> = forbidden
        .iter()
        .filter(|name| names.contains(*name))
        .map(|name| format!("{package} → … → {name} (`cargo {} --invert {name}`)", arguments[..3].join(" ")))
        .collect();
    assert!(
        wrong.is_empty(),
        "dependencies of {package} that must not be, with {choice:?}:\n{}",
        wrong.join("\n")
    );
}

/// Fails when a line of code below `folder`, outside of `except`, has one of `words`. Comments may.
fn assert_sources_without(folder: &Path, except: Option<&Path>, words: &[&str]) {
    let mut wrong = Vec::new();
    for file in rust_files(folder) {
        if except.is_some_and(|except| file.starts_with(except)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in words.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "names that do not belong there:\n{}", wrong.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    let line = arguments.join(" ");
    assert!(output.status.success(), "`cargo {line}` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}
