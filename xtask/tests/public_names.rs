//! The names that the published crates give away at their root, so that none goes or comes unseen.
//!
//! They are explicit lists in each `lib.rs`, which is what this reads. After a change on purpose,
//! `UPDATE_PUBLIC_NAMES=1 cargo test -p xtask --test public_names` writes the lists anew.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn step_up_core() {
    check("step-up-core");
}

#[test]
fn yew_step_up() {
    check("yew-step-up");
}

#[test]
fn yew_step_up_ui() {
    check("yew-step-up-ui");
}

#[test]
fn step_up_sandbox() {
    check("step-up-sandbox");
}

/// What an app names it need not fill in: transport and store are erased in `Platform`.
/// The types of guarded actions: their parameters are what the app's action ends with.
const OF_AN_ACTION: &[&str] = &["StepUpActionState", "UseStepUpActionHandle"];

#[test]
fn no_public_type_of_yew_step_up_has_a_type_parameter() {
    let mut generic = Vec::new();
    let mut types = 0;
    for file in rust_files(&root().join("crates/yew-step-up/src")) {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let Some(item) = ["pub struct ", "pub enum ", "pub trait ", "pub type "]
                .iter()
                .find_map(|keyword| line.trim_start().strip_prefix(keyword))
            else {
                continue;
            };
            types += 1;
            let name = item.find(|character: char| !is_of_a_name(character)).unwrap_or(item.len());
            // What an app's own action gives is not known here; where requests go and sessions are kept is.
            let is_of_an_action = OF_AN_ACTION.contains(&&item[..name]);
            if item[name..].starts_with('<') && !item[name..].starts_with("<'") && !is_of_an_action {
                generic.push(format!("{}: {line}", file.display()));
            }
        }
    }
    assert!(types > 5, "the search finds types");
    assert!(generic.is_empty(), "types with parameters:\n{}", generic.join("\n"));
}

fn check(package: &str) {
    let library = fs::read_to_string(root().join("crates").join(package).join("src/lib.rs")).unwrap();
    let found = names(&library);
    let list = root().join("xtask/tests/public_names").join(format!("{package}.txt"));
    if std::env::var_os("UPDATE_PUBLIC_NAMES").is_some() {
        let lines: String = found.iter().map(|name| format!("{name}\n")).collect();
        fs::write(&list, lines).unwrap();
        return;
    }
    let listed: BTreeSet<String> = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "{package} gives other names away than {} lists.\nGone: {gone:?}\nNew: {new:?}\nOn purpose? \
         UPDATE_PUBLIC_NAMES=1 cargo test -p xtask --test public_names, and say it in CHANGELOG.md.",
        list.display()
    );
}

/// The public names of a `lib.rs`, each with the condition that it stands under, such as `use_wallets if feature =
/// "wallet"`.
fn names(library: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut condition = String::new();
    let mut lines = library.lines();
    while let Some(line) = lines.next() {
        if let Some(attribute) = line.strip_prefix("#[") {
            if let Some(cfg) = attribute.strip_prefix("cfg(").and_then(|rest| rest.strip_suffix(")]")) {
                condition = format!(" if {cfg}");
            }
            continue;
        }
        if line.starts_with("//") {
            continue;
        }
        if let Some(first) = line.strip_prefix("pub use ") {
            let mut item = first.to_owned();
            while !item.ends_with(';') {
                item.push_str(lines.next().unwrap().trim());
            }
            let item = item.trim_end_matches(';');
            assert!(!item.contains('*'), "a glob gives names away that nobody lists: pub use {item}");
            let list = match item.split_once('{') {
                Some((_, list)) => list.trim_end_matches('}'),
                None => item.rsplit("::").next().unwrap(),
            };
            for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name = name.rsplit(" as ").next().unwrap();
                assert!(name.chars().all(is_of_a_name), "this test cannot read {name:?}");
                assert!(names.insert(format!("{name}{condition}")), "{name} is there twice");
            }
        } else if let Some(item) = line.strip_prefix("pub ") {
            // `mod conformance;`, `fn browser_platform(config: …`, `type LocalFuture<…`.
            let mut words = item.split(' ');
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            let name: String = name.chars().take_while(|character| is_of_a_name(*character)).collect();
            names.insert(format!("{kind} {name}{condition}"));
        }
        condition.clear();
    }
    names
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

#[test]
fn lists_and_conditions_are_read() {
    let library = "\
mod hidden;
/// Words.
pub mod open;
#[cfg(feature = \"a\")]
pub use one::{Two, Three as Four,
    five};
#[doc(hidden)]
pub use six::seven;
#[must_use]
pub fn eight(nine: Ten) -> Ten {
    pub_inside();
}
pub type Eleven<'a> = &'a str;
";
    let expected =
        ["mod open", "Two if feature = \"a\"", "Four if feature = \"a\"", "five if feature = \"a\"", "seven"];
    let expected = expected.into_iter().chain(["fn eight", "type Eleven"]).map(str::to_owned).collect();
    assert_eq!(names(library), expected);
}
