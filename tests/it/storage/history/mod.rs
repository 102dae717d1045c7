//! A tenant with ten thousand requests: what a page of its history reads, by every filter, and that it is little.
//!
//! Units are counted from the rows that each query looked at and their size in the index, as AWS bills eventually
//! consistent queries: half a unit for each 4 KB begun, a query. What an emulator says of units is not asked.

mod meter;
mod tenant;

use std::io::Write;

use shared::domain::ids::SubjectId;
use shared::domain::personal::Personal;
use shared::domain::request::{Kind, Status};
use shared::workflow::list::{Filter, list};

use meter::Cost;
use tenant::{BIG, Crowd, auditor, now, submitted_at};

/// Index reads of one page stay under this.
const UNITS: f64 = 10.0;

fn all(limit: u32) -> Filter {
    Filter {
        statuses: vec![],
        kind: None,
        requester: None,
        subject: None,
        from: None,
        to: None,
        limit,
        after: None,
    }
}

/// The filters, and whether rows must be read that are then not shown: a hash knows no status.
fn filters() -> Vec<(&'static str, Filter, bool)> {
    let requester = Some(Personal::new("ÁDA"));
    vec![
        ("all, 25", all(25), false),
        ("all, 100", all(100), false),
        (
            "one status",
            Filter {
                statuses: vec![Status::Pending],
                ..all(100)
            },
            false,
        ),
        (
            "six statuses",
            Filter {
                statuses: Status::ALL[..6].to_vec(),
                ..all(100)
            },
            false,
        ),
        (
            "a kind few have",
            Filter {
                kind: Some(Kind::Export),
                ..all(100)
            },
            false,
        ),
        (
            "a span of time",
            Filter {
                from: Some(submitted_at(BIG - 70)),
                to: Some(submitted_at(BIG - 10)),
                ..all(100)
            },
            false,
        ),
        (
            "a name that everybody has",
            Filter {
                requester: requester.clone(),
                ..all(100)
            },
            false,
        ),
        (
            "that name and a status",
            Filter {
                requester,
                statuses: vec![Status::Verified],
                ..all(25)
            },
            true,
        ),
        (
            "a subject and statuses",
            Filter {
                subject: SubjectId::try_from("c-3".to_owned()).ok(),
                statuses: Status::ALL[..3].to_vec(),
                ..all(100)
            },
            false,
        ),
    ]
}

#[tokio::test]
async fn a_page_over_ten_thousand_requests_reads_little() {
    let crowd = Crowd::gather().await;
    let caller = auditor(&crowd.records).await;
    // The tenant's staff key is opened once in the life of a process.
    let first = list(&crowd.records, &caller, all(1), now()).await.expect("a page");
    assert_eq!(first.items.len(), 1);
    crowd.meter.take();
    let mut opened = 0;
    for (what, mut filter, extra) in filters() {
        for page in 1..=2 {
            let history = list(&crowd.records, &caller, filter.clone(), now())
                .await
                .expect("a page");
            let cost = crowd.meter.take();
            opened += cost.decrypts;
            tell(&format!("{what}, page {page}"), history.items.len(), &crowd, &cost);
            check(what, history.items.len(), &crowd, &cost, extra);
            assert!(page == 2 || !history.items.is_empty(), "{what}: nothing is found");
            let Some(next) = history.next else { break };
            filter.after = Some(next);
        }
    }
    assert!(opened > 0, "some of what is shown is opened by KMS");
}

fn tell(what: &str, shown: usize, crowd: &Crowd, cost: &Cost) {
    let units = crowd.units(&cost.queries);
    let (rows, keys) = (crowd.row_reads(cost), crowd.key_reads(cost));
    let line = format!(
        "{what}: {shown} shown; index {units} units in {} queries; {rows} row reads, {keys} key reads, {} Decrypt",
        cost.queries.len(),
        cost.decrypts
    );
    writeln!(std::io::stdout(), "{line}").expect("stdout");
}

fn check(what: &str, shown: usize, crowd: &Crowd, cost: &Cost, extra: bool) {
    assert_eq!(cost.scans, 0, "{what}");
    let units = crowd.units(&cost.queries);
    assert!(units < UNITS, "{what}: {units} units of index reads");
    assert!(
        extra || crowd.row_reads(cost) <= shown,
        "{what}: rows that are not shown"
    );
    // One more, once a page: the tenant's staff key.
    assert!(crowd.key_reads(cost) <= shown + 1, "{what}: keys that are not shown");
    assert!(cost.decrypts <= shown, "{what}: keys are opened for what is not shown");
}
