use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::origin::Origin;

/// The test vectors of [§16](https://www.w3.org/TR/webauthn-3/#sctn-test-vectors), all of them, in hexadecimal digits.
const VECTORS: &str = include_str!("vectors.json");

const RP_ID: &str = "example.org";

struct Registration {
    challenge: String,
    client_data: Vec<u8>,
    object: Vec<u8>,
}

struct Authentication {
    challenge: String,
    client_data: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

fn vectors() -> Vec<(String, Registration, Authentication)> {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
    let bytes = |value: &serde_json::Value| base16ct::lower::decode_vec(value.as_str().unwrap()).unwrap();
    let challenge = |value| URL_SAFE_NO_PAD.encode(bytes(value));
    vectors
        .iter()
        .map(|vector| {
            let (new, old) = (&vector["registration"], &vector["authentication"]);
            let registration = Registration {
                challenge: challenge(&new["challenge"]),
                client_data: bytes(&new["clientDataJSON"]),
                object: bytes(&new["attestationObject"]),
            };
            let authentication = Authentication {
                challenge: challenge(&old["challenge"]),
                client_data: bytes(&old["clientDataJSON"]),
                data: bytes(&old["authenticatorData"]),
                signature: bytes(&old["signature"]),
            };
            (vector["name"].as_str().unwrap().to_owned(), registration, authentication)
        })
        .collect()
}

fn vector(name: &str) -> (Registration, Authentication) {
    let (_, registration, authentication) = vectors().into_iter().find(|it| it.0 == name).unwrap();
    (registration, authentication)
}

fn origins(origin: &str) -> Origins {
    Origins::Only(vec![Origin::parse(origin).unwrap()])
}

impl Registration {
    fn check(&self, rp_id: &str, origin: &str) -> Result<Credential, WebAuthnError> {
        let expected = Expected { challenge: &self.challenge, rp_id, origins: &origins(origin) };
        register(&expected, &ClientData::parse(&self.client_data)?, &self.object)
            .map(|(_, credential)| credential)
    }

