//! The tables, and what events make of their rows.

use consumer_runtime::{
    AnyTables, Emissions, Projection, ProjectionError, Recorded, Row, Source, Table, TableSet,
    aggregate_row, columns, tables,
};
use schemas::{
    AggregateId, Either, Timestamp, Topic,
    campaign::{CampaignCommand, CampaignCreated, CampaignEvent, CutPosition},
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    customer::{CustomerCommand, CustomerEvent},
    mailing::{MailingCommand, MailingEvent, MailingRequested},
};
use uuid::Uuid;

use crate::links::Links;

columns! {
    /// A customer, as far as mails go.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// Full name.
        pub name: String,
        /// E-mail address.
        pub email: Option<String>,
        /// Whether the customer may be written to.
        pub permission: bool,
        /// Number of its events in this row.
        pub version: i64,
    }
}

columns! {
    /// One classification of a customer.
    pub struct ClassRow {
        /// Id of the event.
        pub change_id: AggregateId,
        /// Whose it is.
        pub customer_id: AggregateId,
        /// Its number among those of the customer.
        pub sequence: i64,
        /// The class from then on.
        pub class: CustomerClass,
        /// Where the event is in the log.
        pub partition: i32,
        /// Where it is there.
        pub log_offset: i64,
    }
}

columns! {
    /// A campaign.
    pub struct CampaignRow {
        /// Its id.
        pub campaign_id: AggregateId,
        /// What people call it.
        pub name: String,
        /// Template of the subject.
        pub subject: String,
        /// Template of the body.
        pub body: String,
        /// Whom it addresses.
        pub audience_class: CustomerClass,
        /// Where it stands.
        pub status: String,
        /// The first event that started it.
        pub started_by: Option<Uuid>,
        /// The event that fixed its audience.
        pub fixed_by: Option<Uuid>,
        /// Up to where classes count, see [`crate::cut`].
        pub cut: Option<String>,
        /// Of the event that started it.
        pub correlation_id: Option<String>,
        /// Number of its events in this row.
        pub version: i64,
    }
}

columns! {
    /// A mailing.
    pub struct MailingRow {
        /// Its id.
        pub mailing_id: AggregateId,
        /// Of which campaign.
        pub campaign_id: AggregateId,
        /// To which customer.
        pub customer_id: AggregateId,
        /// The customer's class when the campaign was started.
        pub customer_class: CustomerClass,
        /// What stands for it in links.
        pub link_token: String,
        /// Where it stands.
        pub status: String,
        /// The last event that requested it.
        pub requested_by: Uuid,
        /// When that was.
        pub requested_at: Timestamp,
        /// Of that event.
        pub correlation_id: Option<String>,
        /// Number of its events in this row.
        pub version: i64,
    }
}

aggregate_row!(CustomerRow: "customer", Topic::CUSTOMER_EVENTS);
aggregate_row!(CampaignRow: "campaign", Topic::CAMPAIGN_EVENTS);
aggregate_row!(MailingRow: "mailing", Topic::MAILING_EVENTS);

impl Row for ClassRow {
    const TABLE: &'static str = "customer_class";
}

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Customers.
    pub customer: Table<CustomerRow>,
    /// Their classes.
    pub class: Table<ClassRow>,
    /// Campaigns.
    pub campaign: Table<CampaignRow>,
    /// Mailings.
    pub mailing: Table<MailingRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.customer, &mut self.class, &mut self.campaign, &mut self.mailing]
    }
}

/// The events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Of a customer.
    Customer(CustomerEvent),
    /// Of a customer's class.
    Class(ClassificationEvent),
    /// Of a campaign.
    Campaign(CampaignEvent),
    /// Of a mailing.
    Mailing(MailingEvent),
}

/// What the saga asks for.
pub type Command = Either<MailingCommand, Either<CampaignCommand, CustomerCommand>>;

/// The projection.
#[derive(Clone, Debug)]
pub struct EmailCampaign {
    links: Links,
}

impl EmailCampaign {
    /// Mailings are found again by these links.
    #[must_use]
    pub const fn new(links: Links) -> Self {
        Self { links }
    }
}

impl Projection for EmailCampaign {
    type Event = Event;
    type Tables = Tables;
    type Emission = Command;

    fn sources(&self) -> Vec<Source<Event>> {
        vec![
            Source::of(Event::Customer),
            Source::of(Event::Class),
            Source::of(Event::Campaign),
            Source::of(Event::Mailing),
        ]
    }

    /// The aggregates' own rows are named by the runtime.
    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        if let Event::Class(_) = &happened.event {
            tables.class.want(&happened.id.0.into());
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<Command>,
    ) -> Result<(), ProjectionError> {
        match &happened.event {
            Event::Customer(event) => customer(&mut tables.customer, &happened.key, event),
            Event::Class(ClassificationEvent::Updated(updated)) => {
                Ok(tables.class.put(classified(happened, updated)?)?)
            }
            Event::Campaign(event) => campaign(&mut tables.campaign, happened, event),
            Event::Mailing(event) => self.mailing(&mut tables.mailing, happened, event),
        }
    }
}

