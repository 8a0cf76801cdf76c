//! The session's user.

use serde_json::{Map, Value, json};
use step_up_core::TokenScope;

use crate::{
    account::{self, ACCOUNTS, Account},
    address::Address,
    call::Call,
    elevation::Proof,
    email::Email,
    otp,
    phone::Phone,
    recovery,
    reply::{Outcome, Refusal, done, ok},
    session,
};

/// Reads the user.
pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let account = account::of_session(&call.world, &session)?;
    ok(&account.to_json(&call.world, Some(&session))?)
}

/// Deletes the user and all that is theirs.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    // It need not be spent: it goes with the session.
    let _permit = call.demand(&session, &TokenScope::UserDelete, Proof::HeaderOrHeld)?;
    let account = account::of_session(&call.world, &session)?;
    account::delete(&mut call.world, &account)?;
    done()
}

/// Sets fields of the user, which proves nothing, so the session lives no longer by it. A new email address or phone number becomes theirs once the code that is sent there was
/// verified.
pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let fields: Map<String, Value> = call.body()?;
    let account = account::of_session(&call.world, &session)?;
    let update = Update::read(&fields, &account)?;
    let permit = if update.is_sensitive() {
        Some(call.demand(&session, &TokenScope::UserUpdate, Proof::HeaderOrHeld)?)
    } else {
        None
    };
    let mut account = account;
    if let Some(username) = &update.username {
        ensure_username_is_free(call, &account, username)?;
        account.fields.insert("username".into(), username.clone());
    }
    if update.plain.contains_key(recovery::ACKNOWLEDGEMENT) {
        recovery::forget(&mut call.world, &account.id)?;
    }
    account.fields.extend(update.plain);
    let mut send = |address: Address| otp::send(&mut call.world, &address, Some(&account.id), true);
    let email_verification = update.email.clone().map(|email| send(email.into())).transpose()?;
    let sms_verification = update.phone.clone().map(|phone| send(phone.into())).transpose()?;
    account::save(&mut call.world, &account)?;
    if let Some(permit) = permit {
        permit.spend(&mut call.world)?;
    }
    let mut answer = session::verified(&call.world, &session, &account, None)?;
    answer["nextView"] = match (&email_verification, &sms_verification) {
        (Some(_), _) => "verify-email",
        (None, Some(_)) => "verify-sms",
        (None, None) => "done",
    }
    .into();
    if let (Some(uuid), Some(email)) = (email_verification, &update.email) {
        answer["emailVerification"] = json!({ "verificationUUID": uuid, "email": email.as_str() });
    }
    if let (Some(uuid), Some(phone)) = (sms_verification, &update.phone) {
        answer["smsVerification"] = json!({
            "verificationUUID": uuid,
            "phoneNumber": phone.national(),
            "phoneCountryCode": phone.country_code(),
            "isoCountryCode": phone.iso(),
        });
    }
    ok(&answer)
}

/// What a request changes.
#[derive(Default)]
struct Update {
    /// Fields that anybody may be given.
    plain: Map<String, Value>,
    email: Option<Email>,
    /// A name, or null for none.
    username: Option<Value>,
    phone: Option<Phone>,
}

/// Text, or null.
const TEXTS: [&str; 13] = [
    "alias",
    "firstName",
    "lastName",
    "jobTitle",
    "tShirtSize",
    "team",
    "country",
    "btcWallet",
    "kdaWallet",
    "ltcWallet",
    "ckbWallet",
    "kasWallet",
    "dogeWallet",
];

/// Yes or no.
const FLAGS: [&str; 4] =
    ["policiesConsent", "emailNotification", "discordNotification", "newsletterNotification"];

/// How many characters a text may have.
const TEXT_LENGTH: usize = 500;

impl Update {
    /// Reads the fields. One that says what is so already changes nothing.
    fn read(fields: &Map<String, Value>, account: &Account) -> Outcome<Self> {
        let mut update = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "captchaToken" => {}
                "email" => {
                    let email = Email::parse(value.as_str().unwrap_or_default())?;
                    update.email = Some(email).filter(|email| account.email.as_ref() != Some(email));
                }
                "phoneNumber" if value.is_null() && account.phone.is_none() => {}
                "phoneNumber" => {
                    let phone = Phone::from_e164(value.as_str().unwrap_or_default())?;
                    update.phone = Some(phone).filter(|phone| account.phone.as_ref() != Some(phone));
                }
                "username" if is_text(value) => {
                    let current = account.fields.get(name).unwrap_or(&Value::Null);
                    update.username = Some(value.clone()).filter(|username| username != current);
                }
                // The user kept their codes; that they have new ones is the server's to say.
                recovery::ACKNOWLEDGEMENT if value == "complete" => {
                    update.plain.insert(name.clone(), value.clone());
                }
                name if TEXTS.contains(&name) && is_text(value)
                    || FLAGS.contains(&name) && value.is_boolean()
                    || name == "metadata" && value.is_object() =>
                {
                    update.plain.insert(name.to_owned(), value.clone());
                }
                _ => return Err(invalid_field(name).into()),
            }
        }
        Ok(update)
    }

    fn is_sensitive(&self) -> bool {
        self.email.is_some() || self.username.is_some() || self.phone.is_some()
    }
}

fn is_text(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.chars().count() <= TEXT_LENGTH)
}

fn invalid_field(name: &str) -> Refusal {
    let name: String = name.chars().take(40).collect();
    Refusal::unprocessable("invalid_request", format!("The field \"{name}\" does not take this."))
}

fn ensure_username_is_free(call: &Call<'_>, account: &Account, username: &Value) -> Outcome<()> {
    let is_taken = ACCOUNTS
        .list(&call.world.tx, "")?
        .iter()
        .any(|(_, other)| other.id != account.id && other.fields.get("username") == Some(username));
    if is_taken && !username.is_null() {
        return Err(Refusal::unprocessable("username_taken", "Somebody else has this name.").into());
    }
    Ok(())
}
