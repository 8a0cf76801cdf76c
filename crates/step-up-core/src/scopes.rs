//! The scopes that a request needs.

use std::ops::Deref;

use crate::types::TokenScope;

/// The scopes that a request needs. One elevated token has to cover them all, because a request carries only one.
///
/// Everything that names scopes converts: a scope, `None`, an array, a slice, a `Vec`. A guarded action is handed the
/// scopes that it needs at that moment, which may be others than it asked for: see
/// [`StepUpClient::guard`](crate::StepUpClient::guard).
///
/// ```
/// # use step_up_core::{Scopes, TokenScope};
/// let scopes = Scopes::from([TokenScope::WalletExport, TokenScope::WalletSign]);
/// assert_eq!(scopes.len(), 2);
/// assert!(Scopes::from(None).is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    list: Vec<TokenScope>,
    /// Only tokens that were stored from this one on are carried: what was held before is too old for the server.
    pub(crate) since: u64,
}

impl Scopes {
    pub(crate) fn since(self, since: u64) -> Self {
        Self { since, ..self }
    }
}

impl Deref for Scopes {
    type Target = [TokenScope];

    fn deref(&self) -> &[TokenScope] {
        &self.list
    }
}

impl From<Vec<TokenScope>> for Scopes {
    fn from(list: Vec<TokenScope>) -> Self {
        Self { list, since: 0 }
    }
}

impl From<TokenScope> for Scopes {
    fn from(scope: TokenScope) -> Self {
        vec![scope].into()
    }
}

impl From<&TokenScope> for Scopes {
    fn from(scope: &TokenScope) -> Self {
        scope.clone().into()
    }
}

impl From<Option<TokenScope>> for Scopes {
    fn from(scope: Option<TokenScope>) -> Self {
        Vec::from_iter(scope).into()
    }
}

impl From<&[TokenScope]> for Scopes {
    fn from(list: &[TokenScope]) -> Self {
        list.to_vec().into()
    }
}

impl<const N: usize> From<[TokenScope; N]> for Scopes {
    fn from(list: [TokenScope; N]) -> Self {
        Vec::from(list).into()
    }
}

impl<const N: usize> From<&[TokenScope; N]> for Scopes {
    fn from(list: &[TokenScope; N]) -> Self {
        list.to_vec().into()
    }
}
