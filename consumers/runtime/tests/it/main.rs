//! Component tests on the real Postgres and Kafka, with a projection that counts books on shelves.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod fencing;
#[cfg(test)]
mod fresh;
#[cfg(test)]
mod library;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod numerics;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod relay_log;
#[cfg(test)]
mod sharing;
