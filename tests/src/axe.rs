//! axe-core in the page that a browser shows.

use std::path::Path;

use crate::Browser;

impl Browser {
    /// What axe-core finds against accessibility in the page as it is now: the rule, and the elements that break it.
    ///
    /// # Panics
    ///
    /// Where axe-core is not installed, or does not run.
    pub async fn accessibility_violations(&self) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("axe/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}. Run the tests with `cargo xtask test --lane e2e`", path.display())
        });
        // Colours that are on their way to others are nobody's choice.
        let script = format!(
            "{axe};
            const done = arguments[0];
            const ends = it => it.effect.getComputedTiming().endTime !== Infinity;
            Promise.allSettled(document.getAnimations().filter(ends).map(it => it.finished))
              .then(() => axe.run())
              .then(
                ({{ violations, passes }}) => done(passes.length < 10 ? ['axe-core has checked nothing'] :
                  violations.flatMap(({{ id, nodes }}) => nodes.map(({{ target, failureSummary }}) =>
                    `${{id}}: ${{target.join(' ')}}: ${{failureSummary}}`))),
                error => done([`axe-core: ${{error}}`]));"
        );
        let found = self.driver().execute_async(&script, Vec::new()).await;
        let found = found.unwrap_or_else(|error| panic!("axe-core does not run: {error}"));
        found.convert().unwrap_or_else(|error| panic!("axe-core says {:?}: {error}", found.json()))
    }
}
