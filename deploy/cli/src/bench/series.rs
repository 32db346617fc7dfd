//! What is measured of a contender: at which loads, for how long, after which warm-up; handed to
//! the process that measures, which answers with one line of JSON per load.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use crate::{
    bench::{
        clock::{Clock, Measured},
        cpu::Watched,
    },
    failure::Result,
    report,
};

/// Loads one after the other.
#[derive(Clone, Debug, Args)]
pub struct Series {
    /// How many commands are under way at once: a load each, in this order
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',', required = true)]
    pub outstanding: Vec<usize>,
    /// How long each load is measured
    #[arg(long, value_name = "SECONDS")]
    pub seconds: f64,
    /// How long each load is applied before that
    #[arg(long, value_name = "SECONDS")]
    pub warm_up: f64,
    /// How long the largest load is applied before the first one
    #[arg(long, value_name = "SECONDS")]
    pub first_warm_up: f64,
    /// Processes whose CPU time is of interest
    #[arg(long, value_name = "NAME=PID")]
    pub watch: Vec<Watched>,
}

/// One load; ends when its clock says so. Fails when a command is not answered as it should be.
pub trait Load {
    /// Applies it.
    fn apply(&mut self, outstanding: usize, clock: &mut Clock) -> anyhow::Result<()>;
}

impl Series {
    /// The same as arguments.
    pub fn arguments(&self) -> Vec<String> {
        let Self { outstanding, seconds, warm_up, first_warm_up, watch } = self;
        let outstanding: Vec<_> = outstanding.iter().map(usize::to_string).collect();
        let mut arguments = vec![
            format!("--outstanding={}", outstanding.join(",")),
            format!("--seconds={seconds}"),
            format!("--warm-up={warm_up}"),
            format!("--first-warm-up={first_warm_up}"),
        ];
        arguments.extend(watch.iter().map(|watched| format!("--watch={watched}")));
        arguments
    }

    /// Runs all of it.
    pub fn run(&self, load: &mut impl Load) -> Result<()> {
        let largest = self.outstanding.iter().copied().max().unwrap_or(1);
        let first = Duration::try_from_secs_f64(self.first_warm_up).context("cannot warm up")?;
        load.apply(largest, &mut Clock::new(first, Duration::ZERO, &[]))?;
        let warm_up = Duration::try_from_secs_f64(self.warm_up).context("cannot warm up")?;
        let window = Duration::try_from_secs_f64(self.seconds).context("cannot measure")?;
        for outstanding in &self.outstanding {
            let mut clock = Clock::new(warm_up, window, &self.watch);
            load.apply(*outstanding, &mut clock)?;
            let measured = clock.measured(*outstanding)?;
            report::print(serde_json::to_string(&measured).context("cannot print a measurement")?);
        }
        Ok(())
    }

    /// Reads what [`Series::run`] printed.
    pub fn read(&self, printed: &str) -> anyhow::Result<Vec<Measured>> {
        let lines = printed.lines().map(serde_json::from_str);
        let measured: Vec<Measured> = lines.collect::<Result<_, _>>().context("cannot read it")?;
        if measured.len() != self.outstanding.len() {
            bail!("{} of {} loads were measured", measured.len(), self.outstanding.len());
        }
        Ok(measured)
    }
}
