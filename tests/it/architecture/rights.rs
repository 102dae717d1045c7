//! Rights in `template.yaml`, before anything is deployed: none is wider than it says, and only Lambda takes a role. What
//! each role has and has not is `infra/roles.md`'s, and held on the deployed stack.

use harness::project::resources;

use super::template::{of_kind, statements};

/// Actions that end in `*`, each with the reason that stands in the template.
const WIDE_ACTIONS: [&str; 1] = ["sqs:SendMessage*"];
/// Statements whose resource is `*`: X-Ray has no resources, SES is limited by the sender, and listing names has none.
const EVERYWHERE: [&str; 3] = ["Trace", "Send", "Inventory"];

#[test]
fn no_right_is_wider_than_it_says() {
    for role in of_kind(&resources(), "AWS::IAM::Role") {
        let all = statements(role);
        assert!(all.len() > 5, "{} has {} statements", role.id, all.len());
        for statement in all {
            let words = statement.split(|c: char| c.is_whitespace() || ",[]{}\"".contains(c));
            let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
            let sid = words.iter().skip_while(|word| **word != "Sid:").nth(1);
            let is_action = |word: &&&str| word.contains(':') && !word.ends_with(':') && !word.contains("${");
            for wide in words.iter().filter(is_action).filter(|word| word.contains('*')) {
                assert!(WIDE_ACTIONS.contains(wide), "{}: {wide}", role.id);
            }
            let is_everywhere = statement.contains("Resource: \"*\"") || words.contains(&"*");
            let has_reason = sid.is_some_and(|sid| EVERYWHERE.contains(sid));
            assert!(!is_everywhere || has_reason, "{}, {sid:?}: every resource", role.id);
            for turned in ["NotAction", "NotResource", "NotPrincipal"] {
                assert!(!statement.contains(turned), "{}, {sid:?}: {turned}", role.id);
            }
            for service in ["iam:", "sts:", "organizations:", "lambda:", "cloudformation:"] {
                assert!(
                    !words.iter().any(|word| word.starts_with(service)),
                    "{}: {service}",
                    role.id
                );
            }
        }
    }
}

#[test]
fn only_lambda_takes_a_role() {
    let trust = "- {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}";
    for role in of_kind(&resources(), "AWS::IAM::Role") {
        assert_eq!(role.text.matches("Principal").count(), 1, "{}", role.id);
        assert!(role.text.contains(trust), "{}", role.id);
        assert!(
            !role.text.contains("ManagedPolicyArns"),
            "{}: rights are written out",
            role.id
        );
    }
}
