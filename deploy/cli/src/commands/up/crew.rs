//! How the services of the stack are run: those of the plan, and further instances of them.

use std::path::Path;

use crate::{
    failure::Result,
    stack::{
        all_in_one, build,
        catalog::{Instance, Service, Shared, is_set},
        document,
        folder::StateFolder,
        plan,
        ports::Reservation,
        spec::Spec,
    },
    workspace::Workspace,
};

/// What all processes of services have in common.
pub struct Crew<'a> {
    pub workspace: &'a Workspace,
    pub folder: &'a StateFolder,
    pub release: bool,
    pub shared: Shared,
}

/// One more instance.
pub struct Further {
    pub spec: Spec,
    /// What `stack.json` says of it.
    pub entry: document::Service,
    /// To be held as long as it runs.
    pub ports: Reservation,
}

impl Crew<'_> {
    /// Prefix of topics, groups and transactional ids.
    pub fn namespace(&self) -> &str {
        &self.shared.namespace
    }

    /// Which services run in which process: each in its own, or all in one.
    pub fn processes(&self, all: &[Instance], in_one: bool) -> Result<Vec<(Vec<Instance>, Spec)>> {
        if in_one {
            let env = all_in_one::environment(all, &self.shared, is_set);
            let spec = self.spec(all_in_one::NAME.to_owned(), all_in_one::NAME, env)?;
            return Ok(vec![(all.to_vec(), spec)]);
        }
        all.iter().map(|one| Ok((vec![one.clone()], self.process(one)?))).collect()
    }

    /// What `stack.json` says of an instance before it runs.
    pub fn entry(&self, instance: &Instance) -> document::Service {
        let mut entry = plan::entry(instance, self.folder);
        if let Some(secure) = &self.shared.secure {
            let env = secure.environment(&instance.service, &self.shared.endpoints);
            entry.client_environment = env;
        }
        entry
    }

    /// One more instance of a service, on free ports. To its group it is nobody in particular, as
    /// those of the chart are: one with a name keeps its partitions for ten seconds after it has
    /// been stopped, in case it comes back.
    pub fn further(&self, service: &Service, number: u32) -> Result<Further> {
        let ports: &Path = &self.workspace.ports();
        let (instance, ports) = plan::further(service, number, ports)?;
        let mut spec = self.process(&instance)?;
        spec.env.push(("ONEWAY_INSTANCE".to_owned(), String::new()));
        Ok(Further { spec, entry: self.entry(&instance), ports })
    }

    fn process(&self, one: &Instance) -> Result<Spec> {
        let env = one.environment(&self.shared, is_set);
        self.spec(one.name(), &one.service.name, env)
    }

    fn spec(&self, name: String, program: &str, env: Vec<(String, String)>) -> Result<Spec> {
        let program = build::binary(self.workspace, program, self.release)?;
        Ok(Spec::of_service(self.workspace, self.folder, name, program, env))
    }
}
