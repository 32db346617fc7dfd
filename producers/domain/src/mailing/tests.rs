use proptest::prelude::*;
use schemas::{
    AggregateId,
    classification::CustomerClass,
    mailing::{
        ExcludeMailing, Exclusion, MarkFailed, MarkSent, MarkUncertain, Reaction, RecordReaction,
        RequestAgain,
    },
};

use super::*;
use crate::testing::{fold, given, now};

fn request() -> RequestMailing {
    RequestMailing {
        campaign_id: AggregateId::new("spring").unwrap(),
        customer_id: AggregateId::new("c1").unwrap(),
        customer_class: CustomerClass::B,
        class_sequence: 2,
    }
}

fn mark_sent() -> MarkSent {
    MarkSent { message_id: Some("<1@example.org>".to_owned()), sent_at: now() }
}

fn mark_failed() -> MarkFailed {
    MarkFailed { reason: "550 no such user".to_owned() }
}

fn mark_uncertain() -> MarkUncertain {
    MarkUncertain { reason: "the connection broke".to_owned() }
}

fn exclude() -> ExcludeMailing {
    ExcludeMailing { reason: Exclusion::NoPermission }
}

fn opened() -> RecordReaction {
    RecordReaction { reaction: Reaction::Opened, reacted_at: now() }
}

fn was_requested(attempt: i32) -> MailingEvent {
    requested(request(), attempt).into()
}

fn was_sent() -> MailingEvent {
    let MarkSent { message_id, sent_at } = mark_sent();
    MailingSent { message_id, sent_at }.into()
}

fn was_failed() -> MailingEvent {
    MailingFailed { reason: mark_failed().reason }.into()
}

fn was_uncertain() -> MailingEvent {
    MailingUncertain { reason: mark_uncertain().reason }.into()
}

fn was_excluded() -> MailingEvent {
    MailingExcluded { reason: Exclusion::NoPermission }.into()
}

fn was_opened() -> MailingEvent {
    MailingReacted { reaction: Reaction::Opened, reacted_at: now() }.into()
}

#[test]
fn a_mailing_is_requested_once() {
    given::<Mailings>([]).when(request()).then([was_requested(1)]);
    given::<Mailings>([was_requested(1)]).when(request()).refused(RejectionCode::AlreadyExists);
}

#[test]
fn it_ends_in_one_way() {
    given::<Mailings>([was_requested(1)]).when(mark_sent()).then([was_sent()]);
    given::<Mailings>([was_requested(1)]).when(mark_failed()).then([was_failed()]);
    given::<Mailings>([was_requested(1)]).when(exclude()).then([was_excluded()]);
    for end in [was_sent(), was_failed(), was_excluded()] {
        let past = || [was_requested(1), end.clone()];
        given::<Mailings>(past()).when(mark_sent()).refused(RejectionCode::RuleViolated);
        given::<Mailings>(past()).when(mark_failed()).refused(RejectionCode::RuleViolated);
        given::<Mailings>(past()).when(exclude()).refused(RejectionCode::RuleViolated);
        given::<Mailings>(past()).when(mark_uncertain()).refused(RejectionCode::RuleViolated);
    }
    given::<Mailings>([]).when(mark_sent()).refused(RejectionCode::NotFound);
}

#[test]
fn what_is_uncertain_a_person_decides() {
    let past = || [was_requested(1), was_uncertain()];
    given::<Mailings>(past()).when(mark_sent()).then([was_sent()]);
    given::<Mailings>(past()).when(mark_failed()).then([was_failed()]);
    given::<Mailings>(past()).when(RequestAgain {}).then([was_requested(2)]);
    given::<Mailings>(past()).when(exclude()).refused(RejectionCode::RuleViolated);
}

#[test]
fn only_what_was_not_sent_is_requested_again() {
    given::<Mailings>([was_requested(1), was_failed()])
        .when(RequestAgain {})
        .then([was_requested(2)]);
    for past in [
        vec![was_requested(1)],
        vec![was_requested(1), was_sent()],
        vec![was_requested(1), was_excluded()],
    ] {
        given::<Mailings>(past).when(RequestAgain {}).refused(RejectionCode::RuleViolated);
    }
}

#[test]
fn a_kind_of_reaction_counts_once_and_may_come_early() {
    given::<Mailings>([was_requested(1)]).when(opened()).then([was_opened()]);
    given::<Mailings>([was_requested(1), was_sent()]).when(opened()).then([was_opened()]);
    given::<Mailings>([was_requested(1), was_sent(), was_opened()]).when(opened()).then_nothing();
    given::<Mailings>([was_requested(1), was_excluded()])
        .when(opened())
        .refused(RejectionCode::RuleViolated);
}

#[test]
fn reasons_and_moments_have_a_form() {
    let empty = MarkFailed { reason: String::new() };
    given::<Mailings>([was_requested(1)]).when(empty).invalid("/reason");
    let later = "2027-01-01T00:00:00Z".parse().unwrap();
    let late = MarkSent { sent_at: later, ..mark_sent() };
    given::<Mailings>([was_requested(1)]).when(late).invalid("/sentAt");
}

proptest! {
    /// Between two times that it was sent, a person has always asked for it.
    #[test]
    fn it_is_sent_at_most_once(commands in prop::collection::vec(0..6_u8, 0..20)) {
        let mut events = Vec::new();
        for number in commands {
            let command: MailingCommand = match number {
                0 => request().into(),
                1 => RequestAgain {}.into(),
                2 => mark_sent().into(),
                3 => mark_failed().into(),
                4 => mark_uncertain().into(),
                _ => opened().into(),
            };
            let state = fold::<Mailings>(&events);
            events.extend(Mailings::decide(state.as_ref(), &command, now()).unwrap_or_default());
        }
        let sent = events.iter().filter(|event| matches!(event, MailingEvent::Sent(_)));
        prop_assert!(sent.count() <= 1);
    }
}