    /// The passkey, whether its user was verified or not.
    fn credential(&self) -> Credential {
        let data = AuthenticatorData::parse(attestation::authenticator_data(&self.object).unwrap()).unwrap();
        let (counter, is_backup_eligible) = (data.counter, data.is_backup_eligible());
        Credential { public_key: data.attested.unwrap().public_key, counter, is_backup_eligible }
    }
}

impl Authentication {
    fn check(&self, credential: &Credential, rp_id: &str, origin: &str) -> Result<u32, WebAuthnError> {
        let expected = Expected { challenge: &self.challenge, rp_id, origins: &origins(origin) };
        authenticate(
            &expected,
            credential,
            &ClientData::parse(&self.client_data)?,
            &self.data,
            &self.signature,
        )
    }
}

#[test]
fn the_specifications_vectors_are_taken_where_their_user_was_verified() {
    use WebAuthnError::{CrossOrigin, NotVerified, PublicKey};
    let expected: [(&str, _, _); 15] = [
        ("none-es256", Some(NotVerified), Some(NotVerified)),
        ("packed-self-es256", None, Some(NotVerified)),
        ("none-es256-crossOrigin", Some(CrossOrigin), Some(CrossOrigin)),
        ("none-es256-topOrigin", Some(CrossOrigin), Some(CrossOrigin)),
        ("none-es256-long-credential-id", Some(NotVerified), None),
        ("packed-es256", None, None),
        ("packed-es384", Some(PublicKey), None),
        ("packed-es512", Some(PublicKey), None),
        ("packed-rs256", Some(PublicKey), None),
        ("packed-eddsa", Some(PublicKey), None),
        ("packed-ed448", Some(PublicKey), None),
        ("tpm-es256", None, None),
        ("android-key-es256", None, Some(NotVerified)),
        ("apple-es256", Some(NotVerified), Some(NotVerified)),
        ("fido-u2f-es256", Some(NotVerified), Some(NotVerified)),
    ];
    let vectors = vectors();
    assert_eq!(vectors.len(), expected.len());
    for ((name, registration, authentication), expected) in vectors.iter().zip(expected) {
        assert_eq!(name, expected.0);
        let registered = registration.check(RP_ID, "https://example.org");
        assert_eq!(registered.as_ref().err(), expected.1.as_ref(), "{name}");
        if expected.1 == Some(PublicKey) {
            continue;
        }
        let credential = registration.credential();
        if let Ok(registered) = registered {
            assert_eq!(registered, credential, "{name}");
        }
        let authenticated = authentication.check(&credential, RP_ID, "https://example.org");
        assert_eq!(authenticated, expected.2.map_or(Ok(0), Err), "{name}");
    }
}

#[test]
fn a_signature_is_of_this_key_over_these_bytes() {
    let (registration, authentication) = vector("packed-es256");
    let credential = registration.credential();
    let check = |it: &Authentication| it.check(&credential, RP_ID, "https://example.org");
    assert_eq!(check(&authentication), Ok(0));
    for index in 0..authentication.signature.len() {
        let (_, mut it) = vector("packed-es256");
        it.signature[index] ^= 1;
        assert_eq!(check(&it), Err(WebAuthnError::Signature), "{index}");
    }
    for length in 0..authentication.signature.len() {
        let (_, mut it) = vector("packed-es256");
        it.signature.truncate(length);
        assert_eq!(check(&it), Err(WebAuthnError::Signature), "{length}");
    }
    // The counter and the flags are signed, and a space in the client data too.
    let (_, mut it) = vector("packed-es256");
    it.data[36] = 9;
    assert_eq!(check(&it), Err(WebAuthnError::Signature));
    let (_, mut it) = vector("packed-es256");
    it.data[32] |= 2;
    assert_eq!(check(&it), Err(WebAuthnError::Signature));
    let (_, mut it) = vector("packed-es256");
    it.client_data.push(b' ');
    assert_eq!(check(&it), Err(WebAuthnError::Signature));
    let other = vector("tpm-es256").0.credential();
    let (_, it) = vector("packed-es256");
    assert_eq!(it.check(&other, RP_ID, "https://example.org"), Err(WebAuthnError::Signature));
}

#[test]
fn what_was_expected_is_what_came() {
    let (registration, authentication) = vector("packed-es256");
    let credential = registration.credential();
    for (rp_id, origin, error) in [
        ("example.org", "https://example.com", WebAuthnError::Origin),
        ("example.org", "http://example.org", WebAuthnError::Origin),
        ("example.org", "https://example.org:8443", WebAuthnError::Origin),
        ("org", "https://example.org", WebAuthnError::Origin),
    ] {
        assert_eq!(registration.check(rp_id, origin).err(), Some(error), "{rp_id} {origin}");
        assert_eq!(authentication.check(&credential, rp_id, origin).err(), Some(error), "{rp_id} {origin}");
    }
    let origins = origins("https://example.org");
    let new = ClientData::parse(&registration.client_data).unwrap();
    let old = ClientData::parse(&authentication.client_data).unwrap();
    let create = |challenge: &str, client_data| {
        let expected = Expected { challenge, rp_id: RP_ID, origins: &origins };
        register(&expected, client_data, &registration.object).err()
    };
    let get = |challenge: &str, client_data| {
        let Authentication { data, signature, .. } = &authentication;
        let expected = Expected { challenge, rp_id: RP_ID, origins: &origins };
        authenticate(&expected, &credential, client_data, data, signature).err()
    };
    assert_eq!(create(&authentication.challenge, &old), Some(WebAuthnError::Ceremony));
    assert_eq!(get(&registration.challenge, &new), Some(WebAuthnError::Ceremony));
    assert_eq!(create("", &new), Some(WebAuthnError::Challenge));
    assert_eq!(get(&registration.challenge, &old), Some(WebAuthnError::Challenge));
}

#[test]
fn the_counter_moves_on_or_stays_zero() {
    let (registration, authentication) = vector("packed-es256");
    let mut credential = registration.credential();
    credential.counter = 1;
    assert_eq!(
        authentication.check(&credential, RP_ID, "https://example.org"),
        Err(WebAuthnError::Counter),
        "back to zero"
    );
    credential.counter = 0;
    credential.is_backup_eligible = !credential.is_backup_eligible;
    assert_eq!(authentication.check(&credential, RP_ID, "https://example.org"), Err(WebAuthnError::Backup));
}

#[test]
fn truncated_or_prolonged_bytes_are_refused() {
    let (registration, authentication) = vector("packed-es256");
    let object = &registration.object;
    for length in 0..object.len() {
        attestation::authenticator_data(&object[..length]).unwrap_err();
    }
    attestation::authenticator_data(&[object, &[0][..]].concat()).unwrap_err();
    let with_key = attestation::authenticator_data(object).unwrap();
    for data in [with_key, &authentication.data] {
        for length in 0..data.len() {
            AuthenticatorData::parse(&data[..length]).unwrap_err();
        }
        AuthenticatorData::parse(&[data, &[0][..]].concat()).unwrap_err();
    }
}

#[test]
fn extensions_are_read_over() {
    let (_, authentication) = vector("packed-es256");
    let with = |extensions: &[u8]| {
        let mut data = authentication.data.clone();
        data[32] |= 0x80;
        data.extend_from_slice(extensions);
        AuthenticatorData::parse(&data)
    };
    // {}, {"a": true}, {"a": {"b": [1, h'00']}}
    for extensions in
        [&[0xa0][..], &[0xa1, 0x61, 0x61, 0xf5], &[0xa1, 0x61, 0x61, 0xa1, 0x61, 0x62, 0x82, 1, 0x41, 0]]
    {
        with(extensions).unwrap();
        with(&[extensions, &[0][..]].concat()).unwrap_err();
        with(&extensions[..extensions.len() - 1]).unwrap_err();
    }
    // A number, and maps that promise more than there is.
    for extensions in
        [&[0x01][..], &[0xbb, 255, 255, 255, 255, 255, 255, 255, 255], &[0xba, 255, 255, 255, 255, 0, 0]]
    {
        with(extensions).unwrap_err();
    }
}

#[test]
fn a_key_has_its_five_members_once_and_lies_on_the_curve() {
    let (registration, _) = vector("packed-es256");
    let data = attestation::authenticator_data(&registration.object).unwrap();
    let key = &data[data.len() - 77..];
    PublicKey::from_cose(key).unwrap();
    let with = |index: usize, byte: u8| {
        let mut key = key.to_vec();
        key[index] = byte;
        PublicKey::from_cose(&key).unwrap_err()
    };
    // map(5) kty: EC2, alg: -7, crv: 1, x, y
    assert_eq!(key[..8], [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21]);
    for (index, byte) in
        [(0, 0xa4), (0, 0xa6), (0, 0xbf), (1, 3), (2, 3), (4, 0x27), (6, 2), (9, 31), (10, key[10] ^ 1)]
    {
        assert_eq!(with(index, byte), WebAuthnError::PublicKey, "{index}");
    }
    PublicKey::from_cose(&[key, &[0][..]].concat()).unwrap_err();
}

#[test]
fn client_data_is_an_object_with_the_members_that_count() {
    let parses = |text: &str| ClientData::parse(text.as_bytes()).is_ok();
    assert!(parses(r#"{"type":"t","challenge":"c","origin":"o"}"#));
    assert!(parses(r#"{"type":"t","challenge":"c","origin":"o","crossOrigin":false,"new":[1]}"#));
    for text in [
        "",
        "{}",
        r#"["t","c","o"]"#,
        r#"{"type":"t","challenge":"c"}"#,
        r#"{"type":"t","challenge":"c","origin":"o","crossOrigin":"no"}"#,
        r#"{"type":"t","challenge":"c","challenge":"d","origin":"o"}"#,
        r#"{"type":"t","challenge":"c","origin":"o"} x"#,
        "{\"type\":\"\u{0}",
    ] {
        assert!(!parses(text), "{text}");
    }
    ClientData::parse(b"{\"type\":\"\xff\",\"challenge\":\"c\",\"origin\":\"o\"}").err().unwrap();
}

/// The bytes of a vector with a few of them changed, a piece cut out, or garbage.
fn mangled(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    let changed = {
        let bytes = bytes.clone();
        proptest::collection::vec((0..length, any::<u8>()), 1..4).prop_map(move |changes| {
            let mut bytes = bytes.clone();
            for (index, byte) in changes {
                bytes[index] = byte;
            }
            bytes
        })
    };
    let cut = (0..length, 0..length).prop_map(move |(start, end)| [&bytes[..start], &bytes[end..]].concat());
    prop_oneof![changed, cut, proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn garbage_is_refused_and_never_a_panic(
        object in mangled(vector("packed-es256").0.object),
        data in mangled(vector("packed-es256").1.data),
        signature in mangled(vector("packed-es256").1.signature),
        client_data in mangled(vector("packed-es256").1.client_data),
    ) {
        let (mut registration, authentication) = vector("packed-es256");
        let credential = registration.credential();
        if let Ok(data) = attestation::authenticator_data(&object) {
            let _ = AuthenticatorData::parse(data);
        }
        let _ = PublicKey::from_cose(&object);
        // What is changed in the statement of the attestation is read over, so this may be right.
        registration.object = object;
        let _ = registration.check(RP_ID, "https://example.org");
        let Authentication { data: right_data, signature: right_signature, client_data: right_client_data, .. } =
            &authentication;
        for (client_data, data, signature) in [
            (&client_data, right_data, right_signature),
            (right_client_data, &data, right_signature),
            (right_client_data, right_data, &signature),
        ] {
            let is_same = (client_data, data, signature) == (right_client_data, right_data, right_signature);
            let attempt = Authentication {
                challenge: authentication.challenge.clone(),
                client_data: client_data.clone(),
                data: data.clone(),
                signature: signature.clone(),
            };
            prop_assert_eq!(attempt.check(&credential, RP_ID, "https://example.org").is_ok(), is_same);
        }
    }
}
