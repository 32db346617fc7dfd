//! One thing that was looked at.

use std::fmt;

use serde_json::{Value, json};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it must be.
    Ok,
    /// Not as it must be.
    Bad,
    /// Nobody could look.
    Unchecked,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen, or why nobody could look.
    pub seen: String,
    /// What to do, when something is to be done.
    pub way_out: Option<&'static str>,
}

impl Check {
    /// It is well.
    pub fn ok(name: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, seen: seen.into(), way_out: None }
    }

    /// It is not.
    pub fn bad(name: impl Into<String>, seen: impl Into<String>, way_out: &'static str) -> Self {
        let way_out = Some(way_out);
        Self { name: name.into(), verdict: Verdict::Bad, seen: seen.into(), way_out }
    }

    /// Nobody could look.
    pub fn unchecked(name: impl Into<String>, why: impl fmt::Display) -> Self {
        let seen = why.to_string();
        Self { name: name.into(), verdict: Verdict::Unchecked, seen, way_out: None }
    }

    /// For scripts.
    pub fn as_json(&self) -> Value {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Bad => "bad",
            Verdict::Unchecked => "unchecked",
        };
        json!({ "check": self.name, "verdict": verdict, "seen": self.seen, "wayOut": self.way_out })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok ",
            Verdict::Bad => "BAD",
            Verdict::Unchecked => "???",
        };
        write!(f, "{verdict}  {:24} {}", self.name, self.seen)?;
        self.way_out.map_or(Ok(()), |way| write!(f, "\n     {:24} → {way}", ""))
    }
}
