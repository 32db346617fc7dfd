//! How far it is: a bar on a terminal, a line every few seconds elsewhere; on stderr.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Time between two lines.
const LINES: Duration = Duration::from_secs(5);

/// How far an import is.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    total: u64,
    done: u64,
    said: Instant,
}

impl Progress {
    /// Begins; a quiet one says nothing where there is no terminal.
    pub fn new(total: u64, is_quiet: bool) -> Self {
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
        Self { bar, is_quiet, total, done: 0, said: Instant::now() }
    }

    /// One command has its answer.
    pub fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        } else if !self.is_quiet && self.said.elapsed() >= LINES {
            self.said = Instant::now();
            let (done, total) = (HumanCount(self.done), HumanCount(self.total));
            // Whoever closed the pipe does not want to read on; the work goes on without.
            let _ = writeln!(io::stderr(), "{done} of {total} commands answered");
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
