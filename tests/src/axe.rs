//! axe-core in the page that a browser shows.

use std::path::Path;

use crate::Browser;

/// Gives its callback what was found, as texts.
const CHECK: &str = include_str!("axe.js");

impl Browser {
    /// What axe-core finds against accessibility in the page as it is now: the rule, and the elements that break it.
    ///
    /// # Panics
    ///
    /// Where axe-core is not installed, or does not run.
    pub async fn accessibility_violations(&self) -> Vec<String> {
        // It is half a megabyte, so a page is given it once.
        let is_here = self.driver().execute("return 'axe' in window", Vec::new()).await;
        let is_here = is_here.unwrap_or_else(|error| panic!("no page to look at: {error}"));
        if is_here.json() != true {
            let given = self.driver().execute(axe_core(), Vec::new()).await;
            given.unwrap_or_else(|error| panic!("axe-core does not start: {error}"));
        }
        let found = self.driver().execute_async(CHECK, Vec::new()).await;
        let found = found.unwrap_or_else(|error| panic!("axe-core does not run: {error}"));
        found.convert().unwrap_or_else(|error| panic!("axe-core says {:?}: {error}", found.json()))
    }
}

fn axe_core() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}. Run the tests with `cargo xtask test --lane e2e`", path.display())
    })
}
