//! `infra/roles.md`, read as a table: a heading names the function, a line what its role may or may not do.

use harness::project::read;

/// The heading whose lines hold for every function.
const EVERY: &str = "every function";

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// `dynamodb:GetItem`
    pub(super) action: String,
    /// As the page names it.
    pub(super) on: String,
    pub(super) may: bool,
}

/// What the page says about one function, with what it says about all.
pub(super) fn lines_of(function: &str) -> Vec<Line> {
    let page = read("infra/roles.md");
    let all = parse(&page, EVERY).into_iter().chain(parse(&page, function));
    let lines: Vec<_> = all.collect();
    assert!(
        lines.iter().any(|line| line.may) && lines.iter().any(|line| !line.may),
        "infra/roles.md says nothing about {function}"
    );
    lines
}

fn parse(page: &str, heading: &str) -> Vec<Line> {
    let section = page
        .split("\n## ")
        .find(|section| section.lines().next() == Some(heading));
    let rows = section
        .unwrap_or_default()
        .lines()
        .filter(|line| line.starts_with("| may"));
    rows.flat_map(row).collect()
}

fn row(text: &str) -> Vec<Line> {
    let cells: Vec<_> = text.trim_matches('|').split('|').map(str::trim).collect();
    let [verdict, actions, resources, why] = cells[..] else {
        panic!("four cells, not: {text}");
    };
    assert!(!why.is_empty(), "no reason: {text}");
    let (service, names) = actions.split_once(": ").unwrap_or_else(|| panic!("no service: {text}"));
    let each = |name: &str| {
        let one = |on: &str| Line {
            action: format!("{service}:{name}"),
            on: on.to_owned(),
            may: verdict == "may",
        };
        resources.split(", ").map(one).collect::<Vec<_>>()
    };
    names.split(", ").flat_map(each).collect()
}

#[test]
fn a_line_is_every_action_on_every_resource() {
    let page =
        "# X\n\n## one\n\n| | action | on | why |\n|---|---|---|---|\n| may not | s3: A, B | C, D/* | so |\n## two\n";
    let said: Vec<_> = parse(page, "one")
        .into_iter()
        .map(|line| (line.action, line.on, line.may))
        .collect();
    let line = |action: &str, on: &str| (action.to_owned(), on.to_owned(), false);
    assert_eq!(
        said,
        [
            line("s3:A", "C"),
            line("s3:A", "D/*"),
            line("s3:B", "C"),
            line("s3:B", "D/*")
        ]
    );
    assert!(parse(page, "two").is_empty());
}
