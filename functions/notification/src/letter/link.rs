//! Which address may become a link: the one thing in a letter a reader can click.
//!
//! `AccountUrl` is a deployment parameter, so this is no defence against strangers but against a slip: a letter about
//! erasure must not carry a `javascript:` or an unencrypted link into thousands of mailboxes. Anything refused here is
//! still shown, as text.

/// The address itself if it may be a link: `https://`, or `http://` to this machine for the local stack.
pub(super) fn target(url: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\');
    if !url.chars().all(is_plain) {
        return None;
    }
    if let Some(rest) = url.strip_prefix("https://") {
        return names_a_host(authority(rest)).then_some(url);
    }
    let host = authority(url.strip_prefix("http://")?);
    is_this_machine(host).then_some(url)
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// A user name before the host makes one host look like another (`https://bank.example@elsewhere.example`).
fn names_a_host(authority: &str) -> bool {
    !authority.contains('@') && authority.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => authority,
    };
    host == "localhost" || host.ends_with(".localhost") && names_a_host(host) || host == "127.0.0.1" || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn encrypted_and_local_addresses_are_links() {
        for url in [
            "https://account.example.com/privacy?tab=1#requests",
            "https://account.example.com:8443",
            "http://localhost",
            "http://localhost:3000/account",
            "http://127.0.0.1:4566/",
            "http://[::1]:3000/",
            "http://app.localhost:4566/privacy",
        ] {
            assert_eq!(target(url), Some(url));
        }
    }

    #[test]
    fn anything_else_is_only_text() {
        for url in [
            "",
            "https://",
            "https:///privacy",
            "http://account.example.com",
            "http://localhost.example.com",
            "http://localhost@elsewhere.example",
            "http://localhost:80@elsewhere.example",
            "http://elsewhere.example/localhost",
            "http://elsewhere.example?.localhost",
            "http://elsewhere.example@x.localhost",
            "https://account.example.com@elsewhere.example",
            "https://account.example.com\\@elsewhere.example",
            "https://account.example.com/\" onclick=\"x",
            "https://account.example.com/a b",
            "https://account.example.com/\r\nBcc: x",
            "javascript:alert(1)",
            "HTTPS://account.example.com",
            "//account.example.com",
            "account.example.com",
        ] {
            assert_eq!(target(url), None, "{url:?}");
        }
    }
}
