//! What events make of the rows.

use consumer_runtime::{
    AnyTables, Emissions, NoEmission, Projection, ProjectionError, Recorded, Row, Source, Table,
    TableSet, aggregate_row, columns, tables,
};
use schemas::{
    AggregateId, Message, Timestamp, Topic,
    campaign::{CampaignCreated, CampaignEvent},
    classification::{ClassificationEvent, CustomerClass},
    customer::{CustomerCreated, CustomerEvent, CustomerUpdated},
    mailing::{MailingEvent, MailingReacted, MailingRequested, Reaction},
};

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
        /// How many customers it addresses.
        pub customers: Option<i64>,
        /// When it was prepared.
        pub created_at: Timestamp,
        /// When it was first started.
        pub started_at: Option<Timestamp>,
        /// When it was over.
        pub completed_at: Option<Timestamp>,
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
        /// Where it stands.
        pub status: String,
        /// How many times it was requested.
        pub attempt: i32,
        /// Why it failed, is uncertain or was excluded.
        pub reason: Option<String>,
        /// Message-ID of the mail.
        pub message_id: Option<String>,
        /// When it was last requested.
        pub requested_at: Timestamp,
        /// When it came to what it is.
        pub ended_at: Option<Timestamp>,
        /// When it was first opened.
        pub opened_at: Option<Timestamp>,
        /// When a link in it was first followed.
        pub clicked_at: Option<Timestamp>,
        /// When it was answered.
        pub replied_at: Option<Timestamp>,
        /// When it came back.
        pub bounced_at: Option<Timestamp>,
        /// When the customer unsubscribed by it.
        pub unsubscribed_at: Option<Timestamp>,
        /// Number of its events in this row.
        pub version: i64,
    }
}

columns! {
    /// A customer's name.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// Full name.
        pub name: String,
        /// Number of its events in this row.
        pub version: i64,
    }
}

columns! {
    /// A customer's class.
    pub struct ClassRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// The class that it has now.
        pub class: CustomerClass,
    }
}

aggregate_row!(CampaignRow: "campaign", Topic::CAMPAIGN_EVENTS, shown as "campaigns");
aggregate_row!(MailingRow: "mailing", Topic::MAILING_EVENTS, shown as "mailings");
aggregate_row!(CustomerRow: "customer", Topic::CUSTOMER_EVENTS);

impl Row for ClassRow {
    const TABLE: &'static str = "customer_class";
}

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Campaigns.
    pub campaign: Table<CampaignRow>,
    /// Mailings.
    pub mailing: Table<MailingRow>,
    /// Customers.
    pub customer: Table<CustomerRow>,
    /// Their classes.
    pub class: Table<ClassRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.campaign, &mut self.mailing, &mut self.customer, &mut self.class]
    }
}

/// The events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Of a campaign.
    Campaign(CampaignEvent),
    /// Of a mailing.
    Mailing(MailingEvent),
    /// Of a customer.
    Customer(CustomerEvent),
    /// Of a customer's class.
    Class(ClassificationEvent),
}

/// The projection.
#[derive(Clone, Copy, Debug)]
pub struct Campaigns;

/// The types of customer events that tell a name.
const NAMING: &[&str] = &[CustomerCreated::FILE.wire_type, CustomerUpdated::FILE.wire_type];

impl Projection for Campaigns {
    type Event = Event;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<Event>> {
        vec![
            Source::of(Event::Campaign),
            Source::of(Event::Mailing),
            Source::of(Event::Customer).only(NAMING),
            Source::of(Event::Class),
        ]
    }

    /// The aggregates' own rows are named by the runtime.
    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        if let Event::Class(_) = &happened.event {
            tables.class.want(&happened.key);
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        let (key, time) = (&happened.key, happened.time);
        match &happened.event {
            Event::Campaign(event) => campaign(&mut tables.campaign, (key, time), event),
            Event::Mailing(event) => mailing(&mut tables.mailing, (key, time), event),
            Event::Customer(event) => customer(&mut tables.customer, key, event),
            Event::Class(ClassificationEvent::Updated(updated)) => {
                let (customer_id, class) = (key.clone(), updated.class);
                Ok(tables.class.put(ClassRow { customer_id, class })?)
            }
        }
    }
}

