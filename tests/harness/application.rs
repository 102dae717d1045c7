//! The sample application with rights of its own: of Lethe it may read the gate, as its policy lets it, and nothing else.

use demo::gate::Gate;
use lethe::clients::Clients;
use lethe::stack_file::Stack;

use crate::app::App;
use crate::iam::{Role, call};
use crate::wait::unique;

/// Whoever asks may take it: a role of one test, on the emulator.
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

/// A role with the policy that Lethe's stack has for applications, and what acts as it.
#[derive(Debug)]
pub struct Application<'a> {
    /// The role.
    pub role: Role<'a>,
    /// Whatever it is allowed.
    pub clients: Clients,
    app: &'a App,
}

impl<'a> Application<'a> {
    /// Makes the role.
    pub async fn new(app: &'a App) -> Self {
        let role = make(&app.stack, app.output("GateReadPolicyArn")).await;
        let clients = role.take().await;
        Self { role, clients, app }
    }

    /// How it asks whom not to show.
    pub fn gate(&self) -> Gate {
        Gate {
            client: self.clients.dynamodb(),
            table: self.app.output("RequestsTable").to_owned(),
        }
    }
}

async fn make<'a>(stack: &'a Stack, policy: &str) -> Role<'a> {
    let name = format!("application-{}", unique());
    let named = ("RoleName", name.as_str());
    call(
        stack,
        &[("Action", "CreateRole"), named, ("AssumeRolePolicyDocument", TRUST)],
    )
    .await;
    call(stack, &[("Action", "AttachRolePolicy"), named, ("PolicyArn", policy)]).await;
    Role::find(stack, &name).await
}
