//! The people of a local stack: who they are is fixed, their passwords are random and kept in `stack.json` only.
//!
//! Two operators, because nobody approves or executes their own decision; an equal subject id in two tenants, because
//! that is the mistake a shared table invites.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{DisplayErrorContext, SdkError};
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};

use crate::password;
use crate::stack_file::User;

/// What a person is in Lethe.
#[derive(Debug, Clone, Copy)]
enum Role {
    Operator,
    Auditor,
    Subject(&'static str),
}

#[derive(Debug)]
struct Person {
    name: &'static str,
    email: &'static str,
    tenant: &'static str,
    role: Role,
}

const PEOPLE: [Person; 7] = [
    person("Olivia Okafor", "olivia@acme.example", "acme", Role::Operator),
    person("Oscar Lindqvist", "oscar@acme.example", "acme", Role::Operator),
    person("Audrey Novak", "audrey@acme.example", "acme", Role::Auditor),
    person("Ada Moreau", "ada@acme.example", "acme", Role::Subject("cust-0001")),
    person("Ben Castillo", "ben@acme.example", "acme", Role::Subject("cust-0002")),
    person("Greta Ionescu", "greta@globex.example", "globex", Role::Operator),
    person(
        "Gus Hartmann",
        "gus@globex.example",
        "globex",
        Role::Subject("cust-0001"),
    ),
];

const fn person(name: &'static str, email: &'static str, tenant: &'static str, role: Role) -> Person {
    Person {
        name,
        email,
        tenant,
        role,
    }
}

/// Names of the two groups, as the stack was deployed.
#[derive(Debug)]
pub(crate) struct Groups {
    operator: String,
    auditor: String,
}

impl Groups {
    /// From the stack's parameters, with the template's own defaults.
    pub(crate) fn of(parameters: &BTreeMap<String, String>) -> Self {
        let named = |key: &str, default: &str| match parameters.get(key) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => default.to_owned(),
        };
        Self {
            operator: named("OperatorGroup", "PlatformAdmin"),
            auditor: named("AuditorGroup", "Auditor"),
        }
    }
}

/// Makes sure that everybody is there, with the passwords `known` already has, else with new ones.
pub(crate) async fn ensure(cognito: &Client, pool: &str, groups: &Groups, known: &[User]) -> Result<Vec<User>> {
    let mut users = Vec::with_capacity(PEOPLE.len());
    for person in &PEOPLE {
        let password = known
            .iter()
            .find(|user| user.email == person.email)
            .map(|user| user.password.clone());
        let user = person.to_user(groups, password.unwrap_or_else(password::random));
        make(cognito, pool, person, &user)
            .await
            .with_context(|| format!("cannot make the user {}", person.email))?;
        users.push(user);
    }
    Ok(users)
}

impl Person {
    fn to_user(&self, groups: &Groups, password: String) -> User {
        let (groups, subject_id) = match self.role {
            Role::Operator => (vec![groups.operator.clone()], None),
            Role::Auditor => (vec![groups.auditor.clone()], None),
            Role::Subject(id) => (Vec::new(), Some(id.to_owned())),
        };
        User {
            email: self.email.to_owned(),
            password,
            groups,
            tenant: self.tenant.to_owned(),
            subject_id,
        }
    }
}

async fn make(cognito: &Client, pool: &str, person: &Person, user: &User) -> Result<()> {
    let mut attributes = vec![
        attribute("email", person.email)?,
        attribute("email_verified", "true")?,
        attribute("name", person.name)?,
        attribute("custom:tenant", person.tenant)?,
    ];
    if let Some(id) = &user.subject_id {
        attributes.push(attribute("custom:subject_id", id)?);
    }
    let create = cognito.admin_create_user().user_pool_id(pool).username(person.email);
    let create = create
        .message_action(MessageActionType::Suppress)
        .set_user_attributes(Some(attributes));
    if let Err(error) = create.send().await.map_err(SdkError::into_service_error)
        && !error.is_username_exists_exception()
    {
        bail!("Cognito refuses it: {}", DisplayErrorContext(&error));
    }
    let password = cognito
        .admin_set_user_password()
        .user_pool_id(pool)
        .username(person.email);
    password
        .password(&user.password)
        .permanent(true)
        .send()
        .await
        .context("Cognito refuses the password")?;
    for group in &user.groups {
        let add = cognito
            .admin_add_user_to_group()
            .user_pool_id(pool)
            .username(person.email)
            .group_name(group);
        add.send()
            .await
            .with_context(|| format!("Cognito refuses the group {group}"))?;
    }
    Ok(())
}

fn attribute(name: &str, value: &str) -> Result<AttributeType> {
    AttributeType::builder()
        .name(name)
        .value(value)
        .build()
        .context("an attribute needs a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Vec<User> {
        let groups = Groups::of(&BTreeMap::new());
        PEOPLE
            .iter()
            .map(|person| person.to_user(&groups, password::random()))
            .collect()
    }

    #[test]
    fn every_role_of_the_design_is_there() {
        let users = users();
        let count = |tenant: &str, group: Option<&str>| {
            let fits = |user: &&User| user.tenant == tenant && user.groups.first().map(String::as_str) == group;
            users.iter().filter(fits).count()
        };
        assert_eq!(
            (
                count("acme", Some("PlatformAdmin")),
                count("acme", None),
                count("acme", Some("Auditor"))
            ),
            (2, 2, 1)
        );
        assert_eq!((count("globex", Some("PlatformAdmin")), count("globex", None)), (1, 1));
    }

    #[test]
    fn one_subject_id_exists_in_both_tenants() {
        let users = users();
        let with_id = users
            .iter()
            .filter(|user| user.subject_id.as_deref() == Some("cust-0001"));
        assert_eq!(
            with_id.map(|user| user.tenant.as_str()).collect::<Vec<_>>(),
            ["acme", "globex"]
        );
    }
}
