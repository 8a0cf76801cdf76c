//! Embedded wallets: a throw-away key for each user, which the sandbox made and keeps.

use k256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use step_up_core::{Credential, CredentialFormat, UserId, WalletProvider};

use crate::{
    random,
    store::{StoreError, Table},
    world::World,
};

/// A wallet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Wallet {
    pub(crate) user: UserId,
    /// 64 hexadecimal digits.
    private_key: String,
    /// With the checksum of EIP-55.
    pub(crate) address: String,
}

pub(crate) const WALLETS: Table<Wallet> = Table::new("wallets");

/// A new wallet of the user, as a credential. It may not sign in: it signs without the user, so it proves nothing.
pub(crate) fn create(world: &mut World<'_>, user: &UserId) -> Result<Credential, StoreError> {
    let (private_key, key) = loop {
        // One draw in 2^128 is no scalar of the curve.
        let bytes = random::bytes(&mut world.tx)?;
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            break (bytes, key);
        }
    };
    let address = address_of(&key);
    let wallet = Wallet {
        user: user.clone(),
        private_key: base16ct::lower::encode_string(&private_key),
        address: address.clone(),
    };
    let id = random::uuid(&mut world.tx)?;
    WALLETS.put(&mut world.tx, &id, &wallet)?;
    let mut credential = Credential::new(random::uuid(&mut world.tx)?, CredentialFormat::Blockchain);
    credential.address = Some(address.clone());
    credential.chain = Some("eip155".into());
    credential.wallet_name = Some("dynamicwaas".into());
    credential.wallet_provider = Some(WalletProvider::EmbeddedWallet);
    credential.embedded_wallet_id = Some(id);
    credential.public_identifier = Some(address);
    Ok(credential)
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (id, wallet) in WALLETS.list(&world.tx, "")? {
        if wallet.user == *user {
            WALLETS.delete(&mut world.tx, &id);
        }
    }
    Ok(())
}

impl Wallet {
    /// `0x` and 64 hexadecimal digits.
    pub(crate) fn exported(&self) -> String {
        format!("0x{}", self.private_key)
    }

    /// The signature of a message for people, `0x` and 130 hexadecimal digits
    /// ([EIP-191](https://eips.ethereum.org/EIPS/eip-191), version `E`).
    pub(crate) fn sign(&self, message: &str) -> Result<String, StoreError> {
        let corrupt = || StoreError::Corrupt { collection: WALLETS.name().into() };
        let bytes = base16ct::lower::decode_vec(&self.private_key).map_err(|_| corrupt())?;
        let key = SigningKey::from_slice(&bytes).map_err(|_| corrupt())?;
        let hash = message_hash(message);
        let (signature, recovery) = key.sign_prehash_recoverable(&hash);
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + recovery.to_byte());
        Ok(format!("0x{}", base16ct::lower::encode_string(&bytes)))
    }
}

fn message_hash(message: &str) -> [u8; 32] {
    let prefixed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
    Keccak256::digest(prefixed.as_bytes()).into()
}

fn address_of(key: &SigningKey) -> String {
    let point = key.verifying_key().to_sec1_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    checksummed(&base16ct::lower::encode_string(&hash[12..]))
}

/// An address in lower case with the checksum of [EIP-55](https://eips.ethereum.org/EIPS/eip-55): a letter is a
/// capital where the hash of the address has a digit of 8 or more.
fn checksummed(lower: &str) -> String {
    let hash = base16ct::lower::encode_string(&Keccak256::digest(lower.as_bytes()));
    let digits = lower
        .chars()
        .zip(hash.chars())
        .map(|(digit, hashed)| if matches!(hashed, '8'..='f') { digit.to_ascii_uppercase() } else { digit });
    format!("0x{}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

    use super::*;

    /// The key whose number is one: its address is known to everybody.
    fn wallet() -> Wallet {
        let private_key = format!("{:064x}", 1);
        let key = SigningKey::from_slice(&base16ct::lower::decode_vec(&private_key).unwrap()).unwrap();
        Wallet { user: "u".into(), private_key, address: address_of(&key) }
    }

    #[test]
    fn addresses_are_those_of_ethereum() {
        assert_eq!(wallet().address, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
        // The examples of EIP-55.
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        ] {
            assert_eq!(checksummed(&address[2..].to_lowercase()), address);
        }
    }

    #[test]
    fn a_signature_leads_back_to_the_address() {
        let wallet = wallet();
        let message = "Gr\u{fc}\u{df}e\nfrom the sandbox";
        let signature = wallet.sign(message).unwrap();
        let bytes = base16ct::lower::decode_vec(&signature[2..]).unwrap();
        let recovery = RecoveryId::from_byte(bytes[64] - 27).unwrap();
        let signature = Signature::from_slice(&bytes[..64]).unwrap();
        let key = VerifyingKey::recover_from_prehash(&message_hash(message), &signature, recovery).unwrap();
        let hash = Keccak256::digest(&key.to_sec1_point(false).as_bytes()[1..]);
        assert_eq!(checksummed(&base16ct::lower::encode_string(&hash[12..])), wallet.address);
    }

    #[test]
    fn the_message_hash_is_that_of_eip_191() {
        // keccak256("\x19Ethereum Signed Message:\n11Hello World")
        assert_eq!(
            base16ct::lower::encode_string(&message_hash("Hello World")),
            "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"
        );
    }
}
