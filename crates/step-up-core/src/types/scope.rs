//! What an elevated access token may be used for.

use super::open_enum::open_enum;

open_enum! {
    /// What an elevated access token may be used for (`docs/PROTOCOL.md`, "Scopes").
    ///
    /// ```
    /// # use step_up_core::TokenScope;
    /// assert_eq!(TokenScope::WalletExport.as_str(), "wallet:export");
    /// // A scope that a newer server knows is kept, not lost.
    /// assert_eq!(TokenScope::from("wallet:teleport").as_str(), "wallet:teleport");
    /// ```
    pub enum TokenScope {
        /// Change how a business account is governed.
        BusinessAccountGovernanceUpdate = "business_account:governance:update",
        /// Link a wallet to a business account.
        BusinessAccountLinkWallet = "business_account:link_wallet",
        /// Add a member to a business account.
        BusinessAccountMemberAdd = "business_account:member:add",
        /// Remove a member from a business account.
        BusinessAccountMemberRemove = "business_account:member:remove",
        /// Change a member's role in a business account.
        BusinessAccountMemberRoleUpdate = "business_account:member:role:update",
        /// Approve a proposal of a business account.
        BusinessAccountProposalApprove = "business_account:proposal:approve",
        /// Veto a proposal of a business account.
        BusinessAccountProposalVeto = "business_account:proposal:veto",
        /// Define a role of a business account.
        BusinessAccountRoleDefine = "business_account:role:define",
        /// Delete a role of a business account.
        BusinessAccountRoleDelete = "business_account:role:delete",
        /// Add a signer to a business account.
        BusinessAccountSignerAdd = "business_account:signer:add",
        /// Remove a signer from a business account.
        BusinessAccountSignerRemove = "business_account:signer:remove",
        /// Transfer a business account to another owner.
        BusinessAccountTransferOwnership = "business_account:transfer_ownership",
        /// Create a wallet of a business account.
        BusinessAccountWalletCreate = "business_account:wallet:create",
        /// Remove a wallet from a business account.
        BusinessAccountWalletRemove = "business_account:wallet:remove",
        /// Review an administrator's action in the console.
        ConsoleAdminActionReview = "console:admin_action:review",
        /// Change an approval workflow in the console.
        ConsoleApprovalWorkflowUpdate = "console:approval_workflow:update",
        /// Invite a member in the console.
        ConsoleMemberInvite = "console:member:invite",
        /// Reset a user's MFA in the console.
        ConsoleMfaReset = "console:mfa:reset",
        /// Delete a project in the console.
        ConsoleProjectDelete = "console:project:delete",
        /// Change settings in the console.
        ConsoleSettingsUpdate = "console:settings:update",
        /// Change single sign-on in the console.
        ConsoleSsoUpdate = "console:sso:update",
        /// Delete a user in the console.
        ConsoleUserDelete = "console:user:delete",
        /// Link a credential or register an authenticator.
        CredentialLink = "credential:link",
        /// Change a credential.
        CredentialUpdate = "credential:update",
        /// Unlink a credential or delete an authenticator.
        CredentialUnlink = "credential:unlink",
        /// Change the user's email, phone number or username.
        UserUpdate = "user:update",
        /// Delete the account.
        UserDelete = "user:delete",
        /// Export a wallet's private key.
        WalletExport = "wallet:export",
        /// Delete a wallet.
        WalletDelete = "wallet:delete",
        /// Refresh a wallet's key shares.
        WalletRefresh = "wallet:refresh",
        /// Reshare a wallet's key.
        WalletReshare = "wallet:reshare",
        /// Delegate access to a wallet.
        WalletDelegate = "wallet:delegate",
        /// Sign with a wallet.
        WalletSign = "wallet:sign",
        /// Restore a wallet.
        WalletRestore = "wallet:restore",
    }
}

impl TokenScope {
    /// The scopes of a space-separated claim ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)),
    /// each once, in the order they came.
    #[must_use]
    pub fn parse_list(claim: &str) -> Vec<Self> {
        let mut scopes = Vec::new();
        for name in claim.split_ascii_whitespace() {
            let scope = Self::from(name);
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_scope_survives_the_wire() {
        assert_eq!(TokenScope::KNOWN.len(), 34);
        for scope in TokenScope::KNOWN {
            let json = serde_json::to_string(scope).unwrap();
            assert_eq!(json, format!("\"{scope}\""));
            assert_eq!(&serde_json::from_str::<TokenScope>(&json).unwrap(), scope);
            assert!(!scope.as_str().contains(' '), "{scope} would split in a claim");
        }
    }

    #[test]
    fn an_unknown_scope_is_kept_word_for_word() {
        let scope: TokenScope = serde_json::from_str("\"moon:land\"").unwrap();
        assert_eq!(scope, TokenScope::Other("moon:land".into()));
        assert_eq!(serde_json::to_string(&scope).unwrap(), "\"moon:land\"");
    }

    #[test]
    fn a_claim_is_split_at_white_space_and_deduplicated() {
        assert_eq!(
            TokenScope::parse_list(" wallet:export  credential:link wallet:export "),
            [TokenScope::WalletExport, TokenScope::CredentialLink]
        );
        assert!(TokenScope::parse_list("   ").is_empty());
    }
}
