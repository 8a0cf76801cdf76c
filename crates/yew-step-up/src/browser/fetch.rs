//! Requests by `fetch`: no redirects, aborted when dropped.

use js_sys::Array;
use step_up_core::{HttpRequest, HttpResponse, LocalFuture, StepUpError, Transport};
use wasm_bindgen::JsValue;

use super::{
    js::{
        Outcome,
        Value::{Bytes, Js, Object, Text},
        bytes, call, get, make, set, settled, text,
    },
    window,
};

pub(super) struct FetchTransport;

impl Transport for FetchTransport {
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse, StepUpError>> {
        Box::pin(fetch(request))
    }
}

async fn fetch(request: HttpRequest) -> Result<HttpResponse, StepUpError> {
    let window = window()?;
    let abort = AbortOnDrop::new()?;
    let request = build(&request, &abort).map_err(|_| StepUpError::InvalidConfig {
        why: format!("the browser takes no request to {} with these headers", request.path()),
    })?;
    // Why there was no answer, a page is not told: offline, refused by CORS, redirected, cut off.
    answer(call(&window, "fetch", &[Js(&request)])).await.map_err(|_| StepUpError::Network)
}

fn build(request: &HttpRequest, abort: &AbortOnDrop) -> Outcome {
    let headers = Object(&[]).to_js()?;
    for (name, value) in &request.headers {
        set(&headers, name, &value.into())?;
    }
    let signal = abort.signal()?;
    make(
        "Request",
        &[
            Text(&request.url),
            Object(&[
                ("method", Text(request.method.as_str())),
                ("headers", Js(&headers)),
                ("body", request.body.as_deref().map_or(Js(&JsValue::NULL), Bytes)),
                ("redirect", Text("error")),
                ("cache", Text("no-store")),
                ("credentials", Text(if request.with_cookies { "include" } else { "omit" })),
                ("signal", Js(&signal)),
            ]),
        ],
    )
}

async fn answer(fetched: Outcome) -> Outcome<HttpResponse> {
    let response = settled(fetched).await?;
    let body = settled(call(&response, "arrayBuffer", &[])).await?;
    let status = get(&response, "status")?.as_f64().unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it has three digits")]
    let mut answer = HttpResponse::new(status as u16, bytes(&body));
    for entry in Array::from(&get(&response, "headers")?) {
        if let (Some(name), Some(value)) = (text(&entry, "0"), text(&entry, "1")) {
            answer = answer.with_header(&name, value);
        }
    }
    Ok(answer)
}

/// Aborts what its signal was given to when the future is dropped. After the answer it does nothing.
pub(super) struct AbortOnDrop(JsValue);

impl AbortOnDrop {
    pub(super) fn new() -> Result<Self, StepUpError> {
        make("AbortController", &[])
            .map(Self)
            .map_err(|_| StepUpError::UnsupportedTarget { why: "this browser cannot abort requests".into() })
    }

    #[cfg(feature = "passkey")]
    pub(super) fn controller(&self) -> JsValue {
        self.0.clone()
    }

    pub(super) fn signal(&self) -> Outcome {
        get(&self.0, "signal")
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        abort(&self.0);
    }
}

pub(super) fn abort(controller: &JsValue) {
    // It never fails.
    let _ = call(controller, "abort", &[]);
}
