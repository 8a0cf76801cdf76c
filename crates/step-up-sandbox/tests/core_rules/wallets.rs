//! Wallets outside the app.

use k256::ecdsa::Signature;
use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::{Method, Timestamp};
use step_up_sandbox::Config;

use crate::{
    lab::{Answer, Lab, MINUTE, Person, SECOND},
    signer::{Note, Signer, body, credential, hex, sign_ethereum, written},
};

fn signers() -> [Signer; 2] {
    [Signer::ethereum(1), Signer::solana(1)]
}

/// Signs in with a message that was changed before it was signed.
fn sign_in_with(lab: &mut Lab, signer: &Signer, change: impl FnOnce(&mut Note)) -> Answer {
    let mut note = lab.note(signer);
    change(&mut note);
    lab.try_wallet_sign_in(body(signer, &note.text()))
}

#[track_caller]
fn refuse_message(lab: &mut Lab, signer: &Signer, change: impl FnOnce(&mut Note)) {
    sign_in_with(lab, signer, change).refused(422, "invalid_wallet_message");
}

#[test]
fn a_wallet_signs_a_new_user_in_and_the_same_one_later() {
    for signer in signers() {
        let mut lab = Lab::new();
        let proof = lab.proof(&signer);
        let answer = lab.try_wallet_sign_in(proof).ok();
        let user = &answer.body["user"];
        assert_eq!(user["newUser"], true);
        assert_eq!(user.get("email").filter(|email| !email.is_null()), None);
        let linked = credential(&answer, &signer).unwrap();
        let chain = if signer.chain() == "EVM" { "eip155" } else { "solana" };
        assert_eq!(linked["format"], "blockchain");
        assert_eq!(linked["chain"], chain);
        assert_eq!(linked["public_identifier"], signer.address());
        assert_eq!(linked["wallet_name"], "metamask");
        assert_eq!(linked["wallet_provider"], "browserExtension");
        assert_eq!(linked["signInEnabled"], true);
        assert_eq!(linked.get("embedded_wallet_id").filter(|id| !id.is_null()), None);
        assert_eq!(user["lastVerifiedCredentialId"], linked["id"]);
        assert_eq!(answer.body.get("elevatedAccessToken"), None, "a sign-in elevates nothing");
        let first = Person::from_answer("", &answer);
        lab.export(&first, None).not_elevated();

        lab.wait(MINUTE);
        assert_eq!(lab.wallet_sign_in(&signer).id, first.id);
        // As another client does it, and with the address in lower case where that is one.
        let mut note = lab.note(&signer);
        if signer.chain() == "EVM" {
            note.address = note.address.to_lowercase();
        }
        let mut proof = body(&signer, &note.text());
        proof["publicWalletAddress"] = note.address.into();
        proof["chain"] = if signer.chain() == "EVM" { "ETH" } else { "SOL" }.into();
        let again = lab.post("/verify").body(proof).send().ok();
        assert_eq!(again.body["user"]["id"], first.id);
        assert_eq!(again.body["user"]["newUser"], false);
        assert_eq!(again.body["user"]["verifiedCredentials"].as_array().unwrap().len(), 2);
    }
}

/// siwe stands for the rest of the world: what is accepted here is accepted there.
#[test]
fn an_accepted_message_and_signature_are_those_of_another_implementation() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let mut note = lab.note(&signer);
    note.rest.insert(0, format!("Expiration Time: {}", written(lab.now.after(MINUTE))));
    // It takes no letters with accents.
    let text = note.text().replace('\u{e9}', "e");
    let proof = body(&signer, &text);
    let signature = base16ct::lower::decode_vec(&proof["signedMessage"].as_str().unwrap()[2..]).unwrap();
    lab.try_wallet_sign_in(proof).ok();
    let theirs: siwe::Message = text.parse().unwrap();
    let signature = signature.try_into().unwrap();
    assert!(theirs.verify_eip191(&signature).is_ok());
    assert_eq!(siwe::eip55(&theirs.address), signer.address());
    assert_eq!(theirs.request_id.as_deref(), Some(lab.config.environment_id()));
    let at = |moment: Timestamp| time::OffsetDateTime::from_unix_timestamp(moment.as_secs()).unwrap();
    assert!(theirs.valid_at(&at(lab.now)));
    assert!(!theirs.valid_at(&at(lab.now.after(MINUTE + SECOND))));
}

