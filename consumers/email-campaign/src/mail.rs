//! A mail: rendered for one customer, with the headers by which it is recognised and refused.

use domain::template::{self, Recipient, TemplateError};
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use schemas::AggregateId;
use uuid::Uuid;

use crate::links::Links;

/// Width of the text that stands for the HTML, in characters.
const WIDTH: usize = 78;

/// What Message-IDs follow from, besides the mailing.
const MESSAGES: Uuid = Uuid::from_u128(0x6f1d_0f5c_52f6_4a6f_9a63_3a5f_3c0e_7b11);

/// Why there is no mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The template is no good.
    #[error("the template {0}")]
    Template(TemplateError),
    /// The address, or a header, cannot be written. Without the data.
    #[error("the mail cannot be written: {0}")]
    Form(&'static str),
}

/// The templates of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// Of the subject.
    pub subject: String,
    /// Of the body, HTML.
    pub body: String,
}

/// A mail as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// The subject.
    pub subject: String,
    /// The body.
    pub html: String,
    /// The body for those who see no HTML.
    pub text: String,
}

/// Makes mails.
#[derive(Clone, Debug)]
pub struct Composer {
    /// Whom they are from.
    pub from: Mailbox,
    /// Their links.
    pub links: Links,
}

impl Composer {
    /// A mail for one customer; `token` stands for the mailing in its links.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn compose(
        &self,
        templates: &Templates,
        recipient: Recipient<'_>,
        token: &str,
    ) -> Result<Composed, MailError> {
        let unsubscribe = self.links.unsubscribe(token);
        let (links, own) = (self.links.clone(), token.to_owned());
        let counted = move |target: &str| links.counted(&own, target);
        let both = (templates.subject.as_str(), templates.body.as_str());
        let rendered = template::render(both, recipient, &unsubscribe, counted);
        let rendered = rendered.map_err(MailError::Template)?;
        let html = format!(
            "{}\n<p><a href=\"{unsubscribe}\">Unsubscribe</a></p>\
             <img src=\"{}\" width=\"1\" height=\"1\" alt=\"\">",
            rendered.body,
            self.links.opened(token)
        );
        // A link in two lines leads nowhere.
        let plain = html2text::config::plain().no_link_wrapping();
        let text = plain.string_from_read(html.as_bytes(), WIDTH);
        let text = text.map_err(|_| MailError::Form("its HTML cannot be read"))?;
        Ok(Composed { subject: rendered.subject, html, text })
    }

    /// The mail as it is sent. Its Message-ID follows from the mailing, so that one that is sent
    /// again is known to be the same.
    ///
    /// # Errors
    /// When the address or a header cannot be written.
    pub fn message(
        &self,
        mailing: &AggregateId,
        to: Mailbox,
        token: &str,
        composed: Composed,
    ) -> Result<Message, MailError> {
        let header = |name, value: &str| {
            let name = HeaderName::new_from_ascii_str(name);
            HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned())
        };
        let unsubscribe = format!("<{}>", self.links.unsubscribe(token));
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(composed.subject)
            .message_id(Some(self.message_id(mailing)))
            .raw_header(header("List-Unsubscribe", &unsubscribe))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
            .multipart(MultiPart::alternative_plain_html(composed.text, composed.html))
            .map_err(|_| MailError::Form("its headers"))
    }

    /// Message-ID of a mailing.
    #[must_use]
    pub fn message_id(&self, mailing: &AggregateId) -> String {
        let id = Uuid::new_v5(&MESSAGES, mailing.as_str().as_bytes());
        format!("<{}@{}>", id.simple(), self.from.email.domain())
    }
}

/// Whom a mail is to. Names with characters that headers cannot carry are encoded by the library.
///
/// # Errors
/// When the address is none for this library.
pub fn mailbox(name: &str, address: &str) -> Result<Mailbox, MailError> {
    let address = address.parse().map_err(|_| MailError::Form("the address of the customer"))?;
    Ok(Mailbox::new(Some(name.to_owned()), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than a line.
    const FAR: &str =
        "https://shop.example/a/page/whose/address/is/longer/than/a/line/of/a/mail/is";

    fn composer() -> Composer {
        let links = Links::new(b"0123456789abcdef0123456789abcdef", "https://mail.example");
        Composer { from: "Shop <shop@example.org>".parse().unwrap(), links }
    }

    #[test]
    fn a_mail_has_what_its_reader_and_servers_need() {
        let composer = composer();
        let mailing = AggregateId::new("spring:c1").unwrap();
        let token = composer.links.token(&mailing);
        let templates = Templates {
            subject: "Hello {{ name }}".into(),
            body: format!(
                "<p>Dear {{{{ name }}}} of class {{{{ class }}}}</p><a href=\"{{{{ link('{FAR}') }}}}\">x</a>"
            ),
        };
        let recipient = Recipient { name: "Åse <x>", class: "B" };
        let composed = composer.compose(&templates, recipient, &token).unwrap();
        assert!(composed.html.contains("Dear Åse &lt;x&gt; of class B"), "{}", composed.html);
        assert!(composed.text.contains("Dear Åse <x> of class B"), "{}", composed.text);
        assert!(composed.text.contains(&composer.links.counted(&token, FAR)), "{}", composed.text);
        let to = mailbox("Åse <x>", "aase@example.org").unwrap();
        let message = composer.message(&mailing, to, &token, composed).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let unsubscribe = format!("List-Unsubscribe: <https://mail.example/m/{token}/unsubscribe>");
        assert!(text.contains(&unsubscribe), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        assert!(text.contains(&format!("Message-ID: {}", composer.message_id(&mailing))), "{text}");
        assert!(!text.contains("spring:c1"), "ids are not told");
    }
}
