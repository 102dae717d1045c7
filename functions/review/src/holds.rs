//! The routes of legal holds.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use shared::domain::actor::Caller;
use shared::domain::ids::{HoldId, SubjectId};
use shared::domain::personal::Personal;
use shared::ports::{Config, Holds, Keys, Limits, Manifests, Notes, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::clock::new_hold_id;
use shared::runtime::http::body::{self, invalid};
use shared::runtime::http::{Answer, Call, cursor, query};
use shared::state_machine::refusal::Refusal;
use shared::workflow::failure::Failure;
use shared::workflow::hold::{NewHold, list, place, release};

use super::{Review, bodies};

/// Items per page when the caller does not say.
const DEFAULT_LIMIT: u32 = 25;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placement {
    subject: Subject,
    scope: Vec<String>,
    reason: Personal,
}

/// The application's own id, plain or as the resource of a request shows a subject.
struct Subject(SubjectId);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectById {
    id: SubjectId,
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

/// By hand, because serde's untagged enums lose the place of a mistake.
struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Subject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application's id of a person, as text or as {\"id\": ...}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Subject, E> {
        SubjectId::try_from(text.to_owned()).map(Subject).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Subject, A::Error> {
        SubjectById::deserialize(MapAccessDeserializer::new(map)).map(|SubjectById { id }| Subject(id))
    }
}

impl<S, K, C, M, Q, D> Review<S, K, C, M, Q, D>
where
    S: Requests + Keys + Notes + Work + Holds + Limits,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// `POST /v1/holds`
    pub(super) async fn place_hold(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        only_operators(by)?;
        let input: Placement = body::json(call)?;
        let new = NewHold {
            subject: input.subject.0,
            scope: input.scope,
            reason: input.reason,
        };
        let (outside, id) = ((&self.config, &self.queues), new_hold_id(call.now));
        let placed = place(&self.records, outside, by, new, id, call.now).await?;
        Answer::json(201, &placed)
    }

    /// `POST /v1/holds/{id}/release`
    pub(super) async fn release_hold(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        only_operators(by)?;
        let id: HoldId = call.path_parameter("id").parse().map_err(|_| not_an_id())?;
        let reason = bodies::reason(call)?;
        let outside = (&self.config, &self.queues);
        let released = release(&self.records, outside, by, id, reason, call.now).await?;
        Answer::json(200, &released)
    }

    /// `GET /v1/holds`
    pub(super) async fn holds(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        if !by.reads_everything() {
            return Err(Refusal::OperatorOnly.into());
        }
        query::only(call, &["limit", "cursor"])?;
        let limit = query::parsed(call, "limit", "a number from 1 to 100")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=100).contains(&limit) {
            return Err(invalid("/limit", "a number from 1 to 100").into());
        }
        let key = self.records.ref_key(&by.tenant).await?;
        let purpose = format!("GET /v1/holds|{}|{}", by.tenant, by.actor_ref);
        let after = query::one(call, "cursor")?.map(|text| cursor::read(&key, &purpose, text));
        let page = list(&self.records, by, (after.transpose()?, limit)).await?;
        let next = page.next.map(|id| cursor::make(&key, &purpose, &id));
        let next = next
            .transpose()
            .map_err(|e| shared::ports::Fault::corrupt("cursor", e))?;
        Answer::json(200, &json!({ "items": page.items, "next_cursor": next }))
    }
}

/// Who may not command is told so before the body is looked at.
fn only_operators(by: &Caller) -> Result<(), Refusal> {
    if by.is_operator {
        Ok(())
    } else {
        Err(Refusal::OperatorOnly)
    }
}

fn not_an_id() -> Refusal {
    invalid("/id", "expected the id of a hold")
}
