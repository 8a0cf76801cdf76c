//! A page, and beside it the source that it runs on; on a phone below it.

use yew::prelude::*;

use super::trace::Trace;
use crate::event_log::EventLog;

/// A file of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceFile {
    pub(crate) name: &'static str,
    /// With `include_str!`, so that it is what runs.
    pub(crate) text: &'static str,
}

#[derive(Properties, PartialEq)]
pub(crate) struct BesideSourceProps {
    pub(crate) source: &'static [SourceFile],
    pub(crate) log: EventLog,
    /// The page.
    pub(crate) children: Html,
}

#[component]
pub(crate) fn BesideSource(props: &BesideSourceProps) -> Html {
    // Asked once: whoever opens or closes it afterwards is not contradicted.
    let is_beside = use_memo((), |()| has_room());
    html! {
        <div class="approach">
            <div class="approach-page">{ props.children.clone() }<Trace log={props.log.clone()} /></div>
            <section class="source" aria-labelledby="source-title">
                <h2 id="source-title">{ "The source of this page" }</h2>
                { for props.source.iter().enumerate().map(|(at, file)| html! {
                    <details class="file" key={file.name} open={at == 0 && *is_beside}>
                        <summary class="mono">{ file.name }</summary>
                        <pre class="code-text mono" tabindex="0" data-testid="source" aria-label={file.name} role="region">
                            { for file.text.lines().map(line) }
                        </pre>
                    </details>
                }) }
            </section>
        </div>
    }
}

/// Whether the source is beside the page, where the style sheet puts it from this width on.
fn has_room() -> bool {
    let width =
        web_sys::window().and_then(|window| window.inner_width().ok()).and_then(|width| width.as_f64());
    width.is_some_and(|width| width >= 1_216.0)
}

fn line(line: &str) -> Html {
    let (code, comment) = line.split_at(comment_start(line));
    html! { <>{ code }if !comment.is_empty() { <span class="comment">{ comment }</span> }{ "\n" }</> }
}

/// Where the comment of a line begins: at two slashes that are in no text. At its end, if it has none.
fn comment_start(line: &str) -> usize {
    let is_outside = |at: &usize| line[..*at].matches('"').count().is_multiple_of(2);
    line.match_indices("//").map(|(at, _)| at).find(is_outside).unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_addresses_in_texts() {
        assert_eq!(comment_start("let x = 1; // One."), 11);
        assert_eq!(comment_start("/// What it is."), 0);
        assert_eq!(comment_start(r#"get("http://localhost") // There."#), 24);
        assert_eq!(comment_start(r#"get("http://localhost")"#), 23);
    }

    #[test]
    fn pages_of_the_ready_made_prompt_know_no_method() {
        let [managed] = crate::pages::managed::SOURCE else { panic!("one file") };
        let [explicit] = crate::pages::explicit::SOURCE else { panic!("one file") };
        for method in ["send_otp", "verify_", "Credential", "PromptMethod"] {
            for file in [managed, explicit] {
                assert!(!file.text.contains(method), "{}: {method}", file.name);
            }
        }
    }
}
