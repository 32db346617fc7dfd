//! Instances that come and go while the stack runs.

use anyhow::Context;
use futures_util::future::join_all;

use super::Running;
use crate::{
    failure::Result,
    stack::{
        document,
        spec::Spec,
        supervisor::{Stop, Supervised},
    },
};

impl Running {
    /// Starts one more instance of a service, which is kept alive as all are. Its readiness is not
    /// waited for: whoever asks for it learns it from its admin port.
    pub fn add(&mut self, spec: Spec, entry: document::Service) -> Result<()> {
        self.records.joined(&spec.name, entry).context("cannot record a further instance")?;
        self.start(spec);
        Ok(())
    }

    /// Stops some instances, and waits for them. When this is dropped they are parts of the stack
    /// still, and end with it.
    pub async fn part_with(&mut self, names: &[String]) -> Result<()> {
        let go = |part: &Supervised| names.contains(&part.name);
        let leaving: Vec<_> = self.parts.iter().filter(|part| go(part)).collect();
        leaving.iter().for_each(|part| part.ask_to_stop(Stop::Gently));
        join_all(leaving.into_iter().map(Supervised::stopped)).await;
        let stopped: Vec<_> = self.parts.extract_if(.., |part| go(part)).collect();
        join_all(stopped.into_iter().map(Supervised::finish)).await;
        for name in names {
            self.records.left(name).context("cannot record that an instance has left")?;
        }
        Ok(())
    }
}
