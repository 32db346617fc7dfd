//! The environment, read once and into types. Problems are collected, so that a bad deployment
//! is mended in one go: [`Env::finish`] names every bad variable.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    fmt,
    str::FromStr,
};

use crate::lifeline::Lifeline;

/// What tells an instance of a service from others.
pub(crate) const INSTANCE: &str = "ONEWAY_INSTANCE";

/// The variables of a process.
#[derive(Debug)]
pub struct Env {
    prefix: String,
    variables: HashMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
    problems: RefCell<Vec<String>>,
    lifeline: Lifeline,
}

/// Every variable that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadEnvironment(pub Vec<String>);

impl fmt::Display for BadEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad configuration: {}", self.0.join("; "))
    }
}

impl Env {
    /// The environment of this process; `binary` is the kebab-case name whose own settings are
    /// prefixed by its upper snake case.
    #[must_use]
    pub fn of_process(binary: &str) -> Self {
        // Values that are not Unicode cannot be any of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::new(binary, variables)
    }

    /// The environment of one of several roles of this process. The name of the instance is the
    /// process's; each role's begins with its own name.
    #[must_use]
    pub fn of_role(role: &str) -> Self {
        let mut env = Self::of_process(role);
        env.name_instance(role);
        env
    }

    fn name_instance(&mut self, role: &str) {
        let instance = self.variables.get_mut(INSTANCE).filter(|instance| !instance.is_empty());
        if let Some(instance) = instance {
            *instance = format!("{role}-{instance}");
        }
    }

    /// An environment given as a map.
    #[must_use]
    pub fn new(binary: &str, variables: HashMap<String, String>) -> Self {
        let prefix = binary.to_uppercase().replace('-', "_");
        Self {
            prefix,
            variables,
            asked: RefCell::default(),
            problems: RefCell::default(),
            lifeline: Lifeline::default(),
        }
    }

    /// What the process hangs on, for settings of parts that may have to cut it.
    #[must_use]
    pub fn lifeline(&self) -> Lifeline {
        self.lifeline.clone()
    }

    /// The binary's own variable, such as `NAME` → `ORDERS_NAME`.
    #[must_use]
    pub fn own(&self, name: &str) -> String {
        format!("{}_{name}", self.prefix)
    }

    /// A required text; empty counts as missing.
    pub fn required(&self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problem(format!("{name} is not set"));
            String::new()
        })
    }

    /// An optional text; empty counts as missing.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A typed value, or the default when it is not set.
    pub fn parsed<T>(&self, name: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match self.optional(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                // The value itself is not shown: it may be a secret in the wrong place.
                self.problem(format!("{name} is malformed ({error})"));
                default
            }
        }
    }

    /// A typed value between two bounds, or the default when it is not set.
    pub fn bounded<T>(&self, name: &str, default: T, bounds: std::ops::RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + fmt::Display + Copy,
        T::Err: fmt::Display,
    {
        let value = self.parsed(name, default);
        if bounds.contains(&value) {
            return value;
        }
        self.problem(format!("{name} is {value}, not in {}..={}", bounds.start(), bounds.end()));
        default
    }

    /// The names of all variables that were asked for.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Records what is wrong with a combination of variables.
    pub fn problem(&self, problem: String) {
        self.problems.borrow_mut().push(problem);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`BadEnvironment`] with every problem met so far.
    pub fn finish(self) -> Result<(), BadEnvironment> {
        match self.problems.into_inner() {
            problems if problems.is_empty() => Ok(()),
            problems => Err(BadEnvironment(problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Env::new("customer-classifier", variables.iter().map(owned).collect())
    }

    #[test]
    fn values_and_defaults() {
        let env =
            env(&[("KAFKA_BROKERS", "b:1"), ("CUSTOMER_CLASSIFIER_BATCH_SIZE", "7"), ("X", "")]);
        assert_eq!(env.required("KAFKA_BROKERS"), "b:1");
        assert_eq!(env.parsed(&env.own("BATCH_SIZE"), 1_usize), 7);
        assert_eq!(env.parsed("X", 3_u8), 3);
        assert_eq!(env.finish(), Ok(()));
    }

    #[test]
    fn instances_of_roles_bear_their_names() {
        let instance = |value| {
            let mut env = env(&[("ONEWAY_INSTANCE", value)]);
            env.name_instance("customer-classifier");
            env.optional("ONEWAY_INSTANCE")
        };
        assert_eq!(instance("1").as_deref(), Some("customer-classifier-1"));
        assert_eq!(instance(""), None);
    }

    #[test]
    fn every_problem_is_reported_and_no_value_shown() {
        let env = env(&[("A", "secret"), ("B", "9")]);
        let _: u8 = env.parsed("A", 1);
        let _: u8 = env.bounded("B", 1, 1..=5);
        env.required("C");
        let problems = env.finish().unwrap_err().to_string();
        assert_eq!(
            problems,
            "bad configuration: A is malformed (invalid digit found in string); \
             B is 9, not in 1..=5; C is not set"
        );
    }
}
