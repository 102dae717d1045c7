//! IAM of the local stack, by its plain query API: making users, taking a role, asking what a role's policies allow.
//!
//! The calls are root's. Each is a form and an answer in XML of which one element is wanted, so no SDK is linked for it.

use aws_config::sts::AssumeRoleProvider;
use lethe::clients::Clients;
use lethe::stack_file::Stack;
use serde_json::Value;

/// One call; panics if it is refused.
pub async fn call(stack: &Stack, fields: &[(&str, &str)]) -> String {
    let scope = format!("test/20260101/{}/iam/aws4_request", stack.region);
    let mut url = reqwest::Url::parse(&stack.endpoint).expect("a URL");
    url.query_pairs_mut()
        .extend_pairs(fields)
        .append_pair("Version", "2010-05-08");
    let call = reqwest::Client::new().post(url).header(
        "Authorization",
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"),
    );
    let answer = call.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{fields:?}: {}", answer.status());
    answer.text().await.expect("a text")
}

/// The texts of an element, in order.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let after = xml.split(&open).skip(1);
    after
        .filter_map(|rest| rest.split_once(&close))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// A function's role.
#[derive(Debug)]
pub struct Role<'a> {
    stack: &'a Stack,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

impl<'a> Role<'a> {
    /// The role of this name.
    pub async fn find(stack: &'a Stack, name: &str) -> Self {
        let found = call(stack, &[("Action", "GetRole"), ("RoleName", name)]).await;
        let arn = elements(&found, "Arn").remove(0);
        let name = name.to_owned();
        Self { stack, name, arn }
    }

    /// Clients that act as the role. The emulator lets the account take a role that trusts Lambda alone; AWS would not.
    pub async fn take(&self) -> Clients {
        let root = Clients::of(self.stack).await;
        let taken = AssumeRoleProvider::builder(&self.arn).session_name("roles-test");
        root.acting_as(taken.configure(root.sdk_config()).build().await)
    }

    /// Whether its policies allow an action on a resource.
    pub async fn allows(&self, action: &str, resource: &str) -> bool {
        let fields = [
            ("Action", "SimulatePrincipalPolicy"),
            ("PolicySourceArn", self.arn.as_str()),
            ("ActionNames.member.1", action),
            ("ResourceArns.member.1", resource),
        ];
        let said = call(self.stack, &fields).await;
        let said = elements(&said, "EvalDecision");
        match said.first().map(String::as_str) {
            Some("allowed") => true,
            Some("implicitDeny" | "explicitDeny") => false,
            other => panic!("the simulator says {other:?}"),
        }
    }

    /// The managed policies attached to it whose names hold this word.
    pub async fn attached(&self, word: &str) -> Vec<String> {
        let mut policies = self
            .list("ListAttachedRolePolicies", "AttachedPolicies", "PolicyArn")
            .await;
        policies.retain(|arn| arn.contains(word));
        policies
    }

    /// Takes a managed policy away from it.
    pub async fn detach(&self, policy: &str) {
        self.change("DetachRolePolicy", policy).await;
    }

    /// Gives it a managed policy.
    pub async fn attach(&self, policy: &str) {
        self.change("AttachRolePolicy", policy).await;
    }

    async fn change(&self, action: &str, policy: &str) {
        let fields = [("Action", action), ("RoleName", &self.name), ("PolicyArn", policy)];
        call(self.stack, &fields).await;
    }

    /// Every statement of its policies, inline and attached.
    pub async fn statements(&self) -> Vec<Value> {
        let mut documents = vec![];
        for name in self.list("ListRolePolicies", "PolicyNames", "member").await {
            let fields = [
                ("Action", "GetRolePolicy"),
                ("RoleName", &self.name),
                ("PolicyName", &name),
            ];
            documents.push(call(self.stack, &fields).await);
        }
        for arn in self
            .list("ListAttachedRolePolicies", "AttachedPolicies", "PolicyArn")
            .await
        {
            let policy = call(self.stack, &[("Action", "GetPolicy"), ("PolicyArn", &arn)]).await;
            let version = elements(&policy, "DefaultVersionId").remove(0);
            let fields = [
                ("Action", "GetPolicyVersion"),
                ("PolicyArn", &arn),
                ("VersionId", &version),
            ];
            documents.push(call(self.stack, &fields).await);
        }
        let inline = documents.iter().flat_map(|xml| elements(xml, "PolicyDocument"));
        let attached = documents.iter().flat_map(|xml| elements(xml, "Document"));
        inline.chain(attached).flat_map(|text| statements(&text)).collect()
    }

    async fn list(&self, action: &str, list: &str, item: &str) -> Vec<String> {
        let xml = call(self.stack, &[("Action", action), ("RoleName", &self.name)]).await;
        let inside = elements(&xml, list);
        inside.iter().flat_map(|text| elements(text, item)).collect()
    }
}

/// A document comes encoded as in a URL.
fn statements(encoded: &str) -> Vec<Value> {
    let url = reqwest::Url::parse(&format!("http://localhost/?document={encoded}")).expect("a URL");
    let (_, text) = url.query_pairs().next().expect("a document");
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    document["Statement"].as_array().cloned().unwrap_or_default()
}
