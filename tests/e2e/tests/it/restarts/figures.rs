//! How long commands took, and how old rows were, while each service was restarted.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use super::{
    load::{Command, Done},
    readers::Read,
};

/// Percentiles that are shown, in thousandths.
const SHOWN: [usize; 3] = [500, 990, 1_000];

/// The time of one restart.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    service: &'static str,
    from: Instant,
    to: Instant,
}

impl Window {
    pub fn begin(service: &'static str) -> Self {
        Self { service, from: Instant::now(), to: Instant::now() }
    }

    pub fn end(self) -> Self {
        Self { to: Instant::now(), ..self }
    }

    fn has(&self, instant: Instant) -> bool {
        (self.from..self.to).contains(&instant)
    }
}

#[derive(Debug, Default)]
pub struct Figures(Vec<Window>);

impl Figures {
    pub fn add(&mut self, window: Window) {
        self.0.push(window);
    }

    /// One line for each restart, one for all, and one before any.
    pub fn table(&self, done: &Done, read: &Read) -> String {
        let mut table = String::from(
            "restarted            s  commands  p50 ms  p99 ms  max ms  put off  oldest row ms\n",
        );
        for window in &self.0 {
            let seconds = (window.to - window.from).as_secs_f64();
            let line = line(window.service, seconds, done, read, |at| window.has(at));
            table.push_str(&line);
        }
        let restarts = self.0.get(1..).unwrap_or_default();
        let seconds = restarts.iter().map(|window| (window.to - window.from).as_secs_f64()).sum();
        let any = |at| restarts.iter().any(|window| window.has(at));
        table.push_str(&line("all of them", seconds, done, read, any));
        let Read { with_token, put_off, .. } = read;
        let _ = write!(table, "{with_token} queries with tokens, {put_off} told to come again");
        table
    }
}

fn line(
    name: &str,
    seconds: f64,
    done: &Done,
    read: &Read,
    has: impl Fn(Instant) -> bool,
) -> String {
    let commands: Vec<Command> =
        done.commands.iter().filter(|command| has(command.due)).copied().collect();
    let mut took: Vec<_> = commands.iter().map(|command| command.took).collect();
    took.sort();
    let last = took.len().saturating_sub(1);
    let at = |share: usize| took.get(last * share / 1_000).map_or(0, Duration::as_millis);
    let [p50, p99, max] = SHOWN.map(at);
    let put_off = commands.iter().filter(|command| command.put_off > 0).count();
    let ages = read.ages.iter().filter(|(answered, _)| has(*answered)).map(|(_, age)| *age);
    let oldest = ages.max().unwrap_or_default().as_millis();
    let count = commands.len();
    format!("{name:<19}{seconds:>4.1}{count:>10}{p50:>8}{p99:>8}{max:>8}{put_off:>9}{oldest:>15}\n")
}
