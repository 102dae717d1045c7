//! A package as strangers open it: Python's `zipfile`, `csv` and `json`, and `unzip` where it is.
//!
//! Nothing here reads with our own code what our own code wrote.

use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

/// What Python says of an archive: `order`, `entries` by path, `manifest`, the page's `data`, what is `damaged`.
pub fn read(archive: &[u8]) -> Value {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(archive).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/package/read.py");
    let python = Command::new("python3").arg(script).arg(file.path()).output();
    let python = python.expect("Python 3.11 or later is installed");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    match Command::new("unzip").arg("-tqq").arg(file.path()).output() {
        Ok(unzip) => assert!(
            unzip.status.success(),
            "unzip: {}",
            String::from_utf8_lossy(&unzip.stdout)
        ),
        Err(_) => writeln!(std::io::stderr(), "unzip is not installed: not tried with it").expect("stderr"),
    }
    serde_json::from_slice(&python.stdout).expect("its report")
}

/// A package as a person unpacks it.
pub fn unpacked(archive: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("package.zip");
    std::fs::write(&file, archive).expect("written");
    let mut python = Command::new("python3");
    let unpack = python
        .args(["-m", "zipfile", "-e"])
        .arg(&file)
        .arg(folder.path())
        .status();
    assert!(unpack.expect("Python 3.11 or later is installed").success());
    folder
}

/// Fails if one of these paths, as the archive has them, leads out of the folder that it is unpacked to.
pub fn assert_inside(paths: &Value) {
    for path in paths.as_array().expect("paths") {
        let path = path.as_str().expect("text");
        let leads_out = |part: &str| part.is_empty() || part == "." || part == "..";
        assert!(!path.split('/').any(leads_out) && !path.contains('\\'), "{path}");
        assert!(path.len() <= 160, "{path}");
    }
}

/// Fails if a spreadsheet would take one of these cells for a formula.
pub fn assert_no_formula(rows: &[Value]) {
    for cell in rows.iter().flat_map(|row| row.as_array().expect("cells")) {
        let cell = cell.as_str().expect("text");
        let number = cell.parse::<f64>().is_ok();
        assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
    }
}
