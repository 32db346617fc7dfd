//! The whole report as CSV (RFC 4180), written as its client reads it: memory holds some hundred
//! rows, whatever the size. All rows are of one moment. An answer that cannot be completed is
//! broken off, so that nobody takes it for the whole.

use std::{io::Write, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use consumer_runtime::{Error, snapshot::Snapshot};
use futures_util::stream::try_unfold;
use service::Problem;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    customer::{COLUMNS, Customer},
    list::{Format, Selection},
    queries::Report,
    sort::Sort,
};

/// Rows that are read and written at once.
const CHUNK: u16 = 500;

const HEADINGS: [&str; 16] = [
    "id",
    "name",
    "location",
    "emailPermission",
    "class",
    "classSince",
    "orders",
    "revenue",
    "confirmedOrders",
    "confirmedRevenue",
    "waitingOrders",
    "waitingRevenue",
    "averageRevenue",
    "usdRevenue",
    "firstOrderAt",
    "lastOrderAt",
];

/// The whole report.
///
/// # Errors
/// A problem when it cannot begin.
pub async fn whole(
    report: &Report,
    selection: &Selection,
    sort: &Sort,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&report.exports).try_acquire_owned().map_err(|_| {
        let detail = "as many whole reports as can be are written already: try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_reports", detail).retry_after(5)
    })?;
    let snapshot = Snapshot::open(&report.database).await?;
    let sql = format!("select {COLUMNS} {} {}", selection.sql, sort.order_by());
    snapshot.declare(&sql, &selection.references()).await?;
    // The first rows now, while a problem can still be told.
    let first = Writing { snapshot, permit }.chunk(true).await?;
    let chunks = try_unfold(first, async |(next, written)| {
        if written.is_empty() {
            return Ok::<_, Error>(None);
        }
        let following = match next {
            Some(writing) => writing.chunk(false).await.inspect_err(|error| {
                tracing::warn!(%error, "a report as CSV is broken off");
            })?,
            None => (None, Bytes::new()),
        };
        Ok(Some((written, following)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"customer-report.csv\""),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// A report that is being written.
struct Writing {
    snapshot: Snapshot,
    permit: OwnedSemaphorePermit,
}

impl Writing {
    /// The next rows as text, and what writes the rest.
    async fn chunk(self, with_headings: bool) -> Result<(Option<Self>, Bytes), Error> {
        let Self { snapshot, permit } = self;
        let rows = snapshot.fetch(CHUNK, Customer::read).await?;
        let text = text(&rows, with_headings);
        let text = text.map_err(|error| Error::Broken(format!("cannot write CSV: {error}")))?;
        if rows.len() < usize::from(CHUNK) {
            snapshot.close().await?;
            return Ok((None, text));
        }
        Ok((Some(Self { snapshot, permit }), text))
    }
}

fn text(rows: &[Customer], with_headings: bool) -> Result<Bytes, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_headings {
        writer.write_record(HEADINGS)?;
    }
    for row in rows {
        write(&mut writer, row)?;
    }
    let written = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(written.into())
}

fn write(writer: &mut csv::Writer<impl Write>, row: &Customer) -> Result<(), csv::Error> {
    let Customer { id, name, location, email_permission, class, class_since, .. } = row;
    writer.write_field(harmless(id))?;
    writer.write_field(harmless(name))?;
    writer.write_field(harmless(location.as_deref().unwrap_or_default()))?;
    writer.write_field(email_permission.to_string())?;
    writer.write_field(class.map_or("", |class| class.as_str()))?;
    writer.write_field(or_empty(*class_since))?;
    writer.write_field(row.orders.to_string())?;
    writer.write_field(row.revenue.to_string())?;
    writer.write_field(row.confirmed_orders.to_string())?;
    writer.write_field(row.confirmed_revenue.to_string())?;
    writer.write_field(row.waiting_orders.to_string())?;
    writer.write_field(row.waiting_revenue.to_string())?;
    writer.write_field(or_empty(row.average_revenue))?;
    writer.write_field(row.usd_revenue.to_string())?;
    writer.write_field(or_empty(row.first_order_at))?;
    writer.write_field(or_empty(row.last_order_at))?;
    writer.write_record(None::<&[u8]>)
}

fn or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Texts come from whoever fills in a form, and spreadsheets take what begins so for a formula: an
/// apostrophe before it makes it a text.
fn harmless(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// The form that `Accept` asks for: CSV only for those who name it, and do not like JSON better.
#[must_use]
pub fn preferred(headers: &HeaderMap) -> Format {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).map(quality);
    let (mut csv, mut json) = (0, 0);
    for (range, quality) in ranges {
        match range.as_str() {
            "text/csv" | "text/*" => csv = csv.max(quality),
            "application/json" | "application/*" => json = json.max(quality),
            _ => {}
        }
    }
    if csv > json { Format::Csv } else { Format::Json }
}

/// A media range and its quality in thousandths.
fn quality(range: &str) -> (String, i64) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    let thousandths = |text: &str| {
        let quality: schemas::Rate = text.parse().ok()?;
        Some(quality.minor() / 1_000)
    };
    (name, quality.map_or(1_000, |text| thousandths(text).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use schemas::Money;

    use super::*;

    fn customer(name: &str) -> Customer {
        Customer {
            id: "c1".into(),
            name: name.into(),
            location: None,
            email_permission: true,
            class: None,
            class_since: None,
            orders: 1,
            revenue: Money::from_minor(1_399),
            confirmed_orders: 0,
            confirmed_revenue: Money::ZERO,
            waiting_orders: 1,
            waiting_revenue: Money::from_minor(1_399),
            average_revenue: None,
            usd_revenue: Money::from_minor(-1),
            first_order_at: Some(schemas::Timestamp::from_micros(0).unwrap()),
            last_order_at: None,
        }
    }

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        let names = ["Anna, \"the first\"", "=1+1", "@x", "\u{ff1d}1", "Ωmega\nB", "a-b"];
        let rows: Vec<_> = names.map(customer).into();
        let text = text(&rows, true).unwrap();
        let mut reader = csv::Reader::from_reader(&*text);
        assert_eq!(reader.headers().unwrap(), &HEADINGS[..]);
        let read: Vec<_> = reader.records().map(Result::unwrap).collect();
        let read: Vec<_> = read.iter().map(|row| row[1].to_owned()).collect();
        assert_eq!(read, ["Anna, \"the first\"", "'=1+1", "'@x", "'\u{ff1d}1", "Ωmega\nB", "a-b"]);
        let line = std::str::from_utf8(&text).unwrap().lines().last().unwrap();
        let rest = "true,,,1,13.99,0,0.00,1,13.99,,-0.01,1970-01-01T00:00:00.000000Z,";
        assert_eq!(line, format!("c1,a-b,,{rest}"));
    }

    #[test]
    fn headings_are_those_of_json() {
        let json = serde_json::to_value(customer("a")).unwrap();
        let mut names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut headings = HEADINGS.to_vec();
        names.sort_unstable();
        headings.sort_unstable();
        assert_eq!(names, headings);
    }

    #[test]
    fn who_wants_csv_says_so() {
        for (accept, wanted) in [
            ("text/csv", Format::Csv),
            ("Text/CSV; charset=utf-8", Format::Csv),
            ("text/csv, */*;q=0.1", Format::Csv),
            ("application/json;q=0.5, text/csv", Format::Csv),
            ("text/csv;q=0.5, application/json", Format::Json),
            ("text/csv;q=0", Format::Json),
            ("text/csv, application/json", Format::Json),
            ("*/*", Format::Json),
            ("text/html", Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(preferred(&headers), wanted, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Format::Json);
    }
}
