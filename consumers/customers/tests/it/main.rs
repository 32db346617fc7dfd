//! Component tests on the real Postgres.

#[cfg(test)]
mod projection;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod resolvers;
#[cfg(test)]
mod stage;