#[test]
fn a_signature_counts_once() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let proof = lab.proof(&signer);
    lab.try_wallet(&ada, proof.clone(), &["wallet:export"]).ok();
    lab.try_wallet(&ada, proof.clone(), &["wallet:export"]).refused(422, "invalid_nonce");
    lab.try_wallet_sign_in(proof).refused(422, "invalid_nonce");
}

#[test]
fn a_refused_message_uses_its_nonce_up() {
    let mut lab = Lab::new();
    let signer = Signer::solana(1);
    let mut note = lab.note(&signer);
    let good = note.text();
    let mut forged = body(&signer, &good);
    forged["signedMessage"] = Signer::solana(2).sign(&good).into();
    lab.try_wallet_sign_in(forged).refused(422, "invalid_wallet_signature");
    lab.try_wallet_sign_in(body(&signer, &good)).refused(422, "invalid_nonce");
    note = lab.note(&signer);
    let good = note.text();
    note.version = "2".into();
    lab.try_wallet_sign_in(body(&signer, &note.text())).refused(422, "invalid_wallet_message");
    lab.try_wallet_sign_in(body(&signer, &good)).refused(422, "invalid_nonce");
}

#[test]
fn a_nonce_is_one_that_was_given_out_within_a_day() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    for nonce in ["00000000000000000000000000000000", "x"] {
        sign_in_with(&mut lab, &signer, |note| note.nonce = nonce.into()).refused(422, "invalid_nonce");
    }
    let nonces = lab.get("/nonces?count=2").send().ok().body["nonces"].clone();
    let nonce = |index: usize| nonces[index].as_str().unwrap().to_owned();
    lab.wait(24 * 60 * MINUTE - SECOND);
    sign_in_with(&mut lab, &signer, |note| note.nonce = nonce(0)).ok();
    lab.wait(SECOND);
    sign_in_with(&mut lab, &signer, |note| note.nonce = nonce(1)).refused(422, "invalid_nonce");
}

#[test]
fn a_message_for_another_page_is_refused() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    for (domain, uri) in [
        ("evil.example", "http://evil.example/"),
        ("evil.example", "http://localhost:8080/"),
        ("localhost:8080", "http://evil.example/"),
        ("localhost:8080", "http://localhost:8081/"),
        ("localhost:8080", "http://localhost/"),
        ("localhost", "http://localhost:8080/"),
        ("localhost:8080", "http://localhost:8080@evil.example/"),
        ("localhost:8080@evil.example", "http://localhost:8080@evil.example/"),
        ("localhost:8080", "http://evil.example/http://localhost:8080/"),
        ("localhost:8080", "localhost:8080"),
        ("localhost:8080", "file://localhost:8080/"),
        ("localhost.evil.example", "http://localhost.evil.example/"),
    ] {
        refuse_message(&mut lab, &signer, |note| {
            note.domain = domain.into();
            note.uri = uri.into();
        });
    }
    for (domain, uri) in [
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1:1", "https://127.0.0.1:1/a/b?c=http://evil.example#d"),
        ("app.localhost", "http://app.localhost?x"),
    ] {
        sign_in_with(&mut lab, &signer, |note| {
            note.domain = domain.into();
            note.uri = uri.into();
        })
        .ok();
    }
}

#[test]
fn a_message_is_for_the_page_that_sends_it() {
    let config = Config::default()
        .allow_origin("https://app.example")
        .and_then(|config| config.allow_origin("https://other.example:444"))
        .unwrap();
    let mut lab = Lab::with(config);
    let signer = Signer::ethereum(1);
    for (domain, scheme, sender, is_taken) in [
        ("app.example", "https", "https://app.example", true),
        ("app.example", "https", "", true),
        ("other.example:444", "https", "https://other.example:444", true),
        ("app.example", "https", "https://other.example:444", false),
        ("app.example", "http", "https://app.example", false),
        ("other.example", "https", "", false),
        ("localhost:8080", "http", "", false),
    ] {
        let mut note = lab.note(&signer);
        note.domain = domain.into();
        note.uri = format!("{scheme}://{domain}/");
        let proof = body(&signer, &note.text());
        let answer = lab.post("/wallets/signin").header("origin", sender).body(proof).send();
        if is_taken {
            answer.ok();
        } else {
            answer.refused(422, "invalid_wallet_message");
        }
    }
}

