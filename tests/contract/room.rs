//! The functions behind the API in a room of their own: their real handlers over the simulator's fakes, without a stack.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use harness::project;
use jiff::Timestamp;
use review::Review;
use serde_json::{Value, json};
use shared::domain::data_map::DataMap;
use shared::domain::ids::RequestId;
use shared::domain::policy::PolicyFile;
use shared::ports::{Config, Fault, Pinned};
use shared::runtime::http::{Answer, Call, handle};
use shared::runtime::settings::ApiSettings;
use shared::sim::blobs::SimManifests;
use shared::sim::exports::SimExports;
use shared::sim::queues::SimQueues;
use shared::sim::sealer::SimSealer;
use shared::sim::sources::SimSources;
use shared::sim::store::SimStore;
use shared::sim::{Calm, World, alone};
use shared::workflow::records::Records;
use submission::Submission;

/// When everything happens.
pub(super) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Policy and data map, if they were applied.
#[derive(Clone, Debug, Default)]
pub(super) struct Applied {
    pub(super) policy: Option<Pinned<PolicyFile>>,
    pub(super) map: Option<Pinned<DataMap>>,
}

impl Applied {
    /// Those of the sample application.
    pub(super) fn sample() -> Self {
        let names = ["MessagesTable", "ProfilesTable", "AttachmentsBucket"];
        let outputs: BTreeMap<_, _> = names.map(|name| (name.to_owned(), name.to_lowercase())).into();
        let names = demo::Names::from_outputs(&outputs).expect("all its outputs");
        let map = demo::stack::data_map(&names).expect("the sample's data map");
        Self {
            policy: Some(pinned(
                PolicyFile::parse(demo::stack::POLICY, true).expect("the sample's policy"),
            )),
            map: Some(pinned(DataMap::parse(&map).expect("a data map"))),
        }
    }
}

fn pinned<T>(value: T) -> Pinned<T> {
    Pinned {
        version: "1".to_owned(),
        digest: "0f".repeat(32),
        value,
    }
}

impl Config for Applied {
    async fn policy(&self) -> Result<Option<Pinned<PolicyFile>>, Fault> {
        Ok(self.policy.clone())
    }

    async fn data_map(&self, _: Option<&str>) -> Result<Option<Pinned<DataMap>>, Fault> {
        Ok(self.map.clone())
    }
}

/// The room.
pub(super) struct Room {
    world: World,
    submission: Rc<Submission<SimStore, SimSealer, Applied, SimExports>>,
    review: Rc<Review<SimStore, SimSealer, Applied, SimManifests, SimQueues, SimSources>>,
    /// The routes that are review's.
    reviewed: Vec<String>,
    /// Calls so far: what is random of the id of a request.
    calls: Cell<u128>,
}

/// Who calls: claims over those of an operator; a value of `null` takes away.
pub(super) fn operator() -> Value {
    json!({ "sub": "olivia", "cognito:groups": "[PlatformAdmin]", "custom:tenant": "acme", "token_use": "id" })
}

impl Room {
    /// With this much applied.
    pub(super) fn with(config: Applied) -> Self {
        let world = World::new(1, NOW, Calm);
        let records = Records {
            store: SimStore::new(&world),
            sealer: SimSealer::new(&world),
        };
        let submission = Submission {
            records: records.clone(),
            config: config.clone(),
            exports: SimExports::new(&world),
            settings: settings(),
        };
        let review = Review {
            records,
            config,
            manifests: SimManifests::new(&world),
            queues: SimQueues::new(&world),
            sources: SimSources::new(&world),
            settings: settings(),
        };
        let routes = project::resources().into_iter();
        let of_review = |one: project::Resource| {
            let is_its = one
                .value("Target")
                .is_some_and(|target| target.contains("ReviewIntegration"));
            one.value("RouteKey").filter(|_| is_its).map(str::to_owned)
        };
        Self {
            world,
            submission: Rc::new(submission),
            review: Rc::new(review),
            reviewed: routes.filter_map(of_review).collect(),
            calls: Cell::new(0),
        }
    }

    /// Lets the next id be the one that was given last.
    pub(super) fn repeat_id(&self) {
        self.calls.set(self.calls.get() - 1);
    }

    /// The answer to an operator's call of this route; `changes` go over the gateway's event.
    pub(super) fn call(&self, route: &str, changes: Value) -> Answer {
        let call = call(route, changes);
        let is_reviewed = self.reviewed.iter().any(|one| one == route);
        self.calls.set(self.calls.get() + 1);
        let random = self.calls.get();
        let (submission, review) = (Rc::clone(&self.submission), Rc::clone(&self.review));
        let answered = handle(call, async move |call| {
            if is_reviewed {
                Box::pin(review.handle(&call)).await
            } else {
                let id = |at: Timestamp| RequestId::from_parts(at.as_millisecond().unsigned_abs(), random);
                Box::pin(submission.handle(&call, id)).await
            }
        });
        alone(&self.world, answered).expect("an answer")
    }
}

fn settings() -> ApiSettings {
    ApiSettings {
        operator_group: "PlatformAdmin".to_owned(),
        auditor_group: "Auditor".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        tenant_claim: "custom:tenant".to_owned(),
        subject_id_claim: "custom:subject_id".to_owned(),
        reauth_claim: "auth_time".to_owned(),
        single_tenant: None,
        allow_short_periods: true,
        version: "0".to_owned(),
    }
}

/// What the gateway makes of a call.
fn call(route: &str, changes: Value) -> Call {
    let prefix = if route.contains(" /v1/holds") { "hld_" } else { "dsr_" };
    let id = format!("{prefix}01JZ0M3V5T7XQ9B2C4D6E8F0GH");
    let mut event = json!({
        "version": "2.0", "routeKey": route, "rawPath": "/v1/x", "rawQueryString": "",
        "headers": { "host": "api.example" },
        "pathParameters": { "id": id, "n": "1" },
        "requestContext": {
            "accountId": "1", "stage": "$default", "routeKey": route, "requestId": "r",
            "http": { "method": "POST", "path": "/v1/x", "sourceIp": "203.0.113.7", "userAgent": "u" },
            "authorizer": { "jwt": { "claims": operator() } }
        },
        "isBase64Encoded": false
    });
    merge(&mut event, changes);
    let request = lambda_http::request::from_str(&event.to_string()).expect("an event");
    Call::new(request, NOW)
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match value {
                    Value::Null => drop(into.remove(&key)),
                    value => merge(into.entry(key).or_insert(Value::Null), value),
                }
            }
        }
        (into, from) => *into = from,
    }
}
