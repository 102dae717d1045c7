//! A real browser, driven by WebDriver, and what it noted.
//!
//! Without one a test says so and counts as skipped, unless `LETHE_BROWSER=required`: see [`looking`].

use std::future::Future;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// What the browser noted: a command of Chromium's own.
#[derive(Debug)]
struct Log(&'static str);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({"type": self.0}).to_string()))
    }
}

/// The driver's process, ended with the test.
struct Driver {
    process: Child,
    address: String,
}

impl Driver {
    /// None where there is no browser.
    fn start() -> Option<Self> {
        Command::new("chromium").arg("--version").output().ok()?;
        let mut driver = Command::new("chromedriver");
        let mut process = driver.arg("--port=0").stdout(Stdio::piped()).spawn().ok()?;
        let said = BufReader::new(process.stdout.take().expect("piped")).lines();
        let port = said.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = format!("http://127.0.0.1:{}", port.expect("the driver listens"));
        Some(Self { process, address })
    }

    async fn browser(&self) -> Client {
        // As root, which a builder often is, Chromium has no sandbox to offer. The page is our own.
        let wanted = json!({
            "goog:chromeOptions": {"args": ["--headless=new", "--no-sandbox", "--window-size=1280,1600"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let Value::Object(wanted) = wanted else {
            unreachable!("an object")
        };
        let builder = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&self.address)
            .await;
        builder.expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Lets `look` look at something, `what`, and leaves a picture of it where `picture` says.
pub async fn looking<F>(what: &str, picture: &Path, look: impl FnOnce(Client) -> F)
where
    F: Future<Output = Result<(), CmdError>> + Send + 'static,
{
    let Some(driver) = Driver::start() else {
        assert!(
            std::env::var("LETHE_BROWSER").as_deref() != Ok("required"),
            "chromium and chromedriver are required"
        );
        writeln!(
            std::io::stdout(),
            "SKIPPED: {what} in a browser: no chromium, or no chromedriver"
        )
        .expect("stdout");
        return;
    };
    let browser = driver.browser().await;
    // A task of its own: what fails in it must not leave the browser running.
    let seen = tokio::spawn(look(browser.clone())).await;
    let shot = browser.screenshot().await.expect("a picture");
    std::fs::write(picture, shot).expect("written");
    browser.close().await.expect("closed");
    seen.expect("as it should be").expect("the driver answers");
}

/// The texts of all elements that this selects.
pub async fn texts(browser: &Client, css: &str) -> Result<Vec<String>, CmdError> {
    let mut texts = vec![];
    for element in browser.find_all(Locator::Css(css)).await? {
        texts.push(element.text().await?);
    }
    Ok(texts)
}

/// Fails if the console says anything, or anything but this page was asked for since the browser was started.
pub async fn was_quiet(browser: &Client, page: &url::Url) -> Result<(), CmdError> {
    let console = browser.issue_cmd(Log("browser")).await?;
    assert_eq!(console, json!([]), "the console is silent");
    let asked = requests(&browser.issue_cmd(Log("performance")).await?);
    assert_eq!(asked, [page.as_str()], "nothing but the page is loaded");
    Ok(())
}

fn requests(log: &Value) -> Vec<String> {
    let entries = log.as_array().expect("entries").iter();
    let messages = entries.filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
    let sent = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
    sent.filter_map(|message| Some(message["message"]["params"]["request"]["url"].as_str()?.to_owned()))
        .collect()
}
