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
        Self { name, configure }
    }

    /// Kebab-case name of the service.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads the settings.
    pub(crate) fn configure(self, env: &Env) -> Work {
        (self.configure)(env)
    }
}
