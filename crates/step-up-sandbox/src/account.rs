//! Users: their credentials, and the fields that they may set themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use step_up_core::{Credential, CredentialFormat, CredentialId, Timestamp, User, UserId};

use crate::{
    address::Address,
    email::Email,
    external, external_wallet, guesses, mfa, otp,
    phone::Phone,
    random, recovery, session,
    session::{SESSION_SCOPE, Session},
    social::{SocialProvider, account::SocialAccount},
    store::{StoreError, Table},
    time, wallet,
    world::World,
};

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    /// In the order they were linked.
    pub(crate) credentials: Vec<LinkedCredential>,
    pub(crate) last_verified_credential: Option<CredentialId>,
    /// The main address.
    pub(crate) email: Option<Email>,
    /// The main number.
    pub(crate) phone: Option<Phone>,
    /// What the user set themselves, under its name on the wire.
    pub(crate) fields: Map<String, Value>,
    #[serde(with = "time::millis")]
    pub(crate) first_visit: Timestamp,
    #[serde(with = "time::millis")]
    pub(crate) last_visit: Timestamp,
}

/// A credential, and when it was verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LinkedCredential {
    #[serde(flatten)]
    pub(crate) credential: Credential,
    #[serde(rename = "verifiedAt")]
    pub(crate) verified_at: String,
    #[serde(flatten)]
    social: Option<SocialFields>,
}

/// What a social credential has beside the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SocialFields {
    #[serde(rename = "oauth_account_id")]
    account_id: String,
    #[serde(rename = "oauth_username")]
    username: String,
    #[serde(rename = "oauth_emails")]
    emails: Vec<String>,
}

pub(crate) const ACCOUNTS: Table<Account> = Table::new("accounts");

/// Whose credential an address is, by its text. An address belongs to one user.
pub(crate) const ADDRESSES: Table<UserId> = Table::new("addresses");

/// A new user with this address, which is verified, and an embedded wallet.
pub(crate) fn create(world: &mut World<'_>, address: &Address) -> Result<Account, StoreError> {
    create_with(world, |world, account| link(world, account, address, true))
}

/// A new user with this social account and an embedded wallet. The address that the provider knows is not theirs by that.
pub(crate) fn create_social(
    world: &mut World<'_>,
    provider: SocialProvider,
    social: &SocialAccount,
) -> Result<Account, StoreError> {
    create_with(world, |world, account| link_social(world, account, provider, social, true))
}

