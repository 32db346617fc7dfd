use super::*;

const PARTITION: i32 = 3;

fn book() -> Book {
    Book::new(Topic::ORDER_COMMANDS)
}

fn key(book: &mut Book, command: &str, aggregate: &str) -> Key {
    Key { command: CommandId::from_key(command), subject: book.subject(aggregate) }
}

fn wish(offset: i64) -> Wish {
    Wish { partition: PARTITION, offset, consumed: true, outcome_kept: true }
}

/// An outcome at an offset, decided at that time.
fn answer(offset: i64, version: i64, end: End) -> Answer {
    let digest = u64::try_from(version).unwrap();
    Answer { digest, decided: offset, version, end, partition: 0, offset }
}

/// What a balance brings: kinds with offsets, and what is unclear.
type Balance = (Vec<(Kind, i64)>, Vec<(Unclear, u64)>);

fn balance(book: &Book) -> Balance {
    let mut findings = Findings::default();
    book.balance(&mut findings);
    let (mut kinds, mut unclear) = (Vec::new(), Vec::new());
    for tally in findings.0.into_values() {
        for (kind, found) in tally.violations {
            kinds.extend(found.examples.iter().map(|e| (kind, e.offset)));
        }
        unclear.extend(tally.unclear);
    }
    (kinds, unclear)
}

const CLEAN: Balance = (Vec::new(), Vec::new());

#[test]
fn a_command_with_its_outcome_and_events_is_clean() {
    let mut book = book();
    let key = key(&mut book, "1", "o1");
    book.answer(key, answer(5, 2, End::Accepted(2)));
    book.command(key, wish(7));
    book.seal(Kept::All);
    assert_eq!(book.event(key, 0, 1, 0), Ok(()));
    assert_eq!(book.event(key, 1, 2, 0), Ok(()));
    assert_eq!(balance(&book), CLEAN);
}

#[test]
fn every_record_of_a_command_has_an_outcome() {
    let mut book = book();
    let key = key(&mut book, "1", "o1");
    book.answer(key, answer(5, 0, End::Rejected));
    book.command(key, wish(7));
    book.command(key, wish(8));
    assert_eq!(balance(&book), (vec![(Kind::LostOutcome, 7)], vec![]));
}

#[test]
fn an_outcome_that_may_have_been_deleted_is_not_missed() {
    let mut book = book();
    let (old, young) = (key(&mut book, "1", "o1"), key(&mut book, "2", "o1"));
    book.command(old, Wish { outcome_kept: false, ..wish(7) });
    book.command(young, Wish { consumed: false, ..wish(8) });
    assert_eq!(balance(&book), (vec![], vec![(Unclear::OutcomeExpired, 1)]));
}

#[test]
fn there_are_no_more_outcomes_than_commands() {
    let mut book = book();
    let (known, unknown) = (key(&mut book, "1", "o1"), key(&mut book, "2", "o1"));
    for offset in [5, 6] {
        book.answer(known, answer(offset, 0, End::Rejected));
    }
    book.command(known, wish(7));
    book.answer(unknown, answer(8, 0, End::Rejected));
    book.seal(Kept::All);
    assert_eq!(
        balance(&book),
        (vec![(Kind::SurplusOutcome, 5), (Kind::UnknownOutcome, 8)], vec![])
    );
}

#[test]
fn a_command_that_may_have_been_deleted_is_not_missed() {
    let mut book = book();
    let sole = key(&mut book, "1", "o1");
    book.answer(sole, answer(1_000_000, 0, End::Rejected));
    book.command(sole, wish(7));
    let (old, young) = (key(&mut book, "2", "o1"), key(&mut book, "3", "o1"));
    book.answer(old, answer(1_060_000, 0, End::Rejected));
    book.answer(young, answer(1_060_001, 0, End::Rejected));
    book.seal(Kept::Since(0));
    assert_eq!(book.event(old, 0, 1, 1_060_000), Err(Fault::Unclear(Unclear::CommandExpired)));
    assert_eq!(book.event(young, 0, 1, 1_060_001), Err(Fault::Broken(Kind::UnknownCommand)));
    let expected = (vec![(Kind::UnknownOutcome, 1_060_001)], vec![(Unclear::CommandExpired, 1)]);
    assert_eq!(balance(&book), expected);
}

#[test]
fn without_any_decided_command_nothing_is_known_of_deleted_ones() {
    let mut book = book();
    let (lonely, repeated) = (key(&mut book, "1", "o1"), key(&mut book, "2", "o1"));
    book.answer(lonely, answer(1_000_000, 0, End::Rejected));
    // One record and two outcomes: the other record was deleted.
    book.answer(repeated, answer(5, 0, End::Rejected));
    book.answer(repeated, answer(6, 0, End::Rejected));
    book.command(repeated, wish(7));
    book.seal(Kept::Unknown);
    assert_eq!(balance(&book), (vec![], vec![(Unclear::CommandExpired, 2)]));
}

