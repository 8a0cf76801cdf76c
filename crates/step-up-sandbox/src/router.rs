//! From a method and a path to the handler that answers.

use step_up_core::Method;

use crate::{
    call::Call,
    reply::{Outcome, Refusal},
};

/// One path of an API: a method, the segments (`*` for any one), and who answers.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) handler: fn(&mut Call<'_>) -> Outcome,
}

/// Lets the route of this path answer.
pub(crate) fn dispatch<'a>(routes: &[Route], path: &'a str, call: &mut Call<'a>) -> Outcome {
    let mut allowed = Vec::new();
    for route in routes {
        let Some(params) = params_of(route.path, path) else { continue };
        if route.method == call.request.method {
            call.params = params;
            return (route.handler)(call);
        }
        allowed.push(route.method.as_str());
    }
    Err(if allowed.is_empty() { Refusal::not_found() } else { method_not_allowed(&allowed.join(", ")) }
        .into())
}

/// What stands in the path where the pattern has a `*`; `None` where the rest differs.
fn params_of<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut wanted, mut actual, mut params) = (pattern.split('/'), path.split('/'), Vec::new());
    loop {
        match (wanted.next(), actual.next()) {
            (None, None) => return Some(params),
            (Some("*"), Some(actual)) if !actual.is_empty() => params.push(actual),
            (Some(wanted), Some(actual)) if wanted == actual => {}
            _ => return None,
        }
    }
}

pub(crate) fn method_not_allowed(allowed: &str) -> Refusal {
    Refusal::new(405, "method_not_allowed", "This path has no such method.").with_header("allow", allowed)
}

/// A route of the API.
pub(crate) const fn route(
    method: Method,
    path: &'static str,
    handler: fn(&mut Call<'_>) -> Outcome,
) -> Route {
    Route { method, path, handler }
}
