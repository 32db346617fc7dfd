//! Which column is what.

use clap::Args;

use crate::failure::{Failure, Result};

/// The columns by their names in the first line.
#[derive(Clone, Debug, Args)]
pub struct Names {
    /// Column with the customer's id
    #[arg(long, value_name = "COLUMN")]
    pub customer: String,

    /// Column with the date of the order
    #[arg(long, value_name = "COLUMN")]
    pub date: String,

    /// Column with the value in EUR, such as 13.99
    #[arg(long, value_name = "COLUMN")]
    pub value: String,

    /// Column with the customer's name; the first line of a customer counts [default: `Customer <id>`]
    #[arg(long, value_name = "COLUMN")]
    pub name: Option<String>,

    /// Column with the text of the order [default: `Imported order`]
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
}

/// The columns by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The customer's id.
    pub customer: usize,
    /// The date of the order.
    pub date: usize,
    /// The value.
    pub value: usize,
    /// The customer's name.
    pub name: Option<usize>,
    /// The text of the order.
    pub text: Option<usize>,
}

impl Names {
    /// Finds the columns in the first line of a file.
    pub fn find(&self, header: &csv::StringRecord) -> Result<Columns> {
        let find = |name: &str| {
            header.iter().position(|column| column == name).ok_or_else(|| {
                let columns: Vec<_> = header.iter().map(|column| format!("`{column}`")).collect();
                let columns = columns.join(", ");
                Failure::setup(format!("there is no column `{name}`; the file has {columns}"))
            })
        };
        Ok(Columns {
            customer: find(&self.customer)?,
            date: find(&self.date)?,
            value: find(&self.value)?,
            name: self.name.as_deref().map(find).transpose()?,
            text: self.text.as_deref().map(find).transpose()?,
        })
    }
}

#[cfg(test)]
impl Names {
    /// Columns called as what they are.
    pub fn plain() -> Self {
        Self {
            customer: "customer".into(),
            date: "date".into(),
            value: "value".into(),
            name: Some("name".into()),
            text: Some("text".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let header =
            csv::StringRecord::from(vec!["x", "date", "value", "customer", "text", "name"]);
        let columns = Names::plain().find(&header).unwrap();
        assert_eq!((columns.customer, columns.date, columns.value), (3, 1, 2));
        assert_eq!((columns.name, columns.text), (Some(5), Some(4)));
    }

    #[test]
    fn a_missing_column_is_named_with_those_that_are_there() {
        let header = csv::StringRecord::from(vec!["customer", "Date"]);
        let message = Names::plain().find(&header).unwrap_err().to_string();
        assert_eq!(message, "there is no column `date`; the file has `customer`, `Date`");
    }
}
