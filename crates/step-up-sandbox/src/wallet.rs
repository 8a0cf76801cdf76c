//! Embedded wallets: a throw-away key for each user, which the sandbox made and keeps.

use k256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use step_up_core::{Credential, CredentialFormat, UserId, WalletProvider};

use crate::{
    ethereum, random,
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
    let address = ethereum::checksummed(&ethereum::address_of(key.verifying_key()));
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
        let hash = ethereum::message_hash(message);
        let (signature, recovery) = key.sign_prehash_recoverable(&hash);
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + recovery.to_byte());
        Ok(format!("0x{}", base16ct::lower::encode_string(&bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key whose number is one: its address is known to everybody.
    #[test]
    fn a_signature_leads_back_to_the_address() {
        let wallet = Wallet {
            user: "u".into(),
            private_key: format!("{:064x}", 1),
            address: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf".into(),
        };
        let message = "Gr\u{fc}\u{df}e\nfrom the sandbox";
        let signer = ethereum::signer_of(message, &wallet.sign(message).unwrap()).unwrap();
        assert_eq!(ethereum::checksummed(&signer), wallet.address);
    }
}
