//! The page, which is part of the binary: its files as Vite made them, each with a form that is
//! compressed already.

use axum::{
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use service::Problem;

#[derive(RustEmbed)]
#[folder = "app/dist"]
#[allow_missing = true]
struct Dist;

/// The page itself: every path that is no file, since its own code reads the path.
const PAGE: &str = "index.html";

/// Files whose names change with what is in them.
const FOR_EVER: &str = "assets/";

/// What a binary says that was built without the page.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Oneway</title><h1>The web page is not part of this binary</h1>\
    <p>It was built without Node.js. With Node.js 20 or newer, <code>cargo oneway up</code> builds \
    the page, and the binary with it. By hand: <code>npm ci &amp;&amp; npm run build</code> in \
    <code>consumers/web-ui/app</code>, then <code>cargo build --bin web-ui</code>.\
    <p>Everything else works without it.";

/// A file of the page.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    // A compressed form is an answer for its file, and no file itself.
    let is_form = path.ends_with(".br");
    match Dist::get(path).filter(|_| !is_form && !path.is_empty()) {
        Some(file) => answer(path, file, &headers),
        // A file of an earlier build: the page would be no answer to who wants a script.
        None if path.starts_with(FOR_EVER) || is_form => {
            let detail = "there is no such file: the page may be newer, load it again";
            Problem::new(StatusCode::NOT_FOUND, "no_such_file", detail).into_response()
        }
        None => match Dist::get(PAGE) {
            Some(page) => answer(PAGE, page, &headers),
            None => missing(),
        },
    }
}

/// True when the page is part of this binary.
pub fn is_built() -> bool {
    Dist::get(PAGE).is_some()
}

fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex(file.metadata.sha256_hash().get(..16).unwrap_or_default()));
    let keep = match path.starts_with(FOR_EVER) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = match kind.type_() {
        mime_guess::mime::TEXT => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let head = [
        (header::CONTENT_TYPE, kind),
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
    ];
    if names(asked, &header::IF_NONE_MATCH, &tag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    let takes = names(asked, &header::ACCEPT_ENCODING, "br");
    match takes.then(|| Dist::get(&format!("{path}.br"))).flatten() {
        Some(form) => (head, [(header::CONTENT_ENCODING, "br")], form.data).into_response(),
        None => (head, file.data).into_response(),
    }
}

/// True when a header's list has this item.
fn names(asked: &HeaderMap, header: &HeaderName, wanted: &str) -> bool {
    let mut values = asked.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| {
        let mut items = value.split(',').map(|item| item.split(';').next().unwrap_or_default());
        items.any(|item| item.trim() == wanted)
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn missing() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::NOT_FOUND, kind, MISSING).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str, asked: &[(HeaderName, &str)]) -> Response {
        let asked = asked.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        serve(path.parse().unwrap(), asked.collect()).await
    }

    /// With the page and without it.
    #[tokio::test]
    async fn every_path_is_the_page_but_those_of_files() {
        for path in ["/", "/customers", "/customers/00004", "/index.html"] {
            let response = get(path, &[]).await;
            let expected = if is_built() { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(response.status(), expected, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        }
        for path in ["/assets/gone.js", "/index.html.br"] {
            assert_eq!(get(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn what_a_browser_has_is_not_sent_again() {
        if !is_built() {
            return;
        }
        let first = get("/", &[]).await;
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = get("/", &[(header::IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        // What is very small has no other form.
        let form = Dist::iter().find(|name| name.ends_with(".js.br")).unwrap();
        let path = format!("/{}", form.trim_end_matches(".br"));
        let small = get(&path, &[(header::ACCEPT_ENCODING, "gzip, br;q=1.0")]).await;
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "br");
        assert!(small.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(!get(&path, &[]).await.headers().contains_key(header::CONTENT_ENCODING));
    }
}