fn classified(
    happened: &Recorded<Event>,
    updated: &CustomerClassificationUpdated,
) -> Result<ClassRow, ProjectionError> {
    let uncounted = ProjectionError::Impossible("a classification has no number");
    Ok(ClassRow {
        change_id: happened.id.0.into(),
        customer_id: happened.key.clone(),
        sequence: happened.sequence.ok_or(uncounted)?,
        class: updated.class,
        partition: happened.at.partition.number,
        log_offset: happened.at.offset,
    })
}

fn customer(
    customers: &mut Table<CustomerRow>,
    id: &AggregateId,
    event: &CustomerEvent,
) -> Result<(), ProjectionError> {
    match event {
        CustomerEvent::Created(created) => {
            let (name, email) = (created.name.clone(), created.email.clone());
            let customer_id = id.clone();
            let row = CustomerRow { customer_id, name, email, permission: false, version: 0 };
            customers.put(row)?;
        }
        CustomerEvent::Updated(updated) => {
            let customer = customers.require(id)?;
            customer.name.clone_from(&updated.name);
            customer.email.clone_from(&updated.email);
        }
        CustomerEvent::EmailPermissionGranted(_) => customers.require(id)?.permission = true,
        CustomerEvent::EmailPermissionWithdrawn(_) => customers.require(id)?.permission = false,
    }
    Ok(())
}

fn campaign(
    campaigns: &mut Table<CampaignRow>,
    happened: &Recorded<Event>,
    event: &CampaignEvent,
) -> Result<(), ProjectionError> {
    if let CampaignEvent::Created(created) = event {
        return Ok(campaigns.put(prepared(&happened.key, created))?);
    }
    let campaign = campaigns.require(&happened.key)?;
    let status = match event {
        CampaignEvent::Created(_) => return Ok(()),
        CampaignEvent::Started(_) => {
            if campaign.started_by.is_none() {
                campaign.started_by = Some(happened.id.0);
                campaign.correlation_id = happened.correlation_id.as_deref().map(str::to_owned);
            }
            "running"
        }
        CampaignEvent::AudienceFixed(fixed) => {
            campaign.fixed_by = Some(happened.id.0);
            campaign.cut = Some(cut(&fixed.cut));
            return Ok(());
        }
        CampaignEvent::Paused(_) => "paused",
        CampaignEvent::Completed(_) => "completed",
    };
    status.clone_into(&mut campaign.status);
    Ok(())
}

/// A cut as a column: `<partition>=<offset>,…`.
fn cut(positions: &[CutPosition]) -> String {
    let position =
        |CutPosition { partition, next_offset }: &CutPosition| format!("{partition}={next_offset}");
    positions.iter().map(position).collect::<Vec<_>>().join(",")
}

fn prepared(id: &AggregateId, created: &CampaignCreated) -> CampaignRow {
    CampaignRow {
        campaign_id: id.clone(),
        name: created.name.clone(),
        subject: created.subject.clone(),
        body: created.body.clone(),
        audience_class: created.audience_class,
        status: "draft".to_owned(),
        started_by: None,
        fixed_by: None,
        cut: None,
        correlation_id: None,
        version: 0,
    }
}

impl EmailCampaign {
    fn mailing(
        &self,
        mailings: &mut Table<MailingRow>,
        happened: &Recorded<Event>,
        event: &MailingEvent,
    ) -> Result<(), ProjectionError> {
        let status = match event {
            MailingEvent::Requested(requested) => {
                let version = mailings.get(&happened.key)?.map_or(0, |row| row.version);
                return Ok(mailings.put(self.requested(happened, requested, version))?);
            }
            MailingEvent::Sent(_) => "sent",
            MailingEvent::Failed(_) => "failed",
            MailingEvent::Uncertain(_) => "uncertain",
            MailingEvent::Excluded(_) => "excluded",
            MailingEvent::Reacted(_) => return Ok(()),
        };
        status.clone_into(&mut mailings.require(&happened.key)?.status);
        Ok(())
    }

    fn requested(
        &self,
        happened: &Recorded<Event>,
        requested: &MailingRequested,
        version: i64,
    ) -> MailingRow {
        MailingRow {
            mailing_id: happened.key.clone(),
            campaign_id: requested.campaign_id.clone(),
            customer_id: requested.customer_id.clone(),
            customer_class: requested.customer_class,
            link_token: self.links.token(&happened.key),
            status: "requested".to_owned(),
            requested_by: happened.id.0,
            requested_at: happened.time,
            correlation_id: happened.correlation_id.as_deref().map(str::to_owned),
            version,
        }
    }
}