#[test]
fn a_message_for_another_account_or_chain_is_refused() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    for (signer, other) in [(&ethereum, Signer::ethereum(2)), (&solana, Signer::solana(2))] {
        refuse_message(&mut lab, signer, |note| note.address = other.address());
        // The other's address, and a signature of one's own.
        let mut note = lab.note(signer);
        note.address = other.address();
        let mut proof = body(signer, &note.text());
        proof["publicWalletAddress"] = other.address().into();
        lab.try_wallet_sign_in(proof).refused(422, "invalid_wallet_signature");
    }
    refuse_message(&mut lab, &ethereum, |note| note.kind = "Solana".into());
    refuse_message(&mut lab, &solana, |note| note.kind = "Ethereum".into());
    for chain_id in [None, Some(""), Some("2"), Some("01"), Some("+1"), Some("0x1"), Some("one")] {
        refuse_message(&mut lab, &ethereum, |note| note.chain_id = chain_id.map(str::to_owned));
    }
    refuse_message(&mut lab, &solana, |note| note.chain_id = Some("101".into()));
    // A client need not say the chain beside the message.
    for (chain_id, is_taken) in [("01", false), ("+1", false), ("0x1", false), ("one", false), ("1", true)] {
        let mut note = lab.note(&ethereum);
        note.chain_id = Some(chain_id.into());
        let mut proof = body(&ethereum, &note.text());
        proof["network"] = Value::Null;
        let answer = lab.try_wallet_sign_in(proof);
        if is_taken {
            answer.ok();
        } else {
            answer.refused(422, "invalid_wallet_message");
        }
    }
    let mut note = lab.note(&ethereum);
    note.chain_id = Some("137".into());
    let mut proof = body(&ethereum, &note.text());
    proof["network"] = "137".into();
    lab.try_wallet_sign_in(proof).ok();
}

#[test]
fn an_address_is_one_of_its_chain_with_its_checksum() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    let mixed = {
        let address = ethereum.address();
        let letter = address.rfind(|digit: char| digit.is_ascii_alphabetic()).unwrap();
        let other = |digit: char| {
            if digit.is_uppercase() { digit.to_ascii_lowercase() } else { digit.to_ascii_uppercase() }
        };
        address
            .char_indices()
            .map(|(at, digit)| if at == letter { other(digit) } else { digit })
            .collect::<String>()
    };
    refuse_message(&mut lab, &ethereum, |note| note.address = mixed.clone());
    for (chain, address, code) in [
        ("EVM", mixed.as_str(), "invalid_wallet_address"),
        ("EVM", "0x", "invalid_wallet_address"),
        ("EVM", &solana.address(), "invalid_wallet_address"),
        ("SOL", &ethereum.address(), "invalid_wallet_address"),
        ("BTC", &ethereum.address(), "unsupported_chain"),
        ("eip155", &ethereum.address(), "unsupported_chain"),
    ] {
        let mut proof = lab.proof(&ethereum);
        proof["publicWalletAddress"] = address.into();
        proof["chain"] = chain.into();
        lab.try_wallet_sign_in(proof).refused(422, code);
    }
    lab.set(
        json!({ "chains": [{ "name": "evm", "enabled": true }, { "name": "solana", "enabled": false }] }),
    );
    let proof = lab.proof(&solana);
    lab.try_wallet_sign_in(proof).refused(422, "unsupported_chain");
    lab.wallet_sign_in(&ethereum);
}

#[test]
fn a_message_is_of_now() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let now = lab.now;
    let at = |offset: i64| written(Timestamp::from_secs(now.as_secs() + offset));
    let with = |line: &str, offset: i64| {
        let line = format!("{line}: {}", at(offset));
        move |note: &mut Note| note.rest.insert(0, line)
    };
    for offset in [-599, 0, 60] {
        sign_in_with(&mut lab, &signer, |note| note.issued_at = at(offset)).ok();
    }
    for issued_at in [at(-600), at(-86_400), at(61), "yesterday".into(), "2026-11-24T10:00:00".into()] {
        refuse_message(&mut lab, &signer, |note| note.issued_at = issued_at);
    }
    sign_in_with(&mut lab, &signer, with("Expiration Time", 1)).ok();
    sign_in_with(&mut lab, &signer, with("Not Before", 0)).ok();
    refuse_message(&mut lab, &signer, with("Expiration Time", 0));
    refuse_message(&mut lab, &signer, with("Not Before", 1));
    for line in ["Expiration Time: never", "Not Before: x"] {
        refuse_message(&mut lab, &signer, |note| note.rest.insert(0, line.into()));
    }
}

