//! Hidden at once: what an application shows of somebody from the moment an execution is answered, at every moment, and
//! what it shows once it was brought back.

use std::cell::Cell;

use demo::inbox::{Message, inbox};
use demo::reader::{Visible, shown};
use harness::app::{EARLY, PATIENT};
use harness::application::Application;
use harness::subject::{Subject, deletion_of_everything};
use harness::wait::until;
use harness::{App, Case, Oracle, Records};
use serde_json::{Value, json};

/// Enough that the sweep takes a while, in which only the gate hides.
const MANY: Records = Records {
    messages: 3_000,
    profiles: 2,
    files: 3,
};
/// Messages of each customer on the page.
const EACH: usize = 5;

/// A page of the application with two customers on it, one of whom has nothing to do with it all.
struct Page<'a> {
    application: Application<'a>,
    ada: &'a Subject<'a>,
    ben: &'a Subject<'a>,
}

/// What somebody saw who looked all the time.
#[derive(Debug, Default)]
struct Looks {
    /// Times at which only the gate kept a record from being shown.
    by_gate: u32,
    /// Times at which the gate had let go, and marks alone hid.
    by_marks: u32,
}

impl Page<'_> {
    async fn messages(&self) -> Vec<Message> {
        let (clients, names) = self.ada.app.sample();
        let both = [self.ada.id(), self.ben.id()];
        let page = (self.ada.person.tenant.as_str(), both.as_slice());
        inbox(&clients, &names, &self.application.gate(), page, EACH)
            .await
            .expect("a page")
    }

    async fn messages_of(&self, one: &Subject<'_>) -> usize {
        let all = self.messages().await;
        all.iter().filter(|message| message.customer == one.id()).count()
    }

    async fn look(&self, looks: &mut Looks) {
        let ada = self.ada;
        assert_eq!(self.messages_of(ada).await, 0, "{looks:?}");
        let (clients, names) = ada.app.sample();
        let gate = self.application.gate();
        let whose = (ada.person.tenant.as_str(), ada.id());
        let all = shown(&clients, &names, &gate, whose)
            .await
            .expect("the application reads");
        assert_eq!(all, Visible::default(), "{looks:?}");
        assert_eq!(self.messages_of(self.ben).await, EACH, "others are shown as ever");
        looks.by_gate += u32::from(ada.visible().await != Visible::default());
        let hidden = gate.hidden(whose.0, &[whose.1]).await.expect("the gate");
        looks.by_marks += u32::from(hidden.is_empty());
    }
}

#[tokio::test]
async fn nothing_of_a_subject_shows_from_the_execution_on_until_it_is_brought_back() {
    let app = App::start_in(PATIENT).await;
    let (ada, ben) = (app.subject_with("Ada", MANY).await, app.subject("Ben").await);
    let application = Application::new(&app).await;
    let page = Page {
        application,
        ada: &ada,
        ben: &ben,
    };
    let oracle = Oracle::now(&app).await;
    let before = page.messages().await;
    assert_eq!(before.len(), 2 * EACH);
    let case = ada.submit(deletion_of_everything()).await;
    case.verify().await.approve().await.grace_over().await;
    assert_eq!(page.messages().await, before, "nothing is hidden by an approval");
    case.execute().await;

    let all = ["attachments", "conversations", "profile"];
    assert_eq!(hidden(&app, ada.id()).await, all);
    let looks = Box::pin(watch(&page, case.until_phase("recovering"))).await;
    println!("{looks:?}");
    assert!(looks.by_gate > 0 && looks.by_marks > 0, "both were seen: {looks:?}");
    assert!(hidden(&app, ada.id()).await.is_empty());
    assert_eq!(case.read().await["hidden"], json!(all), "the marks hide it all");

    let reason = json!({ "reason": "the wrong Ada" });
    case.call(&app.executor, "/cancel", reason)
        .await
        .success::<Value>()
        .expect("taken");
    case.until("its settling", |request| request["status"] == "Cancelled")
        .await;
    let order = json!({ "reason": "the wrong Ada", "all": true });
    let ordered = case.call(&app.executor, "/restore", order).await;
    assert_eq!(ordered.status.as_u16(), 202, "{}", ordered.body);
    until("everything to be back", async || {
        app.supervise().await;
        (page.messages().await == before).then_some(())
    })
    .await;
    case.until("the last record to be back", |request| {
        request["job"]["progress"]["restored"] == MANY.total()
    })
    .await;
    oracle.untouched(&app, &[&ada.person, &ben.person]).await;
    let hers = ada.visible().await;
    assert_eq!((hers.messages, hers.profiles), (MANY.messages, MANY.profiles));
}

