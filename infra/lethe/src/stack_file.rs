//! `stack.json`: everything a client needs to reach one local stack, written by `up` and read by everybody else.
//!
//! It holds the passwords of the stack's users, so only its owner may read it. The passwords are made at random for
//! each stack and open nothing else. `LETHE_STACK` names another file than `.lethe/stack.json`.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::paths::StateDir;

/// One deployed local stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Where the emulator listens.
    pub endpoint: String,
    /// The region everything is in.
    pub region: String,
    /// The CloudFormation stack made from `template.yaml`.
    pub stack_name: String,
    /// The HTTP API.
    pub api_id: String,
    /// The `Host` header the emulator routes by.
    pub api_host: String,
    /// Where a request goes, with that header.
    pub api_url: String,
    /// The user pool the API trusts.
    pub user_pool_id: String,
    /// Its client.
    pub client_id: String,
    /// Who can sign in.
    pub users: Vec<User>,
    /// Every output of the stack.
    pub outputs: BTreeMap<String, String>,
    /// Every output of the sample application's stack.
    pub demo_outputs: BTreeMap<String, String>,
}

/// Somebody who can sign in to the local stack.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The sign-in name.
    pub email: String,
    /// Random, for this stack only.
    pub password: String,
    /// `PlatformAdmin`, `Auditor` or none.
    pub groups: Vec<String>,
    /// The organisation the user belongs to.
    pub tenant: String,
    /// The sample application's id of a data subject; operators and auditors have none.
    pub subject_id: Option<String>,
}

impl std::fmt::Debug for User {
    /// Without the password: users end up in the messages of failed tests.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({} of {} {:?})", self.email, self.tenant, self.groups)
    }
}

impl Stack {
    /// The stack `LETHE_STACK` names, else the one `cargo lethe up` started in this checkout.
    pub fn load() -> Result<Self> {
        match std::env::var_os("LETHE_STACK") {
            Some(file) => Self::read(Path::new(&file)),
            None => Self::read(&StateDir::or_default(None)?.stack_file()),
        }
    }

    /// The stack the tests run on. Never the demo's: a test that finds no stack of its own fails and says why.
    pub fn for_tests() -> Result<Self> {
        let file = std::env::var_os("LETHE_STACK");
        let file =
            file.context("this test needs a deployed stack of its own: run `cargo lethe test`, not `cargo test`")?;
        Self::read(Path::new(&file))
    }

    /// Reads one file.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let bytes = fs::read(file).with_context(|| format!("no stack at {shown}; start one with `cargo lethe up`"))?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{shown} is not a stack file of this version; run `cargo lethe down`, then `up`"))
    }

    /// Writes the file, readable by its owner only, in one step.
    pub fn write(&self, file: &Path) -> Result<()> {
        let fresh = file.with_extension("json.new");
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh);
        let mut out = opened.with_context(|| format!("cannot write {}; make it writable", fresh.display()))?;
        out.write_all(&serde_json::to_vec_pretty(self)?)
            .context("cannot write the stack file; is the disk full?")?;
        fs::rename(&fresh, file).with_context(|| format!("cannot replace {}", file.display()))
    }

    /// An output of the stack by name.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        value
            .map(String::as_str)
            .with_context(|| format!("the stack has no output {name}; is template.yaml older?"))
    }

    /// An output of the sample application's stack by name.
    pub fn demo_output(&self, name: &str) -> Result<&str> {
        let value = self.demo_outputs.get(name);
        value
            .map(String::as_str)
            .with_context(|| format!("the sample application's stack has no output {name}"))
    }

    /// The first user of `tenant` in `group` (none: a data subject).
    pub fn user(&self, tenant: &str, group: Option<&str>) -> Result<&User> {
        let fits = |user: &&User| {
            let member = group.map_or(user.subject_id.is_some(), |group| {
                user.groups.iter().any(|one| one == group)
            });
            user.tenant == tenant && member
        };
        self.users
            .iter()
            .find(fits)
            .with_context(|| format!("no user of {tenant} in {group:?}; run `cargo lethe up`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn stack() -> Stack {
        let user = |email: &str, groups: &[&str], subject: Option<&str>| User {
            email: email.to_owned(),
            password: "secret-word".to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            tenant: "acme".to_owned(),
            subject_id: subject.map(str::to_owned),
        };
        Stack {
            endpoint: "http://127.0.0.1:4566".to_owned(),
            region: "us-east-1".to_owned(),
            stack_name: "lethe-local".to_owned(),
            api_id: "abcd1234".to_owned(),
            api_host: "abcd1234.execute-api.localhost:4566".to_owned(),
            api_url: "http://127.0.0.1:4566".to_owned(),
            user_pool_id: "pool".to_owned(),
            client_id: "client".to_owned(),
            users: vec![
                user("o@acme.example", &["PlatformAdmin"], None),
                user("s@acme.example", &[], Some("cust-0001")),
            ],
            outputs: BTreeMap::from([("ApiId".to_owned(), "abcd1234".to_owned())]),
            demo_outputs: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("stack.json");
        stack().write(&file).unwrap();
        assert_eq!(Stack::read(&file).unwrap(), stack());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn users_are_found_by_tenant_and_group() {
        let stack = stack();
        assert_eq!(
            stack.user("acme", Some("PlatformAdmin")).unwrap().email,
            "o@acme.example"
        );
        assert_eq!(stack.user("acme", None).unwrap().email, "s@acme.example");
        assert!(stack.user("globex", None).is_err());
    }

    #[test]
    fn a_password_is_never_shown() {
        assert!(!format!("{:?}", stack()).contains("secret-word"));
    }

    #[test]
    fn a_missing_stack_says_how_to_start_one() {
        let refusal = Stack::read(Path::new("/nowhere/stack.json")).unwrap_err().to_string();
        assert!(refusal.contains("cargo lethe up"), "{refusal}");
    }
}
