//! The page in a real browser, opened from a folder as a person would: it draws, pages and searches, and stays by itself.

use std::path::{Path, PathBuf};

use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use harness::browser::{looking, texts, was_quiet};
use harness::package::unpacked;
use shared::package::Outlet;

use super::sample::{FILES, HOSTILE, write};

#[tokio::test]
async fn a_browser_shows_the_page_and_asks_nobody() {
    let outlet = Outlet::default();
    write(&outlet);
    let folder = unpacked(&outlet.rest());
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page.png");
    let path = folder.path().to_owned();
    looking("the page", &picture, |browser| look(browser, path)).await;
}

async fn look(browser: Client, folder: PathBuf) -> Result<(), CmdError> {
    let page = url::Url::from_file_path(folder.join("index.html")).expect("a path");
    browser.goto(page.as_str()).await?;
    assert_eq!(browser.title().await?, "Your data");
    assert!(browser.get_alert_text().await.is_err(), "nothing that was typed runs");
    assert!(browser.find_all(Locator::Css("img")).await?.is_empty());
    let headings = texts(&browser, "h2").await?;
    assert_eq!(headings, ["Not in this package", "messages", "files", "notes"]);
    assert_eq!(texts(&browser, "section:nth-of-type(1) tbody tr").await?.len(), 2);
    assert_eq!(
        texts(&browser, "section:nth-of-type(2) tbody tr").await?.len(),
        FILES.len() + 1
    );

    let states = texts(&browser, "section:nth-of-type(2) tbody td:nth-of-type(4)").await?;
    assert_eq!(
        states.iter().filter(|state| *state == "hidden by a deletion").count(),
        1
    );

    let search = browser.find(Locator::Css("section:nth-of-type(1) input")).await?;
    search.send_keys("ALERT(1)").await?;
    let found = browser
        .find_all(Locator::Css("section:nth-of-type(1) tbody td"))
        .await?;
    let mut cells = vec![];
    for cell in &found {
        cells.push(cell.text().await?);
    }
    assert!(cells.contains(&HOSTILE.to_owned()), "shown as text: {cells:?}");
    assert_eq!(
        texts(&browser, "section:nth-of-type(1) [role=status]").await?,
        ["1 to 1 of 1"]
    );

    let markup = browser.find(Locator::LinkText(FILES[4])).await?;
    assert!(markup.is_displayed().await?, "as text too");

    let next = browser
        .find(Locator::Css("section:nth-of-type(3) button:nth-of-type(2)"))
        .await?;
    next.click().await?;
    next.click().await?;
    assert_eq!(
        texts(&browser, "section:nth-of-type(3) [role=status]").await?,
        ["51 to 60 of 60"]
    );
    assert_eq!(texts(&browser, "section:nth-of-type(3) tbody tr").await?.len(), 10);
    assert!(!next.is_enabled().await?, "there is no more");

    // Each link leads to its file.
    let link = browser.find(Locator::LinkText("acme/1/Köln – 東京.txt")).await?;
    let target = link.prop("href").await?.expect("a link");
    let file = url::Url::parse(&target)?.to_file_path().expect("a file of the package");
    assert_eq!(
        std::fs::read_to_string(file).expect("it is there"),
        "acme/1/Köln – 東京.txt"
    );

    was_quiet(&browser, &page).await
}
