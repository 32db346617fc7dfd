//! Where a browser may be sent after it has logged in or out: to a path of this origin, or to an
//! origin from which pages may ask. A link that sends it elsewhere would have people type their
//! passwords into whatever it likes next.

use service::auth::origins::Origins;
use url::Url;

/// Longest place, in characters.
const LONGEST: usize = 2_048;

/// The place to send a browser to, as it goes into the answer; `None` when it may not be sent there.
pub fn place(wanted: &str, origins: &Origins) -> Option<String> {
    // Browsers drop tabs and line ends, and take backslashes for slashes: `/\evil` is `//evil`.
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if wanted.len() > LONGEST || !is_plain {
        return None;
    }
    if wanted.starts_with('/') {
        return (!wanted.starts_with("//")).then(|| wanted.to_owned());
    }
    let url = Url::parse(wanted).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_allowed = is_web && !has_user && origins.allow(&url.origin().ascii_serialization());
    // As it was understood here, so that a browser cannot understand it otherwise.
    is_allowed.then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_to_a_foreign_place() {
        let origins: Origins = "https://shop.example,loopback".parse().unwrap();
        for (wanted, place_) in [
            ("/", "/"),
            ("/orders?page=2#top", "/orders?page=2#top"),
            ("https://shop.example", "https://shop.example/"),
            ("https:shop.example/a", "https://shop.example/a"),
            ("http://localhost:5173/a", "http://localhost:5173/a"),
        ] {
            assert_eq!(place(wanted, &origins).as_deref(), Some(place_), "{wanted}");
        }
        for wanted in [
            "",
            "orders",
            "//evil",
            "///evil",
            "\\\\evil",
            "/\\evil",
            "/\t/evil",
            "/\n/evil",
            " //evil",
            "https:evil",
            "https:/evil",
            "https:///evil",
            "https://evil",
            "https://shop.example.evil",
            "https://shop.example@evil",
            "https://anna@shop.example",
            "https://shop.example:444/",
            "http://shop.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://localhost/",
            "http://localhost.evil/",
        ] {
            assert_eq!(place(wanted, &origins), None, "{wanted:?}");
        }
        let long = format!("/{}", "x".repeat(LONGEST));
        assert_eq!(place(&long, &origins), None);
    }
}