#[test]
fn a_message_has_its_version_and_its_environment() {
    let mut lab = Lab::new();
    let signer = Signer::solana(1);
    for version in ["2", "1.0", "01"] {
        refuse_message(&mut lab, &signer, |note| note.version = version.into());
    }
    for rest in [vec![], vec!["Request ID: 11111111-1111-4111-8111-111111111111".to_owned()]] {
        refuse_message(&mut lab, &signer, |note| note.rest = rest);
    }
    sign_in_with(&mut lab, &signer, |note| {
        note.rest.extend(["Resources:".into(), "- https://a.example/".into()]);
    })
    .ok();
    // No layout, no look at a nonce.
    let mut proof = lab.proof(&signer);
    let text = proof["messageToSign"].as_str().unwrap().replace("URI: ", "URI ");
    let good = std::mem::replace(&mut proof, body(&signer, &text));
    lab.try_wallet_sign_in(proof).refused(422, "invalid_wallet_message");
    lab.try_wallet_sign_in(good).ok();
}

#[test]
fn an_ethereum_signature_has_the_lower_s_and_counts_from_0_or_27() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let Signer::Ethereum(key) = &signer else { unreachable!() };
    let mut try_with = |signature: &dyn Fn(&Signature, u8) -> String| {
        let text = lab.note(&signer).text();
        let (made, recovery) = sign_ethereum(key, &text);
        let mut proof = body(&signer, &text);
        proof["signedMessage"] = signature(&made, recovery).into();
        lab.try_wallet_sign_in(proof)
    };
    for first in [0, 27] {
        try_with(&|signature, recovery| hex(signature, first + recovery)).ok();
    }
    let high = |signature: &Signature| {
        let (r, s) = signature.split_scalars();
        Signature::from_scalars(r, -s).unwrap()
    };
    for made in [
        try_with(&|signature, recovery| hex(&high(signature), 27 + (recovery ^ 1))),
        try_with(&|signature, recovery| hex(&high(signature), 27 + recovery)),
        try_with(&|signature, recovery| hex(signature, 27 + (recovery ^ 1))),
        try_with(&|signature, recovery| hex(signature, 29 + recovery)),
        try_with(&|signature, recovery| hex(signature, 35 + recovery)),
        try_with(&|signature, recovery| hex(signature, recovery)[2..].to_owned()),
        try_with(&|signature, _| format!("0x{}", base16ct::lower::encode_string(&signature.to_bytes()))),
        try_with(&|_, _| String::new()),
    ] {
        made.refused(422, "invalid_wallet_signature");
    }
}

#[test]
fn a_linked_wallet_elevates() {
    for signer in signers() {
        let mut lab = Lab::new();
        let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
        let proof = lab.proof(&signer);
        let answer = lab.try_wallet(&ada, proof, &["wallet:export"]).ok();
        let linked = credential(&answer, &signer).unwrap();
        assert_eq!(answer.body["user"]["lastVerifiedCredentialId"], linked["id"]);
        let token = answer.text("elevatedAccessToken");
        lab.export(&ada, Some(&token)).ok();
        lab.export(&ada, Some(&token)).not_elevated();
        // Without scopes it is a verification, and grants nothing.
        let proof = lab.proof(&signer);
        assert_eq!(lab.try_wallet(&ada, proof, &[]).ok().body.get("elevatedAccessToken"), None);
        let proof = lab.proof(&signer);
        lab.try_wallet(&ada, proof, &["wallet:steal"]).refused(422, "invalid_scopes");
        let proof = lab.proof(&signer);
        lab.post("/wallets/verify").body(proof).send().refused(401, "unauthorized");
    }
}

