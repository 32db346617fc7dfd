//! `oneway up --autoscale`: starts further instances of consumers that are behind, and stops them
//! when it has been quiet, by the rule of the Helm chart.

mod backlog;
mod rule;

use std::{convert::Infallible, time::Duration};

use clap::{Args, value_parser};
use consumer_runtime::run::schema_of;
use tokio::time::{Instant, MissedTickBehavior, interval};

use self::{
    backlog::{Backlog, Lookout},
    rule::{Demand, Rule},
};
use super::crew::{Crew, Further};
use crate::{
    commands::cluster,
    failure::{Failure, Result},
    report::Report,
    stack::{catalog::Service, plan::Plan, ports::Reservation, run::Running},
};

/// Options of autoscaling; what they are when left out is what the chart has.
#[derive(Debug, Args)]
// Clap would name its group as that of `up`.
#[group(skip)]
pub struct Options {
    /// Start further instances of consumers while they are behind, and stop them when it is quiet:
    /// of these, or of all
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', num_args = 0..=1)]
    #[arg(conflicts_with_all = ["all_in_one", "only_infrastructure"])]
    autoscale: Option<Vec<String>>,

    /// How many records behind make one more instance; the topic that is furthest behind counts
    #[arg(long, value_name = "RECORDS", requires = "autoscale", default_value_t = 1_000)]
    #[arg(value_parser = value_parser!(u64).range(1..))]
    autoscale_threshold: u64,

    /// Most instances of a consumer; never more than there are partitions
    #[arg(long, value_name = "COUNT", requires = "autoscale", default_value_t = 4)]
    #[arg(value_parser = value_parser!(u32).range(1..=64))]
    autoscale_most: u32,

    /// How often is looked
    #[arg(long, value_name = "SECONDS", requires = "autoscale", default_value_t = 15)]
    #[arg(value_parser = value_parser!(u64).range(1..=3_600))]
    autoscale_poll: u64,

    /// For how long more must have been wanted before they are started, so that a rebalance, which
    /// makes partitions wait for some seconds, starts nobody; 0: at once
    #[arg(long, value_name = "SECONDS", requires = "autoscale", default_value_t = 30)]
    #[arg(value_parser = value_parser!(u64).range(0..=3_600))]
    autoscale_lasting: u64,

    /// For how long fewer must have been enough before an instance is stopped
    #[arg(long, value_name = "SECONDS", requires = "autoscale", default_value_t = 300)]
    #[arg(value_parser = value_parser!(u64).range(1..=86_400))]
    autoscale_quiet: u64,

    /// How long after one instance the next is stopped
    #[arg(long, value_name = "SECONDS", requires = "autoscale", default_value_t = 60)]
    #[arg(value_parser = value_parser!(u64).range(1..=3_600))]
    autoscale_step: u64,
}

impl Options {
    /// Which of the services scale; none when nothing does.
    pub fn choose(&self, services: &[Service]) -> Result<Vec<Service>> {
        let Some(names) = &self.autoscale else { return Ok(Vec::new()) };
        let able: Vec<_> = services.iter().filter(|service| service.scales_by_lag()).collect();
        let known: Vec<_> = able.iter().map(|service| service.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure::setup(format!(
                "cannot autoscale {name}: those that are started and scale by how far they are \
                 behind are {known}"
            )));
        }
        if able.is_empty() {
            return Err(Failure::setup(
                "cannot autoscale: no service is started that scales by how far it is behind",
            ));
        }
        let wanted = |service: &&Service| names.is_empty() || names.contains(&service.name);
        Ok(able.into_iter().filter(wanted).cloned().collect())
    }

    /// When instances come and go.
    const fn rule(&self) -> Rule {
        Rule {
            threshold: self.autoscale_threshold,
            most: self.autoscale_most,
            poll: Duration::from_secs(self.autoscale_poll),
            lasting: Duration::from_secs(self.autoscale_lasting),
            quiet: Duration::from_secs(self.autoscale_quiet),
            step: Duration::from_secs(self.autoscale_step),
        }
    }
}

/// Changes how many instances there are.
pub struct Autoscaler<'a> {
    crew: &'a Crew<'a>,
    report: &'a Report,
    rule: Rule,
    lookout: Lookout,
    scaled: Vec<Scaled>,
    /// What is in the way, said once.
    trouble: Option<String>,
}

/// A consumer, and its instances.
#[derive(Debug)]
pub struct Scaled {
    service: Service,
    demand: Demand,
    /// The ports of each, by its number; those of the plan are held elsewhere.
    instances: Vec<Option<Reservation>>,
}

impl Scaled {
    fn schema(&self) -> String {
        schema_of(&self.service.name)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.instances.len()).unwrap_or(u32::MAX)
    }
}

impl<'a> Autoscaler<'a> {
    /// Of a stack that begins with the instances of its plan.
    pub fn new(
        options: &Options,
        services: &[Service],
        plan: &Plan,
        crew: &'a Crew<'a>,
        report: &'a Report,
    ) -> Result<Self> {
        let rule = options.rule();
        let settings = cluster::of_endpoints(&plan.endpoints, crew.namespace())?;
        let scaled = services.iter().map(|service| {
            let own = plan.instances.iter().filter(|one| one.service.name == service.name);
            let instances = own.map(|_| None).collect();
            Scaled { service: service.clone(), demand: Demand::new(rule), instances }
        });
        let lookout = Lookout::new(settings, plan.endpoints.database_url.clone());
        Ok(Self { crew, report, rule, lookout, scaled: scaled.collect(), trouble: None })
    }

