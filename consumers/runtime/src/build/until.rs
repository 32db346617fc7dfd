//! Where a build ends.

use std::{collections::BTreeMap, fmt, str::FromStr};

use event_log::Partition;
use schemas::Topic;

/// An offset for each of some partitions; as text `order.events/0=17,order.events/1=4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Until(pub BTreeMap<Partition, i64>);

impl Until {
    /// Where the build of a partition ends, if that is told.
    #[must_use]
    pub fn of(&self, partition: Partition) -> Option<i64> {
        self.0.get(&partition).copied()
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (partition, offset)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{partition}={offset}")?;
        }
        Ok(())
    }
}

/// A text that is no [`Until`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use TOPIC/PARTITION=OFFSET, separated by commas")]
pub struct InvalidUntil;

impl FromStr for Until {
    type Err = InvalidUntil;

    fn from_str(text: &str) -> Result<Self, InvalidUntil> {
        let one = |text: &str| {
            let (place, offset) = text.split_once('=')?;
            let (topic, number) = place.split_once('/')?;
            let partition = Partition { topic: Topic::named(topic)?, number: number.parse().ok()? };
            Some((partition, offset.parse().ok().filter(|offset: &i64| *offset >= 0)?))
        };
        let parts = text.split(',').filter(|part| !part.is_empty());
        let parts: Option<BTreeMap<_, _>> = parts.map(one).collect();
        parts.map(Self).ok_or(InvalidUntil)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_the_way_through_the_environment() {
        let at = |number| Partition { topic: Topic::ORDER_EVENTS, number };
        let until = Until(BTreeMap::from([(at(0), 17), (at(1), 0)]));
        assert_eq!(until.to_string().parse(), Ok(until));
        assert_eq!("".parse(), Ok(Until::default()));
        for wrong in ["order.events/0", "nothing/0=1", "order.events/x=1", "order.events/0=-1"] {
            assert_eq!(wrong.parse::<Until>(), Err(InvalidUntil), "{wrong}");
        }
    }
}
