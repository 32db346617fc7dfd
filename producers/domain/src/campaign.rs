//! The rules of e-mail campaigns: prepared, started, perhaps paused, and over one day.
//!
//! ```text
//! CREATE ──▶ draft ──START──▶ running ──PAUSE──▶ paused ──COMPLETE──▶ completed
//!                               ▲ └──────START────┘        ▲
//!                               └─────────COMPLETE─────────┘
//! ```
//!
//! Whom it addresses is decided once, after the first start.

use schemas::{
    Timestamp,
    campaign::{
        Campaign, CampaignAudienceFixed, CampaignCommand, CampaignCompleted, CampaignCreated,
        CampaignEvent, CampaignPaused, CampaignStarted, CampaignStatus, CreateCampaign,
    },
    classification::CustomerClass,
    command::{Rejection, RejectionCode},
};

use crate::{
    aggregate::{Aggregate, absent, existing, well_formed},
    validate::{BODY_LENGTH, Check, Lines, NAME_LENGTH, Violation},
};

/// The class that a campaign addresses when nothing else is said.
const AUDIENCE: CustomerClass = CustomerClass::B;

/// The aggregate `campaign`.
#[derive(Clone, Copy, Debug)]
pub struct Campaigns;

impl Aggregate for Campaigns {
    const NAME: &'static str = "campaign";
    type Command = CampaignCommand;
    type Event = CampaignEvent;
    type State = Campaign;

    fn validate(command: &CampaignCommand, _: Timestamp) -> Vec<Violation> {
        let mut check = Check::default();
        if let CampaignCommand::Create(create) = command {
            check.text("/name", &create.name, &NAME_LENGTH, Lines::One);
            check.text("/subject", &create.subject, &NAME_LENGTH, Lines::One);
            check.text("/body", &create.body, &BODY_LENGTH, Lines::Many);
            check.templates(&create.subject, &create.body);
        }
        check.finish()
    }

    fn decide(
        state: Option<&Campaign>,
        command: &CampaignCommand,
        now: Timestamp,
    ) -> Result<Vec<CampaignEvent>, Rejection> {
        use CampaignStatus::{Draft, Paused, Running};

        well_formed::<Self>(command, now)?;
        let event = match command {
            CampaignCommand::Create(create) => {
                absent::<Self>(state)?;
                created(create.clone())
            }
            CampaignCommand::Start(_) => {
                in_status(state, &[Draft, Paused])?;
                CampaignStarted {}.into()
            }
            CampaignCommand::FixAudience(fix) => {
                let campaign = in_status(state, &[Running, Paused])?;
                if campaign.audience_fixed {
                    return Err(violated("it is decided already whom the campaign addresses"));
                }
                let (customers, cut) = (fix.customers, fix.cut.clone());
                CampaignAudienceFixed { customers, cut }.into()
            }
            CampaignCommand::Pause(_) => {
                in_status(state, &[Running])?;
                CampaignPaused {}.into()
            }
            CampaignCommand::Complete(_) => {
                in_status(state, &[Running, Paused])?;
                CampaignCompleted {}.into()
            }
        };
        Ok(vec![event])
    }

    fn evolve(state: Option<Campaign>, event: &CampaignEvent) -> Option<Campaign> {
        if let CampaignEvent::Created(_) = event {
            return Some(Campaign { status: CampaignStatus::Draft, audience_fixed: false });
        }
        let mut campaign = state?;
        match event {
            CampaignEvent::Created(_) => {}
            CampaignEvent::Started(_) => campaign.status = CampaignStatus::Running,
            CampaignEvent::AudienceFixed(_) => campaign.audience_fixed = true,
            CampaignEvent::Paused(_) => campaign.status = CampaignStatus::Paused,
            CampaignEvent::Completed(_) => campaign.status = CampaignStatus::Completed,
        }
        Some(campaign)
    }
}

fn created(create: CreateCampaign) -> CampaignEvent {
    CampaignEvent::Created(CampaignCreated {
        name: create.name,
        subject: create.subject,
        body: create.body,
        audience_class: create.audience_class.unwrap_or(AUDIENCE),
    })
}

fn in_status<'a>(
    state: Option<&'a Campaign>,
    allowed: &[CampaignStatus],
) -> Result<&'a Campaign, Rejection> {
    let campaign = existing::<Campaigns>(state)?;
    if allowed.contains(&campaign.status) {
        return Ok(campaign);
    }
    Err(violated(match campaign.status {
        CampaignStatus::Draft => "the campaign was never started",
        CampaignStatus::Running => "the campaign is running already",
        CampaignStatus::Paused => "the campaign is paused already",
        CampaignStatus::Completed => "the campaign is over",
    }))
}

fn violated(message: &str) -> Rejection {
    Rejection::new(RejectionCode::RuleViolated, message.to_owned())
}

#[cfg(test)]
mod tests;