#[test]
fn a_check_lists_the_wallets_outside_the_app() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    let _ = lab.person_with_wallets("ada@example.com", &[&ethereum, &solana]);
    let ada = lab.wallet_sign_in(&solana);
    let check = json!({ "scope": "wallet:export" });
    let answer = lab.post("/stepUp/check").by(&ada).body(check).send().ok();
    let credentials = answer.body["credentials"].as_array().unwrap();
    let aliases: Vec<_> = credentials.iter().map(|it| it["alias"].as_str().unwrap()).collect();
    assert_eq!(aliases, ["ada@example.com", &ethereum.address(), &solana.address()]);
    assert_eq!(credentials[1]["format"], "blockchain");
    assert_eq!(answer.body["defaultCredentialId"], credentials[2]["id"], "the one that signed in");
}

#[test]
fn a_check_lists_no_wallet_of_a_chain_and_no_account_of_a_provider_that_is_switched_off() {
    let mut lab = Lab::new();
    let social =
        json!([{ "provider": "google", "username": "ada" }, { "provider": "github", "username": "ada" }]);
    let wallets: Vec<_> =
        signers().iter().map(|it| json!({ "address": it.address(), "chain": it.chain() })).collect();
    let fixture = json!({ "email": "ada@example.com", "wallets": wallets, "social": social });
    let ada = lab.person_with("ada@example.com", fixture);
    let listed = |lab: &mut Lab| {
        let check = json!({ "scope": "wallet:export" });
        let answer = lab.post("/stepUp/check").by(&ada).body(check).send().ok();
        answer.body["credentials"].as_array().unwrap().len()
    };
    assert_eq!(listed(&mut lab), 5);
    lab.set(json!({
        "chains": [{ "name": "evm", "enabled": true }, { "name": "solana", "enabled": false }],
        "providers": [{ "provider": "google", "clientId": "x", "enabledAt": "2026-01-01T00:00:00.000Z" }],
    }));
    assert_eq!(listed(&mut lab), 3);
    // It says what is so.
    let proof = lab.proof(&Signer::solana(1));
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "unsupported_chain");
}

/// Whoever has a session has a wallet of their own, too.
#[test]
fn a_wallet_that_is_not_the_users_never_elevates() {
    let mut lab = Lab::new();
    let (adas, bobs, nobodys) = (Signer::ethereum(1), Signer::ethereum(2), Signer::solana(3));
    let ada = lab.person_with_wallets("ada@example.com", &[&adas]);
    let _bob = lab.person_with_wallets("bob@example.com", &[&bobs]);
    for (signer, code) in [(&bobs, "reassign_wallet_error"), (&nobodys, "wallet_not_linked")] {
        for scopes in [["wallet:export"].as_slice(), &["credential:link"], &[]] {
            let proof = lab.proof(signer);
            lab.try_wallet(&ada, proof, scopes).refused(422, code);
        }
        assert_eq!(credential(&lab.user(&ada).ok(), signer), None);
    }
    // Whose it is is told only to whoever proves it.
    let text = lab.note(&bobs).text();
    let mut proof = body(&bobs, &text);
    proof["signedMessage"] = adas.sign(&text).into();
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "invalid_wallet_signature");
    // A link that was held for it changes nothing about that.
    lab.elevate(&ada, &["credential:link"]);
    let proof = lab.proof(&nobodys);
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "wallet_not_linked");
}

#[test]
fn a_signature_of_one_user_is_none_of_another() {
    let mut lab = Lab::new();
    let (adas, bobs) = (Signer::ethereum(1), Signer::ethereum(2));
    let ada = lab.person_with_wallets("ada@example.com", &[&adas]);
    let bob = lab.person_with_wallets("bob@example.com", &[&bobs]);
    let proof = lab.proof(&adas);
    lab.try_wallet(&bob, proof, &["wallet:export"]).refused(422, "reassign_wallet_error");
    let token = lab.elevate_with(&ada, &adas, &["wallet:export"]);
    lab.export(&bob, Some(&token)).not_elevated();
}