    /// Looks and acts until it is dropped. What it has begun then ends with the stack.
    pub async fn run(mut self, running: &mut Running) -> Infallible {
        let mut polls = interval(self.rule.poll);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            polls.tick().await;
            let trouble = self.adjust(running).await.err().map(|failure| failure.to_string());
            if let Some(trouble) = trouble.as_ref().filter(|now| self.trouble.as_ref() != Some(now))
            {
                self.report.note(format_args!(
                    "autoscaling is held up, and leaves everything as it is: {trouble}"
                ));
            }
            if self.trouble.is_some() && trouble.is_none() {
                self.report.note("autoscaling goes on");
            }
            self.trouble = trouble;
        }
    }

    /// One look, and what follows from it: those that come do not wait for those that go.
    async fn adjust(&mut self, running: &mut Running) -> Result<()> {
        let backlogs = self.lookout.look(&self.scaled).await?;
        let mut leaving = Vec::new();
        for (scaled, backlogs) in self.scaled.iter_mut().zip(backlogs) {
            let (name, now) = (&scaled.service.name, scaled.count());
            let wanted = scaled.demand.decide(Instant::now(), &backlogs, now);
            let behind = said_behind(&backlogs);
            if wanted > now {
                let further = (now + 1..=wanted).map(|n| self.crew.further(&scaled.service, n));
                let further = further.collect::<Result<Vec<_>>>()?;
                self.report.note(format_args!("{name}: {now} → {wanted}, {behind}"));
                for Further { spec, entry, ports } in further {
                    running.add(spec, entry)?;
                    scaled.instances.push(Some(ports));
                }
            } else if wanted < now {
                let quiet = self.rule.quiet;
                self.report.note(format_args!(
                    "{name}: {now} → {wanted}, {behind}, and few enough for {quiet:?}"
                ));
                leaving.push(scaled.service.instance(now));
            }
        }
        running.part_with(&leaving).await?;
        for scaled in &mut self.scaled {
            if leaving.contains(&scaled.service.instance(scaled.count())) {
                scaled.instances.pop();
            }
        }
        Ok(())
    }
}

/// For people: the topic that is furthest behind.
fn said_behind(backlogs: &[Backlog]) -> String {
    let records = backlogs.iter().map(|backlog| backlog.records).max().unwrap_or(0);
    let digits = records.to_string();
    let mut text = String::new();
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 0 && place.is_multiple_of(3) {
            text.push(',');
        }
    }
    format!("{text} records behind")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::stack::catalog;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
        #[arg(long)]
        all_in_one: bool,
        #[arg(long)]
        only_infrastructure: bool,
    }

    fn options(words: &[&str]) -> Result<Options, clap::Error> {
        Line::try_parse_from([&["up"], words].concat()).map(|line| line.options)
    }

    fn chosen(words: &[&str], services: &[&str]) -> Result<Vec<String>, String> {
        let all = catalog::parse(include_str!("../../../../services.yaml")).unwrap();
        let wanted: Vec<_> = services.iter().map(|name| (*name).to_owned()).collect();
        let services = catalog::select(all, &wanted).unwrap();
        let chosen = options(words).unwrap().choose(&services);
        let names = |all: Vec<Service>| all.into_iter().map(|service| service.name).collect();
        chosen.map(names).map_err(|failure| failure.to_string())
    }

    #[test]
    fn all_consumers_scale_or_those_that_are_named() {
        let all = chosen(&["--autoscale"], &[]).unwrap();
        let consumers = operator::Consumer::ALL.map(|consumer| consumer.name().to_owned());
        assert_eq!(
            all.iter().collect::<std::collections::BTreeSet<_>>(),
            consumers.iter().collect(),
        );
        assert_eq!(chosen(&["--autoscale", "orders"], &[]).unwrap(), ["orders"]);
        assert_eq!(chosen(&["--autoscale", "orders,customers"], &[]).unwrap().len(), 2);
        assert_eq!(chosen(&[], &[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_scale_is_refused_with_what_can() {
        let started = ["command-api", "orders", "customers"];
        let said = chosen(&["--autoscale", "command-api"], &started).unwrap_err();
        assert!(said.starts_with("cannot autoscale command-api: "), "{said}");
        assert!(said.ends_with(" are customers, orders"), "{said}");
        let said = chosen(&["--autoscale", "campaigns"], &started).unwrap_err();
        assert!(said.starts_with("cannot autoscale campaigns: "), "{said}");
        let said = chosen(&["--autoscale"], &["command-api"]).unwrap_err();
        assert!(said.starts_with("cannot autoscale: no service"), "{said}");
        assert!(options(&["--autoscale", "--all-in-one"]).is_err());
        assert!(options(&["--autoscale-quiet", "5"]).is_err());
    }

    #[test]
    fn figures_for_people() {
        let said = |records| said_behind(&[Backlog { records, partitions: 4 }]);
        assert_eq!(said(7), "7 records behind");
        assert_eq!(said(999), "999 records behind");
        assert_eq!(said(41_203), "41,203 records behind");
        assert_eq!(said(1_000_000), "1,000,000 records behind");
        assert_eq!(said_behind(&[]), "0 records behind");
    }

    /// For the test that holds it to the chart.
    pub fn default_rule() -> Rule {
        options(&[]).unwrap().rule()
    }
}
