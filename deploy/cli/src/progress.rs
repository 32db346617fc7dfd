//! How far it is: a bar on a terminal, a line every few seconds elsewhere; on stderr.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Time between two lines.
const LINES: Duration = Duration::from_secs(5);

/// How far something is whose size is known.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    /// What was done to what, such as "commands answered".
    what: &'static str,
    total: u64,
    done: u64,
    said: Instant,
}

impl Progress {
    /// Begins; a quiet one says nothing where there is no terminal.
    pub fn new(total: u64, what: &'static str, is_quiet: bool) -> Self {
        let style = ProgressStyle::with_template(
            "{bar:40} {human_pos} of {human_len} · {per_sec} · {eta} left",
        );
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, is_quiet, what, total, done: 0, said: Instant::now() }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.at(self.done + 1);
    }

    /// So many are done.
    pub fn at(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if !self.is_quiet && self.said.elapsed() >= LINES {
            self.said = Instant::now();
            let (done, total) = (HumanCount(self.done), HumanCount(self.total));
            // Whoever closed the pipe does not want to read on; the work goes on without.
            let _ = writeln!(io::stderr(), "{done} of {total} {}", self.what);
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