#[test]
fn an_embedded_wallet_proves_nothing_under_whatever_name() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let embedded = Signer::imported(&ada.private_key);
    let outside = Signer::ethereum(1);
    lab.elevate(&ada, &["credential:link"]);
    let mut attempts = vec![(embedded.clone(), "metamask", "browserExtension")];
    attempts.push((outside.clone(), "metamask", "embeddedWallet"));
    for name in ["zerodev", "dynamicwaas", "DynamicWaas", "turnkey", "turnkeyhd"] {
        attempts.push((outside.clone(), name, "browserExtension"));
    }
    for (signer, name, provider) in attempts {
        for path in ["/wallets/signin", "/verify", "/wallets/verify", "/verify/link"] {
            let mut proof = lab.proof(&signer);
            proof["walletName"] = name.into();
            proof["walletProvider"] = provider.into();
            proof["requestedScopes"] = json!(["wallet:export"]);
            let ask = lab.post(path).body(proof);
            let ask = if path.contains("signin") || path == "/verify" { ask } else { ask.by(&ada) };
            ask.send().refused(403, "embedded_wallet_not_allowed");
        }
    }
}

/// Addresses are public: whether one is an embedded wallet here is not.
#[test]
fn an_embedded_wallet_is_told_from_others_only_to_whoever_proves_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let embedded = Signer::imported(&ada.private_key);
    for signer in [embedded, Signer::ethereum(1)] {
        for path in ["/wallets/signin", "/verify", "/wallets/verify", "/verify/link"] {
            let mut proof = lab.proof(&signer);
            proof["signedMessage"] =
                Signer::ethereum(2).sign(proof["messageToSign"].as_str().unwrap()).into();
            let ask = lab.post(path).body(proof);
            let ask = if path.contains("signin") || path == "/verify" { ask } else { ask.by(&ada) };
            ask.send().refused(422, "invalid_wallet_signature");
        }
    }
}

#[test]
fn a_contract_wallet_is_said_to_be_out_of_reach() {
    let mut lab = Lab::new();
    let mut proof = lab.proof(&Signer::ethereum(1));
    proof["walletProvider"] = "smartContractWallet".into();
    lab.try_wallet_sign_in(proof).refused(501, "not_implemented");
}

#[test]
fn a_body_is_whole() {
    let mut lab = Lab::new();
    let proof = lab.proof(&Signer::ethereum(1));
    for name in
        ["chain", "publicWalletAddress", "messageToSign", "signedMessage", "walletName", "walletProvider"]
    {
        let mut proof = proof.clone();
        proof.as_object_mut().unwrap().remove(name);
        lab.try_wallet_sign_in(proof).refused(422, "invalid_request");
    }
    for name in ["", "meta\nmask", &"m".repeat(101)] {
        let mut proof = proof.clone();
        proof["walletName"] = name.into();
        lab.try_wallet_sign_in(proof).refused(422, "invalid_wallet_name");
    }
    // None of them looked at the nonce.
    lab.try_wallet_sign_in(proof).ok();
}

#[test]
fn a_connected_wallet_is_no_proof() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person("ada@example.com");
    let connected = json!({
        "address": signer.address(), "chain": "EVM", "provider": "browserExtension", "walletName": "metamask",
        "authMode": "connect-only",
    });
    lab.post("/connect").by(&ada).body(connected).send().ok();
    assert_eq!(credential(&lab.user(&ada).ok(), &signer), None);
    let proof = lab.proof(&signer);
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "wallet_not_linked");
}

#[test]
fn a_link_wants_an_elevation_by_header_or_held_and_grants_no_scopes() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    let ada = lab.person("ada@example.com");
    let proof = lab.proof(&ethereum);
    lab.post("/verify/link").by(&ada).body(proof.clone()).send().not_elevated();
    let wrong = lab.elevate(&ada, &["credential:unlink"]);
    lab.post("/verify/link").by(&ada).elevated(&wrong).body(proof.clone()).send().not_elevated();
    let token = lab.elevate(&ada, &["credential:link"]);
    // Nobody looked at the message before.
    let answer = lab.post("/verify/link").by(&ada).elevated(&token).body(proof).send().ok();
    assert_eq!(credential(&answer, &ethereum).unwrap()["signInEnabled"], true);
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    let answer = lab.try_link(&ada, &solana, "").ok();
    assert!(credential(&answer, &solana).is_some());
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "what was linked just now proves nothing");
    lab.export(&ada, None).not_elevated();
    lab.post("/verify/link").send().refused(401, "unauthorized");
}

