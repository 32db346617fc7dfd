//! Templates of mails: a name and a class of customer, and links, in a subject (text) and a body
//! (HTML, in which whatever is inserted is escaped).
//!
//! `{{ name }}`, `{{ class }}`, `{{ link("https://…") }}` (a link whose clicks are counted) and
//! `{{ unsubscribe_url }}` are known, and all that Jinja offers on them; anything else is an error.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use crate::validate::NAME_LENGTH;

/// Steps that one rendering may take: a template cannot keep a service busy.
const FUEL: u64 = 50_000;

/// Whom a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    /// Name of the customer.
    pub name: &'a str,
    /// Class of the customer: A, B or C.
    pub class: &'a str,
}

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its subject, one line.
    pub subject: String,
    /// Its body, HTML.
    pub body: String,
}

/// Why a template cannot be rendered. Carries nothing of the recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// JSON pointer to the template in the command that creates a campaign.
    pub pointer: &'static str,
    /// What is wrong, with the line.
    pub message: String,
}

/// Renders subject and body; `link` makes of a URL the one that counts clicks.
///
/// # Errors
/// [`TemplateError`] names the template and the line.
pub fn render(
    (subject, body): (&str, &str),
    recipient: Recipient<'_>,
    unsubscribe_url: &str,
    link: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Result<Rendered, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| match name {
        "body" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.add_function("link", move |url: String| link(&url));
    let Recipient { name, class } = recipient;
    let values = context! { name, class, unsubscribe_url };
    let rendered = |pointer, template: &'static str, text: &str| {
        environment.render_named_str(template, text, &values).map_err(|error| {
            let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
            // Not the detail: it may quote what was inserted.
            TemplateError {
                pointer,
                message: format!("is no good template{line}: {}", error.kind()),
            }
        })
    };
    let subject = rendered("/subject", "subject", subject)?;
    let body = rendered("/body", "body", body)?;
    if subject.chars().any(char::is_control) || subject.trim().is_empty() {
        let message = "must be one line that is not empty".to_owned();
        return Err(TemplateError { pointer: "/subject", message });
    }
    Ok(Rendered { subject, body })
}

/// Tries subject and body with a recipient as long as there may be.
///
/// # Errors
/// As [`render`].
pub fn check(templates: (&str, &str)) -> Result<(), TemplateError> {
    let name = "x".repeat(*NAME_LENGTH.end());
    let recipient = Recipient { name: &name, class: "B" };
    render(templates, recipient, "https://example.org/u", str::to_owned).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(subject: &str, body: &str) -> Result<Rendered, TemplateError> {
        let recipient = Recipient { name: "Anna <b>", class: "B" };
        let counted = |url: &str| format!("https://c.example/?{url}");
        render((subject, body), recipient, "https://u.example", counted)
    }

    #[test]
    fn what_is_inserted_into_html_is_escaped() {
        let body =
            "<p>{{ name }}, {{ class }}</p><a href=\"{{ link('https://a.example/?b&c') }}\">";
        let mail = rendered("For {{ name }}", body).unwrap();
        assert_eq!(mail.subject, "For Anna <b>");
        assert!(mail.body.starts_with("<p>Anna &lt;b&gt;, B</p>"), "{}", mail.body);
        assert!(mail.body.contains("?b&amp;c\">"), "{}", mail.body);
    }

    #[test]
    fn what_is_no_template_is_told_with_its_line() {
        let pointer = |subject, body| rendered(subject, body).unwrap_err().pointer;
        assert_eq!(pointer("{{ nam }}", "x"), "/subject");
        assert_eq!(pointer("{% if name %}\n{% endif %}", "x"), "/subject");
        let error = rendered("x", "line\n{{ name").unwrap_err();
        assert_eq!(error.pointer, "/body");
        assert!(error.message.contains("in line 2"), "{}", error.message);
        let endless =
            "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}";
        assert_eq!(pointer("x", endless), "/body");
    }
}
