//! `lethe doctor`: the four things outside a template that stop Lethe from working, each with its remedy.
//!
//! Locally or, with `--stack NAME`, on AWS. It changes nothing. It fails if a check fails; a warning is something that
//! works today and will not in production.

use anyhow::{Result, bail};
use aws_sdk_sesv2::error::DisplayErrorContext;
use clap::Args;
use shared::domain::data_map::lint::Linted;

use crate::console;
use crate::data_map;
use crate::target::{Target, TargetArgs};

/// `lethe doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// How one check went.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Ok(String),
    Warn(String),
    Fail(String),
}

/// Runs the subcommand; an error if a check failed.
pub async fn run(args: &DoctorArgs) -> Result<()> {
    let target = args.target.resolve().await?;
    let mut failures = 0;
    for (what, finding) in [
        ("sender", sender(&target).await),
        ("mailing", sandbox(&target).await),
        ("concurrency", concurrency(&target).await),
        ("operators", operators(&target).await),
        ("sources", sources(&target).await),
    ] {
        let (mark, text) = match &finding {
            Finding::Ok(text) => ("ok", text),
            Finding::Warn(text) => ("warn", text),
            Finding::Fail(text) => ("fail", text),
        };
        failures += usize::from(mark == "fail");
        console::line(format!("{mark:>4}  {what:<12} {text}"));
    }
    match failures {
        0 => Ok(()),
        some => bail!("{some} of 5 checks failed; each line says what to do"),
    }
}

async fn sender(target: &Target) -> Finding {
    let address = target.parameter("SenderEmail");
    let domain = address.rsplit('@').next().unwrap_or_default();
    for identity in [address, domain] {
        let answer = target
            .clients
            .ses()
            .get_email_identity()
            .email_identity(identity)
            .send()
            .await;
        if answer.is_ok_and(|identity| identity.verified_for_sending_status()) {
            return Finding::Ok(format!("{identity} is verified for sending"));
        }
    }
    Finding::Fail(format!(
        "{address} may not send: verify it or {domain} in SES, in the stack's region"
    ))
}

async fn sandbox(target: &Target) -> Finding {
    match target.clients.ses().get_account().send().await {
        Ok(account) if account.production_access_enabled() => Finding::Ok("SES delivers to everybody".to_owned()),
        Ok(_) => Finding::Warn(
            "SES is in its sandbox and delivers to verified addresses only: request production access".to_owned(),
        ),
        Err(error) => Finding::Fail(format!("SES does not answer: {}", DisplayErrorContext(&error))),
    }
}

async fn concurrency(target: &Target) -> Finding {
    let wanted = target.parameter("MaximumConcurrency").parse().unwrap_or(0);
    match target.clients.lambda().get_account_settings().send().await {
        Ok(settings) => {
            let free = settings
                .account_limit()
                .map_or(0, |limit| limit.unreserved_concurrent_executions().unwrap_or(0));
            judge_concurrency(free, wanted)
        }
        Err(error) => Finding::Fail(format!("Lambda does not answer: {}", DisplayErrorContext(&error))),
    }
}

/// Planning, execution and packaging may each run `wanted` at once; the API and supervision need a few more.
fn judge_concurrency(free: i32, wanted: i32) -> Finding {
    let needed = wanted.saturating_mul(3).saturating_add(10);
    if free >= needed {
        return Finding::Ok(format!("{free} functions may run at once, at most {needed} are needed"));
    }
    let text = format!(
        "the account has {free} free concurrent executions, MaximumConcurrency={wanted} may need {needed}: \
         ask for a higher quota (Lambda, Concurrent executions) or lower the parameter"
    );
    if free > wanted {
        Finding::Warn(text)
    } else {
        Finding::Fail(text)
    }
}

async fn operators(target: &Target) -> Finding {
    let Some(pool) = target.outputs.get("UserPoolId") else {
        return Finding::Warn("your identity provider is not asked: see that two people are operators".to_owned());
    };
    let group = target.parameter("OperatorGroup");
    let members = target
        .clients
        .cognito()
        .list_users_in_group()
        .user_pool_id(pool)
        .group_name(group)
        .send()
        .await;
    match members {
        Ok(members) if members.users().len() >= 2 => {
            Finding::Ok(format!("{} operators in group {group}", members.users().len()))
        }
        Ok(members) => Finding::Fail(format!(
            "{} operators in group {group}: whoever approves may not execute, so a second is needed \
             (aws cognito-idp admin-add-user-to-group --user-pool-id {pool} --group-name {group} --username ...)",
            members.users().len()
        )),
        Err(error) => Finding::Fail(format!(
            "the user pool does not answer: {}",
            DisplayErrorContext(&error)
        )),
    }
}

/// The stack of managed policies `lethe data-map apply` deploys for `stack_name`.
#[must_use]
pub fn access_stack_name(stack_name: &str) -> String {
    format!("{stack_name}-access")
}

async fn sources(target: &Target) -> Finding {
    let access = access_stack_name(&target.stack_name);
    match Target::find(target.clients.clone(), &access).await {
        Ok(Some(_)) => judge_map(data_map::lint_in_force(target).await, &target.stack_name),
        Ok(None) => Finding::Fail("no function can reach your data: run `lethe data-map apply FILE`".to_owned()),
        Err(error) => Finding::Fail(format!("{error:#}")),
    }
}

/// Tables and buckets change after a map was applied.
fn judge_map(linted: Result<Option<Linted>>, stack: &str) -> Finding {
    let linted = match linted {
        Ok(Some(linted)) => linted,
        Ok(None) => return Finding::Fail("no data map is in force: run `lethe data-map apply FILE`".to_owned()),
        Err(error) => return Finding::Fail(format!("{error:#}")),
    };
    let (doubts, mistakes): (Vec<_>, Vec<_>) = linted.mistakes().iter().partition(|one| one.code.is_doubt());
    match (mistakes.first(), doubts.len()) {
        (Some(first), _) => Finding::Fail(format!(
            "the data map in force fits no more ({}): run `lethe data-map lint FILE --against {stack}`; the first is {}: {}",
            mistakes.len(),
            first.code,
            first.what
        )),
        (None, 0) => Finding::Ok("the data map in force fits what it names, and everything is named".to_owned()),
        (None, some) => Finding::Warn(format!(
            "the data map in force fits, with {some} doubts: run `lethe data-map lint FILE --against {stack}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_accounts_ten_executions_are_pointed_out() {
        assert!(matches!(judge_concurrency(10, 4), Finding::Warn(text) if text.contains("quota")));
        assert!(matches!(judge_concurrency(10, 50), Finding::Fail(_)));
        assert!(matches!(judge_concurrency(1000, 4), Finding::Ok(_)));
    }
}
