//! Each function's role, on the deployed stack, against `infra/roles.md`: what it may, what it may not, and that the page
//! leaves out no right.
//!
//! | file | what |
//! |---|---|
//! | [`page`] | the page as lines |
//! | [`place`] | where a name of the page is |
//! | [`tables`], [`others`] | a real call for an action, chosen so that it does no harm where it is allowed |

mod others;
mod page;
mod place;
mod tables;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use harness::App;
use harness::iam::Role;
use lethe::clients::Clients;
use serde_json::Value;

use page::Line;
use place::{Place, Strangers};

/// What the service said to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It was let in; whether the call then succeeded does not matter.
    LetIn,
    /// Access denied.
    Denied,
}

impl Said {
    fn of<T, E: ProvideErrorMetadata + std::fmt::Debug>(answer: Result<T, E>) -> Option<Self> {
        match answer {
            Ok(_) => Some(Self::LetIn),
            Err(error) => {
                let code = error.code().unwrap_or_else(|| panic!("no answer: {error:?}"));
                Some(if code.starts_with("AccessDenied") {
                    Self::Denied
                } else {
                    Self::LetIn
                })
            }
        }
    }
}

/// Makes the call that a line is about; none where there is no harmless one, or the emulator cannot tell.
async fn ask(app: &App, acting: &Clients, line: &Line, place: &Place) -> Option<Said> {
    let (service, action) = line.action.split_once(':').expect("service:Action");
    match service {
        "dynamodb" => tables::ask(app, acting, action, place).await,
        "s3" => others::ask_s3(acting, action, place).await,
        "sqs" => others::ask_sqs(acting, action, line.may, place).await,
        "kms" => others::ask_kms(app, acting, action, place).await,
        _ => others::ask_rest(acting, &line.action, place).await,
    }
}

/// The whole page, as far as it concerns one function.
async fn holds(function: &str) {
    let app = App::start().await;
    let stem = format!("{}{}", function[..1].to_uppercase(), &function[1..]);
    let role = Role::find(&app.stack, app.output(&format!("{stem}RoleName"))).await;
    let acting = role.take().await;
    let strangers = Strangers::make(&app).await;
    let (mut wrong, mut granted, mut asked) = (vec![], vec![], 0);
    for line in page::lines_of(function) {
        let place = place::find(&app, &strangers, &line.on).await;
        let simulated = role.allows(&line.action, &place.arn).await;
        if simulated != line.may {
            // Not called: what should be refused and is not might do harm.
            wrong.push(format!("{} on {}: the policies say {simulated}", line.action, line.on));
        } else if let Some(said) = ask(&app, &acting, &line, &place).await {
            asked += 1;
            if (said == Said::LetIn) != line.may {
                wrong.push(format!("{} on {}: the service says {said:?}", line.action, line.on));
            }
        }
        granted.extend(line.may.then_some((line.action, place.arn)));
    }
    for right in rights(&role.statements().await) {
        if !granted.iter().any(|line| covers(line, &right)) {
            wrong.push(format!("{} on {}: not on the page", right.0, right.1));
        }
    }
    assert!(
        wrong.is_empty(),
        "{function}, against infra/roles.md:\n{}",
        wrong.join("\n")
    );
    assert!(asked > 50, "only {asked} lines of {function} were tried for real");
}

/// Every action and resource that statements allow. What an emulator alone is given (infra/access) is no right on AWS.
fn rights(statements: &[Value]) -> Vec<(String, String)> {
    let for_emulators = |one: &&Value| one["Condition"]["StringEquals"]["aws:PrincipalAccount"] == "000000000000";
    let mut rights = vec![];
    for statement in statements.iter().filter(|one| !for_emulators(one)) {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let resources = texts(&statement["Resource"]);
        for action in texts(&statement["Action"]) {
            rights.extend(resources.iter().map(|on| (action.clone(), on.clone())));
        }
    }
    assert!(rights.len() > 5, "{statements:?}");
    rights
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().expect("a text").to_owned();
    value
        .as_array()
        .map_or_else(|| vec![one(value)], |all| all.iter().map(one).collect())
}

/// Whether a line of the page is an instance of a right, whose action and resource may end in `*`.
fn covers(line: &(String, String), right: &(String, String)) -> bool {
    let fits = |text: &str, pattern: &str| match pattern.strip_suffix('*') {
        Some(head) => text.starts_with(head),
        None => text == pattern,
    };
    fits(&line.0, &right.0) && fits(&line.1, &right.1)
}

#[tokio::test]
async fn the_role_of_submission() {
    holds("submission").await;
}

#[tokio::test]
async fn the_role_of_review() {
    holds("review").await;
}

#[tokio::test]
async fn the_role_of_planning() {
    holds("planning").await;
}

#[tokio::test]
async fn the_role_of_execution() {
    holds("execution").await;
}

#[tokio::test]
async fn the_role_of_packaging() {
    holds("packaging").await;
}

#[tokio::test]
async fn the_role_of_supervision() {
    holds("supervision").await;
}

#[tokio::test]
async fn the_role_of_notification() {
    holds("notification").await;
}
