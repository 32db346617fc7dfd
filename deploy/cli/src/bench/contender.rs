//! What is measured.

use clap::ValueEnum;

/// One way to answer commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Contender {
    /// The bare loop: what Kafka's transactions allow
    Limit,
    /// Our command-processor, commands appended to its topic
    Processor,
    /// Our command-api and command-processor, commands sent over HTTP
    Http,
    /// Kafka Streams as it comes
    Streams,
    /// Kafka Streams tuned for latency
    StreamsLatency,
    /// Kafka Streams tuned for rate
    StreamsRate,
}

impl Contender {
    /// Ours, and their yardstick.
    pub const OURS: [Self; 3] = [Self::Limit, Self::Processor, Self::Http];

    /// Everybody.
    pub const ALL: [Self; 6] = [
        Self::Limit,
        Self::Processor,
        Self::Http,
        Self::Streams,
        Self::StreamsLatency,
        Self::StreamsRate,
    ];

    /// Its name, in the report and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Processor => "processor",
            Self::Http => "http",
            Self::Streams => "streams",
            Self::StreamsLatency => "streams-latency",
            Self::StreamsRate => "streams-rate",
        }
    }

    /// What differs from Kafka Streams' default settings; absent when it is not Kafka Streams.
    pub const fn streams_settings(self) -> Option<&'static [(&'static str, &'static str)]> {
        match self {
            Self::Limit | Self::Processor | Self::Http => None,
            Self::Streams => Some(&[]),
            Self::StreamsLatency => Some(&[
                ("commit.interval.ms", "5"),
                ("poll.ms", "1"),
                ("max.poll.records", "10000"),
                ("num.stream.threads", "2"),
            ]),
            Self::StreamsRate => Some(&[
                ("commit.interval.ms", "20"),
                ("poll.ms", "5"),
                ("max.poll.records", "10000"),
                ("num.stream.threads", "2"),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for contender in Contender::ALL {
            let value = contender.to_possible_value().unwrap();
            assert_eq!(value.get_name(), contender.name());
        }
    }
}
