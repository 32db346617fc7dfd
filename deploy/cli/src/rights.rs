//! The least rights of each service, as `deploy/services.yaml` says what it reads, writes and owns.
//!
//! In reading order:
//! - [`kafka`]: who may do what to which topic, group and transactional id
//! - [`strimzi`], [`acls`]: the same for Strimzi's operator, and for Kafka's own tool
//! - [`postgres`]: a role for each service, and what it owns

pub mod acls;
pub mod kafka;
pub mod postgres;
pub mod strimzi;
