//! Wallets outside the app, with keys of their own, and what pages ask them to sign.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer as _;
use k256::ecdsa::Signature;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};
use step_up_core::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::lab::{Answer, Lab, Person};

/// A wallet outside the app.
#[derive(Clone)]
pub(crate) enum Signer {
    Ethereum(k256::ecdsa::SigningKey),
    Solana(ed25519_dalek::SigningKey),
}

impl Signer {
    pub(crate) fn ethereum(number: u8) -> Self {
        Self::Ethereum(k256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap())
    }

    pub(crate) fn solana(number: u8) -> Self {
        Self::Solana(ed25519_dalek::SigningKey::from_bytes(&[number; 32]))
    }

    /// The wallet of a key that somebody exported.
    pub(crate) fn imported(private_key: &str) -> Self {
        let bytes = base16ct::lower::decode_vec(&private_key[2..]).unwrap();
        Self::Ethereum(k256::ecdsa::SigningKey::from_slice(&bytes).unwrap())
    }

    pub(crate) fn chain(&self) -> &'static str {
        match self {
            Self::Ethereum(_) => "EVM",
            Self::Solana(_) => "SOL",
        }
    }

    pub(crate) fn address(&self) -> String {
        match self {
            Self::Ethereum(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let hash = Keccak256::digest(&point.as_bytes()[1..]);
                siwe::eip55(hash[12..].try_into().unwrap())
            }
            Self::Solana(key) => bs58::encode(key.verifying_key().as_bytes()).into_string(),
        }
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        match self {
            Self::Ethereum(key) => {
                let (signature, recovery) = sign_ethereum(key, text);
                hex(&signature, 27 + recovery)
            }
            Self::Solana(key) => STANDARD.encode(key.sign(text.as_bytes()).to_bytes()),
        }
    }
}

pub(crate) fn sign_ethereum(key: &k256::ecdsa::SigningKey, text: &str) -> (Signature, u8) {
    let prefixed = format!("\u{19}Ethereum Signed Message:\n{}{text}", text.len());
    let hash: [u8; 32] = Keccak256::digest(prefixed.as_bytes()).into();
    let (signature, recovery) = key.sign_prehash_recoverable(&hash);
    (signature, recovery.to_byte())
}

/// A signature and its last byte, as wallets write them.
pub(crate) fn hex(signature: &Signature, last: u8) -> String {
    let mut bytes = signature.to_bytes().to_vec();
    bytes.push(last);
    format!("0x{}", base16ct::lower::encode_string(&bytes))
}

/// What a page asks a wallet to sign.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) domain: String,
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) uri: String,
    pub(crate) version: String,
    pub(crate) chain_id: Option<String>,
    pub(crate) nonce: String,
    pub(crate) issued_at: String,
    /// The lines after that.
    pub(crate) rest: Vec<String>,
}

impl Note {
    /// The text, as the official client writes it.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![
            format!("{} wants you to sign in with your {} account:", self.domain, self.kind),
            self.address.clone(),
            String::new(),
            "Welcome to Caf\u{e9}. Signing is the only way we can truly know that you are the owner.".into(),
            String::new(),
            format!("URI: {}", self.uri),
            format!("Version: {}", self.version),
        ];
        lines.extend(self.chain_id.iter().map(|id| format!("Chain ID: {id}")));
        lines.push(format!("Nonce: {}", self.nonce));
        lines.push(format!("Issued At: {}", self.issued_at));
        lines.extend(self.rest.clone());
        lines.join("\n")
    }
}

/// A moment as a page writes it.
pub(crate) fn written(moment: Timestamp) -> String {
    let nanos = i128::from(moment.as_millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap().format(&Rfc3339).unwrap()
}

/// What a client sends with a signature.
pub(crate) fn body(signer: &Signer, text: &str) -> Value {
    let network = match signer {
        Signer::Ethereum(_) => "1",
        Signer::Solana(_) => "101",
    };
    json!({
        "chain": signer.chain(), "network": network, "publicWalletAddress": signer.address(),
        "messageToSign": text, "signedMessage": signer.sign(text),
        "walletName": "metamask", "walletProvider": "browserExtension", "additionalWalletAddresses": [],
    })
}

impl Lab {
    pub(crate) fn nonce(&mut self) -> String {
        self.get("/nonce").send().ok().text("nonce")
    }

    /// What a page asks of this wallet now.
    pub(crate) fn note(&mut self, signer: &Signer) -> Note {
        let (kind, chain_id) = match signer {
            Signer::Ethereum(_) => ("Ethereum", Some("1".into())),
            Signer::Solana(_) => ("Solana", None),
        };
        Note {
            domain: "localhost:8080".into(),
            kind: kind.into(),
            address: signer.address(),
            uri: "http://localhost:8080/".into(),
            version: "1".into(),
            chain_id,
            nonce: self.nonce(),
            issued_at: written(self.now),
            rest: vec![format!("Request ID: {}", self.config.environment_id())],
        }
    }

    /// What a client sends once the wallet signed.
    pub(crate) fn proof(&mut self, signer: &Signer) -> Value {
        let text = self.note(signer).text();
        body(signer, &text)
    }

    pub(crate) fn try_wallet_sign_in(&mut self, body: Value) -> Answer {
        self.post("/wallets/signin").body(body).send()
    }

    pub(crate) fn wallet_sign_in(&mut self, signer: &Signer) -> Person {
        let proof = self.proof(signer);
        let answer = self.try_wallet_sign_in(proof).ok();
        Person::from_answer("", &answer)
    }

    pub(crate) fn try_wallet(&mut self, person: &Person, mut body: Value, scopes: &[&str]) -> Answer {
        body["requestedScopes"] = scopes.into();
        self.post("/wallets/verify").by(person).body(body).send()
    }

    /// Steps up with a wallet that is linked.
    pub(crate) fn elevate_with(&mut self, person: &Person, signer: &Signer, scopes: &[&str]) -> String {
        let proof = self.proof(signer);
        self.try_wallet(person, proof, scopes).ok().text("elevatedAccessToken")
    }

    /// Links a wallet, with this token in the header.
    pub(crate) fn try_link(&mut self, person: &Person, signer: &Signer, elevated: &str) -> Answer {
        let mut proof = self.proof(signer);
        proof["requestedScopes"] = json!(["wallet:export"]);
        self.post("/verify/link").by(person).elevated(elevated).body(proof).send()
    }

    /// Somebody new with an address and these wallets.
    pub(crate) fn person_with_wallets(&mut self, email: &str, signers: &[&Signer]) -> Person {
        let wallets: Vec<_> =
            signers.iter().map(|it| json!({ "address": it.address(), "chain": it.chain() })).collect();
        self.person_with(email, json!({ "email": email, "wallets": wallets }))
    }
}

/// The credential of a wallet in an answer.
pub(crate) fn credential(answer: &Answer, signer: &Signer) -> Option<Value> {
    let user = if answer.body["user"].is_object() { &answer.body["user"] } else { &answer.body };
    let credentials = user["verifiedCredentials"].as_array().unwrap();
    credentials.iter().find(|it| it["address"] == signer.address()).cloned()
}
