//! Progress and news for people, on stderr: spinners on a terminal, plain lines elsewhere.

use std::{
    fmt::Display,
    fs::File,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where progress and news go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Report(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Present on a terminal.
    bars: Option<MultiProgress>,
    /// Keeps what was said, for `oneway logs supervisor`.
    log: Mutex<Option<File>>,
    /// Lines of a log file need their time.
    stamped: bool,
}

/// Something under way.
#[derive(Debug)]
pub struct Step {
    report: Report,
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Report {
    /// For a person at a terminal, or for a script that reads stderr.
    pub fn new() -> Self {
        let bars = io::stderr().is_terminal().then(MultiProgress::new);
        Self(Arc::new(Inner { bars, log: Mutex::new(None), stamped: false }))
    }

    /// For a background process whose stderr is a log file.
    pub fn stamped() -> Self {
        Self(Arc::new(Inner { bars: None, log: Mutex::new(None), stamped: true }))
    }

    /// From now on keeps a copy in a file.
    pub fn copy_to(&self, file: File) {
        *self.0.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    }

    /// Says one thing.
    pub fn note(&self, line: impl Display) {
        self.keep(&line);
        match &self.0.bars {
            // Fails only when the terminal is gone, and then nobody reads.
            Some(bars) => drop(bars.println(line.to_string())),
            None => self.line(&line),
        }
    }

    /// Begins something that takes a while, such as "starting Kafka".
    pub fn step(&self, what: &str) -> Step {
        self.keep(&format_args!("{what} …"));
        let bar = self.0.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message(what.to_owned());
            bar
        });
        if bar.is_none() {
            self.line(&format_args!("{what} …"));
        }
        Step { report: self.clone(), bar, since: Instant::now() }
    }

    fn line(&self, line: &impl Display) {
        // Whoever closed the pipe does not want to read on; the work goes on without.
        let _ = if self.0.stamped {
            writeln!(io::stderr(), "{} {line}", now())
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    fn keep(&self, line: &impl Display) {
        let mut log = self.0.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = log.as_mut() {
            let _ = writeln!(file, "{} {line}", now());
        }
    }
}

impl Step {
    /// Tells how far it is.
    pub fn at(&self, detail: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(detail.to_owned());
        }
    }

    /// It is done.
    pub fn done(self, result: &str) {
        let took = self.since.elapsed().as_secs_f32();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.report.note(format_args!("{result} ({took:.1} s)"));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // An abandoned step must not spin on.
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says why the command ends badly.
pub fn error(failure: &impl Display) {
    let _ = writeln!(io::stderr(), "error: {failure}");
}

/// Says something beside the result.
pub fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a result to stdout; whoever closed the pipe has read enough.
pub fn print(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn now() -> impl Display {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
