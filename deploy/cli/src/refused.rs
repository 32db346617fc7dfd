//! Lines of a file that were refused, with the reasons: many, or few.

use std::fmt::Write as _;

use indicatif::HumanCount;
use serde::Serialize;

/// How many refusals are kept with their reasons: a wrong column refuses every line.
const KEPT: usize = 10_000;

/// How many of them are shown to people.
const SHOWN: usize = 50;

/// Lines that were refused.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    count: u64,
    lines: Vec<Line>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    line: u64,
    reason: String,
}

impl Refused {
    /// Adds a line.
    pub fn add(&mut self, line: u64, reason: String) {
        self.count += 1;
        if self.lines.len() < KEPT {
            self.lines.push(Line { line, reason });
        }
    }

    /// How many lines.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The lines that were kept, with their reasons.
    #[cfg(test)]
    pub fn shown(&self) -> impl Iterator<Item = (u64, &str)> {
        self.lines.iter().map(|line| (line.line, line.reason.as_str()))
    }

    /// Those that were kept, by line: they are found in several passes.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = self.lines.clone();
        lines.sort();
        lines
    }

    /// For people, under a word for them.
    pub fn as_text(&self, word: &str) -> String {
        let mut text = format!("{word:<10} {} lines", HumanCount(self.count));
        let lines = self.lines();
        for Line { line, reason } in lines.iter().take(SHOWN) {
            let _ = write!(text, "\n  line {line}: {reason}");
        }
        let shown = u64::try_from(lines.len().min(SHOWN)).unwrap_or(0);
        if shown < self.count {
            let rest = HumanCount(self.count - shown);
            let _ = write!(text, "\n  and {rest} more: --json lists them");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_bounded() {
        let mut refused = Refused::default();
        for line in 0..20_000 {
            refused.add(line, "no".to_owned());
        }
        assert_eq!((refused.count(), refused.lines.len()), (20_000, KEPT));
        assert!(refused.as_text("refused").ends_with("and 19,950 more: --json lists them"));
    }
}
