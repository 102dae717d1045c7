//! `lethe up`: the whole local stack, from nothing to signed-in users; a second time quick and without a change.
//!
//! What fails quickly comes first: Python, packages, the port; then the build, the two deployments, the users.
//! `stack.json` is written last, so that whoever finds one finds a stack that works.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::clients::Clients;
use crate::console;
use crate::deploy::{Deployer, Digests, REGION};
use crate::emulator;
use crate::functions;
use crate::paths::{self, StateDir};
use crate::stack_file::Stack;
use crate::target::Target;
use crate::ttl;
use crate::users::{self, Groups};
use crate::venv::{self, Venv};

/// The port of LocalStack, and so of everything that takes its place.
const DEFAULT_PORT: u16 = 4566;

/// `lethe up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Where the stack's files are kept, instead of .lethe.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The emulator's port; 0 takes any free one.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
}

/// What to bring up, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its files are.
    pub state: StateDir,
    /// The emulator's port; 0 takes any free one.
    pub port: u16,
    /// The name of Lethe's stack.
    pub stack_name: String,
    /// The name of the sample application's stack.
    pub demo_name: String,
}

impl Options {
    /// The stack a person works with.
    pub fn standard(dir: Option<&Path>) -> Result<Self> {
        let (stack_name, demo_name) = ("lethe-local".to_owned(), "lethe-demo".to_owned());
        Ok(Self {
            state: StateDir::or_default(dir)?,
            port: DEFAULT_PORT,
            stack_name,
            demo_name,
        })
    }
}

/// Runs the subcommand.
pub async fn run(args: &UpArgs) -> Result<()> {
    let options = Options {
        port: args.port,
        ..Options::standard(args.dir.as_deref())?
    };
    let stack = up(&options).await?;
    console::line(format!(
        "The API is at {} with the header Host: {}",
        stack.api_url, stack.api_host
    ));
    console::line(format!(
        "Users and their passwords are in {}",
        options.state.stack_file().display()
    ));
    Ok(())
}

/// Brings the stack up, or finds it up and unchanged.
pub async fn up(options: &Options) -> Result<Stack> {
    let root = paths::checkout()?;
    let state = &options.state;
    fs::create_dir_all(state.path()).with_context(|| format!("cannot create {}", state.path().display()))?;
    let tools = Tools::ready(&root).await?;
    let endpoint = endpoint(options, &tools.emulator).await?;
    let functions = functions::build(&root).await?;
    let clients = Clients::local(&endpoint, REGION).await;
    let found = Stack::read(&state.stack_file())
        .ok()
        .filter(|stack| stack.endpoint == endpoint);
    let wanted = Digests::of(&root, &functions)?;
    // Without the file of a finished `up` nothing counts as deployed.
    let deployed = if found.is_some() {
        Digests::read(state)
    } else {
        Digests::default()
    };
    let stands = async |name: &str| Target::find(clients.clone(), name).await.map(|found| found.is_some());
    let lethe_stands = wanted.lethe == deployed.lethe && stands(&options.stack_name).await?;
    let demo_stands = wanted.demo == deployed.demo && stands(&options.demo_name).await?;
    if let (Some(stack), true, true) = (&found, lethe_stands, demo_stands) {
        console::line(format!("Stack {} is up and unchanged", options.stack_name));
        return Ok(stack.clone());
    }
    let deployer = Deployer {
        sam: &tools.sam,
        root: &root,
        state,
        endpoint: &endpoint,
    };
    if !lethe_stands {
        deployer.lethe(&options.stack_name).await?;
    }
    if !demo_stands {
        deployer.demo(&options.demo_name).await?;
    }
    let stack = describe(options, &clients, &endpoint, found.as_ref()).await?;
    ttl::ensure_all(&clients.dynamodb(), &stack).await?;
    stack.write(&state.stack_file())?;
    wanted.write(state)?;
    Ok(stack)
}

/// The two Python programs everything local needs.
struct Tools {
    emulator: Venv,
    sam: Venv,
}

impl Tools {
    async fn ready(root: &Path) -> Result<Self> {
        let python = venv::find_python().await?;
        let local = root.join("infra/local");
        let emulator = venv::ensure(&python, &local.join("requirements-emulator.txt")).await?;
        let sam = venv::ensure(&python, &local.join("requirements-sam.txt")).await?;
        Ok(Self { emulator, sam })
    }
}

/// The emulator `LETHE_ENDPOINT` names, else one of our own.
async fn endpoint(options: &Options, venv: &Venv) -> Result<String> {
    if let Some(named) = std::env::var("LETHE_ENDPOINT").ok().filter(|named| !named.is_empty()) {
        let endpoint = named.trim_end_matches('/').to_owned();
        anyhow::ensure!(
            emulator::answers(&endpoint).await,
            "nothing like an AWS emulator answers at {endpoint}; start it, or unset LETHE_ENDPOINT to let Lethe start one"
        );
        return Ok(endpoint);
    }
    let step = console::step("Starting the emulator");
    let emulator = emulator::ensure(venv, &options.state, options.port).await?;
    step.done(&emulator.endpoint());
    Ok(emulator.endpoint())
}

/// Asks the deployed stacks what they are made of, verifies the sender, makes the users.
async fn describe(options: &Options, clients: &Clients, endpoint: &str, found: Option<&Stack>) -> Result<Stack> {
    let lethe = Target::read(clients.clone(), &options.stack_name).await?;
    let demo = Target::read(clients.clone(), &options.demo_name).await?;
    let step = console::step("Making the users");
    let sender = clients
        .ses()
        .create_email_identity()
        .email_identity(lethe.parameter("SenderEmail"));
    sender
        .send()
        .await
        .context("the emulator refuses the sender's address in samconfig.toml")?;
    let pool = lethe.output("UserPoolId")?.to_owned();
    let known = found
        .filter(|stack| stack.user_pool_id == pool)
        .map(|stack| stack.users.as_slice());
    let groups = Groups::of(&lethe.parameters);
    let users = users::ensure(&clients.cognito(), &pool, &groups, known.unwrap_or_default()).await?;
    step.done(&format!("{} users", users.len()));
    let api_id = lethe.output("ApiId")?.to_owned();
    let port = endpoint.rsplit(':').next().unwrap_or_default();
    Ok(Stack {
        endpoint: endpoint.to_owned(),
        region: REGION.to_owned(),
        stack_name: options.stack_name.clone(),
        api_host: format!("{api_id}.execute-api.localhost:{port}"),
        api_url: endpoint.to_owned(),
        api_id,
        client_id: lethe.output("UserPoolClientId")?.to_owned(),
        user_pool_id: pool,
        users,
        outputs: lethe.outputs,
        demo_outputs: demo.outputs,
    })
}
