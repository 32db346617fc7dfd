//! The rules of mailings: the mail of one campaign to one customer is sent at most once.
//!
//! ```text
//! REQUEST ──▶ requested ──MARK_SENT──▶ sent
//!                ▲ ├───────MARK_FAILED──────▶ failed
//!                │ ├───────EXCLUDE──────────▶ excluded
//!                │ └───────MARK_UNCERTAIN──▶ uncertain ──MARK_SENT, MARK_FAILED──▶ sent, failed
//!                └──────────REQUEST_AGAIN──────┴──────────────────────────────────────┘ failed
//! ```
//!
//! Reactions may come before it is known that the mail was sent, and each kind counts once.

use schemas::{
    Timestamp,
    command::{Rejection, RejectionCode},
    mailing::{
        Mailing, MailingCommand, MailingEvent, MailingExcluded, MailingFailed, MailingReacted,
        MailingRequested, MailingSent, MailingStatus, MailingUncertain, RequestMailing,
    },
};

use crate::{
    aggregate::{Aggregate, absent, existing, well_formed},
    validate::{Check, Lines, MESSAGE_ID_LENGTH, REASON_LENGTH, Violation},
};

/// The aggregate `mailing`.
#[derive(Clone, Copy, Debug)]
pub struct Mailings;

impl Aggregate for Mailings {
    const NAME: &'static str = "mailing";
    type Command = MailingCommand;
    type Event = MailingEvent;
    type State = Mailing;

    fn validate(command: &MailingCommand, now: Timestamp) -> Vec<Violation> {
        let mut check = Check::default();
        let mut reason = |text: &str| check.text("/reason", text, &REASON_LENGTH, Lines::One);
        match command {
            MailingCommand::MarkFailed(mark) => reason(&mark.reason),
            MailingCommand::MarkUncertain(mark) => reason(&mark.reason),
            MailingCommand::MarkSent(mark) => {
                check.not_in_future("/sentAt", mark.sent_at, now);
                if let Some(id) = &mark.message_id {
                    check.text("/messageId", id, &MESSAGE_ID_LENGTH, Lines::One);
                }
            }
            MailingCommand::RecordReaction(record) => {
                check.not_in_future("/reactedAt", record.reacted_at, now);
            }
            MailingCommand::Request(_)
            | MailingCommand::RequestAgain(_)
            | MailingCommand::Exclude(_) => {}
        }
        check.finish()
    }

    fn decide(
        state: Option<&Mailing>,
        command: &MailingCommand,
        now: Timestamp,
    ) -> Result<Vec<MailingEvent>, Rejection> {
        use MailingStatus::{Failed, Requested, Uncertain};

        well_formed::<Self>(command, now)?;
        let event: MailingEvent = match command {
            MailingCommand::Request(request) => {
                absent::<Self>(state)?;
                requested(request.clone(), 1).into()
            }
            MailingCommand::RequestAgain(_) => {
                again(in_status(state, &[Uncertain, Failed])?).into()
            }
            MailingCommand::MarkSent(mark) => {
                in_status(state, &[Requested, Uncertain])?;
                MailingSent { message_id: mark.message_id.clone(), sent_at: mark.sent_at }.into()
            }
            MailingCommand::MarkFailed(mark) => {
                in_status(state, &[Requested, Uncertain])?;
                MailingFailed { reason: mark.reason.clone() }.into()
            }
            MailingCommand::MarkUncertain(mark) => {
                in_status(state, &[Requested])?;
                MailingUncertain { reason: mark.reason.clone() }.into()
            }
            MailingCommand::Exclude(exclude) => {
                in_status(state, &[Requested])?;
                MailingExcluded { reason: exclude.reason }.into()
            }
            MailingCommand::RecordReaction(record) => {
                let mailing = existing::<Self>(state)?;
                if mailing.status == MailingStatus::Excluded {
                    return Err(violated(mailing.status));
                }
                if mailing.reactions.contains(&record.reaction) {
                    return Ok(Vec::new());
                }
                MailingReacted { reaction: record.reaction, reacted_at: record.reacted_at }.into()
            }
        };
        Ok(vec![event])
    }

    fn evolve(state: Option<Mailing>, event: &MailingEvent) -> Option<Mailing> {
        if let MailingEvent::Requested(request) = event {
            let reactions = state.map(|mailing| mailing.reactions).unwrap_or_default();
            return Some(Mailing {
                campaign_id: request.campaign_id.clone(),
                customer_id: request.customer_id.clone(),
                customer_class: request.customer_class,
                class_sequence: request.class_sequence,
                attempt: request.attempt,
                status: MailingStatus::Requested,
                reactions,
            });
        }
        let mut mailing = state?;
        match event {
            MailingEvent::Requested(_) => {}
            MailingEvent::Sent(_) => mailing.status = MailingStatus::Sent,
            MailingEvent::Failed(_) => mailing.status = MailingStatus::Failed,
            MailingEvent::Uncertain(_) => mailing.status = MailingStatus::Uncertain,
            MailingEvent::Excluded(_) => mailing.status = MailingStatus::Excluded,
            MailingEvent::Reacted(reacted) => mailing.reactions.push(reacted.reaction),
        }
        Some(mailing)
    }
}

fn requested(request: RequestMailing, attempt: i32) -> MailingRequested {
    let RequestMailing { campaign_id, customer_id, customer_class, class_sequence } = request;
    MailingRequested { campaign_id, customer_id, customer_class, class_sequence, attempt }
}

fn again(mailing: &Mailing) -> MailingRequested {
    MailingRequested {
        campaign_id: mailing.campaign_id.clone(),
        customer_id: mailing.customer_id.clone(),
        customer_class: mailing.customer_class,
        class_sequence: mailing.class_sequence,
        attempt: mailing.attempt.saturating_add(1),
    }
}

fn in_status<'a>(
    state: Option<&'a Mailing>,
    allowed: &[MailingStatus],
) -> Result<&'a Mailing, Rejection> {
    let mailing = existing::<Mailings>(state)?;
    if allowed.contains(&mailing.status) { Ok(mailing) } else { Err(violated(mailing.status)) }
}

fn violated(status: MailingStatus) -> Rejection {
    let message = match status {
        MailingStatus::Requested => "the mailing waits to be sent",
        MailingStatus::Sent => "the mailing was sent already",
        MailingStatus::Failed => "the mailing has failed already",
        MailingStatus::Uncertain => "it is not known whether the mailing was sent",
        MailingStatus::Excluded => "the mailing is not sent",
    };
    Rejection::new(RejectionCode::RuleViolated, message.to_owned())
}

#[cfg(test)]
mod tests;