/// A new user with the credential that `link` gives them, and an embedded wallet.
pub(crate) fn create_with(
    world: &mut World<'_>,
    link: impl FnOnce(&mut World<'_>, &mut Account) -> Result<CredentialId, StoreError>,
) -> Result<Account, StoreError> {
    let mut account = Account {
        id: random::uuid(&mut world.tx)?.into(),
        credentials: Vec::new(),
        last_verified_credential: None,
        email: None,
        phone: None,
        fields: Map::new(),
        first_visit: world.now,
        last_visit: world.now,
    };
    let credential = link(world, &mut account)?;
    account.last_verified_credential = Some(credential);
    let wallet = wallet::create(world, &account.id)?;
    account.credentials.push(LinkedCredential::now(world, wallet));
    save(world, &account)?;
    Ok(account)
}

/// Makes a verified address a credential of the user. The account is not saved yet.
pub(crate) fn link(
    world: &mut World<'_>,
    account: &mut Account,
    address: &Address,
    is_sign_in_enabled: bool,
) -> Result<CredentialId, StoreError> {
    let id = CredentialId::from(random::uuid(&mut world.tx)?);
    let mut credential = address.credential(id.clone());
    credential.sign_in_enabled = is_sign_in_enabled;
    account.credentials.push(LinkedCredential::now(world, credential));
    ADDRESSES.put(&mut world.tx, &address.text(), &account.id)?;
    if !account.has_main(address) {
        account.set_main(address);
    }
    Ok(id)
}

/// Takes a credential from the user, and makes what it is nobody's. The account is not saved yet.
pub(crate) fn unlink(
    world: &mut World<'_>,
    account: &mut Account,
    credential: &Credential,
) -> Result<(), StoreError> {
    account.credentials.retain(|linked| linked.credential.id != credential.id);
    if account.last_verified_credential.as_ref() == Some(&credential.id) {
        account.last_verified_credential = None;
    }
    if let Some(address) = Address::of(credential) {
        ADDRESSES.delete(&mut world.tx, &address.text());
        account.forget_main(&address);
    }
    if credential.format == CredentialFormat::Blockchain {
        external_wallet::release(world, credential);
    }
    external::release(world, &credential.id)
}

/// Makes a social account a credential of the user. The user is not saved yet.
pub(crate) fn link_social(
    world: &mut World<'_>,
    account: &mut Account,
    provider: SocialProvider,
    social: &SocialAccount,
    is_sign_in_enabled: bool,
) -> Result<CredentialId, StoreError> {
    let id = CredentialId::from(random::uuid(&mut world.tx)?);
    let mut credential = Credential::new(id.clone(), CredentialFormat::Oauth);
    credential.sign_in_enabled = is_sign_in_enabled;
    credential.oauth_provider = Some(provider.into());
    credential.oauth_display_name = Some(social.username.clone());
    credential.public_identifier = Some(social.label().to_owned());
    let mut linked = LinkedCredential::now(world, credential);
    linked.social = Some(SocialFields {
        account_id: social.id.clone(),
        username: social.username.clone(),
        emails: social.email.iter().cloned().collect(),
    });
    account.credentials.push(linked);
    Ok(id)
}

/// The user who has this social account.
pub(crate) fn of_social(
    world: &World<'_>,
    provider: SocialProvider,
    social: &SocialAccount,
) -> Result<Option<Account>, StoreError> {
    let accounts = ACCOUNTS.list(&world.tx, "")?.into_iter().map(|(_, account)| account);
    Ok(accounts.into_iter().find(|account| account.social_credential(provider, social).is_some()))
}

pub(crate) fn save(world: &mut World<'_>, account: &Account) -> Result<(), StoreError> {
    ACCOUNTS.put(&mut world.tx, account.id.as_str(), account)
}

/// The user of a session, who exists for as long as it does.
pub(crate) fn of_session(world: &World<'_>, session: &Session) -> Result<Account, StoreError> {
    ACCOUNTS
        .known(&world.tx, session.user.as_str())?
        .ok_or_else(|| StoreError::Corrupt { collection: ACCOUNTS.name().into() })
}

/// Returns the identifier of the user who has this address.
pub(crate) fn owner_of(world: &World<'_>, address: &Address) -> Result<Option<UserId>, StoreError> {
    ADDRESSES.get(&world.tx, &address.text())
}

/// The user who has this address.
pub(crate) fn of_address(world: &World<'_>, address: &Address) -> Result<Option<Account>, StoreError> {
    match owner_of(world, address)? {
        Some(user) => ACCOUNTS.get(&world.tx, user.as_str()),
        None => Ok(None),
    }
}

/// Deletes a user and all that is theirs.
pub(crate) fn delete(world: &mut World<'_>, account: &Account) -> Result<(), StoreError> {
    session::end_all_of(world, &account.id)?;
    otp::drop_all_of(world, &account.id)?;
    external::drop_all_of(world, &account.id)?;
    wallet::delete_all_of(world, &account.id)?;
    external_wallet::release_all_of(world, &account.id)?;
    mfa::delete_all_of(world, &account.id)?;
    guesses::delete_all_of(world, &account.id)?;
    recovery::delete_all_of(world, &account.id);
    for (address, user) in ADDRESSES.list(&world.tx, "")? {
        if user == account.id {
            ADDRESSES.delete(&mut world.tx, &address);
        }
    }
    ACCOUNTS.delete(&mut world.tx, account.id.as_str());
    Ok(())
}

impl LinkedCredential {
    pub(crate) fn now(world: &World<'_>, credential: Credential) -> Self {
        Self { credential, verified_at: time::iso8601(world.now), social: None }
    }
}

impl Account {
    /// The user's credential for this address.
    pub(crate) fn credential_of(&self, address: &Address) -> Option<&Credential> {
        self.credentials.iter().map(|linked| &linked.credential).find(|credential| address.is_of(credential))
    }

    /// Whether the user has a main address of this kind.
    fn has_main(&self, address: &Address) -> bool {
        match address {
            Address::Email(_) => self.email.is_some(),
            Address::Phone(_) => self.phone.is_some(),
        }
    }

    /// Makes it the user's main address of its kind.
    pub(crate) fn set_main(&mut self, address: &Address) {
        match address {
            Address::Email(email) => self.email = Some(email.clone()),
            Address::Phone(phone) => self.phone = Some(phone.clone()),
        }
    }

    /// Where it was the user's main address of its kind, the one that was linked first takes its place.
    fn forget_main(&mut self, address: &Address) {
        let mut left = self.credentials.iter().filter_map(|linked| Address::of(&linked.credential));
        match address {
            Address::Email(email) if self.email.as_ref() == Some(email) => {
                self.email =
                    left.find_map(|it| if let Address::Email(email) = it { Some(email) } else { None });
            }
            Address::Phone(phone) if self.phone.as_ref() == Some(phone) => {
                self.phone =
                    left.find_map(|it| if let Address::Phone(phone) = it { Some(phone) } else { None });
            }
            _ => {}
        }
    }

    /// The user's credential for this social account.
    pub(crate) fn social_credential(
        &self,
        provider: SocialProvider,
        social: &SocialAccount,
    ) -> Option<&Credential> {
        let mut linked = self.social_links(provider);
        linked.find(|(_, fields)| fields.account_id == social.id).map(|(credential, _)| credential)
    }

    /// The user's accounts at a provider.
    pub(crate) fn social_accounts(&self, provider: SocialProvider) -> impl Iterator<Item = SocialAccount> {
        self.social_links(provider).map(|(_, fields)| SocialAccount {
            id: fields.account_id.clone(),
            username: fields.username.clone(),
            email: fields.emails.first().cloned(),
        })
    }

    fn social_links(&self, provider: SocialProvider) -> impl Iterator<Item = (&Credential, &SocialFields)> {
        let links = self.credentials.iter().filter_map(|it| Some((&it.credential, it.social.as_ref()?)));
        links.filter(move |(credential, _)| {
            credential.oauth_provider.as_ref().is_some_and(|known| known.as_str() == provider.name())
        })
    }

    /// What the user may re-authenticate with: an embedded wallet signs without them, so it is none of these.
    pub(crate) fn reauthenticators(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().map(|linked| &linked.credential).filter(|credential| {
            credential.sign_in_enabled
                && match credential.format {
                    CredentialFormat::Email | CredentialFormat::PhoneNumber | CredentialFormat::Oauth => true,
                    CredentialFormat::Blockchain => !credential.is_embedded_wallet(),
                    _ => false,
                }
        })
    }

    /// The user as clients read them (`docs/PROTOCOL.md`, "Verification answers").
    pub(crate) fn to_json(&self, world: &World<'_>, session: Option<&Session>) -> Result<Value, StoreError> {
        let unwritable = || StoreError::Failed { why: "a user that is no JSON".into() };
        let mut user = User::new(self.id.clone(), world.config.environment_id());
        user.email = self.email.as_ref().map(|email| email.as_str().to_owned());
        user.scope = Some(SESSION_SCOPE.to_owned());
        user.last_verified_credential_id.clone_from(&self.last_verified_credential);
        let mut json = serde_json::to_value(&user).map_err(|_| unwritable())?;
        json["verifiedCredentials"] = serde_json::to_value(&self.credentials).map_err(|_| unwritable())?;
        json["phoneNumber"] = self.phone.as_ref().map(Phone::e164).into();
        json["firstVisit"] = time::iso8601(self.first_visit).into();
        json["lastVisit"] = time::iso8601(self.last_visit).into();
        json["newUser"] = (self.first_visit == self.last_visit).into();
        json["missingFields"] = json!([]);
        json["lists"] = json!([]);
        json[recovery::ACKNOWLEDGEMENT] = Value::Null;
        if let Some(session) = session {
            json["sessionId"] = session.id.clone().into();
        }
        for (name, value) in &self.fields {
            json[name] = value.clone();
        }
        Ok(json)
    }
}
