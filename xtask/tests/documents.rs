//! Documents and code that refer to each other: what is cited is there, and what is written for readers is compiled.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Code says `docs/PROTOCOL.md`, "Section".
#[test]
fn every_section_of_the_protocol_that_code_cites_is_there() {
    let protocol = read(&root().join("docs/PROTOCOL.md"));
    let headings: Vec<&str> = protocol.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let twice: Vec<_> =
        headings.iter().filter(|one| headings.iter().filter(|other| other == one).count() > 1).collect();
    assert!(twice.is_empty(), "sections that are there twice: {twice:?}");

    let (mut cited, mut missing) = (0, Vec::new());
    for file in files(&root().join("crates"), "rs") {
        // A citation may go on in the next line of the comment.
        let text: Vec<String> = read(&file)
            .lines()
            .map(|line| line.trim().trim_start_matches(['/', '!']).trim().to_owned())
            .collect();
        for rest in text.join(" ").split("`docs/PROTOCOL.md`, \"").skip(1) {
            cited += 1;
            let section = rest.split('"').next().unwrap();
            if !headings.contains(&section) {
                missing.push(format!("{}: {section:?}", file.display()));
            }
        }
    }
    assert!(cited > 20, "the search finds citations");
    assert!(missing.is_empty(), "no such sections:\n{}", missing.join("\n"));
}

