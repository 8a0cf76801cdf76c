//! Users: their credentials, and the fields that they may set themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use step_up_core::{Credential, CredentialFormat, CredentialId, Timestamp, User, UserId};

use crate::{
    email::Email,
    guesses, mfa, otp, random, recovery, session,
    session::{SESSION_SCOPE, Session},
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
}

pub(crate) const ACCOUNTS: Table<Account> = Table::new("accounts");

/// Whose credential an email address is. An address belongs to one user.
pub(crate) const ADDRESSES: Table<UserId> = Table::new("addresses");

/// A new user with this address, which is verified, and an embedded wallet.
pub(crate) fn create(world: &mut World<'_>, email: &Email) -> Result<Account, StoreError> {
    let mut account = Account {
        id: random::uuid(&mut world.tx)?.into(),
        credentials: Vec::new(),
        last_verified_credential: None,
        email: None,
        fields: Map::new(),
        first_visit: world.now,
        last_visit: world.now,
    };
    let credential = link_email(world, &mut account, email, true)?;
    account.last_verified_credential = Some(credential);
    let wallet = wallet::create(world, &account.id)?;
    account.credentials.push(LinkedCredential::now(world, wallet));
    save(world, &account)?;
    Ok(account)
}

/// Makes a verified address a credential of the user. The account is not saved yet.
pub(crate) fn link_email(
    world: &mut World<'_>,
    account: &mut Account,
    email: &Email,
    is_sign_in_enabled: bool,
) -> Result<CredentialId, StoreError> {
    let id = CredentialId::from(random::uuid(&mut world.tx)?);
    let mut credential = Credential::email(id.clone(), email.as_str());
    credential.sign_in_enabled = is_sign_in_enabled;
    account.credentials.push(LinkedCredential::now(world, credential));
    ADDRESSES.put(&mut world.tx, email.as_str(), &account.id)?;
    account.email.get_or_insert_with(|| email.clone());
    Ok(id)
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

/// The user who has this address.
pub(crate) fn of_email(world: &World<'_>, email: &Email) -> Result<Option<Account>, StoreError> {
    match ADDRESSES.get(&world.tx, email.as_str())? {
        Some(user) => ACCOUNTS.get(&world.tx, user.as_str()),
        None => Ok(None),
    }
}

/// Deletes a user and all that is theirs.
pub(crate) fn delete(world: &mut World<'_>, account: &Account) -> Result<(), StoreError> {
    session::end_all_of(world, &account.id)?;
    otp::drop_all_of(world, &account.id)?;
    wallet::delete_all_of(world, &account.id)?;
    mfa::delete_all_of(world, &account.id)?;
    guesses::delete_all_of(world, &account.id);
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
    fn now(world: &World<'_>, credential: Credential) -> Self {
        Self { credential, verified_at: time::iso8601(world.now) }
    }
}

impl Account {
    /// The user's credential for this address.
    pub(crate) fn email_credential(&self, email: &Email) -> Option<&Credential> {
        self.credentials
            .iter()
            .map(|linked| &linked.credential)
            .find(|credential| credential.email.as_deref() == Some(email.as_str()))
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
