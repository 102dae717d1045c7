//! A customer of the sample application, made for one test: a sign-in, and records in all three datasets.
//!
//! Id, name and e-mail address share no part, so that finding one of them somewhere tells which one leaked.

use demo::{Body, Dataset, Record};
use jiff::{SignedDuration, Timestamp};
use lethe::api::Api;
use serde_json::{Map, Value, json};

use crate::app::{App, FAIR};
use crate::case::Case;
use crate::config::paced_key;
use crate::people::{Person, sign_in};
use crate::trial::PACED;
use crate::wait::unique;

/// When the first record was written: long before any test runs.
const WRITTEN: Timestamp = Timestamp::constant(1_740_000_000, 0);
/// Of how many messages one has an expiry of the application's own.
const WITH_TTL: u64 = 4;

/// How much a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Records {
    /// Messages, which expire by TTL once swept.
    pub messages: u64,
    /// Profile and devices, which have to be purged.
    pub profiles: u64,
    /// Files. The first has three versions, the second was deleted by the application itself.
    pub files: u64,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            messages: 12,
            profiles: 2,
            files: 3,
        }
    }
}

impl Records {
    /// Nothing at all.
    pub const NONE: Self = Self {
        messages: 0,
        profiles: 0,
        files: 0,
    };

    /// What an erasure of everything plans.
    pub fn total(self) -> u64 {
        self.messages + self.profiles + self.files
    }
}

/// A customer, signed in.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The stack they are a customer on.
    pub app: &'a App,
    /// Who they are.
    pub person: Person,
    /// What they have.
    pub records: Records,
    /// The API as they call it.
    pub api: Api,
}

impl<'a> Subject<'a> {
    pub(crate) async fn make(app: &'a App, name: &str, records: Records) -> Self {
        let person = Person {
            name: format!("{name} {}", unique()),
            email: format!("{}@customers.example", unique()),
            tenant: app.tenant.clone(),
            groups: vec![],
            subject_id: Some(format!("c-{}", unique())),
        };
        Self::of(app, person, records).await
    }

    async fn of(app: &'a App, person: Person, records: Records) -> Self {
        seed(app, &person, records).await;
        let api = sign_in(&app.stack, &person).await;
        Self {
            app,
            person,
            records,
            api,
        }
    }

    /// The application's id of them.
    pub fn id(&self) -> &str {
        self.person.subject_id.as_deref().unwrap_or_default()
    }

    /// Somebody else's customer with the same id in another tenant: what a shared table confuses.
    pub async fn twin_in(&self, tenant: &str) -> Person {
        let twin = self.namesake_in(tenant);
        seed(self.app, &twin, self.records).await;
        twin
    }

    /// The same, signed in and with records of their own number.
    pub async fn twin_of<'b>(&self, app: &'b App, records: Records) -> Subject<'b> {
        Subject::of(app, self.namesake_in(&app.tenant), records).await
    }

    fn namesake_in(&self, tenant: &str) -> Person {
        let (name, email) = (format!("twin {}", unique()), format!("{}@customers.example", unique()));
        Person {
            name,
            email,
            tenant: tenant.to_owned(),
            ..self.person.clone()
        }
    }

    /// Submits and expects to be heard.
    pub async fn submit(&self, body: Value) -> Case<'a> {
        let answer = self.api.post("/v1/requests", &body).await.expect("an answer");
        let request: Value = answer.success().expect("the request is taken");
        Case::of(self.app, &self.api, &request)
    }

    /// The application writes all their records anew, as for a customer who has come back.
    pub async fn come_back(&self) {
        seed(self.app, &self.person, self.records).await;
    }

    /// What is physically left of them.
    pub async fn traces(&self) -> demo::traces::Traces {
        traces_of(self.app, &self.person).await
    }

    /// What the application would show them.
    pub async fn visible(&self) -> demo::reader::Visible {
        let (clients, names) = self.app.sample();
        let seen = demo::reader::visible(&clients, &names, &self.person.tenant, self.id()).await;
        seen.expect("the application reads")
    }
}

/// What is physically left of a person.
pub async fn traces_of(app: &App, person: &Person) -> demo::traces::Traces {
    let (clients, names) = app.sample();
    let id = person.subject_id.as_deref().unwrap_or_default();
    demo::traces::traces_of(&clients, &names, &person.tenant, id)
        .await
        .expect("a scan")
}