/// Looks all the time, until the job is there and once after.
async fn watch(page: &Page<'_>, job: impl Future<Output = Value>) -> Looks {
    let over = Cell::new(false);
    let job = async {
        job.await;
        over.set(true);
    };
    let looking = async {
        let mut looks = Looks::default();
        loop {
            let last = over.get();
            page.look(&mut looks).await;
            if last {
                return looks;
            }
        }
    };
    tokio::join!(job, looking).1
}

/// What is hidden of somebody, as an operator reads it.
async fn hidden(app: &App, subject: &str) -> Vec<String> {
    let answer = app.approver.get(&format!("/v1/subjects/{subject}/gate")).await;
    let gate: Value = answer.expect("an answer").success().expect("a gate");
    let names = gate["hidden"].as_array().expect("a list").iter();
    names.map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
}

/// Under `HideFrom: approval`; the id is one that an address has to encode.
#[tokio::test]
async fn an_approval_hides_where_the_policy_says_so_and_a_withdrawal_ends_it() {
    let app = App::start_in(EARLY).await;
    let word = harness::wait::unique();
    let (id, encoded) = (format!("Zoë 50% {word}"), format!("Zo%C3%AB%2050%25%20{word}"));
    let body = json!({
        "kind": "deletion", "scope": ["profile", "conversations"], "reason": "a letter", "confirm": true,
        "subject": { "id": id, "name": "Zoë", "email": format!("{word}@customers.example") },
    });
    let submitted: Value = app
        .executor
        .post("/v1/requests", &body)
        .await
        .expect("an answer")
        .success()
        .expect("taken");
    let case = Case::of(&app, &app.executor, &submitted);
    case.verify().await;
    assert!(hidden(&app, &encoded).await.is_empty());
    case.approve().await;
    assert_eq!(hidden(&app, &encoded).await, ["conversations", "profile"]);
    assert_eq!(case.read().await["hidden"], json!(["profile", "conversations"]));
    let gate = Application::new(&app).await.gate();
    let as_read = gate.hidden(EARLY, &[&id, "somebody else"]).await.expect("the gate");
    assert_eq!(as_read.len(), 1, "{as_read:?}");
    let reason = json!({ "reason": "she telephoned" });
    case.call(&app.approver, "/withdraw", reason)
        .await
        .success::<Value>()
        .expect("taken");
    assert!(hidden(&app, &encoded).await.is_empty());
    assert!(gate.hidden(EARLY, &[&id]).await.expect("the gate").is_empty());
}

/// The policy for applications: gates by their keys, and nothing else of Lethe.
#[tokio::test]
async fn an_application_may_read_the_gate_and_nothing_else() {
    let app = App::start_alone().await;
    let application = Application::new(&app).await;
    application
        .gate()
        .hidden(&app.tenant, &["anybody"])
        .await
        .expect("it may");
    let arn = |table: &str| {
        format!(
            "arn:aws:dynamodb:{}:000000000000:table/{}",
            app.stack.region,
            app.output(table)
        )
    };
    for (action, table, may) in [
        ("dynamodb:BatchGetItem", "RequestsTable", true),
        ("dynamodb:GetItem", "RequestsTable", true),
        ("dynamodb:Query", "RequestsTable", false),
        ("dynamodb:Scan", "RequestsTable", false),
        ("dynamodb:PutItem", "RequestsTable", false),
        ("dynamodb:UpdateItem", "RequestsTable", false),
        ("dynamodb:DeleteItem", "RequestsTable", false),
        ("dynamodb:GetItem", "AuditTable", false),
        ("dynamodb:GetItem", "KeysTable", false),
    ] {
        assert_eq!(
            application.role.allows(action, &arn(table)).await,
            may,
            "{action} on {table}"
        );
    }
    let documents = application.role.statements().await;
    let keys = &documents[0]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(
        (documents.len(), keys),
        (1, &json!(["GATE#*"])),
        "the emulator does not look at it"
    );
    let table = app.output("RequestsTable");
    let scan = application
        .clients
        .dynamodb()
        .scan()
        .table_name(table)
        .limit(1)
        .send()
        .await;
    assert!(scan.is_err(), "and the service says so, too");
}
