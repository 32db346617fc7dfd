//! Component tests on the real Postgres.

#[cfg(test)]
mod aging;
#[cfg(test)]
mod classes;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod history;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod stage;
