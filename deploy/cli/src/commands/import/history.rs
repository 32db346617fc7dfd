//! The file, read twice: for its customers and its faults, then for its orders. What is kept
//! between is one entry per customer, and while reading one counter per distinct line.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    path::PathBuf,
};

use anyhow::Context;
use csv::{ReaderBuilder, StringRecord, Trim};
use schemas::{AggregateId, Timestamp};

use super::{
    Options,
    columns::{Columns, Names},
    ids::Content,
    row::{NewOrder, Row},
    window::Window,
};
use crate::{
    failure::{Failure, Result},
    refused::Refused,
};

/// An order history in a file.
#[derive(Clone, Debug)]
pub struct History {
    file: PathBuf,
    names: Names,
    delimiter: u8,
    window: Window,
    now: Timestamp,
    newest: Option<Timestamp>,
}

/// What a history consists of.
#[derive(Debug, Default)]
pub struct Survey {
    /// Lines after the first one.
    pub rows: u64,
    /// Lines outside the window.
    pub outside: u64,
    /// Customers, in the order of their first lines.
    pub customers: Vec<Customer>,
    /// Orders that can be sent.
    pub orders: u64,
    /// Lines that cannot.
    pub refused: Refused,
}

/// A customer that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The first line of the customer.
    pub line: u64,
    /// Its id.
    pub id: AggregateId,
    /// What the customer is called there.
    pub name: String,
}

impl History {
    /// A file as the options describe it. Orders after `now` are refused.
    pub fn new(options: &Options, now: Timestamp) -> Result<Self> {
        let file = options.file.clone();
        let shown = file.display();
        let kind = std::fs::metadata(&file);
        let kind = kind.map_err(|error| Failure::setup(format!("cannot read {shown}: {error}")))?;
        if !kind.is_file() {
            return Err(Failure::setup(format!("{shown} is no file; it is read more than once")));
        }
        let mut history = Self {
            file,
            names: options.names.clone(),
            delimiter: options.delimiter,
            window: options.window,
            now,
            newest: None,
        };
        history.newest = history.newest()?;
        Ok(history)
    }

    /// The newest date, if the window needs it. In any case finds the columns, or tells which one
    /// is missing.
    fn newest(&self) -> Result<Option<Timestamp>> {
        let mut newest = None;
        let rows = self.rows()?;
        for (_, row) in rows.take_while(|_| self.window.is_relative()) {
            newest = newest.max(row?.ok().map(|row| row.ordered_at));
        }
        Ok(newest)
    }

    /// Reads it for everything but its orders.
    pub fn survey(&self) -> Result<Survey> {
        let mut survey = Survey::default();
        let mut known = HashSet::new();
        for (line, row) in self.rows()? {
            survey.rows += 1;
            let row = match row? {
                Ok(row) => row,
                Err(reason) => {
                    survey.refused.add(line, reason);
                    continue;
                }
            };
            if !self.window.contains(row.ordered_at, self.newest) {
                survey.outside += 1;
                continue;
            }
            if known.insert(row.customer.clone()) {
                survey.customers.push(Customer { line, id: row.customer, name: row.name });
            }
            match row.order {
                Ok(_) => survey.orders += 1,
                Err(reason) => survey.refused.add(line, reason),
            }
        }
        Ok(survey)
    }

    /// Its orders, in the order of the file; whatever the survey has refused is left out.
    pub fn orders(&self) -> Result<impl Iterator<Item = Result<NewOrder>>> {
        let mut seen: HashMap<Content, u32> = HashMap::new();
        let rows = self.rows()?;
        Ok(rows.filter_map(move |(line, row)| {
            let row = match row {
                Ok(row) => row.ok()?,
                Err(failure) => return Some(Err(failure)),
            };
            if !self.window.contains(row.ordered_at, self.newest) {
                return None;
            }
            let command = row.order.ok()?;
            let content = Content::new(&command.customer_id, row.ordered_at, command.value);
            let occurrence = seen.entry(content).or_default();
            let id = content.order(*occurrence);
            *occurrence += 1;
            Some(Ok(NewOrder { line, id, command }))
        }))
    }

