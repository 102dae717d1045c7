//! The contract of the HTTP API, `infra/openapi.yaml`, as tests read it: its operations, its schemas, and whether an
//! answer is one that it knows.
//!
//! [`watched`] makes a client that checks every answer it gets, so that whatever a test tries also tries the contract.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas, ValidationError};
use lethe::api::{Answer, Api, Method};
use serde_json::{Map, Value};

use crate::project;

/// Where it is.
pub const FILE: &str = "infra/openapi.yaml";
/// Where its schemas are, to themselves.
const ADDRESS: &str = "file:///openapi.yaml";

/// The document, and its schemas by their places in it.
pub struct Contract {
    document: Value,
    schemas: Schemas,
    places: BTreeMap<String, SchemaIndex>,
}

/// Reads it, once.
pub fn contract() -> &'static Contract {
    static READ: OnceLock<Contract> = OnceLock::new();
    READ.get_or_init(|| Contract::of(serde_saphyr::from_str(&project::read(FILE)).expect("openapi.yaml is YAML")))
}

impl Contract {
    fn of(document: Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource(ADDRESS, document.clone()).expect("a document");
        let mut found = vec![];
        schemas_in(&document, String::new(), &mut found);
        let compiled = found.into_iter().map(|place| {
            let schema = compiler.compile(&format!("{ADDRESS}#{place}"), &mut schemas);
            let schema = schema.unwrap_or_else(|error| panic!("{place} of {FILE} is no schema: {error:#}"));
            (place, schema)
        });
        let places = compiled.collect();
        Self {
            document,
            schemas,
            places,
        }
    }

    /// A place of the document, by JSON pointer.
    pub fn at(&self, pointer: &str) -> &Value {
        let found = self.document.pointer(pointer);
        found.unwrap_or_else(|| panic!("{FILE} has no {pointer}"))
    }

    /// The entries of an object of the document.
    pub fn entries(&self, pointer: &str) -> &Map<String, Value> {
        let found = self.at(pointer).as_object();
        found.unwrap_or_else(|| panic!("{pointer} of {FILE} is no object"))
    }

