//! Faults on order: a lost answer, a slow one, a wrong one.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use step_up_core::{HttpRequest, HttpResponse};

use crate::{
    reply::{Fate, Outcome, Refusal, json_response},
    store::{StoreError, Table},
    tamper::Tampering,
    world::World,
};

/// A fault, and the requests that it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// Below the environment, or the whole path. A `*` stands for one segment.
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// How many requests it is still for.
    times: u32,
    #[serde(flatten)]
    kind: Kind,
}

/// What goes wrong. Unknown fields are refused, so every kind has braces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Kind {
    /// The connection breaks before anything is done.
    Drop {},
    /// Everything is done, and then the connection breaks.
    DropAfter {},
    /// Everything is done at once, and the answer comes so many milliseconds later.
    Delay { millis: u32 },
    /// Nothing is done, and this is the answer.
    Status {
        status: u16,
        body: Option<Value>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Nothing is done, and the answer is 200 with this text.
    Garbage { body: Option<String> },
    /// Everything is done, and this is the answer.
    Replace { status: u16, body: Value },
    /// Everything is done, and the answer is changed.
    Tamper(Tampering),
}

pub(crate) const FAULTS: Table<Fault> = Table::new("faults");

/// What is not JSON, unless a fault says otherwise.
const GARBAGE: &str = "<!doctype html><title>Oops</title>";

/// How many faults can wait.
const CAPACITY: usize = 100;

/// Orders a fault.
pub(crate) fn order(world: &mut World<'_>, body: &Value) -> Outcome<Value> {
    let fault = parse(body).ok_or_else(|| {
        Refusal::unprocessable(
            "invalid_fault",
            "A fault has a path, a kind, the fields of its kind, and perhaps times and method.",
        )
    })?;
    if FAULTS.list(&world.tx, "")?.len() >= CAPACITY {
        return Err(Refusal::unprocessable("too_many_faults", "Too many faults wait already.").into());
    }
    let key = world.next_key(FAULTS.name())?;
    FAULTS.put(&mut world.tx, &key, &fault)?;
    Ok(json!({ "fault": fault }))
}

/// The faults that wait, in the order in which they are looked at.
pub(crate) fn waiting(world: &World<'_>) -> Result<Vec<Fault>, StoreError> {
    Ok(FAULTS.list(&world.tx, "")?.into_iter().map(|(_, fault)| fault).collect())
}

fn parse(body: &Value) -> Option<Fault> {
    let mut fields = body.as_object()?.clone();
    let path = fields.remove("path")?.as_str()?.to_owned();
    let method = match fields.remove("method") {
        None => None,
        Some(method) => Some(method.as_str()?.to_ascii_uppercase()),
    };
    let times = match fields.remove("times") {
        None => 1,
        Some(times) => u32::try_from(times.as_u64()?).ok()?,
    };
    let kind = serde_json::from_value(Value::Object(fields)).ok()?;
    let has_status = |status: u16| (200..=599).contains(&status);
    let is_sendable = match &kind {
        Kind::Status { status, .. } | Kind::Replace { status, .. } => has_status(*status),
        _ => true,
    };
    (is_sendable && times > 0 && path.starts_with('/')).then_some(Fault { path, method, times, kind })
}

/// Takes the first fault that is for this request, if one is.
pub(crate) fn take(world: &mut World<'_>, request: &HttpRequest) -> Result<Option<Fault>, StoreError> {
    for (key, mut fault) in FAULTS.list(&world.tx, "")? {
        if !fault.is_for(request) {
            continue;
        }
        fault.times -= 1;
        if fault.times == 0 {
            FAULTS.delete(&mut world.tx, &key);
        } else {
            FAULTS.put(&mut world.tx, &key, &fault)?;
        }
        return Ok(Some(fault));
    }
    Ok(None)
}

impl Fault {
    fn is_for(&self, request: &HttpRequest) -> bool {
        let path = request.path();
        // `/api/v0/sdk/{environment}` and what follows.
        let below_environment = path.splitn(6, '/').nth(5).unwrap_or_default();
        self.method.as_deref().is_none_or(|method| method == request.method.as_str())
            && (matches(&self.path, path) || matches(&self.path[1..], below_environment))
    }

