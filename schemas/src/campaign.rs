//! Commands, events and state of the aggregate `campaign`: an e-mail to the customers of one class.

use serde::{Deserialize, Serialize};

use crate::{
    classification::CustomerClass,
    command::AggregateState,
    message::{messages, sole_message},
    topic::Topic,
};

/// Wish: an e-mail campaign is prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCampaign {
    /// What people call it.
    pub name: String,
    /// Template of the mails' subject.
    pub subject: String,
    /// Template of the mails' body, HTML.
    pub body: String,
    /// Class of the customers that it addresses; B when absent.
    #[serde(default)]
    pub audience_class: Option<CustomerClass>,
}

/// Wish: mails are sent from now on, or again after a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartCampaign {}

/// Up to where one partition of `customer-classification.events` counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CutPosition {
    /// Which partition.
    pub partition: i32,
    /// First offset that does not count any more.
    pub next_offset: i64,
}

/// Wish: whom a campaign addresses is decided by the classes of customers up to here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FixAudience {
    /// How many customers it addresses.
    pub customers: i64,
    /// The classes up to here count, partition by partition.
    pub cut: Vec<CutPosition>,
}

/// Wish: no mail is sent until the campaign is started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseCampaign {}

/// Wish: a campaign is over; nothing more is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteCampaign {}

/// An e-mail campaign was prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignCreated {
    /// What people call it.
    pub name: String,
    /// Template of the mails' subject.
    pub subject: String,
    /// Template of the mails' body, HTML.
    pub body: String,
    /// Class of the customers that it addresses.
    pub audience_class: CustomerClass,
}

/// Mails are sent from now on, or again after a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignStarted {}

/// Whom the campaign addresses is decided: whoever had its class up to here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignAudienceFixed {
    /// How many customers it addresses.
    pub customers: i64,
    /// The classes up to here count, partition by partition.
    pub cut: Vec<CutPosition>,
}

/// No mail is sent until the campaign is started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignPaused {}

/// The campaign is over; nothing more is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignCompleted {}

messages! {
    /// What may be wished of a campaign.
    pub enum CampaignCommand on Topic::CAMPAIGN_COMMANDS, files in "campaign" {
        /// See [`CreateCampaign`].
        Create(CreateCampaign) = "create_campaign",
        /// See [`StartCampaign`].
        Start(StartCampaign) = "start_campaign",
        /// See [`FixAudience`].
        FixAudience(FixAudience) = "fix_audience",
        /// See [`PauseCampaign`].
        Pause(PauseCampaign) = "pause_campaign",
        /// See [`CompleteCampaign`].
        Complete(CompleteCampaign) = "complete_campaign",
    }
}

messages! {
    /// What happened to a campaign.
    pub enum CampaignEvent on Topic::CAMPAIGN_EVENTS, files in "campaign" {
        /// See [`CampaignCreated`].
        Created(CampaignCreated) = "campaign_created",
        /// See [`CampaignStarted`].
        Started(CampaignStarted) = "campaign_started",
        /// See [`CampaignAudienceFixed`].
        AudienceFixed(CampaignAudienceFixed) = "campaign_audience_fixed",
        /// See [`CampaignPaused`].
        Paused(CampaignPaused) = "campaign_paused",
        /// See [`CampaignCompleted`].
        Completed(CampaignCompleted) = "campaign_completed",
    }
}

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CampaignStatus {
    /// Prepared, and never started.
    Draft,
    /// Mails are sent.
    Running,
    /// No mails are sent for now.
    Paused,
    /// Nothing more is sent.
    Completed,
}

/// State of a campaign: all that its commands are decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Where the campaign stands.
    pub status: CampaignStatus,
    /// True once it is decided whom it addresses.
    pub audience_fixed: bool,
}

sole_message!(
    AggregateState<Campaign>, "AggregateState" on Topic::CAMPAIGN_STATE,
    file "campaign_state" in "campaign" as "campaign_state"
);
