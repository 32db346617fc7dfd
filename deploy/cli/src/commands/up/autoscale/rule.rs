//! How many instances a consumer is to have: the rule of the Helm chart's autoscaler, without a
//! cluster. As many as share what they are behind, so that each has no more than a threshold; up
//! when that has lasted, down one by one and only when it has been quiet for long.
//!
//! What lasts counts, as whoever comes or goes makes partitions wait for their next owner for some
//! seconds: what comes meanwhile would ask for the instance again that has just gone, for ever.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::backlog::Backlog;

/// When instances come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Records behind, for each instance.
    pub threshold: u64,
    /// Most instances of a consumer; never more than there are partitions.
    pub most: u32,
    /// How often is looked.
    pub poll: Duration,
    /// For how long more must have been wanted before they are started; at once when it is zero.
    pub lasting: Duration,
    /// For how long fewer must have been enough before one is stopped.
    pub quiet: Duration,
    /// Time between one stop and the next.
    pub step: Duration,
}

impl Rule {
    /// How many instances such backlogs ask for, one for each topic: the largest answer counts.
    pub fn instances(&self, backlogs: &[Backlog]) -> u32 {
        let each = backlogs.iter().map(|backlog| {
            let wanted = backlog.records.div_ceil(self.threshold.max(1));
            u32::try_from(wanted).unwrap_or(u32::MAX).min(backlog.partitions)
        });
        each.max().unwrap_or(1).min(self.most).max(1)
    }
}

/// What one consumer has asked for lately.
#[derive(Debug)]
pub struct Demand {
    rule: Rule,
    /// What was wanted at each look, for as long as it counts.
    wanted: VecDeque<(Instant, u32)>,
    stopped: Option<Instant>,
}

impl Demand {
    /// Of a consumer that was never looked at.
    pub const fn new(rule: Rule) -> Self {
        Self { rule, wanted: VecDeque::new(), stopped: None }
    }

