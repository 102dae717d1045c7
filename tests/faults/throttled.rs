//! A table that takes far less than its owner allows: the rate falls to what it takes, rises again when it takes more, no
//! chunk is given up, and hardly a statement is asked for twice. The plot is in `target/pace.svg`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use harness::proxy::{Asked, Fault, On, When};
use harness::trial::{PACED, is_long};
use harness::wait::until;
use harness::{Records, Trial, deletion, invariants, rows};
use shared::domain::chunk::ChunkState;

/// Statements a second that the table takes at first; its owner allows [`harness::config::PACED_RATE`].
const CAPACITY: u32 = 200;
/// Records of the short form, and of the long one.
const RECORDS: (u64, u64) = (6_000, 30_000);
/// At most so many statements for each record marked.
const PER_RECORD: f64 = 1.2;

#[tokio::test]
async fn a_table_that_throttles_slows_the_work_and_nothing_is_given_up() {
    let trial = Trial::start(PACED).await;
    let profiles = if is_long() { RECORDS.1 } else { RECORDS.0 };
    let records = Records {
        profiles,
        ..Records::NONE
    };
    let ada = trial.app.subject_with("Ada", records).await;
    // Its tenant is the dataset's, and so in no statement.
    trial.script.concerns_also(ada.id());
    let case = ada.submit(deletion(["paced"])).await;
    let on = On {
        functions: &["ExecutionFunction"],
        operation: Some("BatchExecuteStatement"),
        ..On::default()
    };
    trial
        .script
        .rule(on, When::Above(f64::from(CAPACITY)), Fault::EntriesThrottled);
    case.verify().await.approve().await.grace_over().await.execute().await;
    let begun = Instant::now();
    let mut rates: Vec<(Duration, u64)> = vec![];
    let mut lifted = None;
    until("the sweep", async || {
        let request = case.read().await;
        if let Some(rate) = request["job"]["pace"][0]["rate"].as_u64() {
            rates.push((begun.elapsed(), rate));
        }
        let marked = trial.script.witness.items().0 as u64;
        if lifted.is_none() && marked > profiles * 2 / 3 {
            trial.script.calm();
            lifted = Some(begun.elapsed());
        }
        (marked == profiles).then_some(())
    })
    .await;
    let (swept, asked) = (begun.elapsed(), trial.script.witness.asked());
    let closed = case.until_completed().await;

    let statements: usize = asked.iter().map(|one| one.statements).sum();
    let refused: usize = asked.iter().filter(|one| one.refused).map(|one| one.statements).sum();
    #[expect(clippy::cast_precision_loss, reason = "a ratio to be shown")]
    let per_record = statements as f64 / profiles as f64;
    let lifted = lifted.expect("two thirds were marked before all were");
    let lowest = rates.iter().map(|(_, rate)| *rate).min().expect("it was looked at");
    let last = rates.last().map_or(0, |(_, rate)| *rate);
    let file = plot(begun, &asked, &rates, lifted);
    let told = writeln!(
        std::io::stdout(),
        "{profiles} records swept in {:.1} s of a table that takes {CAPACITY} a second for {:.1} s: {per_record:.3} statements a record, \
         {refused} throttled; rate down to {lowest} and up to {last}; {file}",
        swept.as_secs_f64(),
        lifted.as_secs_f64(),
    );
    told.expect("stdout");
    assert!(per_record <= PER_RECORD, "{per_record} statements a record");
    assert!(refused > 0, "the table was never asked for too much");
    assert!(
        lowest <= u64::from(CAPACITY),
        "the rate fell to what the table takes: {lowest}"
    );
    assert!(last > lowest, "and rose again: {rates:?}");
    let parked = rows::chunks(&trial.app, &case.id).await;
    let parked = parked.iter().filter(|chunk| chunk.state == ChunkState::Parked);
    assert_eq!(parked.count(), 0, "no chunk is given up for throttling");
    invariants::hold(&trial, &ada, &case, &closed).await;
}

/// A picture of the rate that the limit allowed, and the statements that the table took and refused, by second.
#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn plot(begun: Instant, asked: &[Asked], rates: &[(Duration, u64)], lifted: Duration) -> String {
    let seconds = asked.iter().map(|one| one.at.duration_since(begun).as_secs()).max();
    let seconds = seconds.unwrap_or(0) + 1;
    let counted = |refused: bool| -> Vec<(f64, u64)> {
        let of = |second: u64| {
            let within = asked
                .iter()
                .filter(|one| one.refused == refused && one.at.duration_since(begun).as_secs() == second);
            within.map(|one| one.statements as u64).sum()
        };
        (0..seconds).map(|second| (second as f64, of(second))).collect()
    };
    let rates: Vec<_> = rates.iter().map(|(at, rate)| (at.as_secs_f64(), *rate)).collect();
    let lines: [Line; 3] = [
        ("rate that the limit allows", "#1f6feb", rates),
        ("statements taken each second", "#2da44e", counted(false)),
        ("statements throttled each second", "#cf222e", counted(true)),
    ];
    let svg = svg(&lines, seconds, lifted.as_secs_f64());
    let target = harness::project::root().join("target");
    std::fs::create_dir_all(&target).expect("a folder for the plot");
    std::fs::write(target.join("pace.svg"), svg).expect("the plot");
    "target/pace.svg".to_owned()
}

/// What it is, its colour, and its points: seconds and a number.
type Line = (&'static str, &'static str, Vec<(f64, u64)>);

/// Lines over seconds, in a picture of 800 by 320.
#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn svg(lines: &[Line], seconds: u64, lifted: f64) -> String {
    let highest = lines
        .iter()
        .flat_map(|(.., points)| points.iter().map(|(_, y)| *y))
        .max();
    let (wide, high) = (seconds as f64, highest.unwrap_or(1).max(1) as f64);
    let place = |(x, y): (f64, f64)| (40.0 + x / wide * 740.0, 280.0 - y / high * 250.0);
    let mut svg = String::from(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 320" font-family="sans-serif" font-size="11">"#,
    );
    let (x, _) = place((lifted, 0.0));
    let _ = write!(
        svg,
        r##"<path d="M40 30V280H780" fill="none" stroke="#57606a"/><path d="M{x:.1} 30V280" stroke="#57606a" stroke-dasharray="4"/>"##
    );
    let _ = write!(
        svg,
        r#"<text x="4" y="34">{high}</text><text x="740" y="294">{seconds} s</text>"#
    );
    for (n, (name, colour, points)) in lines.iter().enumerate() {
        let places = points.iter().map(|(x, y)| place((*x, *y as f64)));
        let path: Vec<_> = places.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let path = path.join(" ");
        let _ = write!(svg, r#"<polyline points="{path}" fill="none" stroke="{colour}"/>"#);
        let at = 40 + n * 250;
        let _ = write!(svg, r#"<text x="{at}" y="312" fill="{colour}">{name}</text>"#);
    }
    svg.push_str("</svg>\n");
    svg
}