/// A page that no crate includes has examples that nobody compiles.
#[test]
fn every_page_of_the_guide_is_listed_and_compiled() {
    let guide = root().join("docs/guide/src");
    let summary = read(&guide.join("SUMMARY.md"));
    let libraries: String = ["step-up-core", "step-up-sandbox", "yew-step-up", "yew-step-up-ui"]
        .iter()
        .map(|name| read(&root().join("crates").join(name).join("src/lib.rs")))
        .collect();
    let mut wrong = Vec::new();
    for page in files(&guide, "md") {
        let name = page.strip_prefix(&guide).unwrap().to_str().unwrap().replace('\\', "/");
        if name == "SUMMARY.md" {
            continue;
        }
        if !summary.contains(&format!("({name})")) {
            wrong.push(format!("{name} is not in SUMMARY.md"));
        }
        if !libraries.contains(&format!("docs/guide/src/{name}\")]")) {
            wrong.push(format!("no lib.rs has the examples of {name} compiled"));
        }
        if read(&page).lines().any(|line| line.starts_with("```rust,")) {
            wrong.push(format!("{name} has an example that is not compiled and run as the others are"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An item of the core is documented in `yew-step-up` as well, whose readers have no crate `step_up_core`.
#[test]
fn no_example_of_an_item_imports_the_core_by_name() {
    let core = root().join("crates/step-up-core/src");
    let (mut examples, mut visible) = (0, Vec::new());
    for file in files(&core, "rs") {
        for (at, line) in read(&file).lines().enumerate() {
            let Some(line) = line.trim_start().strip_prefix("///") else { continue };
            examples += usize::from(line.contains("use step_up_core::"));
            // Hidden lines begin with a number sign.
            if line.contains("step_up_core::") && !line.trim_start().starts_with('#') && !line.contains("](")
            {
                visible.push(format!("{}:{}", file.display(), at + 1));
            }
        }
    }
    assert!(examples > 5, "the search finds examples");
    assert!(visible.is_empty(), "hide the import with `# `:\n{}", visible.join("\n"));
}

/// Readers copy examples: their environment is the sandbox's, and their paths name what the user has.
#[test]
fn examples_name_the_sandboxs_environment_and_no_made_up_wallet() {
    let config = read(&root().join("crates/step-up-sandbox/src/config.rs"));
    let default =
        config.split("DEFAULT_ENVIRONMENT_ID: &str = \"").nth(1).unwrap().split('"').next().unwrap();
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    let mut documents = files(&root().join("docs"), "md");
    documents.push(root().join("README.md"));
    documents.extend(files(&root().join("crates"), "md"));
    texts.extend(documents.into_iter().map(|file| (file.clone(), read(&file))));
    for file in files(&root().join("crates"), "rs") {
        let text = read(&file);
        let docs =
            text.lines().map(str::trim_start).filter(|it| it.starts_with("///") || it.starts_with("//!"));
        texts.push((file, docs.collect::<Vec<_>>().join("\n")));
    }
    let (mut environments, mut wrong) = (0, Vec::new());
    for (file, text) in texts {
        for id in ["Config::new(\"", "environment_id=\"", "Request ID: "]
            .iter()
            .flat_map(|it| text.split(it).skip(1))
        {
            environments += 1;
            if id.get(..default.len()) != Some(default) {
                wrong.push(format!("{}: the environment {:?}", file.display(), id.get(..default.len())));
            }
        }
        let made_up = |rest: &&str| rest.starts_with(|first: char| first.is_ascii_alphanumeric());
        for wallet in text.split("\"/waas/").skip(1).filter(made_up) {
            wrong.push(format!("{}: /waas/{}", file.display(), wallet.split('"').next().unwrap()));
        }
    }
    assert!(environments > 10, "the search finds environments");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a stylesheet of the app takes hold of is in the guide, and the guide promises nothing that is not there.
#[test]
fn what_an_app_styles_in_the_ready_made_prompt_is_in_the_guide() {
    let guide = read(&root().join("docs/guide/src/ready-made.md"));
    let ui = root().join("crates/yew-step-up-ui");
    let css = read(&ui.join("step-up.css"));
    let source: String = files(&ui.join("src"), "rs").iter().map(|file| read(file)).collect();
    let in_guide = |name: &str| guide.contains(&format!("`{name}`"));

    let read_by_sheet = words_after(&css, "var(--step-up-");
    let told: BTreeSet<&str> = words_after(&guide, "--step-up-");
    assert!(read_by_sheet.len() > 10, "the search finds properties");
    assert_eq!(told, read_by_sheet);

    let drawn = words_after(&source, "data-step-up-part=\"");
    let unlisted: Vec<_> = drawn.iter().filter(|part| !in_guide(part)).collect();
    assert!(drawn.len() > 20 && unlisted.is_empty(), "the guide lists no {unlisted:?}");
    let styled = words_after(&css, "data-step-up-part=\"");
    let unknown: Vec<_> = styled.difference(&drawn).collect();
    assert!(unknown.is_empty(), "the stylesheet has rules for {unknown:?}, which are not drawn");
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut documents = files(&root().join("docs"), "md");
    let others = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "demo/README.md"];
    documents.extend(others.iter().map(|name| root().join(name)));
    let (mut links, mut broken) = (0, Vec::new());
    for document in documents {
        let text = read(&document);
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }
            links += 1;
            if !document.parent().unwrap().join(target).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(links > 10, "the search finds links");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// What end-to-end tests take hold of is in the demo's table, and the table has nothing that the demo has not.
#[test]
fn the_demos_table_of_test_ids_is_the_demos() {
    let table: BTreeSet<String> = read(&root().join("demo/README.md"))
        .lines()
        .filter(|line| line.starts_with("| ") && line.matches('|').count() == 3)
        .filter_map(|line| line.split('|').nth(2).map(str::to_owned))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let source: String = files(&root().join("demo/src"), "rs").iter().map(|file| read(file)).collect();
    let literal = |id: &str| format!("\"{id}\"");
    // Some are put together: a screen's or a provider's name, and what the element is.
    let parts = |id: &str| {
        id.split_once('-').is_some_and(|(start, end)| {
            source.contains(&format!("}}-{end}\"")) && (start == "…" || source.contains(&literal(start)))
        }) || id.rsplit_once('-').is_some_and(|(start, _)| source.contains(&format!("\"{start}-{{}}\"")))
    };
    let unknown: Vec<_> = table.iter().filter(|id| !source.contains(&literal(id)) && !parts(id)).collect();
    assert!(unknown.is_empty(), "demo/README.md has ids that the demo has not: {unknown:?}");

    let unlisted: BTreeSet<&str> = ["data-testid=\"", "test_id=\""]
        .iter()
        .flat_map(|attribute| source.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|id| !table.contains(*id))
        .collect();
    assert!(table.len() > 50, "the search finds ids");
    assert!(unlisted.is_empty(), "demo/README.md lists no {unlisted:?}");
}

/// What stands after each `start`, up to what is no letter and no hyphen.
fn words_after<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let is_end = |character: char| !character.is_ascii_lowercase() && character != '-';
    text.split(start).skip(1).map(|rest| rest.split(is_end).next().unwrap_or_default()).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}
