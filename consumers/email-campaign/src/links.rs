//! Links in mails: opaque to whoever has one, and of no use for any other mail.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemas::AggregateId;

/// Bytes of what stands for a mailing: nobody guesses 20.
const TOKEN: usize = 20;

/// Makes and checks links. Shows no key.
#[derive(Clone)]
pub struct Links {
    key: hmac::Key,
    base: String,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Links {
    /// Signs with this key; links begin with the base.
    #[must_use]
    pub fn new(key: &[u8], base: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Self { key, base: base.trim_end_matches('/').to_owned() }
    }

    /// What stands for a mailing, always the same.
    #[must_use]
    pub fn token(&self, mailing: &AggregateId) -> String {
        let tag = hmac::sign(&self.key, format!("mailing {mailing}").as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..TOKEN).unwrap_or_default())
    }

    /// The picture that tells that the mail is looked at.
    #[must_use]
    pub fn opened(&self, token: &str) -> String {
        format!("{}/m/{token}/opened", self.base)
    }

    /// Where the permission is withdrawn.
    #[must_use]
    pub fn unsubscribe(&self, token: &str) -> String {
        format!("{}/m/{token}/unsubscribe", self.base)
    }

    /// The way to a page that counts the click. Signed, or everybody could send others anywhere
    /// under our name.
    #[must_use]
    pub fn counted(&self, token: &str, target: &str) -> String {
        let tag = hmac::sign(&self.key, to_sign(token, target).as_bytes());
        let (target, tag) = (URL_SAFE_NO_PAD.encode(target), URL_SAFE_NO_PAD.encode(tag));
        format!("{}/m/{token}/to/{target}/{tag}", self.base)
    }

    /// The page behind such a link; `None` when we did not make it.
    #[must_use]
    pub fn target(&self, token: &str, target: &str, tag: &str) -> Option<String> {
        let target = String::from_utf8(URL_SAFE_NO_PAD.decode(target).ok()?).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.key, to_sign(token, &target).as_bytes(), &tag).ok()?;
        Some(target)
    }
}

fn to_sign(token: &str, target: &str) -> String {
    format!("click {token} {target}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(key: &str) -> Links {
        Links::new(key.as_bytes(), "https://example.org/")
    }

    #[test]
    fn a_token_is_opaque_and_stable() {
        let mailing = AggregateId::new("spring:c1").unwrap();
        let token = links("a").token(&mailing);
        assert_eq!(token, links("a").token(&mailing));
        assert_ne!(token, links("b").token(&mailing));
        assert!(!token.contains("spring") && token.len() == 27, "{token}");
    }

    #[test]
    fn only_our_own_links_lead_anywhere() {
        let links = links("a");
        let link = links.counted("t", "https://shop.example/?a=1");
        let parts: Vec<_> = link.rsplit('/').collect();
        let (tag, target) = (parts[0], parts[1]);
        assert_eq!(links.target("t", target, tag).as_deref(), Some("https://shop.example/?a=1"));
        assert_eq!(links.target("other", target, tag), None);
        let evil = URL_SAFE_NO_PAD.encode("https://evil.example/");
        assert_eq!(links.target("t", &evil, tag), None);
        assert_eq!(links.target("t", target, ""), None);
    }
}
