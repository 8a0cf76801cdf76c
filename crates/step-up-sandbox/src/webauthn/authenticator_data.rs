use minicbor::{Decoder, data::Type};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{MAX_CREDENTIAL_ID, PublicKey, WebAuthnError};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_ATTESTED: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What an authenticator says about a ceremony ([§6.1](https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data)).
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    rp_id_hash: [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    pub(super) attested: Option<Attested>,
}

/// A new passkey ([§6.5.1](https://www.w3.org/TR/webauthn-3/#sctn-attested-credential-data)).
#[derive(Debug)]
pub(super) struct Attested {
    pub(super) id: Vec<u8>,
    pub(super) public_key: PublicKey,
}

impl AuthenticatorData {
    /// Reads all of it: nothing follows what the flags announce. No extension was asked for; outputs of one are read over.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let malformed = WebAuthnError::AuthenticatorData;
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(malformed)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let (attested, rest) = if flags & HAS_ATTESTED == 0 {
            (None, rest)
        } else {
            let (attested, rest) = Attested::parse(rest)?;
            (Some(attested), rest)
        };
        let rest = if flags & HAS_EXTENSIONS == 0 { rest } else { skip_map(rest).ok_or(malformed)? };
        if !rest.is_empty() {
            return Err(malformed);
        }
        Ok(Self { rp_id_hash: *rp_id_hash, flags, counter: u32::from_be_bytes(*counter), attested })
    }

    pub(super) fn check_relying_party(&self, rp_id: &str) -> Result<(), WebAuthnError> {
        let is_same = self.rp_id_hash[..].ct_eq(&Sha256::digest(rp_id.as_bytes())[..]);
        if is_same.into() { Ok(()) } else { Err(WebAuthnError::RelyingParty) }
    }

    /// The user was there and was verified, and the flags make sense.
    pub(super) fn check_user(&self) -> Result<(), WebAuthnError> {
        if !self.has(USER_PRESENT) {
            return Err(WebAuthnError::NotPresent);
        }
        if !self.has(USER_VERIFIED) {
            return Err(WebAuthnError::NotVerified);
        }
        if self.has(BACKED_UP) && !self.is_backup_eligible() {
            return Err(WebAuthnError::Backup);
        }
        Ok(())
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Attested {
    /// Reads it from the start of `bytes`. The rest comes back.
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WebAuthnError> {
        let malformed = WebAuthnError::AuthenticatorData;
        let (_model, rest) = bytes.split_first_chunk::<16>().ok_or(malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=MAX_CREDENTIAL_ID).contains(&length) {
            return Err(malformed);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(malformed)?;
        let mut decoder = Decoder::new(rest);
        let public_key = PublicKey::decode(&mut decoder)?;
        let rest = rest.get(decoder.position()..).ok_or(malformed)?;
        Ok((Self { id: id.to_vec(), public_key }, rest))
    }
}

/// What follows a CBOR map.
fn skip_map(bytes: &[u8]) -> Option<&[u8]> {
    let mut decoder = Decoder::new(bytes);
    if decoder.datatype().ok()? != Type::Map {
        return None;
    }
    decoder.skip().ok()?;
    bytes.get(decoder.position()..)
}