#[test]
fn a_linked_wallet_elevates_and_signs_in_from_the_next_request_on() {
    let mut lab = Lab::new();
    let signer = Signer::solana(1);
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    lab.try_link(&ada, &signer, "").ok();
    let token = lab.elevate_with(&ada, &signer, &["wallet:export"]);
    lab.export(&ada, Some(&token)).ok();
    assert_eq!(lab.wallet_sign_in(&signer).id, ada.id);
    // Once more it is no second one.
    let answer = lab.try_link(&ada, &signer, "").ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_eq!(answer.body["user"]["verifiedCredentials"].as_array().unwrap().len(), 3);
}

#[test]
fn a_single_use_elevation_links_one_wallet_and_a_refused_one_does_not_spend_it() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link", "wallet:export"]);
    let text = lab.note(&ethereum).text();
    let mut forged = body(&ethereum, &text);
    forged["signedMessage"] = Signer::ethereum(2).sign(&text).into();
    let answer = lab.post("/verify/link").by(&ada).elevated(&token).body(forged).send();
    answer.refused(422, "invalid_wallet_signature");
    lab.try_link(&ada, &ethereum, &token).ok();
    lab.try_link(&ada, &solana, &token).not_elevated();
}

#[test]
fn a_wallet_belongs_to_one_user() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let bob = lab.person("bob@example.com");
    lab.elevate(&bob, &["credential:link"]);
    lab.try_link(&bob, &signer, "").refused(422, "reassign_wallet_error");
    assert_eq!(credential(&lab.user(&bob).ok(), &signer), None);
    lab.elevate(&ada, &["user:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    lab.try_link(&bob, &signer, "").ok();
    assert_eq!(lab.wallet_sign_in(&signer).id, bob.id);
}

#[test]
fn where_only_the_first_credential_signs_in_a_linked_wallet_neither_signs_in_nor_elevates() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "auth": { "allowMultipleCredentialsForSignIn": false } } }));
    let signer = Signer::ethereum(1);
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let answer = lab.try_link(&ada, &signer, "").ok();
    assert_eq!(credential(&answer, &signer).unwrap()["signInEnabled"], false);
    let proof = lab.proof(&signer);
    lab.try_wallet_sign_in(proof).refused(403, "credential_not_enabled_for_sign_in");
    let proof = lab.proof(&signer);
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(403, "credential_not_enabled_for_sign_in");
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(check.body["credentials"].as_array().unwrap().len(), 1);
}

#[test]
fn with_a_second_factor_a_wallet_does_not_elevate_and_nobody_looks_at_its_message() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    lab.register_app(&ada);
    lab.elevate_with(&ada, &signer, &["wallet:export"]);
    let app = lab.enrol(&ada);
    let proof = lab.proof(&signer);
    lab.try_wallet(&ada, proof.clone(), &["wallet:export"]).refused(403, "mfa_required");
    let answer = lab.try_wallet(&ada, proof, &[]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(check.body["credentials"][0]["id"], app.id);
    assert_eq!(check.body["credentials"].as_array().unwrap().len(), 1);
}

#[test]
fn a_device_signature_is_checked_and_wanted_as_with_codes() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    lab.elevate(&ada, &["credential:link"]);
    let paths = ["/wallets/signin", "/verify", "/wallets/verify", "/verify/link"];
    for path in paths {
        let proof = lab.proof(&signer);
        let answer = lab.post(path).by(&ada).header("x-dynamic-device-nonce", "x").body(proof.clone()).send();
        answer.refused(403, "invalid_device_signature");
        lab.post(path).by(&ada).body(proof).send().ok();
    }
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    // Clients sign no nonce for this one.
    let proof = lab.proof(&signer);
    lab.post("/wallets/signin").body(proof).send().ok();
    for path in &paths[1..] {
        let proof = lab.proof(&signer);
        lab.post(path).by(&ada).body(proof).send().refused(403, "device_signature_required");
    }
}

#[test]
fn wallets_outlive_a_restart() {
    let mut lab = Lab::new();
    let signer = Signer::solana(1);
    let ada = lab.wallet_sign_in(&signer);
    let proof = lab.proof(&signer);
    let mut lab = lab.restarted();
    lab.try_wallet(&ada, proof.clone(), &["wallet:export"]).ok();
    let mut lab = lab.restarted();
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "invalid_nonce");
}

