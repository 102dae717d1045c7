//! Signs a user of `stack.json` in, the way an administrator's script may: no browser, no hosted page.

use anyhow::{Context, Result};
use aws_sdk_cognitoidentityprovider::types::AuthFlowType;

use crate::clients::Clients;
use crate::stack_file::{Stack, User};

/// What Cognito hands out at a sign-in.
#[derive(Clone)]
pub struct Tokens {
    /// What the API wants.
    pub id: String,
    /// What the API must refuse (it is signed by the same pool and says nothing about the person).
    pub access: String,
}

impl std::fmt::Debug for Tokens {
    /// Tokens are keys; they are never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}

/// Signs `user` in at the pool of `stack`.
pub async fn sign_in(stack: &Stack, user: &User) -> Result<Tokens> {
    let cognito = Clients::of(stack).await.cognito();
    let begin = cognito
        .admin_initiate_auth()
        .user_pool_id(&stack.user_pool_id)
        .client_id(&stack.client_id);
    let begin = begin.auth_flow(AuthFlowType::AdminUserPasswordAuth);
    let answer = begin
        .auth_parameters("USERNAME", &user.email)
        .auth_parameters("PASSWORD", &user.password)
        .send()
        .await;
    let answer =
        answer.with_context(|| format!("{} cannot sign in; run `cargo lethe up` to renew users", user.email))?;
    let result = answer
        .authentication_result
        .context("Cognito asks for a second step that a script cannot take")?;
    let (id, access) = (
        result.id_token.context("no id token")?,
        result.access_token.context("no access token")?,
    );
    Ok(Tokens { id, access })
}
