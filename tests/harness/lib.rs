//! The harness: what a test needs to tell the story of a request on a deployed stack, in the story's own words.
//!
//! ```text
//! let app = App::start().await;
//! let ada = app.subject("ada").await;
//! let case = ada.submit(deletion(["conversations"])).await;
//! case.verify().await.approve().await.grace_over().await.execute().await;
//! case.until_completed().await;
//! ```
//!
//! Every test makes people and records of its own, with ids nobody else has, so tests run side by side on one stack.
//! Waiting is always for a condition, with supervision invoked meanwhile; nothing sleeps for luck. A step of the story
//! that does not succeed panics and shows what the API answered.
//!
//! | file | what |
//! |---|---|
//! | [`app`] | the stack, its tenants, its operators |
//! | [`subject`] | a customer with records of their own |
//! | [`case`] | one request and what people do with it |
//! | [`contract`] | `infra/openapi.yaml`, and a client whose answers are held to it |
//! | [`rows`] | Lethe's own rows, read past the API: chunks, trail, how many |
//! | [`oracle`] | whether everybody else's data is byte for byte what it was |
//! | [`canary`] | whether a word is anywhere it must not be |
//! | [`trial`] | a tenant whose functions' calls go wrong as a script says, by the [`proxy`] and its [`detour`] |
//! | [`invariants`] | what must be true after any fault, read off whole tables and the wire |
//! | [`workers`] | the processes of a function, for killing |
//! | [`application`] | the sample application with rights of its own, for asking the gate |
//! | [`package`] | an export's package as strangers open it |
//! | [`browser`] | a real browser, driven by WebDriver |
//! | [`iam`] | IAM's own calls: users, roles, what a policy allows |
//! | [`mails`] | real mails as records of the sample application |
//! | [`project`] | the project's own files: template, sources |

pub mod app;
pub mod application;
pub mod browser;
pub mod canary;
pub mod case;
pub mod config;
pub mod contract;
pub mod detour;
pub mod iam;
pub mod invariants;
pub mod mails;
pub mod oracle;
pub mod package;
pub mod people;
pub mod project;
pub mod proxy;
pub mod queues;
pub mod rows;
pub mod subject;
pub mod trial;
pub mod wait;
pub mod workers;

pub use app::{ACME, App, FAST, GLOBEX, NEIGHBOUR};
pub use case::Case;
pub use oracle::Oracle;
pub use subject::{Records, Subject, deletion, export};
pub use trial::Trial;
