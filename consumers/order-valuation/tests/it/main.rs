//! Component tests on the real Postgres, with a feed of their own.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod stage;
