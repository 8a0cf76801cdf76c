//! Pictures of every screen of the ready-made prompt in the demo, and the page that shows them: `cargo xtask screenshots`.

#![allow(clippy::unwrap_used)]

mod visitor;

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::json;
use step_up_tests::{Screen, required};
use visitor::{Visitor, gallery::SCREENS};

/// By the end of the file's name. The last of them is what the visitor goes on with.
const LOOKS: [(&str, Screen); 4] = [
    ("phone-light", Screen { width: 390, height: 844, is_dark: false }),
    ("phone-dark", Screen { width: 390, height: 844, is_dark: true }),
    ("desktop-dark", Screen { width: 1280, height: 800, is_dark: true }),
    ("desktop-light", Screen { width: 1280, height: 800, is_dark: false }),
];

/// What the repository has room for, in bytes.
const LIMIT: usize = 2_500_000;

const HEAD: &str = "# The ready-made prompt

Every screen of `StepUpPrompt` in the demo, whose colours it has, in light and dark, on a desktop and on a phone. The line with
*Sandbox* is the demo's own. Written by `cargo xtask screenshots`, as the pictures are.
";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes into docs: run `cargo xtask screenshots`"]
async fn every_screen_on_server() {
    let visitor = Visitor::on_server().await;
    let pictures = RefCell::new(BTreeMap::new());
    let take = async |name: &str| {
        for (look, screen) in LOOKS {
            // The mouse stands where something was clicked, and would mark what is there now.
            let aside = json!({ "type": "mouseMoved", "x": 1, "y": 1 });
            visitor.browser.devtools("Input.dispatchMouseEvent", aside).await;
            visitor.browser.resize(screen).await;
            let picture = visitor.browser.screenshot().await;
            pictures.borrow_mut().insert(file_of(name, look), picture);
        }
    };
    visitor.each_prompt(take).await;

    let pictures = pictures.into_inner();
    let size: usize = pictures.values().map(Vec::len).sum();
    assert!(size <= LIMIT, "{size} bytes of pictures, {LIMIT} are allowed");
    let folder = required("STEP_UP_SCREENSHOTS");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    for old in fs::read_dir(folder).unwrap() {
        let old = old.unwrap().path();
        if old.extension().is_some_and(|it| it == "webp") {
            fs::remove_file(old).unwrap();
        }
    }
    for (file, picture) in &pictures {
        fs::write(folder.join(file), picture).unwrap();
    }
    fs::write(folder.join("README.md"), page()).unwrap();
}

/// The page that shows the pictures.
fn page() -> String {
    let mut page = HEAD.to_owned();
    for (name, caption) in SCREENS {
        write!(page, "\n## {caption}\n\n").unwrap();
        for (look, screen) in LOOKS.iter().rev() {
            // Pictures of one height stand in a line.
            let width = screen.width * 200 / screen.height;
            let alt = look.replace('-', ", ");
            let file = file_of(name, look);
            writeln!(page, r#"<img src="{file}" width="{width}" alt="{caption}: {alt}">"#).unwrap();
        }
    }
    page
}

fn file_of(name: &str, look: &str) -> String {
    format!("{name}-{look}.webp")
}

#[test]
fn the_page_shows_every_picture_and_there_is_no_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots");
    let there = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<String> = there.filter(|file| file.ends_with(".webp")).collect();
    there.sort();
    let shown = SCREENS.iter().flat_map(|(name, _)| LOOKS.map(|(look, _)| file_of(name, look)));
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    assert_eq!(there, shown, "run `cargo xtask screenshots`");
    assert_eq!(
        fs::read_to_string(folder.join("README.md")).unwrap(),
        page(),
        "run `cargo xtask screenshots`"
    );
}
