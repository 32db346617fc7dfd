//! What a query wants to see applied: read from its headers, compared with the offsets.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderName, StatusCode};
use event_log::Position;
use schemas::{Token, Topic};
use service::Problem;

use crate::offset::Applied;

const TOKEN: HeaderName = HeaderName::from_static(Token::HEADER);

/// The positions that have to be applied, of commands or events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand(Vec<Position>);

/// A position that is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// What has to be applied.
    pub wanted: Position,
    /// The highest offset up to which its partition is applied; none when nothing is.
    pub applied: Option<i64>,
}

impl Demand {
    /// Reads the tokens of a query: the header may be sent several times, and have several tokens
    /// with commas between them. What is not about one of `topics` never reaches the read model,
    /// and so is not waited for. `None` when nothing is left to wait for.
    ///
    /// # Errors
    /// A problem when the header is there, but not made of tokens.
    pub fn read(headers: &HeaderMap, topics: &BTreeSet<Topic>) -> Result<Option<Self>, Problem> {
        if !headers.contains_key(TOKEN) {
            return Ok(None);
        }
        let all = tokens(headers)?.ok_or_else(|| malformed("has no token"))?;
        let read = |position: &Position| {
            let topic = position.partition.topic;
            topics.contains(&topic.events_of_commands().unwrap_or(topic))
        };
        let positions: Vec<_> = all.positions().filter(read).collect();
        Ok(Some(Self(positions)).filter(|demand| !demand.0.is_empty()))
    }

    /// Whether all of it is applied.
    #[must_use]
    pub fn is_met(&self, applied: &Applied) -> bool {
        self.0.iter().all(|position| applied.up_to(position.partition) >= Some(position.offset))
    }

    /// What of it is not applied.
    #[must_use]
    pub fn missing(&self, applied: &Applied) -> Vec<Shortfall> {
        let compared = self.0.iter().map(|&wanted| {
            let applied = applied.up_to(wanted.partition);
            Shortfall { wanted, applied }
        });
        compared.filter(|shortfall| shortfall.applied < Some(shortfall.wanted.offset)).collect()
    }
}

/// All tokens as one; of several positions in a partition the latest counts.
fn tokens(headers: &HeaderMap) -> Result<Option<Token>, Problem> {
    let mut all: Option<Token> = None;
    for value in headers.get_all(TOKEN) {
        let text = value.to_str().map_err(|_| malformed("must be visible ASCII"))?;
        // As in every list of a header, elements may be empty.
        for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let token: Token = text.parse().map_err(|error| malformed(format!("{error}")))?;
            all = Some(match all {
                Some(all) => token.positions().fold(all, Token::and),
                None => token,
            });
        }
    }
    Ok(all)
}

fn malformed(reason: impl std::fmt::Display) -> Problem {
    let detail = format!("header {TOKEN}: {reason}");
    Problem::new(StatusCode::BAD_REQUEST, "malformed_header", detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use event_log::Partition;

    use super::*;

    fn at(topic: Topic, number: i32, offset: i64) -> Position {
        Position { partition: Partition { topic, number }, offset }
    }

    fn read(values: &[&str]) -> Result<Option<Demand>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TOKEN, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Demand::read(&headers, &BTreeSet::from([Topic::ORDER_EVENTS]))
    }

    fn demand(positions: &[Position]) -> Result<Option<Demand>, Problem> {
        Ok(Some(Demand(positions.to_vec())))
    }

    #[test]
    fn tokens_come_in_one_header_or_in_several() {
        let both = [at(Topic::ORDER_COMMANDS, 0, 7), at(Topic::ORDER_COMMANDS, 3, 9)];
        assert_eq!(read(&["1~order.commands.0.7~order.commands.3.9"]), demand(&both));
        assert_eq!(read(&["1~order.commands.0.7, 1~order.commands.3.9"]), demand(&both));
        assert_eq!(read(&["1~order.commands.3.9", ",1~order.commands.0.7,,"]), demand(&both));
        let latest = read(&["1~order.commands.3.9,1~order.commands.3.8"]);
        assert_eq!(latest, demand(&[at(Topic::ORDER_COMMANDS, 3, 9)]));
    }

    #[test]
    fn topics_that_are_not_read_are_not_waited_for() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["1~customer.commands.0.7~command.results.0.7"]), Ok(None));
        assert_eq!(read(&["1~customer-classification.events.0.7"]), Ok(None));
        let both = read(&["1~customer.commands.0.7~order.events.1.5"]);
        assert_eq!(both, demand(&[at(Topic::ORDER_EVENTS, 1, 5)]));
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (values, said) in [
            (&[""][..], "header oneway-token: has no token"),
            (&[" , "], "header oneway-token: has no token"),
            (&["é"], "header oneway-token: must be visible ASCII"),
            (&["abc"], "header oneway-token: token is of an unknown version"),
            (&["1~order.commands.0"], "header oneway-token: token is malformed"),
            (
                &["1~order.commands.0.1", "1~basket.commands.0.1"],
                "header oneway-token: token names an unknown topic",
            ),
        ] {
            let problem = read(values).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.code), (400, "malformed_header"));
            assert_eq!(problem.detail, said);
        }
    }

    #[test]
    fn commands_are_met_by_their_events_and_events_by_offsets() {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 3 };
        let applied = Applied::from_iter([(partition, (6, 9))]);
        let met = |position| Demand(vec![position]).is_met(&applied);
        assert!(met(at(Topic::ORDER_COMMANDS, 3, 9)) && !met(at(Topic::ORDER_COMMANDS, 3, 10)));
        assert!(met(at(Topic::ORDER_EVENTS, 3, 5)) && !met(at(Topic::ORDER_EVENTS, 3, 6)));
        assert!(!met(at(Topic::ORDER_COMMANDS, 2, 0)), "nobody has taken it yet");
        let both = Demand(vec![at(Topic::ORDER_COMMANDS, 3, 12), at(Topic::ORDER_EVENTS, 3, 5)]);
        assert!(!both.is_met(&applied));
        let missing = Shortfall { wanted: at(Topic::ORDER_COMMANDS, 3, 12), applied: Some(9) };
        assert_eq!(both.missing(&applied), [missing]);
    }

    #[test]
    fn a_partition_without_any_event_has_nothing_applied() {
        let partition = Partition { topic: Topic::ORDER_EVENTS, number: 3 };
        let taken = Applied::from_iter([(partition, (0, -1))]);
        let first = Demand(vec![at(Topic::ORDER_COMMANDS, 3, 0)]);
        let missing = Shortfall { wanted: at(Topic::ORDER_COMMANDS, 3, 0), applied: None };
        assert_eq!(first.missing(&taken), [missing]);
    }
}
