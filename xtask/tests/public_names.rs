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

/// An app can name every type that it meets: a type in the signature of a public item is public, too.
#[test]
fn every_type_that_a_signature_of_yew_step_up_names_is_exported() {
    let crates =
        ["step-up-core", "yew-step-up"].map(|package| root().join("crates").join(package).join("src"));
    // The types of `routing` are exported with their module.
    let files =
        crates.iter().flat_map(|folder| rust_files(folder)).filter(|file| !file.ends_with("routing.rs"));
    let files: Vec<String> = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    let [core, exported] =
        crates.map(|folder| types(&names(&fs::read_to_string(folder.join("lib.rs")).unwrap())));
    // Some are declared by macros: those are in the list of the core.
    let ours: BTreeSet<String> = files.iter().flat_map(|file| declared(file)).chain(core).collect();
    let mut missing = BTreeSet::new();
    let mut checked = 0;
    for (owner, signature) in files.iter().flat_map(|file| signatures(file)) {
        if !exported.contains(&owner) {
            continue;
        }
        checked += 1;
        for name in words(&signature).filter(|name| ours.contains(*name) && !exported.contains(*name)) {
            missing.insert(format!("{name}, in {owner}: {}", signature.trim()));
        }
    }
    assert!(checked > 300, "the search finds signatures: {checked}");
    let missing: Vec<_> = missing.into_iter().collect();
    assert!(missing.is_empty(), "yew-step-up does not export\n{}", missing.join("\n"));
}

/// The types and hooks of a list of public names, without their conditions.
fn types(names: &BTreeSet<String>) -> BTreeSet<String> {
    let without_condition = names.iter().map(|name| name.split(" if ").next().unwrap());
    without_condition.map(|name| name.rsplit(' ').next().unwrap().to_owned()).collect()
}

/// The public types that a file declares.
fn declared(file: &str) -> BTreeSet<String> {
    let keywords = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
    let items =
        file.lines().filter_map(|line| keywords.iter().find_map(|keyword| line.strip_prefix(keyword)));
    items.filter_map(|item| words(item).next()).map(str::to_owned).collect()
}

/// What the public items of a file say beside their bodies, each with the type or function that it belongs to: the code is
/// formatted, so indentation tells.
fn signatures(file: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = file.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with("#[")
    });
    while let Some(line) = lines.next() {
        let Some(kind) = Kind::of(line) else { continue };
        let header = whole(line, &mut lines);
        let owner = kind.owner(&header);
        found.push((owner.clone(), header.clone()));
        if !header.ends_with('{') {
            continue;
        }
        while let Some(line) = lines.next().filter(|line| *line != "}") {
            if kind.shows(line) {
                found.push((owner.clone(), whole(line, &mut lines)));
            }
        }
    }
    found
}

/// From `line` to where its item's body begins, or to its end.
fn whole<'a>(line: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut text = line.to_owned();
    while !text.ends_with(['{', '}', ';', ',']) || text.matches('(').count() > text.matches(')').count() {
        let Some(more) = lines.next() else { break };
        text.push(' ');
        text.push_str(more.trim());
    }
    text
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Function,
    Struct,
    Enum,
    Trait,
    Inherent,
    TraitImpl,
}

impl Kind {
    /// The kind of item that begins in this line.
    fn of(line: &str) -> Option<Self> {
        Some(match line {
            _ if line.starts_with("pub fn ") || line.starts_with("pub async fn ") => Self::Function,
            _ if line.starts_with("pub struct ") || line.starts_with("pub type ") => Self::Struct,
            _ if line.starts_with("pub enum ") => Self::Enum,
            _ if line.starts_with("pub trait ") => Self::Trait,
            _ if line.starts_with("impl") && line.contains(" for ") => Self::TraitImpl,
            _ if line.starts_with("impl") => Self::Inherent,
            _ => return None,
        })
    }

    fn owner(self, header: &str) -> String {
        let rest = match self {
            Self::TraitImpl => header.split(" for ").last().unwrap().to_owned(),
            Self::Inherent => without_generics(header.trim_start_matches("impl")),
            _ => header.trim_start_matches("pub ").split_once(' ').unwrap().1.to_owned(),
        };
        rest.trim().chars().take_while(|character| is_of_a_name(*character)).collect()
    }

    /// Whether a line of the item's body begins something that readers see.
    fn shows(self, line: &str) -> bool {
        let Some(line) = line.strip_prefix("    ") else { return false };
        match self {
            Self::Function => false,
            Self::Struct => line.starts_with("pub ") && !line.starts_with("pub("),
            Self::Enum => !line.trim().is_empty() && line.trim() != "},",
            Self::Trait => line.starts_with("fn ") || line.starts_with("type "),
            Self::Inherent => {
                ["pub fn ", "pub const fn ", "pub async fn "].iter().any(|it| line.starts_with(it))
            }
            Self::TraitImpl => line.starts_with("type "),
        }
    }
}

/// `<T: Into<A>> B<T>` is `B<T>`.
fn without_generics(text: &str) -> String {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text[at..].trim_start_matches('>').to_owned();
        }
    }
    text.to_owned()
}

/// The names in a text that begin with a capital letter, but not what is quoted.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('"')
        .step_by(2)
        .flat_map(|part| part.split(|character| !is_of_a_name(character)))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
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

#[test]
fn signatures_are_read_with_their_owners() {
    let file = "\
pub struct One {
    pub two: Two,
    three: Three,
    pub(crate) four: Four,
}
impl<T: Into<Five>> One<T> {
    /// Six.
    #[must_use]
    pub fn seven(
        &self,
        eight: Eight,
    ) -> Nine {
        Ten::new()
    }
    fn eleven(&self) -> Twelve {}
}
impl Deref for One {
    type Target = Thirteen;
    fn deref(&self) -> &Fourteen {}
}
pub enum Fifteen {
    Sixteen(Seventeen),
    Eighteen {
        nineteen: Nineteen,
    },
}
pub trait Twenty {
    fn one(&self) -> TwentyOne;
}
mod tests {
    pub fn hidden() -> Hidden {}
}
";
    let found = signatures(file);
    let of = |wanted: &str| -> Vec<&str> {
        found.iter().filter(|(owner, _)| owner == wanted).flat_map(|(_, text)| words(text)).collect()
    };
    assert_eq!(
        of("One"),
        [
            "One", "Two", "T", "Into", "Five", "One", "T", "Eight", "Nine", "Deref", "One", "Target",
            "Thirteen"
        ]
    );
    assert_eq!(of("Fifteen"), ["Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"]);
    assert_eq!(of("Twenty"), ["Twenty", "TwentyOne"]);
    assert_eq!(found.iter().flat_map(|(_, text)| words(text)).find(|word| *word == "Hidden"), None);
    assert_eq!(declared(file), ["Fifteen", "One", "Twenty"].map(str::to_owned).into());
}
