//! `lethe demo`: one real deletion through the real deployment, shown and checked.
//!
//! The sample application's large customer asks to be erased; two operators review, approve and execute; the data is
//! hidden, expires, is purged and verified; everybody else's data is compared byte for byte. It ends well only if every
//! step was checked. The steps are in `journey`, waiting with a progress bar in `watch`, what must hold in
//! `checks`, the yardstick for the speed in `bare_loop`.

mod bare_loop;
mod checks;
mod journey;
mod watch;

use anyhow::{Context, Result};
use clap::Args;
use demo::population::{ACME, LARGE};

use crate::console;
use crate::emulator;
use crate::own_stack::until_interrupted;
use crate::paths::StateDir;
use crate::seed::{sample, seed_population};
use crate::stack_file::Stack;
use crate::up::{Options, up};
use crate::{data_map, policy};

use journey::Journey;

/// `lethe demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many records the customer to be erased has.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    records: u64,
    /// Leave the stack running afterwards even if the demo started it.
    #[arg(long)]
    keep: bool,
}

/// Runs the subcommand.
pub async fn run(args: &DemoArgs) -> Result<()> {
    let options = Options::standard(None)?;
    let was_up = Stack::read(&options.state.stack_file()).is_ok();
    let work = Box::pin(async {
        let stack = up(&options).await?;
        erase(&stack, args.records).await?;
        Ok(stack)
    });
    let outcome = until_interrupted(work).await;
    if !was_up && !args.keep {
        emulator::stop(&options.state)?;
    }
    let stack = outcome?;
    if was_up || args.keep {
        say_where(&stack, &options.state);
    }
    console::line("The demo ended well: every step was checked.");
    Ok(())
}

async fn erase(stack: &Stack, records: u64) -> Result<()> {
    let (clients, names) = sample(stack).await?;
    let population = seed_population(stack, records).await?;
    let expected = population.expected(ACME, LARGE);
    apply_configuration(stack, &names).await?;
    let step = console::step("taking a digest of everybody else's data");
    let before = demo::digest::digest_except(&clients, &names, &[(ACME, LARGE)]).await?;
    step.done(&format!(
        "{} records of {} customers",
        before.records(),
        before.customers()
    ));
    let step = console::step("measuring a bare loop of the same writes");
    let large = population
        .customer(ACME, LARGE)
        .context("the population has no large customer")?;
    let bare = bare_loop::rate(&clients.dynamodb, &names.messages, large).await?;
    step.done(&format!("{bare:.0} records/s"));

    let journey = Journey::begin(stack).await?;
    let submitted = journey.submit().await?;
    journey.review(&submitted).await?;
    journey.execute(&submitted).await?;
    let swept = watch::until_swept(&journey, &submitted).await?;
    checks::hidden(&clients, &names, expected, swept.first_expiry).await?;
    watch::until_expired(
        &journey,
        &submitted,
        &clients.dynamodb,
        &names.messages,
        expected.messages,
    )
    .await?;
    let closed = watch::until_completed(&journey, &submitted).await?;
    checks::gone(&clients, &names, &before).await?;
    checks::account(&journey, &submitted, &closed, expected).await?;
    checks::told(&journey, &submitted).await?;
    journey.show_trail(&submitted).await?;
    watch::summary(&swept, &closed, bare);
    Ok(())
}

async fn apply_configuration(stack: &Stack, names: &demo::Names) -> Result<()> {
    let step = console::step("applying the sample application's policy and data map");
    let folder = tempfile::tempdir()?;
    let (policy_file, map_file) = (folder.path().join("policy.yaml"), folder.path().join("data-map.yaml"));
    std::fs::write(&policy_file, demo::stack::POLICY)?;
    std::fs::write(&map_file, demo::stack::data_map(names)?)?;
    step.suspend();
    policy::apply_to(stack, &policy_file).await?;
    data_map::apply_to(stack, &map_file).await?;
    step.done("with `lethe policy apply` and `lethe data-map apply`");
    Ok(())
}

fn say_where(stack: &Stack, state: &StateDir) {
    console::line(format!(
        "The API: {} with the header Host: {}",
        stack.api_url, stack.api_host
    ));
    let emails: Vec<_> = stack.users.iter().map(|user| user.email.as_str()).collect();
    console::line(format!(
        "Sign-ins: {}; passwords in {}",
        emails.join(", "),
        state.stack_file().display()
    ));
}