/// The body of a deletion request.
pub fn deletion<const N: usize>(scope: [&str; N]) -> Value {
    json!({ "kind": "deletion", "scope": scope.to_vec(), "reason": "I am leaving", "confirm": true })
}

/// The body of a request for a copy.
pub fn export<const N: usize>(scope: [&str; N]) -> Value {
    json!({ "kind": "export", "scope": scope.to_vec(), "reason": "I want to see it", "confirm": true })
}

/// The body of a request to delete everything.
pub fn deletion_of_everything() -> Value {
    deletion(["attachments", "conversations", "profile"])
}

async fn seed(app: &App, person: &Person, records: Records) {
    let (clients, names) = app.sample();
    let items = (0..records.messages)
        .map(|n| message(person, n))
        .chain((0..records.profiles).map(|n| profile(person, n)));
    let items = items.map(|(dataset, item)| record(person, dataset, Body::Item(item)));
    let files = (0..records.files)
        .flat_map(|n| file(person, n))
        .map(|body| record(person, Dataset::Attachments, body));
    let loaded = demo::load::load(&clients, &names, items.chain(files), |_| ()).await;
    loaded.expect("the records are written");
}

fn record(person: &Person, dataset: Dataset, body: Body) -> Record {
    let customer = person.subject_id.clone().unwrap_or_default();
    Record {
        dataset,
        tenant: person.tenant.clone(),
        customer,
        body,
    }
}

fn message(person: &Person, n: u64) -> (Dataset, Map<String, Value>) {
    let id = person.subject_id.as_deref().unwrap_or_default();
    let sent_at = WRITTEN + SignedDuration::from_secs(i64::try_from(n).unwrap_or_default() * 60);
    let mut item = Map::from_iter([
        (
            "pk".to_owned(),
            json!(demo::messages::partition_key(&person.tenant, id)),
        ),
        ("sk".to_owned(), json!(format!("MSG#{sent_at}#{n:07}"))),
        (
            "conversation_id".to_owned(),
            json!(format!("{}/{id}/{:06}", person.tenant, n / 12)),
        ),
        ("sent_at".to_owned(), json!(sent_at.to_string())),
        ("author_name".to_owned(), json!(person.name)),
        ("author_email".to_owned(), json!(person.email)),
        (
            "text".to_owned(),
            json!(format!("Message {n} of {}: {}", person.name, "lorem ipsum ".repeat(12))),
        ),
    ]);
    if n.is_multiple_of(WITH_TTL) {
        item.insert("expires_at".to_owned(), json!(sent_at.as_second() + 10 * 365 * 86_400));
    }
    (Dataset::Messages, item)
}

fn profile(person: &Person, n: u64) -> (Dataset, Map<String, Value>) {
    let id = person.subject_id.as_deref().unwrap_or_default();
    let sk = if n == 0 {
        "PROFILE".to_owned()
    } else {
        format!("DEVICE#{n}")
    };
    let item = Map::from_iter([
        ("pk".to_owned(), json!(profiles_key(person, id))),
        ("sk".to_owned(), json!(format!("{}#{sk}", person.tenant))),
        ("tenant".to_owned(), json!(person.tenant)),
        ("created_at".to_owned(), json!(WRITTEN.as_second())),
        ("name".to_owned(), json!(person.name)),
        ("email".to_owned(), json!(person.email)),
    ]);
    (Dataset::Profiles, item)
}

/// Where a customer's profiles stand.
pub fn profiles_key(person: &Person, id: &str) -> String {
    if [PACED, FAIR].contains(&person.tenant.as_str()) {
        paced_key(id)
    } else {
        demo::profiles::partition_key(id)
    }
}

fn file(person: &Person, n: u64) -> Vec<Body> {
    let id = person.subject_id.as_deref().unwrap_or_default();
    let key = format!(
        "{}{n:03} Überweisung & 契約書+#.txt",
        demo::attachments::prefix(&person.tenant, id)
    );
    let versions = if n == 0 { 3 } else { 1 };
    let version = |v: u64| {
        let bytes = format!("version {v} for {} <{}>", person.name, person.email).into_bytes();
        Body::Object {
            key: key.clone(),
            bytes,
        }
    };
    let mut bodies: Vec<Body> = (0..versions).map(version).collect();
    if n == 1 {
        bodies.push(Body::Deleted { key: key.clone() });
    }
    bodies
}
