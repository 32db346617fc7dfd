//! Commands, events and state of the aggregate `mailing`: the mail of one campaign to one customer,
//! which is sent at most once.

use serde::{Deserialize, Serialize};

use crate::{
    classification::CustomerClass,
    command::AggregateState,
    id::AggregateId,
    message::{messages, sole_message},
    timestamp::Timestamp,
    topic::Topic,
};

/// Why a customer is not written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Exclusion {
    /// The customer does not allow it.
    NoPermission,
    /// There is no address.
    NoAddress,
    /// The campaign was over before.
    CampaignCompleted,
    /// Something that this version does not know.
    Other,
}

/// What a customer did with a mail, or a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reaction {
    /// It was opened.
    Opened,
    /// A link in it was followed.
    Clicked,
    /// It was answered.
    Replied,
    /// It could not be delivered after all.
    Bounced,
    /// The permission to write was withdrawn by it.
    Unsubscribed,
    /// Something that this version does not know.
    Other,
}

impl Exclusion {
    /// Its name in read models.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPermission => "no_permission",
            Self::NoAddress => "no_address",
            Self::CampaignCompleted => "campaign_completed",
            Self::Other => "other",
        }
    }

    /// That of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::NoPermission, Self::NoAddress, Self::CampaignCompleted, Self::Other];
        all.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl Reaction {
    /// Its name in links and read models.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Bounced => "bounced",
            Self::Unsubscribed => "unsubscribed",
            Self::Other => "other",
        }
    }

    /// That of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Opened,
            Self::Clicked,
            Self::Replied,
            Self::Bounced,
            Self::Unsubscribed,
            Self::Other,
        ];
        all.into_iter().find(|reaction| reaction.as_str() == name)
    }
}

/// Wish: a customer is sent the mail of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestMailing {
    /// Id of the campaign.
    pub campaign_id: AggregateId,
    /// Id of the customer.
    pub customer_id: AggregateId,
    /// Class of the customer when the campaign was started.
    pub customer_class: CustomerClass,
    /// Number of the customer's classification that said so.
    pub class_sequence: i64,
}

/// Wish: a mail of which it is not known whether it was sent, or which was not, is sent once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAgain {}

/// Wish: it is recorded that the mail server took the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkSent {
    /// Message-ID of the mail; absent when a person says that it was sent.
    #[serde(default)]
    pub message_id: Option<String>,
    /// When the mail server took it.
    pub sent_at: Timestamp,
}

/// Wish: it is recorded that the mail was not sent, and will not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkFailed {
    /// Why, for people.
    pub reason: String,
}

/// Wish: it is recorded that nobody knows whether the mail was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkUncertain {
    /// What happened, for people.
    pub reason: String,
}

/// Wish: a customer is not sent the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExcludeMailing {
    /// Why.
    pub reason: Exclusion,
}

/// Wish: a reaction to the mail is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordReaction {
    /// What was done.
    pub reaction: Reaction,
    /// When.
    pub reacted_at: Timestamp,
}

/// A customer is to be sent the mail of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingRequested {
    /// Id of the campaign.
    pub campaign_id: AggregateId,
    /// Id of the customer.
    pub customer_id: AggregateId,
    /// Class of the customer when the campaign was started.
    pub customer_class: CustomerClass,
    /// Number of the customer's classification that said so.
    pub class_sequence: i64,
    /// 1, and one more each time that a person has it sent again.
    pub attempt: i32,
}

/// The mail server took the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingSent {
    /// Message-ID of the mail; absent when a person says that it was sent.
    #[serde(default)]
    pub message_id: Option<String>,
    /// When the mail server took it.
    pub sent_at: Timestamp,
}

/// The mail was not sent, and will not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingFailed {
    /// Why, for people.
    pub reason: String,
}

/// Nobody knows whether the mail was sent: a person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingUncertain {
    /// What happened, for people.
    pub reason: String,
}

/// The customer is not sent the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingExcluded {
    /// Why.
    pub reason: Exclusion,
}

/// There was a first reaction of its kind to the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailingReacted {
    /// What was done.
    pub reaction: Reaction,
    /// When.
    pub reacted_at: Timestamp,
}

messages! {
    /// What may be wished of a mailing.
    pub enum MailingCommand on Topic::MAILING_COMMANDS, files in "mailing" {
        /// See [`RequestMailing`].
        Request(RequestMailing) = "request_mailing",
        /// See [`RequestAgain`].
        RequestAgain(RequestAgain) = "request_again",
        /// See [`MarkSent`].
        MarkSent(MarkSent) = "mark_sent",
        /// See [`MarkFailed`].
        MarkFailed(MarkFailed) = "mark_failed",
        /// See [`MarkUncertain`].
        MarkUncertain(MarkUncertain) = "mark_uncertain",
        /// See [`ExcludeMailing`].
        Exclude(ExcludeMailing) = "exclude_mailing",
        /// See [`RecordReaction`].
        RecordReaction(RecordReaction) = "record_reaction",
    }
}

messages! {
    /// What happened to a mailing.
    pub enum MailingEvent on Topic::MAILING_EVENTS, files in "mailing" {
        /// See [`MailingRequested`].
        Requested(MailingRequested) = "mailing_requested",
        /// See [`MailingSent`].
        Sent(MailingSent) = "mailing_sent",
        /// See [`MailingFailed`].
        Failed(MailingFailed) = "mailing_failed",
        /// See [`MailingUncertain`].
        Uncertain(MailingUncertain) = "mailing_uncertain",
        /// See [`MailingExcluded`].
        Excluded(MailingExcluded) = "mailing_excluded",
        /// See [`MailingReacted`].
        Reacted(MailingReacted) = "mailing_reacted",
    }
}

/// Where a mailing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailingStatus {
    /// It is to be sent.
    Requested,
    /// The mail server took it.
    Sent,
    /// It was not sent.
    Failed,
    /// Nobody knows whether it was sent.
    Uncertain,
    /// It is not sent.
    Excluded,
}

/// State of a mailing: all that its commands are decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailing {
    /// Id of the campaign.
    pub campaign_id: AggregateId,
    /// Id of the customer.
    pub customer_id: AggregateId,
    /// Class of the customer when the campaign was started.
    pub customer_class: CustomerClass,
    /// Number of the customer's classification that said so.
    pub class_sequence: i64,
    /// How many times it was requested.
    pub attempt: i32,
    /// Where the mailing stands.
    pub status: MailingStatus,
    /// The kinds of reactions that there were.
    pub reactions: Vec<Reaction>,
}

sole_message!(
    AggregateState<Mailing>, "AggregateState" on Topic::MAILING_STATE,
    file "mailing_state" in "mailing" as "mailing_state"
);
