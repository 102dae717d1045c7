//! People on demand: Cognito users with the claims a test needs, signed in.

use anyhow::{Context, Result};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};
use lethe::api::Api;
use lethe::clients::Clients;
use lethe::stack_file::{Stack, User};

use crate::wait::unique;

/// The group that decides and executes.
pub const OPERATORS: &str = "PlatformAdmin";
/// The group that reads.
pub const AUDITORS: &str = "Auditor";

/// Somebody to be.
#[derive(Debug, Clone)]
pub struct Person {
    /// Full name.
    pub name: String,
    /// Verified address.
    pub email: String,
    /// Whose customer or staff.
    pub tenant: String,
    /// Group memberships.
    pub groups: Vec<&'static str>,
    /// The application's id, for customers.
    pub subject_id: Option<String>,
}

impl Person {
    /// A member of `group` in `tenant`.
    pub fn staff(tenant: &str, group: &'static str) -> Self {
        let mark = unique();
        let (name, email) = (format!("Staff {mark}"), format!("staff-{mark}@staff.example"));
        Self {
            name,
            email,
            tenant: tenant.to_owned(),
            groups: vec![group],
            subject_id: None,
        }
    }
}

/// Makes the user and signs them in.
pub async fn sign_in(stack: &Stack, person: &Person) -> Api {
    let user = sign_up(stack, person).await.expect("Cognito makes the user");
    Api::signed_in(stack, &user).await.expect("the user can sign in")
}

/// Makes the user.
pub async fn sign_up(stack: &Stack, person: &Person) -> Result<User> {
    let cognito = Clients::of(stack).await.cognito();
    let (pool, email) = (&stack.user_pool_id, &person.email);
    let password = format!("Pw-1-{}", unique());
    let mut attributes = vec![
        attribute("email", email)?,
        attribute("email_verified", "true")?,
        attribute("name", &person.name)?,
        attribute("custom:tenant", &person.tenant)?,
    ];
    if let Some(id) = &person.subject_id {
        attributes.push(attribute("custom:subject_id", id)?);
    }
    let create = cognito.admin_create_user().user_pool_id(pool).username(email);
    let create = create
        .message_action(MessageActionType::Suppress)
        .set_user_attributes(Some(attributes));
    create.send().await.context("AdminCreateUser")?;
    let set = cognito.admin_set_user_password().user_pool_id(pool).username(email);
    set.password(&password)
        .permanent(true)
        .send()
        .await
        .context("AdminSetUserPassword")?;
    for group in &person.groups {
        let add = cognito.admin_add_user_to_group().user_pool_id(pool).username(email);
        add.group_name(*group).send().await.context("AdminAddUserToGroup")?;
    }
    Ok(User {
        email: email.clone(),
        password,
        groups: person.groups.iter().map(|&group| group.to_owned()).collect(),
        tenant: person.tenant.clone(),
        subject_id: person.subject_id.clone(),
    })
}

fn attribute(name: &str, value: &str) -> Result<AttributeType> {
    AttributeType::builder()
        .name(name)
        .value(value)
        .build()
        .context("an attribute needs a name")
}
