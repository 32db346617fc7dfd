//! What came of it all.

use std::{fmt::Write as _, time::Duration};

use anyhow::Context;
use indicatif::HumanCount;
use schemas::Money;
use serde::Serialize;
use serde_json::json;

use super::{history::Survey, sender::Answer};
use crate::{failure::Result, refused::Refused};

/// How many commands of one kind ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ends {
    accepted: u64,
    already_there: u64,
}

/// The report of an import.
#[derive(Clone, Debug)]
pub struct Tally {
    is_dry: bool,
    rows: u64,
    outside: u64,
    customers: Ends,
    orders: Ends,
    /// What was refused, by the domain's rules here or by the API.
    pub refused: Refused,
    /// In cents; wider than one amount of money, as there may be many.
    total: i128,
    /// How long the orders took.
    pub order_time: Duration,
}

impl Tally {
    /// Begins with what the survey refused.
    pub fn new(survey: &Survey, is_dry: bool) -> Self {
        Self {
            is_dry,
            rows: survey.rows,
            outside: survey.outside,
            customers: Ends::default(),
            orders: Ends::default(),
            refused: survey.refused.clone(),
            total: 0,
            order_time: Duration::ZERO,
        }
    }

    /// A customer has an answer.
    pub fn customer(&mut self, line: u64, answer: Answer) {
        match answer {
            Answer::Accepted => self.customers.accepted += 1,
            Answer::AlreadyThere => self.customers.already_there += 1,
            Answer::Refused(reason) => self.refused.add(line, format!("customer: {reason}")),
        }
    }

    /// An order has an answer.
    pub fn order(&mut self, line: u64, value: Money, answer: Answer) {
        match answer {
            Answer::Accepted => self.orders.accepted += 1,
            Answer::AlreadyThere => self.orders.already_there += 1,
            Answer::Refused(reason) => return self.refused.add(line, reason),
        }
        self.total += i128::from(value.minor());
    }

    /// For people.
    pub fn as_text(&self) -> String {
        let Self { rows, outside, .. } = self;
        let verb = if self.is_dry { "would be sent" } else { "accepted" };
        let mut text = format!("{} lines", HumanCount(*rows));
        if *outside > 0 {
            let _ = write!(text, ", {} outside the window", HumanCount(*outside));
        }
        for (what, ends) in [("customers", &self.customers), ("orders", &self.orders)] {
            let _ = write!(text, "\n{what:<10} {} {verb}", HumanCount(ends.accepted));
            if ends.already_there > 0 {
                let _ = write!(text, ", {} existed already", HumanCount(ends.already_there));
            }
        }
        let _ = write!(text, "\nvalue      {} EUR", self.total());
        if !self.is_dry {
            let (seconds, rate) = (self.order_time.as_secs_f64(), self.rate());
            let _ = write!(text, "\nrate       {rate:.0} orders/s ({seconds:.1} s)");
        }
        let _ = write!(text, "\n{}", self.refused.as_text("refused"));
        text
    }

    /// For scripts.
    pub fn as_json(&self) -> Result<String> {
        let value = json!({
            "dryRun": self.is_dry,
            "rows": self.rows,
            "outsideWindow": self.outside,
            "customers": self.customers,
            "orders": self.orders,
            "totalValue": self.total(),
            "seconds": self.order_time.as_secs_f64(),
            "ordersPerSecond": self.rate(),
            "refusedCount": self.refused.count(),
            "refused": self.refused.lines(),
        });
        let text = serde_json::to_string_pretty(&value).context("cannot write the report")?;
        Ok(text)
    }

    fn total(&self) -> String {
        format!("{}.{:02}", self.total / 100, self.total % 100)
    }

    /// Orders per second; zero when nothing was sent.
    fn rate(&self) -> f64 {
        let orders = u32::try_from(self.orders.accepted + self.orders.already_there);
        let seconds = self.order_time.as_secs_f64();
        if self.is_dry || seconds == 0.0 {
            return 0.0;
        }
        f64::from(orders.unwrap_or(u32::MAX)) / seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_people_and_for_scripts() {
        let mut survey = Survey { rows: 4, outside: 1, ..Survey::default() };
        survey.refused.add(9, "no".to_owned());
        let mut tally = Tally::new(&survey, false);
        tally.customer(2, Answer::Accepted);
        tally.order(2, Money::from_minor(1_399), Answer::Accepted);
        tally.order(3, Money::from_minor(1), Answer::AlreadyThere);
        tally.order(4, Money::from_minor(5), Answer::Refused("because".to_owned()));
        tally.order_time = Duration::from_millis(500);
        assert_eq!(
            tally.as_text(),
            "4 lines, 1 outside the window\n\
             customers  1 accepted\n\
             orders     1 accepted, 1 existed already\n\
             value      14.00 EUR\n\
             rate       4 orders/s (0.5 s)\n\
             refused    2 lines\n  \
               line 4: because\n  \
               line 9: no"
        );
        let json: serde_json::Value = serde_json::from_str(&tally.as_json().unwrap()).unwrap();
        assert_eq!(json["orders"], json!({"accepted": 1, "alreadyThere": 1}));
        assert_eq!(json["refused"][0], json!({"line": 4, "reason": "because"}));
        assert_eq!(json["totalValue"], "14.00");
    }
}
