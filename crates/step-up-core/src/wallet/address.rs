//! How an address is written.
//!
//! EIP-4361 wants the checksum of EIP-55 in its messages, and many wallets give addresses without it. The hash that it
//! takes is less than a kilobyte in the browser, compressed, so the checksum is always there, whoever gave the address.

use sha3::{Digest as _, Keccak256};

use super::WalletChain;
use crate::error::{Result, StepUpError};

/// The address as a message and the service have it.
///
/// # Errors
///
/// [`WalletFailed`](StepUpError::WalletFailed) where it is none of that chain.
pub(crate) fn spell(chain: WalletChain, address: &str) -> Result<String> {
    let spelled = match chain {
        WalletChain::Evm => checksummed(address),
        WalletChain::Solana => is_base58(address).then(|| address.to_owned()),
    };
    spelled.ok_or_else(|| StepUpError::WalletFailed { why: "what it gave is no address".into() })
}

/// [EIP-55](https://eips.ethereum.org/EIPS/eip-55): a letter is a capital where the hash of the address in lower case has
/// a digit of 8 or more.
fn checksummed(address: &str) -> Option<String> {
    let digits = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X"))?.to_ascii_lowercase();
    if digits.len() != 40 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let hash = Keccak256::digest(digits.as_bytes());
    let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let spelled = digits
        .chars()
        .zip(halves)
        .map(|(digit, half)| if half >= 8 { digit.to_ascii_uppercase() } else { digit });
    Some("0x".chars().chain(spelled).collect())
}

/// Whether it may be 32 bytes in Base58, which has no `0`, `I`, `O` and `l`.
fn is_base58(address: &str) -> bool {
    (32..=44).contains(&address.len())
        && address.bytes().all(|byte| byte.is_ascii_alphanumeric() && !b"0IOl".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_checksum_of_eip_55() {
        // The examples of EIP-55.
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            for given in [address.to_lowercase(), address.to_uppercase(), address.to_owned()] {
                assert_eq!(spell(WalletChain::Evm, &given).unwrap(), address);
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let good = "0x52908400098527886E0F7030069857D2E4169EE7";
        let long = format!("{good}0");
        for wrong in ["", "0x", &good[2..], &good[..41], &long, "0x52908400098527886E0F7030069857D2E4169E\n7"]
        {
            assert!(spell(WalletChain::Evm, wrong).is_err(), "{wrong:?}");
        }
        let solana = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv";
        assert_eq!(spell(WalletChain::Solana, solana).unwrap(), solana);
        for wrong in ["", good, "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiB\nURI: x", &solana.replace('7', "0")] {
            assert!(spell(WalletChain::Solana, wrong).is_err(), "{wrong:?}");
        }
    }
}
