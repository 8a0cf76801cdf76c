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
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        User { control: self, token: text(&made["minifiedJwt"]), id: text(&made["user"]["id"]) }
    }

    /// The sandbox's time, in Unix seconds.
    pub async fn now(&self) -> u64 {
        self.get("/sandbox/clock").await["now"].as_u64().unwrap_or_default() / 1000
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
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let app = App { id: text("id"), secret: text("secret") };
        let code = code_at(&app.secret, self.control.now().await);
        self.call("POST", "users/mfa/auth/totp", json!({ "id": app.id, "code": code })).await;
        self.control.advance(60).await;
        app
    }

    /// New recovery codes, for who has just enrolled an app.
    pub async fn recovery_codes(&self) -> Vec<String> {
        let made = self.call("POST", "users/mfa/recovery", json!({})).await;
        let codes = made["recoveryCodes"].as_array().cloned().unwrap_or_default();
        codes.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect()
    }

    /// Makes this app what is asked for first.
    pub async fn prefer(&self, app: &App) {
        self.call("PUT", &format!("users/mfa/{}", app.id), json!({ "default": true })).await;
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.control.call_api(method, path, &self.token, &body).await
    }
}
