//! The benchmark of the write path: how many commands per second, and how long one takes, beside
//! what a bare loop does with the same bytes on the same servers.
//!
//! In reading order:
//! - [`contender`]: what is measured
//! - [`series`]: what is measured of each: loads, times and warm-ups
//! - [`arena`]: one contender at a time: its topics, its processes, its series
//! - [`topics`]: those of one contender
//! - [`sizes`]: how large the records of command-processor are, for the others to write the same
//! - [`stream`]: the commands, as command-api appends them
//! - [`driver`]: keeps so many of them outstanding, and times them (a process of its own)
//! - [`http`]: the same over HTTP (a process of its own)
//! - [`limit`]: the bare loop (a process of its own); [`streams`]: Kafka Streams
//! - [`clock`]: what was timed in a window, and the CPU time ([`cpu`]) spent in it
//! - [`results`]: medians and ratios; [`table`] for people; [`machine`]: where it all ran
//!
//! The benchmarks that read have [`history`], the events that they read; [`drain`], the least that
//! reading takes; and [`debezium`], another sink. What is Java is built as a [`peer`]. Those that need
//! one have a stack of their own: [`own_stack`].
//!
//! Invariants: contenders never run at the same time; each has topics of its own, deleted with
//! everything in them before the next one starts; a command counts only if it was answered exactly
//! once.

pub mod arena;
pub mod clock;
pub mod contender;
pub mod cpu;
pub mod debezium;
pub mod drain;
pub mod driver;
pub mod history;
pub mod http;
pub mod limit;
pub mod machine;
pub mod own_stack;
pub mod peer;
pub mod results;
pub mod series;
pub mod sizes;
pub mod stream;
pub mod streams;
pub mod table;
pub mod topics;
