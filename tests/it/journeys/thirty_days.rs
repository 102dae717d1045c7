//! A life of thirty days, at three seconds a day, with every letter that is written in it.
//!
//! Nobody hurries and nobody forgets: the request is approved on its first day, is brought to mind when three quarters of
//! its time are over, and is executed only when the grace period is over and so is the due date. `snapshots/` holds
//! the letters, to be read as a privacy officer would; whole lives with the product's own periods, and the other endings,
//! are beside the notification function's code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use demo::reader::Visible;
use harness::app::LIFE;
use harness::case::PHRASE;
use harness::subject::deletion_of_everything;
use harness::wait::until;
use harness::{App, Case, Oracle};
use jiff::Timestamp;
use lethe::mailbox::Letter;
use serde_json::Value;

use super::{assert_whole, letter_about};

/// Who writes to the operators' mailbox of the local stack's parameters.
const OPERATORS: &str = "operators@lethe.example";

async fn told(case: &Case<'_>, notice: &str) {
    until(&format!("{notice} in the trail of {}", case.id), async || {
        case.app.supervise().await;
        let actions = case.actions().await;
        actions.iter().any(|action| action == notice).then_some(())
    })
    .await;
}

fn instant(holder: &Value, name: &str) -> Timestamp {
    let text = holder[name].as_str().unwrap_or_else(|| panic!("{name} in {holder}"));
    text.parse().expect("an instant")
}

/// An instant as every letter writes it.
fn written(at: Timestamp) -> String {
    at.strftime("%A, %-d %B %Y, %H:%M UTC").to_string()
}

fn assert_says(letter: &Letter, sentence: &str) {
    let text = letter.body_text.as_deref().unwrap_or_default();
    assert!(text.contains(sentence), "{sentence:?} is not in:\n{text}");
}

/// All letters in the order of the story, with what differs from run to run put into words.
fn readable(letters: &[&Letter], case: &Case<'_>, name: &str, instants: &BTreeSet<String>) -> String {
    let mut all = String::new();
    for letter in letters {
        let to = if letter.to == [OPERATORS] {
            "the operators"
        } else {
            "the data subject"
        };
        let text = letter.body_text.as_deref().unwrap_or_default();
        let _ = writeln!(all, "===== To {to}\nSubject: {}\n\n{text}\n", letter.subject);
    }
    for at in instants {
        all = all.replace(at, "[day and time]");
    }
    all.replace(&case.id, "dsr_01").replace(name, "Ada Lovelace")
}

#[tokio::test]
async fn thirty_days_in_the_letters_that_people_get() {
    let app = App::start_in(LIFE).await;
    let ada = app.subject("Ada").await;
    let oracle = Oracle::now(&app).await;
    let case = ada.submit(deletion_of_everything()).await;
    case.verify().await.approve().await;
    let approved = case.read().await;
    assert_eq!(
        approved["misses_due"], true,
        "thirty days of grace and a week do not fit into a month"
    );

    let digest = case.preview().await["digest"].as_str().expect("a digest").to_owned();
    let early = case.execute_with(&app.executor, PHRASE, &digest).await;
    assert_eq!((early.status.as_u16(), early.code()), (409, "grace_period_running"));
    told(&case, "due_soon").await;
    told(&case, "overdue").await;
    case.grace_over().await;
    assert_eq!(case.read().await["overdue"], true);
    oracle.untouched(&app, &[&ada.person]).await;

    case.execute().await;
    case.until_phase("recovering").await;
    assert_eq!(ada.visible().await, Visible::default(), "hidden at once");
    assert!(!ada.traces().await.messages.is_empty(), "and still there");
    told(&case, "window_ended").await;
    let recover_until = instant(&case.read().await, "recover_until");
    let closed = case.until_completed().await;
    assert_eq!((&closed["result"], &closed["notice"]), (&"full".into(), &"sent".into()));
    assert!(ada.traces().await.is_empty(), "{:?}", ada.traces().await);

    let to_ada = case.letters(&ada.person.email, 3).await;
    let to_operators = case.letters(OPERATORS, 4).await;
    assert_eq!((to_ada.len(), to_operators.len()), (3, 4), "each once");
    to_ada.iter().for_each(|letter| assert_whole(letter, &ada.person));
    let told = |word| letter_about(&to_ada, word);
    let noted = |word| letter_about(&to_operators, word);
    let date = |name| written(instant(&approved, name));
    let trail = case.trail().await;
    let verified = trail.iter().find(|entry| entry["action"] == "verified_absent");
    let finished = written(instant(verified.expect("the verification"), "at"));

    assert_says(told("received"), &format!("due by {}", date("due_at")));
    assert_says(
        told("approved"),
        &format!("Until {}: a grace period", date("grace_ends_at")),
    );
    assert_says(
        told("approved"),
        &format!("withdraw the request before {}", date("grace_ends_at")),
    );
    assert_says(told("approved"), &format!("By {}: we expect", date("completes_by")));
    assert_says(told("completed"), &format!("We finished on {finished}."));
    assert_says(noted("Grace period"), &format!("ended on {}", date("grace_ends_at")));
    assert_says(
        noted("Recovery window"),
        &format!("ended on {}", written(recover_until)),
    );
    let letters = [
        told("received"),
        told("approved"),
        noted("Due soon"),
        noted("Overdue"),
        noted("Grace period"),
        noted("Recovery window"),
        told("completed"),
    ];
    let named = ["received_at", "due_at", "grace_ends_at", "completes_by"].map(date);
    let instants = named.into_iter().chain([finished, written(recover_until)]).collect();
    insta::assert_snapshot!("letters", readable(&letters, &case, &ada.person.name, &instants));
}