fn campaign(
    campaigns: &mut Table<CampaignRow>,
    (id, time): (&AggregateId, Timestamp),
    event: &CampaignEvent,
) -> Result<(), ProjectionError> {
    if let CampaignEvent::Created(created) = event {
        return Ok(campaigns.put(prepared(id, created, time))?);
    }
    let campaign = campaigns.require(id)?;
    let status = match event {
        CampaignEvent::Created(_) => return Ok(()),
        CampaignEvent::AudienceFixed(fixed) => {
            campaign.customers = Some(fixed.customers);
            return Ok(());
        }
        CampaignEvent::Started(_) => {
            campaign.started_at.get_or_insert(time);
            "running"
        }
        CampaignEvent::Paused(_) => "paused",
        CampaignEvent::Completed(_) => {
            campaign.completed_at = Some(time);
            "completed"
        }
    };
    status.clone_into(&mut campaign.status);
    Ok(())
}

fn prepared(id: &AggregateId, created: &CampaignCreated, time: Timestamp) -> CampaignRow {
    CampaignRow {
        campaign_id: id.clone(),
        name: created.name.clone(),
        subject: created.subject.clone(),
        body: created.body.clone(),
        audience_class: created.audience_class,
        status: "draft".to_owned(),
        customers: None,
        created_at: time,
        started_at: None,
        completed_at: None,
        version: 0,
    }
}

fn mailing(
    mailings: &mut Table<MailingRow>,
    (id, time): (&AggregateId, Timestamp),
    event: &MailingEvent,
) -> Result<(), ProjectionError> {
    if let MailingEvent::Requested(requested) = event {
        match mailings.get_mut(id)? {
            Some(mailing) => again(mailing, requested, time),
            None => mailings.put(asked_for(id, requested, time))?,
        }
        return Ok(());
    }
    let mailing = mailings.require(id)?;
    let (status, reason) = match event {
        MailingEvent::Requested(_) => return Ok(()),
        MailingEvent::Reacted(reacted) => {
            react(mailing, reacted);
            return Ok(());
        }
        MailingEvent::Sent(sent) => {
            mailing.message_id.clone_from(&sent.message_id);
            ("sent", None)
        }
        MailingEvent::Failed(failed) => ("failed", Some(failed.reason.clone())),
        MailingEvent::Uncertain(uncertain) => ("uncertain", Some(uncertain.reason.clone())),
        MailingEvent::Excluded(excluded) => ("excluded", Some(excluded.reason.as_str().to_owned())),
    };
    status.clone_into(&mut mailing.status);
    mailing.reason = reason;
    mailing.ended_at = Some(time);
    Ok(())
}

/// A person had it sent again.
fn again(mailing: &mut MailingRow, requested: &MailingRequested, time: Timestamp) {
    "requested".clone_into(&mut mailing.status);
    mailing.attempt = requested.attempt;
    mailing.reason = None;
    mailing.requested_at = time;
    mailing.ended_at = None;
}

fn asked_for(id: &AggregateId, requested: &MailingRequested, time: Timestamp) -> MailingRow {
    MailingRow {
        mailing_id: id.clone(),
        campaign_id: requested.campaign_id.clone(),
        customer_id: requested.customer_id.clone(),
        customer_class: requested.customer_class,
        status: "requested".to_owned(),
        attempt: requested.attempt,
        reason: None,
        message_id: None,
        requested_at: time,
        ended_at: None,
        opened_at: None,
        clicked_at: None,
        replied_at: None,
        bounced_at: None,
        unsubscribed_at: None,
        version: 0,
    }
}

fn react(mailing: &mut MailingRow, reacted: &MailingReacted) {
    let at = match reacted.reaction {
        Reaction::Opened => &mut mailing.opened_at,
        Reaction::Clicked => &mut mailing.clicked_at,
        Reaction::Replied => &mut mailing.replied_at,
        Reaction::Bounced => &mut mailing.bounced_at,
        Reaction::Unsubscribed => &mut mailing.unsubscribed_at,
        Reaction::Other => return,
    };
    at.get_or_insert(reacted.reacted_at);
}

fn customer(
    customers: &mut Table<CustomerRow>,
    id: &AggregateId,
    event: &CustomerEvent,
) -> Result<(), ProjectionError> {
    match event {
        CustomerEvent::Created(CustomerCreated { name, .. }) => {
            let (customer_id, name) = (id.clone(), name.clone());
            customers.put(CustomerRow { customer_id, name, version: 0 })?;
        }
        CustomerEvent::Updated(CustomerUpdated { name, .. }) => {
            customers.require(id)?.name.clone_from(name);
        }
        CustomerEvent::EmailPermissionGranted(_) | CustomerEvent::EmailPermissionWithdrawn(_) => {}
    }
    Ok(())
}
