//! The ECB's documents: `<Cube time="2026-11-20"><Cube currency="USD" rate="1.1648"/>…</Cube>` inside
//! an envelope. Only the rates of the US dollar are read, but all of it has to be whole.

use std::collections::BTreeMap;

use jiff::civil::Date;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use schemas::Rate;

use crate::rates::Rates;

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// It is no XML, or ends in the middle.
    #[error("it is no well-formed XML: {0}")]
    Malformed(String),
    /// It is another document.
    #[error("it is no document of reference rates: {0}")]
    Foreign(&'static str),
    /// A day or rate is none.
    #[error("{0} {1:?} is none")]
    Value(&'static str, String),
    /// A day comes twice.
    #[error("it has two rates of USD for {0}")]
    Twice(Date),
}

/// Longest text that is shown of a bad value.
const SHOWN: usize = 40;

/// Reads the rates of the US dollar.
///
/// # Errors
/// [`BadDocument`] says why it is refused.
pub fn parse(bytes: &[u8]) -> Result<Rates, BadDocument> {
    let malformed = |error: &dyn std::fmt::Display| BadDocument::Malformed(error.to_string());
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
    let mut reader = Reader::from_str(text);
    let (mut depth, mut day, mut published) = (0_usize, None, BTreeMap::new());
    let mut has_root = false;
    loop {
        match reader.read_event().map_err(|error| malformed(&error))? {
            Event::Start(start) => {
                if depth == 0 {
                    if has_root || start.local_name().as_ref() != "Envelope" {
                        return Err(BadDocument::Foreign("its root is no Envelope"));
                    }
                    has_root = true;
                }
                depth += 1;
                cube(&start, &mut day, &mut published)?;
            }
            Event::Empty(start) => cube(&start, &mut day, &mut published)?,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err(BadDocument::Foreign("it has a document type")),
            Event::Eof => break,
            _ => {}
        }
    }
    if depth > 0 || !has_root {
        return Err(BadDocument::Malformed("it ends too early".into()));
    }
    Rates::new(published).ok_or(BadDocument::Foreign("it has no rate of USD"))
}

/// Takes an element: one that names a day holds its rates.
fn cube(
    element: &BytesStart<'_>,
    day: &mut Option<Date>,
    published: &mut BTreeMap<Date, Rate>,
) -> Result<(), BadDocument> {
    if element.local_name().as_ref() != "Cube" {
        return Ok(());
    }
    // Nothing that is read here has anything to be unescaped.
    let (mut currency, mut rate) = (None, None);
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| BadDocument::Malformed(error.to_string()))?;
        match attribute.key.as_ref() {
            "time" => {
                let text = &attribute.value;
                let parsed = text.parse().map_err(|_| bad("the day", text))?;
                *day = Some(parsed);
            }
            "currency" => currency = Some(attribute.value.into_owned()),
            "rate" => rate = Some(attribute.value.into_owned()),
            _ => {}
        }
    }
    if currency.as_deref() != Some("USD") {
        return Ok(());
    }
    let day = day.ok_or(BadDocument::Foreign("a rate stands outside of a day"))?;
    let text = rate.unwrap_or_default();
    let rate: Rate = text.parse().map_err(|_| bad("the rate", &text))?;
    if rate <= Rate::ZERO {
        return Err(bad("the rate", &text));
    }
    match published.insert(day, rate) {
        None => Ok(()),
        Some(_) => Err(BadDocument::Twice(day)),
    }
}

fn bad(what: &'static str, text: &str) -> BadDocument {
    BadDocument::Value(what, text.chars().take(SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rates::Valid;

    const RECORDED: &[u8] = include_bytes!("../recorded/eurofxref-hist.xml");

    fn document(cubes: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
             xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\
             <gesmes:subject>Reference rates</gesmes:subject>\n<Cube>{cubes}</Cube>\n\
             </gesmes:Envelope>\n"
        )
    }

    #[test]
    fn the_daily_document_is_read() {
        // As the ECB writes it: apostrophes, and other currencies beside.
        let text = document(
            "\n\t\t<Cube time='2026-11-20'>\n\t\t\t<Cube currency='USD' rate='1.0705'/>\n\
             \t\t\t<Cube currency='JPY' rate='171.94'/>\n\t\t</Cube>\n",
        );
        let rates = parse(text.as_bytes()).unwrap();
        let day: Date = "2026-11-20".parse().unwrap();
        let Valid::Rate(valid) = rates.valid_on(day) else { panic!("{rates:?}") };
        assert_eq!((valid.day, valid.rate), (day, "1.0705".parse().unwrap()));
    }

    #[test]
    fn the_recorded_history_reaches_back_to_the_first_rate() {
        let rates = parse(RECORDED).unwrap();
        let on = |day: &str| rates.valid_on(day.parse().unwrap());
        let Valid::Rate(first) = on("1999-01-04") else { panic!("no first rate") };
        assert_eq!(first.rate, "1.1789".parse().unwrap());
        // Every day has one, weekends and holidays too.
        let mut day = crate::rates::FIRST_DAY;
        while day <= rates.newest() {
            assert!(matches!(rates.valid_on(day), Valid::Rate(_)), "{day}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn what_is_no_whole_document_of_rates_is_refused() {
        let usd = |day: &str, rate: &str| {
            format!("<Cube time='{day}'><Cube currency='USD' rate='{rate}'/></Cube>")
        };
        let whole = document(&usd("2026-11-20", "1.1"));
        assert!(parse(whole.as_bytes()).is_ok());
        let (half, _) = whole.split_at(whole.len() / 2);
        let twice = format!("{}{}", usd("2026-11-20", "1.1"), usd("2026-11-20", "1.2"));
        let entity = format!("<!DOCTYPE x [<!ENTITY a 'aaaa'>]>{}", usd("2026-11-20", "1.1"));
        for (bad, said) in [
            (String::new(), "it ends too early"),
            (half.to_owned(), "no well-formed XML"),
            (whole.replace("</Cube></Cube>", "</Cube></Cub>"), "no well-formed XML"),
            ("<html><body>Sorry</body></html>".into(), "its root is no Envelope"),
            ("{\"rates\": 1}".into(), "it ends too early"),
            (entity, "it has a document type"),
            (document(""), "it has no rate of USD"),
            (document("<Cube currency='USD' rate='1.1'/>"), "outside of a day"),
            (document(&usd("20.11.2026", "1.1")), "the day \"20.11.2026\" is none"),
            (document(&usd("2026-11-31", "1.1")), "the day \"2026-11-31\" is none"),
            (document(&usd("2026-11-20", "N/A")), "the rate \"N/A\" is none"),
            (document(&usd("2026-11-20", "0")), "the rate \"0\" is none"),
            (document(&usd("2026-11-20", "-1.1")), "the rate \"-1.1\" is none"),
            (document(&twice), "two rates of USD for 2026-11-20"),
        ] {
            let error = parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}: {bad}");
        }
    }
}
