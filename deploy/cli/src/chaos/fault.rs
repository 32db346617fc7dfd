//! What is done to an installation.

use std::{fmt, time::Duration};

/// What is done to an installation. Victims are numbered; the number is taken modulo how many
/// there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A command-processor is killed without warning.
    KillProcessor(usize),
    /// A command-processor stands still; longer than its session it becomes a zombie.
    FreezeProcessor(usize, Duration),
    /// A command-api is killed without warning, with its answers on the way.
    KillApi(usize),
    /// One more command-processor joins, works for a while, and leaves in good order.
    GuestLeaves(Duration),
    /// One more command-processor joins, works for a while, and is killed.
    GuestDies(Duration),
    /// Kafka is killed without warning.
    KillBroker,
    /// Kafka stands still; longer than the life of a transaction all that are open are lost.
    FreezeBroker(Duration),
    /// A consumer is killed without warning.
    KillConsumer(usize),
    /// A consumer stands still; longer than its session it becomes a zombie.
    FreezeConsumer(usize, Duration),
    /// One more consumer joins, works for a while, and leaves in good order.
    ConsumerLeaves(usize, Duration),
    /// One more consumer joins, works for a while, and is killed.
    ConsumerDies(usize, Duration),
    /// Three more of one consumer join shortly after one another, and leave the same way.
    Storm(usize),
    /// Postgres ends all connections and starts anew.
    RestartPostgres,
    /// Every process of Postgres is killed without warning.
    KillPostgres,
    /// Every process of Postgres stands still, with connections that look alive.
    FreezePostgres(Duration),
    /// All connections to Postgres are taken, and those of the consumers cut.
    FillPostgres(Duration),
    /// Somebody locks a table of a read model.
    LockTable(usize, Duration),
    /// Somebody locks the offset of a partition.
    LockOffset(usize, Duration),
}

impl Fault {
    /// The names of all.
    pub const NAMES: [&str; 18] = [
        "kill command-processor",
        "freeze command-processor",
        "kill command-api",
        "add and remove command-processor",
        "add and kill command-processor",
        "kill Kafka",
        "freeze Kafka",
        "kill consumer",
        "freeze consumer",
        "add and remove consumer",
        "add and kill consumer",
        "storm of consumers",
        "restart Postgres",
        "kill Postgres",
        "freeze Postgres",
        "fill Postgres",
        "lock table",
        "lock offset",
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KillProcessor(_) => "kill command-processor",
            Self::FreezeProcessor(..) => "freeze command-processor",
            Self::KillApi(_) => "kill command-api",
            Self::GuestLeaves(_) => "add and remove command-processor",
            Self::GuestDies(_) => "add and kill command-processor",
            Self::KillBroker => "kill Kafka",
            Self::FreezeBroker(_) => "freeze Kafka",
            Self::KillConsumer(_) => "kill consumer",
            Self::FreezeConsumer(..) => "freeze consumer",
            Self::ConsumerLeaves(..) => "add and remove consumer",
            Self::ConsumerDies(..) => "add and kill consumer",
            Self::Storm(_) => "storm of consumers",
            Self::RestartPostgres => "restart Postgres",
            Self::KillPostgres => "kill Postgres",
            Self::FreezePostgres(_) => "freeze Postgres",
            Self::FillPostgres(_) => "fill Postgres",
            Self::LockTable(..) => "lock table",
            Self::LockOffset(..) => "lock offset",
        }
    }

    /// How long it lasts, if it does not happen all at once.
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::KillProcessor(_)
            | Self::KillApi(_)
            | Self::KillBroker
            | Self::KillConsumer(_)
            | Self::Storm(_)
            | Self::RestartPostgres
            | Self::KillPostgres => None,
            Self::FreezeProcessor(_, time)
            | Self::GuestLeaves(time)
            | Self::GuestDies(time)
            | Self::FreezeBroker(time)
            | Self::FreezeConsumer(_, time)
            | Self::ConsumerLeaves(_, time)
            | Self::ConsumerDies(_, time)
            | Self::FreezePostgres(time)
            | Self::FillPostgres(time)
            | Self::LockTable(_, time)
            | Self::LockOffset(_, time) => Some(time),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.time() {
            None => Ok(()),
            Some(time) => write!(f, " for {:.1} s", time.as_secs_f32()),
        }
    }
}