    /// What is meant: the value itself, or what its `$ref` leads to.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.at(reference.trim_start_matches('#')),
            None => value,
        }
    }

    /// Every operation, by its route as the template writes it.
    pub fn operations(&self) -> BTreeMap<String, &Value> {
        let mut operations = BTreeMap::new();
        for (path, item) in self.entries("/paths") {
            for (method, operation) in item.as_object().into_iter().flatten() {
                operations.insert(format!("{} {path}", method.to_uppercase()), operation);
            }
        }
        operations
    }

    /// Where the document speaks of the body of a route; of an answer with a status, wherever that is written.
    pub fn place_of_body(&self, route: &str) -> String {
        format!("{}/requestBody/content/application~1json", place_of(route))
    }

    /// Where the document speaks of a route's answer with a status, if it does.
    pub fn place_of_answer(&self, route: &str, status: u16) -> Option<String> {
        let place = format!("{}/responses/{status}", place_of(route));
        let answer = self.document.pointer(&place)?;
        let elsewhere = answer["$ref"]
            .as_str()
            .map(|reference| reference.trim_start_matches('#'));
        Some(elsewhere.map_or(place, str::to_owned))
    }

    /// What is wrong with a value by the schema at a place of the document; each with its own place.
    pub fn wrong(&self, place: &str, value: &Value) -> Vec<String> {
        let schema = self.places.get(place);
        let schema = *schema.unwrap_or_else(|| panic!("{FILE} has no schema at {place}"));
        let mut mistakes = vec![];
        if let Err(error) = self.schemas.validate(value, schema) {
            leaves(&error, &mut mistakes);
        }
        mistakes
    }

    /// What is wrong with a value by a named schema.
    pub fn wrong_by(&self, name: &str, value: &Value) -> Vec<String> {
        self.wrong(&format!("/components/schemas/{name}"), value)
    }

    /// The route of a call; none if no path of the document is meant.
    fn route(&self, method: &Method, path: &str) -> Option<String> {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<_> = path.split('/').collect();
        let is_meant = |route: &&String| {
            let (its_method, known) = route.split_once(' ').unwrap_or_default();
            let known: Vec<_> = known.split('/').collect();
            let fits = |(known, part): (&&str, &&str)| known == part || (known.starts_with('{') && !part.is_empty());
            its_method == method.as_str() && known.len() == parts.len() && known.iter().zip(&parts).all(fits)
        };
        self.operations().keys().find(is_meant).cloned()
    }

    /// What is wrong with an answer, by the contract; nothing of a call that is in no path of it.
    pub fn complaints(&self, method: &Method, path: &str, answer: &Answer) -> Vec<String> {
        let Some(route) = self.route(method, path) else {
            return vec![];
        };
        let status = answer.status.as_u16();
        let Some(place) = self.place_of_answer(&route, status) else {
            return vec![format!(
                "{route} answers {status}, which {FILE} does not say: {}",
                answer.body
            )];
        };
        let mut complaints = self.headers(&self.at(&place)["headers"], answer);
        complaints.extend(self.content(&place, answer));
        let told = |what: String| format!("{route} {status}: {what}; {FILE} says otherwise");
        complaints.into_iter().map(told).collect()
    }

    fn content(&self, place: &str, answer: &Answer) -> Vec<String> {
        let content_type = answer.header("content-type").split(';').next().unwrap_or_default();
        if self.at(place)["content"].get(content_type).is_none() {
            return vec![format!("its content type is {content_type:?}")];
        }
        if content_type == "application/x-ndjson" {
            let lines = lines(&answer.body).into_iter();
            return lines.flat_map(|line| self.wrong_by("TrailLine", &line)).collect();
        }
        let content_type = content_type.replace('/', "~1");
        self.wrong(&format!("{place}/content/{content_type}/schema"), &answer.body)
    }

    /// What is wrong with the headers that are spoken of; each is one of the components.
    fn headers(&self, documented: &Value, answer: &Answer) -> Vec<String> {
        let wrong = |(name, header): (&String, &Value)| {
            let component = header["$ref"].as_str().unwrap_or_default().trim_start_matches('#');
            if answer.headers.contains_key(name) {
                let value = Value::from(answer.header(name));
                let mistakes = self.wrong(&format!("{component}/schema"), &value);
                (!mistakes.is_empty()).then(|| format!("{name} is {value}"))
            } else {
                (self.at(component)["required"] == true).then(|| format!("{name} is missing"))
            }
        };
        let documented = documented.as_object().into_iter().flatten();
        documented.filter_map(wrong).collect()
    }
}

/// Where the document speaks of a route.
fn place_of(route: &str) -> String {
    let (method, path) = route.split_once(' ').unwrap_or_default();
    format!("/paths/{}/{}", path.replace('/', "~1"), method.to_lowercase())
}

/// The places of the schemas of a document: those that are named, and wherever a body, header or parameter has one.
fn schemas_in(value: &Value, place: String, found: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        match name.as_str() {
            "schema" => found.push(place),
            "schemas" => {
                let names = inner.as_object().into_iter().flatten();
                found.extend(names.map(|(name, _)| format!("{place}/{name}")));
            }
            "examples" => {}
            _ => schemas_in(inner, place, found),
        }
    }
    for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
        schemas_in(inner, format!("{place}/{n}"), found);
    }
}

fn leaves(error: &ValidationError<'_, '_>, mistakes: &mut Vec<String>) {
    if error.causes.is_empty() {
        mistakes.push(format!("{}: {}", error.instance_location, error.kind));
    }
    for cause in &error.causes {
        leaves(cause, mistakes);
    }
}

/// The lines of NDJSON, which the client has read as one value if there is but one.
fn lines(body: &Value) -> Vec<Value> {
    match body.as_str() {
        Some(text) => {
            let line = |line: &str| serde_json::from_str(line).unwrap_or_default();
            text.lines().map(line).collect()
        }
        None if body.is_null() => vec![],
        None => vec![body.clone()],
    }
}

/// The same client, which panics at an answer that is not in the contract.
pub fn watched(api: Api) -> Api {
    api.watched_by(|method, path, answer| {
        let complaints = contract().complaints(method, path, answer);
        assert!(complaints.is_empty(), "{complaints:#?}");
    })
}
