//! Requests by `fetch`: no redirects, aborted when dropped.

use js_sys::{Array, Object, Reflect, Uint8Array};
use step_up_core::{HttpRequest, HttpResponse, LocalFuture, StepUpError, Transport};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Request, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Response,
};

use super::window;

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
    let response =
        JsFuture::from(window.fetch_with_request(&request)).await.map_err(|_| StepUpError::Network)?;
    read(&response.unchecked_into()).await.map_err(|_| StepUpError::Network)
}

fn build(request: &HttpRequest, abort: &AbortOnDrop) -> Result<Request, JsValue> {
    let headers = Object::new();
    for (name, value) in &request.headers {
        Reflect::set(&headers, &JsValue::from_str(name), &JsValue::from_str(value))?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Error);
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(if request.with_cookies {
        RequestCredentials::Include
    } else {
        RequestCredentials::Omit
    });
    init.set_signal(Some(&abort.0.signal()));
    if let Some(body) = &request.body {
        init.set_body(&Uint8Array::from(body.as_slice()));
    }
    Request::new_with_str_and_init(&request.url, &init)
}

async fn read(response: &Response) -> Result<HttpResponse, JsValue> {
    let body = JsFuture::from(response.array_buffer()?).await?;
    let mut answer = HttpResponse::new(response.status(), Uint8Array::new(&body).to_vec());
    for entry in response.headers().entries() {
        let entry: Array = entry?.unchecked_into();
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            answer = answer.with_header(&name, value);
        }
    }
    Ok(answer)
}

/// Aborts what its signal was given to when the future is dropped. After the answer it does nothing.
pub(super) struct AbortOnDrop(pub(super) AbortController);

impl AbortOnDrop {
    pub(super) fn new() -> Result<Self, StepUpError> {
        AbortController::new()
            .map(Self)
            .map_err(|_| StepUpError::UnsupportedTarget { why: "this browser cannot abort requests".into() })
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