    /// All lines with their numbers; a line that cannot be read at all is refused, and an error
    /// of the disk ends it all.
    fn rows(
        &self,
    ) -> Result<impl Iterator<Item = (u64, Result<std::result::Result<Row, String>>)>> {
        let shown = self.file.display().to_string();
        let file = File::open(&self.file).with_context(|| format!("cannot open {shown}"));
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(Trim::All)
            .from_reader(file.map_err(Failure::Setup)?);
        let header =
            reader.headers().with_context(|| format!("cannot read the first line of {shown}"));
        let columns: Columns = self.names.find(header.map_err(Failure::Setup)?)?;
        let now = self.now;
        let mut record = StringRecord::new();
        Ok(std::iter::from_fn(move || {
            let line = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(false) => None,
                Ok(true) => {
                    // Blank lines in front of a record are passed over.
                    let line = record.position().map_or(line, csv::Position::line);
                    Some((line, Ok(Row::read(&record, &columns, now))))
                }
                Err(error) => {
                    let line = error.position().map_or(line, csv::Position::line);
                    Some((line, unreadable(error, &shown)))
                }
            }
        }))
    }
}

fn unreadable(error: csv::Error, file: &str) -> Result<std::result::Result<Row, String>> {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Ok(Err(format!("has {len} columns, the first line has {expected_len}")))
        }
        csv::ErrorKind::Utf8 { .. } => Ok(Err("is not UTF-8".to_owned())),
        _ => {
            let context = format!("cannot read {file}");
            Err(Failure::Internal(anyhow::Error::new(error).context(context)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn history(text: &[u8], window: &str) -> (tempfile::NamedTempFile, History) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let mut history = History {
            file: file.path().to_owned(),
            names: Names::plain(),
            delimiter: b',',
            window: window.parse().unwrap(),
            now: "2026-11-20T00:00:00Z".parse().unwrap(),
            newest: None,
        };
        if history.window.is_relative() {
            history.newest = Some("1997-03-01T00:00:00Z".parse().unwrap());
        }
        (file, history)
    }

    const SAMPLE: &[u8] = b"customer,date,value,name,text\n\
        a,1997-01-01,1.00,Anna,x\n\
        b,1997-02-01,0,Bea,x\n\
        \n\
        a,1997-02-28,1,,\"two\nlines\"\n\
        a,1997-01-01,1,Other,y\n\
        too,few\n\
        c,1997-03-01,\xff,C,x\n\
        d,1997-03-01,5,D,x\n";

    #[test]
    fn a_history_is_surveyed_line_by_line() {
        let (_file, history) = history(SAMPLE, "all");
        let survey = history.survey().unwrap();
        assert_eq!((survey.rows, survey.orders, survey.outside), (7, 4, 0));
        let customers = survey.customers.iter().map(|c| (c.line, c.id.as_str(), c.name.as_str()));
        let expected = [(2, "a", "Anna"), (3, "b", "Bea"), (10, "d", "D")];
        assert_eq!(customers.collect::<Vec<_>>(), expected);
        let refused: Vec<_> = survey.refused.shown().collect();
        assert_eq!(
            refused,
            [
                (3, "value must not be less than 0.01"),
                (8, "has 2 columns, the first line has 5"),
                (9, "is not UTF-8"),
            ]
        );
    }

    #[test]
    fn the_same_lines_make_the_same_orders() {
        let (_file, history) = history(SAMPLE, "all");
        let orders = || history.orders().unwrap().map(|order| order.unwrap()).collect::<Vec<_>>();
        let first = orders();
        assert_eq!(first, orders());
        let ids: HashSet<_> = first.iter().map(|order| order.id).collect();
        assert_eq!((first.len(), ids.len()), (4, 4));
    }

    #[test]
    fn a_window_leaves_ids_alone() {
        let (_file, all) = history(SAMPLE, "all");
        let (_other, last) = history(SAMPLE, "2d");
        let survey = last.survey().unwrap();
        assert_eq!((survey.outside, survey.orders, survey.customers.len()), (3, 2, 2));
        let ids = |history: &History| -> HashSet<_> {
            history.orders().unwrap().map(|order| order.unwrap().id).collect()
        };
        assert!(ids(&last).is_subset(&ids(&all)));
    }

    #[test]
    fn the_sample_of_the_repository() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/cdnow_sample.csv");
        let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
        let text = text.replacen("customer_id,date,quantity,value", "customer,date,text,value", 1);
        let (_file, mut history) = history(text.as_bytes(), "all");
        assert!(history.survey().is_err());
        history.names = Names { name: None, ..Names::plain() };
        let survey = history.survey().unwrap();
        assert_eq!((survey.rows, survey.orders, survey.customers.len()), (6_919, 6_911, 2_357));
        let lines: Vec<_> = survey.refused.shown().map(|(line, _)| line).collect();
        assert_eq!(lines, [88, 157, 241, 305, 1_281, 1_444, 1_570, 2_714]);
        let ids: HashSet<_> = history.orders().unwrap().map(|order| order.unwrap().id).collect();
        assert_eq!(ids.len(), 6_911);
    }
}
