//! The strictest Content-Security-Policy that the built demo works under.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// The policy for this page (HTML): its own files, the one inline script that starts it, and this origin to call.
///
/// # Panics
///
/// Where the page has not exactly one inline script, which is trunk's.
pub(crate) fn of(page: &str, origin: Option<&str>) -> String {
    let scripts = inline_scripts(page);
    let [starter] = scripts.as_slice() else {
        panic!("the page has {} inline scripts; trunk's starter is one", scripts.len())
    };
    let hash = STANDARD.encode(Sha256::digest(starter.as_bytes()));
    let origin = origin.map(|origin| format!(" {origin}")).unwrap_or_default();
    [
        "default-src 'none'".to_owned(),
        format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{hash}'"),
        "style-src 'self'".to_owned(),
        // Wallets hand over their icons as data (EIP-6963).
        "img-src 'self' data:".to_owned(),
        format!("connect-src 'self'{origin}"),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        "frame-ancestors 'none'".to_owned(),
    ]
    .join("; ")
}

/// What stands between `<script …>` and `</script>`, where it is not in a file of its own.
fn inline_scripts(page: &str) -> Vec<&str> {
    let scripts = page.split("<script").skip(1);
    scripts
        .filter_map(|script| script.split_once("</script>")?.0.split_once('>'))
        .filter(|(attributes, _)| !attributes.contains(" src="))
        .map(|(_, text)| text)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<script src="/theme.js"></script><script type="module">
start();
</script>"#;

    #[test]
    fn the_inline_script_is_allowed_by_its_hash_and_the_server_by_its_origin() {
        let policy = of(PAGE, Some("http://localhost:8787"));
        // printf '\nstart();\n' | openssl dgst -sha256 -binary | base64
        assert!(policy.contains("'sha256-FflUquKLTOFZgk0+8VvCqtWVuUbHfg32FlrpTHo84aw='"), "{policy}");
        assert!(policy.contains("connect-src 'self' http://localhost:8787;"), "{policy}");
        assert!(of(PAGE, None).contains("connect-src 'self';"));
    }

    #[test]
    #[should_panic(expected = "2 inline scripts")]
    fn a_second_inline_script_is_refused() {
        of(&PAGE.repeat(2), None);
    }
}
