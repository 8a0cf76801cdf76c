//! Wallets outside the app: to sign in, to step up, to link one.

use serde::Deserialize;
use serde_json::{Map, Value};
use step_up_core::{CredentialId, TokenScope, WalletProvider};

use crate::{
    account::{self, Account},
    call::Call,
    elevation::{self, Proof as ElevationProof},
    external_wallet::{self, Address, ExternalWallet, Proof, unsupported_chain},
    guesses::Strength,
    mfa,
    reply::{Outcome, Refusal, done, ok},
    session::{self, Session},
    settings::Rules,
    world::World,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    chain: String,
    network: Option<String>,
    public_wallet_address: String,
    message_to_sign: String,
    signed_message: String,
    wallet_name: String,
    wallet_provider: WalletProvider,
    session_public_key: Option<String>,
    #[serde(rename = "requestedScopes")]
    scopes: Option<Vec<String>>,
}

impl Body {
    fn scopes(&self) -> Outcome<Vec<TokenScope>> {
        elevation::known_scopes(self.scopes.as_deref().unwrap_or_default())
    }

    /// The wallet that the request is about. Nothing is proven yet.
    fn wallet(&self, world: &World<'_>) -> Outcome<ExternalWallet> {
        let address = Address::parse(&self.chain, &self.public_wallet_address)?;
        if !Rules::load(&world.tx)?.is_chain_enabled(address.setting()) {
            return Err(unsupported_chain("The environment takes no wallets of this chain.").into());
        }
        ExternalWallet::new(address, &self.wallet_name, self.wallet_provider.clone())
    }

    /// Refuses a signature that does not prove it, and a proof that is worth nothing.
    fn evaluate(&self, call: &mut Call<'_>, address: Address) -> Outcome<()> {
        let proof = Proof {
            address,
            network: self.network.as_deref(),
            message: &self.message_to_sign,
            signature: &self.signed_message,
        };
        proof.evaluate(call)?;
        external_wallet::ensure_not_embedded(&call.world, &address)
    }
}

/// Hears that a page is connected to a wallet, as official clients tell. That proves nothing.
pub(super) fn connect(call: &mut Call<'_>) -> Outcome {
    call.body::<Map<String, Value>>()?;
    done()
}

/// Signs in. Whoever proves a wallet that nobody has is a new user. Nobody was signed in before, so nothing is elevated.
///
/// Clients sign a nonce with the device key for `/verify` and not for `/wallets/signin`.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    if call.request.path().ends_with("/verify") {
        call.check_device()?;
    } else {
        call.check_device_if_signed()?;
    }
    let body: Body = call.body()?;
    body.scopes()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let wallet = body.wallet(&call.world)?;
    body.evaluate(call, wallet.address)?;
    let world = &mut call.world;
    let mut account = match external_wallet::owner(world, &wallet.address)? {
        Some(mut account) => {
            account.last_visit = world.now;
            account
        }
        None => account::create_with(world, |world, account| {
            external_wallet::link(world, account, &wallet, true)
        })?,
    };
    let credential = match external_wallet::credential_of(&account, &wallet.address) {
        Some(credential) if credential.sign_in_enabled => credential.id.clone(),
        _ => return Err(not_enabled().into()),
    };
    account.last_verified_credential = Some(credential.clone());
    account::save(world, &account)?;
    let session = session::start(world, &account, &credential, public_key)?;
    call.notes.user = Some(account.id.as_str().to_owned());
    ok(&session::verified(&call.world, &session, &account, None)?)
}

/// Verifies the session's user with a wallet that was theirs before, for the scopes that are asked for. Unlike with a code,
/// another wallet is no link here: clients have a call of its own for that.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let mut session = call.session()?;
    call.check_device_of(&session)?;
    let body: Body = call.body()?;
    let scopes = body.scopes()?;
    let wallet = body.wallet(&call.world)?;
    let account = account::of_session(&call.world, &session)?;
    let credential = match external_wallet::credential_of(&account, &wallet.address) {
        Some(credential) if credential.sign_in_enabled => credential.id.clone(),
        Some(_) => return Err(not_enabled().into()),
        None => {
            // Whose it is is told only to whoever proves that it is theirs.
            body.evaluate(call, wallet.address)?;
            return Err(not_theirs(&call.world, wallet.address)?.into());
        }
    };
    mfa::ensure_may_elevate(&call.world, &account.id, &scopes)?;
    body.evaluate(call, wallet.address)?;
    let elevated_token = elevation::grant(&mut call.world, &session, &scopes)?;
    session::prove(&mut call.world, &mut session, Strength::First)?;
    answer(call, session, account, credential, elevated_token)
}

/// Links a wallet. It grants no scopes: what was linked just now proves nothing.
pub(super) fn link(call: &mut Call<'_>) -> Outcome {
    let mut session = call.session()?;
    call.check_device_of(&session)?;
    let permit = call.demand(&session, &TokenScope::CredentialLink, ElevationProof::HeaderOrHeld)?;
    let body: Body = call.body()?;
    body.scopes()?;
    let wallet = body.wallet(&call.world)?;
    body.evaluate(call, wallet.address)?;
    let world = &mut call.world;
    let mut account = account::of_session(world, &session)?;
    let credential = match external_wallet::credential_of(&account, &wallet.address) {
        Some(credential) => credential.id.clone(),
        None if external_wallet::owner(world, &wallet.address)?.is_some() => {
            return Err(somebody_elses().into());
        }
        None => {
            let may_sign_in = Rules::load(&world.tx)?.allows_multiple_credentials();
            external_wallet::link(world, &mut account, &wallet, may_sign_in)?
        }
    };
    permit.spend(world)?;
    session::void_others(world, &session)?;
    session::renew(world, &mut session)?;
    answer(call, session, account, credential, None)
}

fn answer(
    call: &mut Call<'_>,
    mut session: Session,
    mut account: Account,
    credential: CredentialId,
    elevated_token: Option<String>,
) -> Outcome {
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential;
    account::save(&mut call.world, &account)?;
    session::save(&mut call.world, &session)?;
    ok(&session::verified(&call.world, &session, &account, elevated_token)?)
}

fn not_enabled() -> Refusal {
    Refusal::new(
        403,
        "credential_not_enabled_for_sign_in",
        "This wallet is linked to an account and may not sign in to it.",
    )
}

fn not_theirs(world: &World<'_>, address: Address) -> Outcome<Refusal> {
    Ok(match external_wallet::owner(world, &address)? {
        Some(_) => somebody_elses(),
        None => Refusal::unprocessable("wallet_not_linked", "This wallet is not linked to the account."),
    })
}

fn somebody_elses() -> Refusal {
    Refusal::unprocessable("reassign_wallet_error", "This wallet belongs to another account.")
}
