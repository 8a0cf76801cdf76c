//! Reading the claims of a JWT ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).
//!
//! The signature is not checked: the client has no key that the server could not replace, and decides nothing by these
//! claims that the server does not decide again.

use crate::{
    error::{Result, StepUpError},
    json::{FromJson, decode},
};
use base64ct::{Base64UrlUnpadded, Encoding as _};

/// The claims of `token`.
pub(crate) fn claims<T: FromJson>(token: &str, expected: &'static str) -> Result<T> {
    let malformed = StepUpError::Decode { expected, line: 0, column: 0 };
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed);
    };
    let payload = Base64UrlUnpadded::decode_vec(payload).map_err(|_| malformed)?;
    decode(&payload, expected)
}
