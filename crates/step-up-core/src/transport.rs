//! HTTP as data, and the one function that the platform brings.

use std::{borrow::Cow, fmt, rc::Rc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    LocalFuture,
    error::{Result, StepUpError},
};

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The name in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request. `Debug` prints its method and path only: the rest may be secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address: absolute, or, for [`StepUpClient::send`](crate::StepUpClient::send), a path that starts with `/`
    /// and is taken below the environment.
    pub url: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Whether cookies go with it.
    pub with_cookies: bool,
}

impl HttpRequest {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None, with_cookies: false }
    }

    /// A `GET` request.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A `POST` request.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// A `PUT` request.
    #[must_use]
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// A `DELETE` request.
    #[must_use]
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a header. Names are case-insensitive and kept in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase().into(), value.into()));
        self
    }

    /// Adds a header of the client's own, whose name is in lower case.
    pub(crate) fn add_header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }

    /// Whether there is a header of this name, in lower case.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// Sets the body and its content type.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::StepUpError::Decode) where the value cannot be written as JSON, such as a map whose keys
    /// are no strings.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self> {
        self.body = Some(serde_json::to_vec(body).map_err(|error| StepUpError::Decode {
            expected: "a value that can be written as JSON",
            line: error.line(),
            column: error.column(),
        })?);
        Ok(self.header("content-type", "application/json"))
    }

    /// The path, without query and fragment, where codes and states could stand.
    #[must_use]
    pub fn path(&self) -> &str {
        path_of(&self.url)
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} {})", self.method.as_str(), self.path())
    }
}

/// A response. `Debug` prints its status only: the rest may be secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Header names in lower case, with their values. Browsers hide those that the server does not expose.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A response without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header. Names are case-insensitive and kept in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server accepted the request (2xx).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::StepUpError::Decode) where it is no JSON of that type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| StepUpError::Decode {
            expected: core::any::type_name::<T>(),
            line: error.line(),
            column: error.column(),
        })
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({})", self.status)
    }
}

/// Sends a request. The platform brings one; in tests a closure is enough.
///
/// Implementations
/// - follow no redirect: a redirected request would take its secrets elsewhere. They fail with
///   [`Network`](crate::StepUpError::Network) instead;
/// - abort the request when the future is dropped;
/// - return `Ok` for every answer, whatever its status, and
///   [`Network`](crate::StepUpError::Network) where there was none.
///
/// The client limits the time; an implementation need not.
pub trait Transport {
    /// Sends `request` and gives the whole answer.
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse>>;
}

impl<F, Fut> Transport for F
where
    F: Fn(HttpRequest) -> Fut,
    Fut: Future<Output = Result<HttpResponse>> + 'static,
{
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse>> {
        Box::pin(self(request))
    }
}

impl Transport for Rc<dyn Transport> {
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse>> {
        (**self).send(request)
    }
}

/// The path of an absolute address or of one that starts with `/`.
pub(crate) fn path_of(url: &str) -> &str {
    let end = url.bytes().position(|byte| byte == b'?' || byte == b'#').unwrap_or(url.len());
    let url = &url[..end];
    if url.starts_with('/') {
        return url;
    }
    // The third slash ends the origin.
    url.match_indices('/').nth(2).map_or("/", |(slash, _)| &url[slash..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_method_path_and_status_only() {
        let request = HttpRequest::post("https://example.com/api/v0/verify?code=hunter2#hunter2")
            .header("Authorization", "Bearer hunter2")
            .json(&["hunter2"])
            .unwrap();
        assert_eq!(format!("{request:?}"), "HttpRequest(POST /api/v0/verify)");
        let response = HttpResponse::new(200, "hunter2").with_header("Set-Cookie", "hunter2");
        assert_eq!(format!("{response:?}"), "HttpResponse(200)");
    }

    #[test]
    fn paths() {
        assert_eq!(path_of("https://example.com"), "/");
        assert_eq!(path_of("https://example.com?a=/b"), "/");
        assert_eq!(path_of("/users?x=https://y/z"), "/users");
        assert_eq!(path_of("http://[::1]:80/a/b#c"), "/a/b");
    }

    #[test]
    fn header_names_are_lower_case() {
        let response = HttpResponse::new(429, "").with_header("Retry-After", "3");
        assert_eq!(response.header("retry-after"), Some("3"));
        assert_eq!(HttpRequest::get("/").header("X-A", "b").headers[0].0, "x-a");
    }
}
