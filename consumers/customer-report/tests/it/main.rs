//! Component tests on the real Postgres.

#[cfg(test)]
mod as_of;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod projection;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod stage;
