//! Component tests on the real Postgres.

#[cfg(test)]
mod answers;
