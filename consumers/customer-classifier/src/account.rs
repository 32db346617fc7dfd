//! What happens to one customer: a confirmed order is counted, the customer becomes known, the
//! sum is made anew. Pure; whatever changes the class is published.
//!
//! A build that is not live publishes nothing. There a class is what the log says was published
//! last, and every sum is left to be made anew: so that whoever works on the rows later, when they
//! are live, publishes what is a change of that, and nothing else.

use consumer_runtime::{Emissions, columns};
use schemas::{
    AggregateId, Money, Timestamp,
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated, Reason},
};

use crate::rule::Rule;

columns! {
    /// A customer and its class.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// True from its first event on; nothing is published before.
        pub known: bool,
        /// Sum of the confirmed orders in the window.
        pub revenue: Money,
        /// Their number.
        pub orders: i64,
        /// The rule by which they were counted; empty while nothing was.
        pub rule: String,
        /// When the sum has to be made anew.
        pub next_due_at: Option<Timestamp>,
        /// The last class that was published.
        pub class: Option<CustomerClass>,
        /// Its number.
        pub sequence: i64,
        /// When it was published.
        pub classified_at: Option<Timestamp>,
        /// Number of the customer's own events in this row.
        pub version: i64,
    }
}

/// The confirmed orders of a customer in the window, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Their value.
    pub revenue: Money,
    /// Their number.
    pub orders: i64,
    /// When the oldest was ordered.
    pub oldest: Option<Timestamp>,
}

type Out = Emissions<ClassificationEvent>;

impl CustomerRow {
    /// A row as the database makes it.
    #[must_use]
    pub const fn new(customer_id: AggregateId) -> Self {
        Self {
            customer_id,
            known: false,
            revenue: Money::ZERO,
            orders: 0,
            rule: String::new(),
            next_due_at: None,
            class: None,
            sequence: 0,
            classified_at: None,
            version: 0,
        }
    }

    /// True while revenue and orders are what the rule makes of the orders at this time.
    fn is_settled(&self, rule: &Rule, now: Timestamp) -> bool {
        self.rule == rule.version() && self.next_due_at.is_none_or(|due| due > now)
    }

    /// Begins to count by this rule; what was counted by another one is due to be made anew.
    fn follow(&mut self, rule: &Rule, now: Timestamp) {
        if self.rule.is_empty() {
            rule.version().clone_into(&mut self.rule);
        } else if self.rule != rule.version() {
            self.next_due_at = Some(now);
        }
    }

    /// An order was confirmed.
    pub fn count(
        &mut self,
        (value, ordered_at): (Money, Timestamp),
        rule: &Rule,
        now: Timestamp,
        out: &mut Out,
    ) {
        self.follow(rule, now);
        if !self.is_settled(rule, now) {
            // The sum that is due will contain it.
            return;
        }
        let leaves_at = rule.leaves_at(ordered_at);
        if leaves_at.is_some_and(|leaves_at| leaves_at <= now) {
            return;
        }
        self.add(value);
        self.next_due_at = [self.next_due_at, leaves_at].into_iter().flatten().min();
        self.classify(Reason::OrderConfirmed, rule, now, out);
    }

    fn add(&mut self, value: Money) {
        self.revenue = self.revenue.capped_add(value);
        self.orders += 1;
    }

    /// An order was confirmed, in a build.
    pub fn count_unpublished(
        &mut self,
        (value, ordered_at): (Money, Timestamp),
        rule: &Rule,
        now: Timestamp,
    ) {
        if rule.leaves_at(ordered_at).is_none_or(|leaves_at| leaves_at > now) {
            self.add(value);
        }
        self.next_due_at = long_ago();
    }

    /// The customer became known, in a build.
    pub fn become_known_unpublished(&mut self) {
        self.known = true;
        self.next_due_at = long_ago();
    }

    /// A class was published, in what a build reads.
    pub fn recall(&mut self, sequence: i64, published: &CustomerClassificationUpdated) {
        if sequence > self.sequence {
            self.class = Some(published.class);
            self.sequence = sequence;
            self.classified_at = Some(published.evaluated_at);
            self.rule.clone_from(&published.rule_version);
            self.next_due_at = long_ago();
        }
    }

    /// The customer became known: it starts as C. Orders that were confirmed before (their events
    /// come by another topic) may make it something else at once.
    pub fn become_known(&mut self, rule: &Rule, now: Timestamp, out: &mut Out) {
        self.known = true;
        self.follow(rule, now);
        let settled = self.is_settled(rule, now);
        self.begin(settled, rule, now, out);
        if settled {
            self.classify(Reason::OrderConfirmed, rule, now, out);
        }
    }

    /// Publishes the first class, with the figures if they are those of a C.
    fn begin(&mut self, settled: bool, rule: &Rule, now: Timestamp, out: &mut Out) {
        let stays = settled && rule.class_of(self.revenue) == CustomerClass::C;
        let figures = if stays { (self.revenue, self.orders) } else { (Money::ZERO, 0) };
        self.publish((CustomerClass::C, Reason::First), figures, rule, now, out);
    }

    /// The sum was made anew.
    pub fn settle(&mut self, sum: Sum, rule: &Rule, now: Timestamp, out: &mut Out) {
        let is_other_rule = !["", rule.version()].contains(&self.rule.as_str());
        self.revenue = sum.revenue.min(Money::LARGEST);
        self.orders = sum.orders;
        rule.version().clone_into(&mut self.rule);
        self.next_due_at = sum.oldest.and_then(|oldest| rule.leaves_at(oldest));
        // By the same rule a sum falls only when orders leave the window.
        let reason = match self.class {
            _ if is_other_rule => Reason::RuleChanged,
            Some(class) if rule.class_of(self.revenue) > class => Reason::AgedOut,
            _ => Reason::OrderConfirmed,
        };
        if self.known && self.class.is_none() {
            // Known in a build that was not live then.
            self.begin(true, rule, now, out);
        }
        self.classify(reason, rule, now, out);
    }

    /// Publishes the class if it is another one.
    fn classify(&mut self, reason: Reason, rule: &Rule, now: Timestamp, out: &mut Out) {
        let class = rule.class_of(self.revenue);
        if self.known && self.class != Some(class) {
            self.publish((class, reason), (self.revenue, self.orders), rule, now, out);
        }
    }

    fn publish(
        &mut self,
        (class, reason): (CustomerClass, Reason),
        (revenue, orders): (Money, i64),
        rule: &Rule,
        now: Timestamp,
        out: &mut Out,
    ) {
        let previous = self.class.replace(class);
        self.sequence += 1;
        self.classified_at = Some(now);
        let updated = CustomerClassificationUpdated {
            customer_id: self.customer_id.clone(),
            class,
            previous_class: previous,
            confirmed_revenue: revenue,
            confirmed_orders: orders,
            window_days: rule.window_days(),
            rule_version: rule.version().to_owned(),
            evaluated_at: now,
            reason: Some(reason.as_str().to_owned()),
            a_threshold: Some(rule.a()),
            b_threshold: Some(rule.b()),
        };
        out.emit(&self.customer_id, self.sequence, updated);
    }
}

/// When a sum was due that is to be made anew as soon as a row is live, by whatever clock.
fn long_ago() -> Option<Timestamp> {
    Timestamp::from_micros(0).ok()
}

#[cfg(test)]
mod tests;
