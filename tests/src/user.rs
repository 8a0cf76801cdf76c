//! Users of the sandbox server, on order.

use serde_json::{Value, json};

use crate::{Control, code_at};

/// A user on order, signed in at the server with a session of their own.
pub struct User<'a> {
    control: &'a Control,
    token: String,
    id: String,
}

/// An authenticator app of a user.
#[derive(Clone, Debug)]
pub struct App {
    /// The device's identifier.
    pub id: String,
    /// What its codes are made of, in base32.
    pub secret: String,
}

impl Control {
    /// A new user, with what `POST /sandbox/users` takes.
    pub async fn user(&self, credentials: Value) -> User<'_> {
        let made = self.post("/sandbox/users", &credentials).await;
        User { control: self, token: text(&made, "/minifiedJwt"), id: text(&made, "/user/id") }
    }

    /// The sandbox's time, in Unix seconds.
    pub async fn now(&self) -> u64 {
        let clock = self.get("/sandbox/clock").await;
        clock["now"].as_u64().unwrap_or_else(|| panic!("the clock says no time: {clock}")) / 1000
    }
}

impl User<'_> {
    /// Their identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Elevates their session with a code to this address, and enrols an authenticator app. A minute passes: the code of a step
    /// works once.
    pub async fn enrol_app(&self, email: &str) -> App {
        let sent = self.call("POST", "emailVerifications/create", json!({ "email": email })).await;
        let answer = json!({
            "verificationUUID": sent["verificationUUID"],
            "verificationToken": self.control.code(email).await,
            "requestedScopes": ["credential:link"],
        });
        self.call("POST", "emailVerifications/verify", answer).await;
        let made = self.call("GET", "users/mfa/register/totp", Value::Null).await;
        let app = App { id: text(&made, "/id"), secret: text(&made, "/secret") };
        let code = code_at(&app.secret, self.control.now().await);
        self.call("POST", "users/mfa/auth/totp", json!({ "id": app.id, "code": code })).await;
        self.control.advance(60).await;
        app
    }

    /// New recovery codes, for who has just enrolled an app.
    pub async fn recovery_codes(&self) -> Vec<String> {
        let made = self.call("POST", "users/mfa/recovery", json!({})).await;
        let count = made["recoveryCodes"].as_array().map_or(0, Vec::len);
        assert!(count > 0, "no recovery codes were made: {made}");
        (0..count).map(|number| text(&made, &format!("/recoveryCodes/{number}"))).collect()
    }

    /// Makes this app what is asked for first.
    pub async fn prefer(&self, app: &App) {
        self.call("PUT", &format!("users/mfa/{}", app.id), json!({ "default": true })).await;
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.control.call_api(method, path, &self.token, &body).await
    }
}

/// The text at this place (RFC 6901).
fn text(value: &Value, place: &str) -> String {
    let text = value.pointer(place).and_then(Value::as_str).map(str::to_owned);
    text.unwrap_or_else(|| panic!("no text at {place}: {value}"))
}
