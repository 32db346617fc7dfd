//! What a client has to show to read its own write: positions of commands.
//!
//! Commands and events of an aggregate type are co-partitioned, and one writer decides the commands
//! of a partition in their order; each event names its command's offset
//! ([`Envelope::command_offset`](crate::Envelope::command_offset)). So a read model that has applied
//! the last event of partition *p* made by the command at an offset ≥ *c* has applied all that the
//! commands up to *c* of that partition caused
//! ([`Envelope::commands_done`](crate::Envelope::commands_done)). The highest such offset counts: a
//! processor whose own offsets were lost decides older commands again.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{
    position::{Partition, Position},
    topic::Topic,
};

/// Version of the text form, its first character.
const VERSION: &str = "1";

/// Positions by partition; at least one. Opaque to clients.
///
/// Its text form is made of characters that need no escape in URLs and headers:
/// `1~order.commands.3.1234`, each further position after another `~`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token(BTreeMap<Partition, i64>);

/// Why a text is no [`Token`]. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It has no positions, or too many, or is too long.
    #[error("a token has 1 to {} positions", Token::MOST_POSITIONS)]
    Size,
    /// It is of another version.
    #[error("token is of an unknown version")]
    Version,
    /// One of its positions cannot be read.
    #[error("token is malformed")]
    Malformed,
    /// One of its topics is not of this system.
    #[error("token names an unknown topic")]
    Topic,
}

impl Token {
    /// The HTTP header that carries it.
    pub const HEADER: &str = "oneway-token";

    /// Most positions in one token.
    pub const MOST_POSITIONS: usize = 64;

    /// Longest text form, in bytes: of that many of the longest positions.
    const LONGEST: usize = 64 * 64;

    /// Adds a position; of two in one partition the later one counts.
    #[must_use]
    pub fn and(mut self, position: Position) -> Self {
        let offset = self.0.entry(position.partition).or_insert(position.offset);
        *offset = position.offset.max(*offset);
        self
    }

    /// Its positions, one per partition.
    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.0.iter().map(|(&partition, &offset)| Position { partition, offset })
    }
}

impl From<Position> for Token {
    fn from(Position { partition, offset }: Position) -> Self {
        Self(BTreeMap::from([(partition, offset)]))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        self.0.iter().try_for_each(|(partition, offset)| {
            write!(f, "~{}.{}.{offset}", partition.topic, partition.number)
        })
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (version, positions) = text.split_once('~').unwrap_or((text, ""));
        if version != VERSION {
            return Err(InvalidToken::Version);
        }
        let count = positions.split('~').count();
        if positions.is_empty() || count > Self::MOST_POSITIONS || text.len() > Self::LONGEST {
            return Err(InvalidToken::Size);
        }
        let mut positions = positions.split('~').map(position);
        let first = positions.next().ok_or(InvalidToken::Size)??;
        positions.try_fold(Self::from(first), |token, position| Ok(token.and(position?)))
    }
}

fn position(text: &str) -> Result<Position, InvalidToken> {
    let mut parts = text.rsplitn(3, '.');
    let (Some(offset), Some(number), Some(topic)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(InvalidToken::Malformed);
    };
    let (offset, number) = (parsed(offset)?, parsed(number)?);
    let topic = Topic::named(topic).ok_or(InvalidToken::Topic)?;
    Ok(Position { partition: Partition { topic, number }, offset })
}

/// A number of digits alone: a sign is none of ours.
fn parsed<T: FromStr>(text: &str) -> Result<T, InvalidToken> {
    let digits = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or(InvalidToken::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(topic: Topic, number: i32, offset: i64) -> Position {
        Position { partition: Partition { topic, number }, offset }
    }

    fn positions() -> impl Strategy<Value = Vec<Position>> {
        let topic = proptest::sample::select(Topic::ALL.as_slice());
        let one = (topic, 0..=i32::MAX, 0..=i64::MAX).prop_map(|(t, n, o)| at(t, n, o));
        proptest::collection::vec(one, 1..=Token::MOST_POSITIONS)
    }

    fn token(positions: &[Position]) -> Token {
        let (first, rest) = positions.split_first().unwrap();
        rest.iter().fold(Token::from(*first), |token, position| token.and(*position))
    }

    #[test]
    fn the_text_is_short_and_names_its_version() {
        let token = Token::from(at(Topic::ORDER_COMMANDS, 3, 1234));
        assert_eq!(token.to_string(), "1~order.commands.3.1234");
        let both = token.and(at(Topic::CUSTOMER_COMMANDS, 0, 7));
        assert_eq!(both.to_string(), "1~customer.commands.0.7~order.commands.3.1234");
        assert_eq!(both.to_string().parse(), Ok(both));
    }

    #[test]
    fn the_later_position_of_a_partition_counts() {
        let order = |offset| at(Topic::ORDER_COMMANDS, 1, offset);
        let token = token(&[order(5), order(9), order(7)]);
        assert_eq!(token.positions().collect::<Vec<_>>(), [order(9)]);
        assert_eq!("1~order.commands.1.9~order.commands.1.5".parse(), Ok(token));
    }

    #[test]
    fn what_is_no_token_is_told() {
        let many = format!("1{}", "~order.commands.1.1".repeat(65));
        let long = format!("1~{}", "9".repeat(5_000));
        for (text, error) in [
            ("", InvalidToken::Version),
            ("2~order.commands.1.1", InvalidToken::Version),
            ("1", InvalidToken::Size),
            ("1~", InvalidToken::Size),
            (&many, InvalidToken::Size),
            (&long, InvalidToken::Size),
            ("1~order.commands.1.1~", InvalidToken::Malformed),
            ("1~order", InvalidToken::Malformed),
            ("1~order.commands.1.-1", InvalidToken::Malformed),
            ("1~order.commands.+1.1", InvalidToken::Malformed),
            ("1~order.commands..1", InvalidToken::Malformed),
            ("1~order.commands.1.9223372036854775808", InvalidToken::Malformed),
            ("1~basket.commands.1.1", InvalidToken::Topic),
        ] {
            assert_eq!(text.parse::<Token>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_token_comes_back_from_its_text(positions in positions()) {
            let token = token(&positions);
            let text = token.to_string();
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            prop_assert!(text.bytes().all(unreserved), "{text}");
            prop_assert_eq!(text.parse(), Ok(token));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(1~)?[a-z0-9.~\\-+é]{0,80}") {
            if let Ok(token) = text.parse::<Token>() {
                prop_assert_eq!(token.to_string().parse(), Ok(token));
            }
        }
    }
}
