//! What a part needs in memory does not grow with its bytes. A process of its own, because the peak is the process's.

use std::io::Write as _;

use jiff::Timestamp;
use shared::domain::personal::Personal;
use shared::domain::vault::{Attributes, Value};
use shared::package::{About, Attachment, Chapter, Columns, Outlet, PartNumber, PartWriter, Subject};

/// As an upload takes them.
const BLOCK: usize = 8 << 20;
/// What the peak may differ by: allocators round.
const TOLERANCE_KIB: u64 = 16 << 10;
/// What a function that writes parts may have in all.
const LIMIT_KIB: u64 = 256 << 10;

fn about() -> About {
    About {
        request: "dsr_01".to_owned(),
        tenant: "acme".to_owned(),
        subject: Subject {
            id: Personal::new("cust-1"),
            name: None,
            email: None,
        },
        generated_at: Timestamp::UNIX_EPOCH,
        generated_by: "Lethe".to_owned(),
        part: PartNumber { number: 1, of: 1 },
        left_out: vec![],
    }
}

fn chapter(place: u32, dataset: &str, records: u64) -> Chapter {
    Chapter {
        place,
        dataset: dataset.to_owned(),
        category: dataset.to_owned(),
        description: String::new(),
        records,
        hidden: 0,
    }
}

/// About half a kilobyte that compresses badly.
fn record(n: u64) -> Attributes {
    let noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let text = (1..20)
        .map(|k| format!("{:016x}", noise.wrapping_mul(k * 2 + 1)))
        .collect::<String>();
    Attributes::from([
        ("id".to_owned(), Value::N(n.to_string())),
        ("text".to_owned(), Value::S(text)),
    ])
}

/// Writes and throws away; answers how many bytes it was.
fn write(records: u64, mib: u64) -> u64 {
    let outlet = Outlet::default();
    let mut part = PartWriter::new(about(), outlet.clone());
    let mut columns = Columns::default();
    columns.add(&record(0));
    part.chapter(chapter(1, "messages", records), columns).expect("begins");
    let chunk = |n: u64| (n..records.min(n + 500)).map(record).collect::<Vec<_>>();
    let empty = || while outlet.block(BLOCK).is_some() {};
    part.begin_records(records * 400).expect("begins");
    for n in (0..records).step_by(500) {
        part.records(&chunk(n)).expect("written");
        empty();
    }
    part.begin_rows(records * 400).expect("begins");
    for n in (0..records).step_by(500) {
        part.rows(&chunk(n)).expect("written");
        empty();
    }
    part.chapter(chapter(2, "files", 1), Columns::default())
        .expect("begins");
    let attachment = Attachment {
        name: Personal::new("large.bin"),
        stored_at: None,
        hidden: false,
    };
    part.begin_file(1, attachment, mib << 20).expect("begins");
    let piece: Vec<u8> = (0..1_u64 << 16)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect();
    for _ in 0..mib << 4 {
        part.bytes(&piece).expect("written");
        empty();
    }
    part.finish().expect("a package").bytes
}

/// The most this process ever had resident.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("the peak");
    let number = line.split_whitespace().nth(1).expect("a number");
    number.parse().expect("kibibytes")
}

#[test]
#[cfg(target_os = "linux")]
fn the_peak_does_not_grow_with_the_part() {
    write(10_000, 16);
    let small = peak_kib();
    let bytes = write(200_000, 300);
    let large = peak_kib();
    writeln!(
        std::io::stderr(),
        "peak resident: {small} KiB, then {large} KiB for a part of {bytes} bytes"
    )
    .expect("stderr");
    assert!(bytes > 80 << 20, "large enough to tell: {bytes}");
    assert!(
        large <= small + TOLERANCE_KIB && large < LIMIT_KIB,
        "{small} KiB became {large} KiB"
    );
}