    /// The answer in place of the work, where the fault comes before it.
    pub(crate) fn instead(&self) -> Option<HttpResponse> {
        match &self.kind {
            Kind::Drop {} => Some(HttpResponse::new(503, "")),
            Kind::Status { status, body, headers } => {
                let default = json!({ "error": "A fault was ordered.", "code": "ordered_fault" });
                let response = json_response(*status, body.as_ref().unwrap_or(&default));
                Some(headers.iter().fold(response, |it, (name, value)| it.with_header(name, value)))
            }
            Kind::Garbage { body } => Some(
                HttpResponse::new(200, body.as_deref().unwrap_or(GARBAGE))
                    .with_header("content-type", "text/html"),
            ),
            _ => None,
        }
    }

    /// The answer after the work, as the fault changes it.
    pub(crate) fn alter(
        &self,
        world: &World<'_>,
        response: HttpResponse,
    ) -> Result<HttpResponse, StoreError> {
        match &self.kind {
            Kind::Replace { status, body } => Ok(json_response(*status, body)),
            Kind::Tamper(tampering) => tampering.apply(world, response),
            _ => Ok(response),
        }
    }

    /// What becomes of the answer.
    pub(crate) fn fate(&self) -> Fate {
        match self.kind {
            Kind::Drop {} | Kind::DropAfter {} => Fate::Drop,
            Kind::Delay { millis } => Fate::Delay(Duration::from_millis(millis.into())),
            _ => Fate::Send,
        }
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut actual) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), actual.next()) {
            (None, None) => return true,
            (Some(wanted), Some(actual)) if wanted == "*" || wanted == actual => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(body: Value) -> Option<Fault> {
        parse(&body)
    }

    #[test]
    fn paths_are_below_the_environment_or_whole() {
        let for_path = |pattern: &str, path: &str| {
            fault(json!({ "path": pattern, "kind": "drop" })).unwrap().is_for(&HttpRequest::post(path))
        };
        let url = "http://localhost:1/api/v0/sdk/env/waas/w1/privateKey/export?x=1";
        assert!(for_path("/waas/w1/privateKey/export", url));
        assert!(for_path("/waas/*/privateKey/export", url));
        assert!(for_path("/api/v0/sdk/env/waas/w1/privateKey/export", url));
        for other in ["/waas/w1", "/waas/*", "/privateKey/export", "/*/*/*", "/"] {
            assert!(!for_path(other, url), "{other}");
        }
        assert!(for_path("/.well-known/jwks", "/.well-known/jwks"));
    }

    #[test]
    fn a_method_narrows_it() {
        let fault = fault(json!({ "path": "/users", "kind": "drop", "method": "put" })).unwrap();
        assert!(fault.is_for(&HttpRequest::put("/api/v0/sdk/env/users")));
        assert!(!fault.is_for(&HttpRequest::get("/api/v0/sdk/env/users")));
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for body in [
            json!([]),
            json!({ "kind": "drop" }),
            json!({ "path": "users", "kind": "drop" }),
            json!({ "path": "/users" }),
            json!({ "path": "/users", "kind": "explode" }),
            json!({ "path": "/users", "kind": "drop", "millis": 1 }),
            json!({ "path": "/users", "kind": "drop", "times": 0 }),
            json!({ "path": "/users", "kind": "drop", "times": -1 }),
            json!({ "path": "/users", "kind": "delay" }),
            json!({ "path": "/users", "kind": "status", "status": 101 }),
            json!({ "path": "/users", "kind": "status", "status": 700 }),
            json!({ "path": "/users", "kind": "status", "status": "500" }),
            json!({ "path": "/users", "kind": "replace", "status": 200 }),
            json!({ "path": "/users", "kind": "tamper", "removes": ["x"] }),
        ] {
            assert_eq!(fault(body.clone()), None, "{body}");
        }
    }

    #[test]
    fn a_fault_survives_the_store() {
        for body in [
            json!({ "path": "/users", "kind": "drop-after", "times": 3 }),
            json!({ "path": "/users", "kind": "delay", "millis": 5, "method": "get" }),
            json!({ "path": "/users", "kind": "status", "status": 503, "headers": { "retry-after": "1" } }),
            json!({ "path": "/users", "kind": "garbage", "body": "x" }),
            json!({ "path": "/users", "kind": "tamper", "remove": ["user"], "elevatedExpiresIn": -1 }),
        ] {
            let fault = fault(body).unwrap();
            let stored = serde_json::to_value(&fault).unwrap();
            assert_eq!(serde_json::from_value::<Fault>(stored).unwrap(), fault);
        }
    }
}
