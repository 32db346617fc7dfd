//! Component tests on the real Postgres, with a mail server that goes wrong as told.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod trust;