    /// How many instances there are to be from now on.
    pub fn decide(&mut self, now: Instant, backlogs: &[Backlog], running: u32) -> u32 {
        let wanted = self.rule.instances(backlogs);
        if self.wanted.is_empty() {
            // Whoever has just come does not know that it was quiet.
            self.wanted.push_back((now, running));
        }
        self.wanted.push_back((now, wanted));
        let Rule { lasting, quiet, step, .. } = self.rule;
        self.wanted.retain(|(at, _)| now.duration_since(*at) < quiet.max(lasting));
        let since = |time: Duration| {
            let counts = move |(at, _): &&(Instant, u32)| now.duration_since(*at) < time;
            self.wanted.iter().filter(counts).map(|(_, wanted)| *wanted)
        };
        let least = since(lasting).min().unwrap_or(wanted);
        if least > running {
            return least;
        }
        let most = since(quiet).max().unwrap_or(wanted);
        let is_time = self.stopped.is_none_or(|at| now.duration_since(at) >= step);
        if most >= running || !is_time {
            return running;
        }
        self.stopped = Some(now);
        running - 1
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    const RULE: Rule = Rule {
        threshold: 1_000,
        most: 4,
        poll: seconds(15),
        lasting: seconds(30),
        quiet: seconds(300),
        step: seconds(60),
    };

    const fn behind(records: u64) -> Backlog {
        Backlog { records, partitions: 4 }
    }

    #[test]
    fn each_instance_has_at_most_the_threshold() {
        for (records, wanted) in
            [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (3_000, 3), (3_001, 4), (u64::MAX, 4)]
        {
            assert_eq!(RULE.instances(&[behind(records)]), wanted, "{records}");
        }
        assert_eq!(RULE.instances(&[]), 1);
    }

    #[test]
    fn the_largest_topic_counts_up_to_its_partitions_and_the_most() {
        assert_eq!(RULE.instances(&[behind(900), behind(2_500), behind(0)]), 3);
        // Not the sum.
        assert_eq!(RULE.instances(&[behind(900), behind(900), behind(900)]), 1);
        assert_eq!(RULE.instances(&[Backlog { records: 9_000, partitions: 2 }]), 2);
        let two = Rule { most: 2, ..RULE };
        assert_eq!(two.instances(&[Backlog { records: 9_000, partitions: 12 }]), 2);
    }

    #[test]
    fn up_when_it_lasts_and_down_one_by_one_after_a_quiet_time() {
        let start = Instant::now();
        let mut demand = Demand::new(RULE);
        let mut running = 1;
        let mut history = vec![(0, 1)];
        for second in (0..=900).step_by(15) {
            let records = if (30..=60).contains(&second) { 41_203 } else { 12 };
            let next = demand.decide(start + seconds(second), &[behind(records)], running);
            if next != running {
                history.push((second, next));
                running = next;
            }
        }
        // The first look at the backlog was at 30, the last one at 60.
        assert_eq!(history, [(0, 1), (45, 4), (360, 3), (420, 2), (480, 1)]);
    }

    #[test]
    fn what_was_wanted_lately_holds_instances() {
        let start = Instant::now();
        let mut demand = Demand::new(Rule { lasting: Duration::ZERO, ..RULE });
        assert_eq!(demand.decide(start, &[behind(3_500)], 1), 4);
        // Two are enough for long, and no fewer than those are left.
        for second in (15..300).step_by(15) {
            assert_eq!(demand.decide(start + seconds(second), &[behind(1_500)], 4), 4);
        }
        assert_eq!(demand.decide(start + seconds(300), &[behind(1_500)], 4), 3);
        assert_eq!(demand.decide(start + seconds(360), &[behind(1_500)], 3), 2);
        assert_eq!(demand.decide(start + seconds(420), &[behind(1_500)], 2), 2);
        // Up does not wait for a step.
        assert_eq!(demand.decide(start + seconds(421), &[behind(2_001)], 2), 3);
    }

    #[test]
    fn what_a_rebalance_leaves_behind_starts_nobody() {
        let start = Instant::now();
        let mut demand = Demand::new(RULE);
        let mut running = 2;
        for second in (0..900).step_by(15) {
            // One look in three finds what has waited for its next owner.
            let records = if second % 45 == 0 { 2_900 } else { 900 };
            running = demand.decide(start + seconds(second), &[behind(records)], running);
            assert_eq!(running, 2, "after {second} s");
        }
        // As many as were wanted throughout, not as in the worst moment.
        assert_eq!(demand.decide(start + seconds(900), &[behind(2_100)], 2), 2);
        assert_eq!(demand.decide(start + seconds(915), &[behind(3_900)], 2), 3);
    }

    #[test]
    fn whoever_has_just_come_waits() {
        let start = Instant::now();
        let mut demand = Demand::new(RULE);
        assert_eq!(demand.decide(start, &[behind(0)], 3), 3);
        assert_eq!(demand.decide(start + seconds(299), &[behind(0)], 3), 3);
        assert_eq!(demand.decide(start + seconds(301), &[behind(0)], 3), 2);
    }

    /// What `values.yaml` of the chart says.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Values {
        service_defaults: Defaults,
        keda: Keda,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Defaults {
        max_replicas: u32,
        lag_threshold: u64,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Keda {
        polling_interval: u64,
        min_replicas: u32,
        scale_up_stabilization_seconds: u64,
        scale_down_stabilization_seconds: u64,
    }

    #[test]
    fn the_defaults_are_those_of_the_chart() {
        let values = include_str!("../../../../../helm/oneway/values.yaml");
        let Values { service_defaults, keda } = serde_saphyr::from_str(values).unwrap();
        let rule = super::super::tests::default_rule();
        assert_eq!(
            (rule.threshold, rule.most),
            (service_defaults.lag_threshold, service_defaults.max_replicas)
        );
        assert_eq!(rule.poll, seconds(keda.polling_interval));
        assert_eq!(rule.lasting, seconds(keda.scale_up_stabilization_seconds));
        assert_eq!(rule.quiet, seconds(keda.scale_down_stabilization_seconds));
        assert_eq!(rule.instances(&[]), keda.min_replicas);

        let template = include_str!("../../../../../helm/oneway/templates/autoscaling.yaml");
        let step = format!("{{ type: Pods, value: 1, periodSeconds: {} }}", rule.step.as_secs());
        let window = ".Values.keda.scaleUpStabilizationSeconds }}\n";
        let up = format!("scaleUp:\n          stabilizationWindowSeconds: {{{{ ${window}");
        // Which consumers are scaled, by which topics, and that partitions are the most.
        let chosen = "(eq ($service.database | default \"\") \"own\")";
        for text in [
            step.as_str(),
            up.as_str(),
            chosen,
            "hasSuffix \".events\"",
            "min (int $settings.maxReplicas) (int $declared.partitions)",
            "allowIdleConsumers: \"false\"",
        ] {
            assert!(template.contains(text), "the chart's autoscaler has no {text}");
        }
    }
}