#[test]
fn a_repeat_gets_the_same_outcome() {
    let mut book = book();
    let key = key(&mut book, "1", "o1");
    for (offset, version) in [(5, 1), (6, 1), (7, 2)] {
        book.answer(key, answer(offset, version, End::Accepted(1)));
        book.command(key, wish(offset));
    }
    book.seal(Kept::All);
    assert_eq!(book.event(key, 0, 1, 0), Ok(()));
    assert_eq!(balance(&book), (vec![(Kind::ContradictingOutcome, 7)], vec![]));
}

#[test]
fn a_reused_id_says_nothing_of_the_command_that_had_it_first() {
    for reused_first in [false, true] {
        let mut book = book();
        let key = key(&mut book, "1", "o1");
        let mut answers =
            [answer(5, 1, End::Accepted(1)), answer(6, 4, End::Reused), answer(7, 5, End::Reused)];
        if reused_first {
            answers.reverse();
        }
        for answer in answers {
            book.answer(key, answer);
            book.command(key, wish(answer.offset));
        }
        book.seal(Kept::All);
        assert_eq!(book.event(key, 0, 1, 0), Ok(()));
        assert_eq!(balance(&book), CLEAN, "reused first: {reused_first}");
    }
}

#[test]
fn one_id_may_come_to_two_aggregates() {
    let mut book = book();
    for (aggregate, version) in [("o1", 1), ("o2", 7)] {
        let key = key(&mut book, "1", aggregate);
        book.answer(key, answer(version, version, End::Accepted(1)));
        book.command(key, wish(version));
        book.seal(Kept::All);
        assert_eq!(book.event(key, 0, version, 0), Ok(()));
    }
    assert_eq!(balance(&book), CLEAN);
}

#[test]
fn what_an_aggregate_has_forgotten_may_be_decided_anew() {
    for (others, expected) in [
        (15, (vec![(Kind::ContradictingOutcome, 99)], vec![])),
        (16, (vec![], vec![(Unclear::Forgotten, 1)])),
    ] {
        let mut book = book();
        let first = key(&mut book, "1", "o1");
        book.answer(first, answer(0, 0, End::Rejected));
        book.command(first, wish(0));
        for n in 1..=others {
            let other = key(&mut book, &format!("other {n}"), "o1");
            book.answer(other, answer(n, 0, End::Rejected));
            book.command(other, wish(n));
        }
        book.answer(first, answer(99, 1, End::Accepted(0)));
        book.command(first, wish(99));
        assert_eq!(balance(&book), expected, "{others} others");
    }
}

#[test]
fn a_refusal_on_an_absent_aggregate_is_forgotten_after_so_many_others() {
    let forgotten = (vec![], vec![(Unclear::Forgotten, 1)]);
    let contradiction = (vec![(Kind::ContradictingOutcome, 99)], vec![]);
    for (later, version, expected) in [
        (10_000, 0, contradiction.clone()),
        (10_001, 0, forgotten),
        // It existed.
        (10_001, 1, contradiction),
    ] {
        let mut book = book();
        let key = key(&mut book, "1", "o1");
        book.answer(key, answer(0, version, End::Rejected));
        book.answer(key, answer(99, version + 1, End::Accepted(0)));
        book.command(key, wish(0));
        book.command(key, wish(later));
        assert_eq!(balance(&book), expected, "{later} {version}");
    }
}

#[test]
fn an_outcome_names_the_events_of_its_command() {
    let mut book = book();
    let (two, none) = (key(&mut book, "1", "o1"), key(&mut book, "2", "o1"));
    book.answer(two, answer(5, 4, End::Accepted(2)));
    book.command(two, wish(7));
    book.answer(none, answer(6, 4, End::Rejected));
    book.command(none, wish(8));
    book.seal(Kept::All);
    let unnamed = Err(Fault::Broken(Kind::UnnamedEvent));
    assert_eq!(book.event(two, 0, 2, 0), unnamed, "another version");
    assert_eq!(book.event(two, 2, 5, 0), unnamed, "one more than the outcome has");
    assert_eq!(book.event(none, 0, 5, 0), unnamed, "of a rejected command");
    assert_eq!(book.event(two, 0, 3, 0), Err(Fault::Broken(Kind::Repeat)), "its id was there");
    // The second event never came.
    assert_eq!(balance(&book), (vec![(Kind::MissingEvent, 5)], vec![]));
}