#[test]
fn a_fixture_user_has_the_wallets_that_were_asked_for() {
    let mut lab = Lab::new();
    let [ethereum, solana] = signers();
    let wallet = |signer: &Signer| json!({ "address": signer.address(), "chain": signer.chain() });
    let named = json!({
        "address": ethereum.address().to_lowercase(), "chain": "ETH",
        "walletName": "rabby", "walletProvider": "walletConnect",
    });
    let create = |lab: &mut Lab, body: Value| lab.at(Method::Post, "/sandbox/users").body(body).send();
    let answer = create(&mut lab, json!({ "wallets": [named, wallet(&solana)] })).ok();
    let first = credential(&answer, &ethereum).unwrap();
    assert_eq!(
        (&first["wallet_name"], &first["wallet_provider"]),
        (&json!("rabby"), &json!("walletConnect"))
    );
    assert_eq!(first["signInEnabled"], true);
    assert_eq!(answer.body["user"]["lastVerifiedCredentialId"], first["id"]);
    assert_eq!(answer.body["wallets"].as_array().unwrap().len(), 1, "keys of the embedded one only");
    assert_eq!(lab.wallet_sign_in(&solana).id, answer.body["user"]["id"].as_str().unwrap());
    let other = wallet(&Signer::ethereum(9));
    for (body, status, code) in [
        (json!({ "wallets": [wallet(&solana)] }), 422, "wallet_taken"),
        (json!({ "wallets": [other, other] }), 422, "wallet_taken"),
        (json!({ "wallets": [{ "address": "0x", "chain": "EVM" }] }), 422, "invalid_wallet_address"),
        (json!({ "wallets": [{ "address": "0x", "chain": "BTC" }] }), 422, "unsupported_chain"),
        (
            json!({ "wallets": [{ "address": ethereum.address(), "chain": "EVM", "key": 1 }] }),
            422,
            "invalid_request",
        ),
        (json!({ "wallets": [] }), 422, "invalid_request"),
    ] {
        create(&mut lab, body).refused(status, code);
    }
    for (provider, status) in [("embeddedWallet", 403), ("smartContractWallet", 501)] {
        let mut wallet = other.clone();
        wallet["walletProvider"] = provider.into();
        assert_eq!(create(&mut lab, json!({ "wallets": [wallet] })).status, status);
    }
    create(&mut lab, json!({ "email": "ada@example.com", "wallets": [other] })).ok();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_message_that_was_changed_after_it_was_signed_elevates_nobody(
        is_solana in any::<bool>(),
        at in any::<prop::sample::Index>(),
        with in "[ -~\n]",
    ) {
        let mut lab = Lab::new();
        let signer = if is_solana { Signer::solana(1) } else { Signer::ethereum(1) };
        let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
        let text = lab.note(&signer).text();
        let ascii: Vec<_> = text.char_indices().filter(|(_, it)| it.is_ascii()).collect();
        let (place, _) = ascii[at.index(ascii.len())];
        let mut changed = text.clone();
        changed.replace_range(place..=place, &with);
        let mut proof = body(&signer, &text);
        proof["messageToSign"] = changed.clone().into();
        let answer = lab.try_wallet(&ada, proof, &["wallet:export"]);
        prop_assert_eq!(answer.status == 200, changed == text, "{}", answer.body);
        prop_assert_eq!(answer.body.get("elevatedAccessToken").is_some(), changed == text);
    }

    #[test]
    fn whatever_is_sent_as_a_proof_is_refused_or_right(
        message in "\\PC{0,60}",
        signature in "(0x)?[0-9a-zA-Z+/=]{0,140}",
        address in "(0x)?[0-9a-zA-Z]{0,50}",
        chain in proptest::sample::select(vec!["EVM", "SOL", "ETH", "BTC", ""]),
    ) {
        let mut lab = Lab::new();
        let answer = lab.try_wallet_sign_in(json!({
            "chain": chain, "publicWalletAddress": address, "messageToSign": message,
            "signedMessage": signature, "walletName": "w", "walletProvider": "qrCode",
        }));
        prop_assert_eq!(answer.status, 422, "{}", answer.body);
    }
}
