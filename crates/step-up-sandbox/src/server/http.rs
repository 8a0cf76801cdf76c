//! Between the server's HTTP types and the core's.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method as WireMethod, StatusCode, request::Parts},
    response::Response,
};
use step_up_core::{HttpRequest, HttpResponse, Method};

/// The method, if it is one that the sandbox could have.
pub(super) fn method(method: &WireMethod) -> Option<Method> {
    [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete]
        .into_iter()
        .find(|known| known.as_str() == method.as_str())
}

/// The request without its body. Headers that are no text become text that is nothing: left out, a check for what they
/// say would be left out with them.
pub(super) fn request(parts: &Parts, method: Method) -> HttpRequest {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.headers.iter().fold(HttpRequest::new(method, path), |request, (name, value)| {
        request.header(name.as_str(), String::from_utf8_lossy(value.as_bytes()))
    })
}

/// The answer. A header that HTTP does not allow, which a fault may ask for, is left out.
pub(super) fn response(answer: HttpResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
