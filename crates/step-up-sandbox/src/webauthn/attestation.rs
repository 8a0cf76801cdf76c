use minicbor::{Decoder, data::Type};

use super::WebAuthnError;

/// The authenticator data of an attestation object
/// ([§6.5.4](https://www.w3.org/TR/webauthn-3/#sctn-generating-an-attestation-object)). The statement has the form that
/// every statement has; who made the authenticator is not asked.
pub(super) fn authenticator_data(object: &[u8]) -> Result<&[u8], WebAuthnError> {
    let malformed = |_| WebAuthnError::Attestation;
    let mut decoder = Decoder::new(object);
    let (mut format, mut statement, mut data) = (None, None, None);
    if decoder.map().map_err(malformed)? != Some(3) {
        return Err(WebAuthnError::Attestation);
    }
    for _ in 0..3 {
        match decoder.str().map_err(malformed)? {
            "fmt" => format = Some(decoder.str().map_err(malformed)?),
            "attStmt" => statement = Some(skip_map(&mut decoder)?),
            "authData" => data = Some(decoder.bytes().map_err(malformed)?),
            _ => return Err(WebAuthnError::Attestation),
        }
    }
    // Three members, none of them missing: so none came twice.
    match (format, statement, data) {
        (Some("none"), Some(Statement { is_empty: false }), _) => Err(WebAuthnError::Attestation),
        (Some(_), Some(_), Some(data)) if decoder.position() == object.len() => Ok(data),
        _ => Err(WebAuthnError::Attestation),
    }
}

struct Statement {
    is_empty: bool,
}

fn skip_map(decoder: &mut Decoder<'_>) -> Result<Statement, WebAuthnError> {
    let malformed = |_| WebAuthnError::Attestation;
    if decoder.datatype().map_err(malformed)? != Type::Map {
        return Err(WebAuthnError::Attestation);
    }
    let start = decoder.position();
    decoder.skip().map_err(malformed)?;
    Ok(Statement { is_empty: decoder.position() == start + 1 })
}
