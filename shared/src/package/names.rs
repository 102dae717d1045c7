//! Paths inside a package.
//!
//! Guarantees, for any name a source may hold: a path stays inside its folder, is unique by its number, is at most
//! 160 bytes long, and can be made on Windows, macOS and Linux. The name as it was stands in the manifest.

/// Bytes of a name that are kept.
const NAME_BYTES: usize = 100;
/// Letters of an ending, with its dot, that survive the shortening of a name.
const ENDING_BYTES: usize = 16;

/// The folder of a dataset: its place in the data map, from 1, and its name. The number keeps the order, and keeps a
/// dataset `con` or `nul` from being a device.
pub(super) fn folder(place: u32, dataset: &str) -> String {
    format!("{place:02}-{}", readable(dataset))
}

/// Where a file goes: by its number within the dataset, from 1, and what is left of the last part of its name.
pub(super) fn file(folder: &str, number: u64, name: &str) -> String {
    let last = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    format!("{folder}/files/{number:06}-{}", readable(last))
}

/// A name of which every system can make a file, as long as something stands before it.
fn readable(name: &str) -> String {
    let clean: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let clean = shortened(&clean);
    // Windows drops dots and spaces at the end, so that two names would be one.
    let clean = clean.trim_end_matches(['.', ' ']);
    if clean.is_empty() {
        "unnamed".to_owned()
    } else {
        clean.to_owned()
    }
}

/// Whether a letter means nothing to a file system and hides nothing from the eye.
fn is_plain(c: char) -> bool {
    let special = matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
    let unseen = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !special && !unseen && !c.is_control()
}

/// At most [`NAME_BYTES`], with its ending if that is a short one.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() > ENDING_BYTES { "" } else { ending };
    let cut = name.floor_char_boundary(NAME_BYTES - ending.len());
    format!("{}{ending}", &name[..cut])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_keeps_what_a_person_knows_of_its_name() {
        let named = |name: &str| file("02-files", 7, name);
        assert_eq!(
            named("acme/1/Ferien 2024 – Köln.jpg"),
            "02-files/files/000007-Ferien 2024 – Köln.jpg"
        );
        assert_eq!(named("../../etc/passwd"), "02-files/files/000007-passwd");
        assert_eq!(named("a/.."), "02-files/files/000007-unnamed");
        assert_eq!(named("C:\\windows\\x.dll"), "02-files/files/000007-C__windows_x.dll");
        assert_eq!(named("a/b/"), "02-files/files/000007-b");
        assert_eq!(named("///"), "02-files/files/000007-unnamed");
        assert_eq!(
            named("innocent\u{202e}gpj.exe"),
            "02-files/files/000007-innocent_gpj.exe"
        );
        assert_eq!(named("trailing. . "), "02-files/files/000007-trailing");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let path = file("02-files", 1, &format!("{}.pdf", "ä".repeat(450)));
        assert!(path.ends_with("ää.pdf") && path.len() <= 160, "{path}");
        let path = file("02-files", 1, &format!("a.{}", "b".repeat(900)));
        assert!(path.len() <= 160, "{path}");
    }

    #[test]
    fn a_folder_is_never_a_device() {
        assert_eq!(folder(1, "con"), "01-con");
        assert_eq!(folder(120, "messages"), "120-messages");
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(name in "\\PC*|[./\\\\:a ]{0,40}|.{0,400}", number in 1_u64..2_000_000) {
            let path = file("03-x", number, &name);
            let rest = path.strip_prefix("03-x/files/").expect("in its folder");
            let prefix = format!("{number:06}-");
            prop_assert!(rest.starts_with(&prefix));
            prop_assert!(!rest.contains(['/', '\\', ':', '\0']) && !rest.ends_with(['.', ' ']));
            prop_assert!(path.len() <= 160);
        }
    }
}
