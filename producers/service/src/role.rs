//! What a service does, apart from the process in which it does so: one of its own, or one that it
//! shares with others.

use std::{fmt, future::Future, pin::Pin};

use crate::{
    env::Env,
    shell::{Failure, Shell},
};

/// A service: its name, how it reads its settings, and its work.
pub struct Role {
    name: &'static str,
    configure: Box<dyn FnOnce(&Env) -> Work>,
    buckets: Option<Buckets>,
    is_optional: bool,
}

/// The upper bounds of a histogram's buckets.
#[derive(Clone, Copy, Debug)]
pub struct Buckets {
    /// Its name.
    pub metric: &'static str,
    /// From the lowest to the highest; at least one.
    pub bounds: &'static [f64],
}

/// What a role does once its settings are read.
pub type Work = Box<dyn FnOnce(Shell) -> Working + Send>;

/// A role at work, until its end.
pub type Working = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Role {
    /// A role of a kebab-case name: `configure` reads its settings, `work` works until the
    /// shutdown.
    pub fn new<S, F>(
        name: &'static str,
        configure: impl FnOnce(&Env) -> S + 'static,
        work: impl FnOnce(Shell, S) -> F + Send + 'static,
    ) -> Self
    where
        S: Send + 'static,
        F: Future<Output = Result<(), Failure>> + 'static,
    {
        let configure = Box::new(move |env: &Env| -> Work {
            let settings = configure(env);
            Box::new(move |shell| Box::pin(work(shell, settings)))
        });
        Self { name, configure, buckets: None, is_optional: false }
    }

    /// The same, one histogram of which is told in buckets. The others are told in quantiles of the
    /// last moments, which say nothing of what happens once a minute.
    #[must_use]
    pub fn with_buckets(self, buckets: Buckets) -> Self {
        Self { buckets: Some(buckets), ..self }
    }

    /// The same, which among others only works when it is named.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// Kebab-case name of the service.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it has to be named to work.
    pub(crate) const fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// How one of its histograms is told.
    pub(crate) const fn buckets(&self) -> Option<Buckets> {
        self.buckets
    }

    /// Reads the settings.
    pub(crate) fn configure(self, env: &Env) -> Work {
        (self.configure)(env)
    }
}
