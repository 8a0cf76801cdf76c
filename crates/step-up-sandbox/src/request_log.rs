//! What was asked and answered, without secrets: no query, no header, no body.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize, Serializer};
use step_up_core::{HttpRequest, HttpResponse, Timestamp};

use crate::{
    call::{Notes, header},
    cookie,
    elevation::ELEVATED_TOKEN_HEADER,
    reply::{Fate, Reply},
    time,
};

/// The requests since the program started, oldest first. They are not in the store: they describe a run.
#[derive(Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<Entry>,
    last_id: u64,
}

/// One request. The names are part of the control API.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: u64,
    #[serde(serialize_with = "iso8601")]
    at: Timestamp,
    method: &'static str,
    path: String,
    /// Of the answer, whether it was sent or not.
    status: u16,
    /// The error code of the answer.
    code: Option<String>,
    fate: &'static str,
    has_bearer: bool,
    has_cookie: bool,
    has_elevated: bool,
    has_device_signature: bool,
    /// Whether a one-time code was compared with the right one.
    evaluated: bool,
    user: Option<String>,
}

impl RequestLog {
    /// How many requests are kept.
    const CAPACITY: usize = 10_000;

    pub(crate) fn record(&mut self, request: &HttpRequest, reply: &Reply, notes: Notes, now: Timestamp) {
        if self.entries.len() >= Self::CAPACITY {
            self.entries.pop_front();
        }
        self.last_id += 1;
        self.entries.push_back(Entry {
            id: self.last_id,
            at: now,
            method: request.method.as_str(),
            path: beginning(request.path()).to_owned(),
            status: reply.response.status,
            code: error_code(&reply.response),
            fate: match reply.fate {
                Fate::Send => "sent",
                Fate::Drop => "dropped",
                Fate::Delay(_) => "delayed",
            },
            has_bearer: header(request, "authorization").is_some(),
            has_cookie: cookie::token(request).is_some(),
            has_elevated: header(request, ELEVATED_TOKEN_HEADER).is_some(),
            has_device_signature: header(request, "x-dynamic-device-signed-nonce").is_some(),
            evaluated: notes.is_evaluated,
            user: notes.user,
        });
    }

    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn iso8601<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::iso8601(*at))
}

/// What is kept of a path: 300 bytes, or what is whole of them.
fn beginning(path: &str) -> &str {
    &path[..path.floor_char_boundary(300)]
}

fn error_code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        code: Option<String>,
    }
    if response.status < 400 {
        return None;
    }
    serde_json::from_slice::<Refusal>(&response.body).ok()?.code
}
