//! Component tests on the real Postgres.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod details;
#[cfg(test)]
mod graphql;
#[cfg(test)]
mod projection;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod resolvers;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod subscriptions;
