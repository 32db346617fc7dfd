//! The stage of these tests: the projection, what it sends with, and a mail server.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use consumer_runtime::{
    Chore, Connection, Emissions, Error, chore,
    testing::{Happened, Stage},
};
use email_campaign::{
    asking,
    links::Links,
    mail::Composer,
    migrations,
    post::Post,
    projection::{Command, EmailCampaign, Event, Tables},
    sending::Sending,
    settings::{Pace, Patience},
    telling,
};
use schemas::{
    AggregateId, Money, Timestamp, Topic,
    campaign::{
        CampaignAudienceFixed, CampaignCreated, CampaignEvent, CampaignStarted, CutPosition,
    },
    classification::{ClassificationEvent, CustomerClass, CustomerClassificationUpdated},
    customer::{
        CustomerCreated, CustomerEmailPermissionGranted, CustomerEmailPermissionWithdrawn,
        CustomerEvent,
    },
    mailing::{MailingEvent, MailingRequested},
};
use testkit::Postbox;

/// Longest wait for an answer of the mail server.
const WAIT: Duration = Duration::from_millis(500);

pub const PATIENCE: Patience = Patience { attempts: 3, first: Duration::from_secs(60) };

/// The saga on its stage.
pub struct World {
    pub stage: Stage<EmailCampaign>,
    pub postbox: Postbox,
    composer: Composer,
}

/// What the saga does in its transactions, at a pace, by the planner that a test wants.
struct Turns {
    pace: Pace,
    planner: &'static str,
}

#[async_trait]
impl Chore<EmailCampaign> for Turns {
    fn interval(&self) -> Duration {
        self.pace.poll
    }

    async fn turn(
        &self,
        connection: &Connection,
        now: Timestamp,
        _: &mut Tables,
        out: &mut Emissions<Command>,
    ) -> Result<bool, Error> {
        connection.batch_execute(self.planner).await.unwrap();
        let more = telling::tell(connection, now, out).await?;
        asking::fix(connection, now, out).await?;
        Ok(asking::ask(connection, now, self.pace, out).await? || more)
    }
}

impl World {
    pub async fn new() -> Self {
        let links = Links::new(&[7; 32], "http://127.0.0.1:1");
        let composer = Composer { from: "Shop <shop@example.org>".parse().unwrap(), links };
        let projection = EmailCampaign::new(composer.links.clone());
        let stage = Stage::open("email-campaign", migrations::runner, projection).await;
        Self { stage: stage.unwrap(), postbox: Postbox::open().await, composer }
    }

    /// Whoever sends, as after a start.
    pub fn sender(&self) -> Sending {
        let post = Post::new(self.postbox.url.parse().unwrap(), WAIT);
        let database = self.stage.applier.database.clone();
        Sending::new(Arc::new(post), self.composer.clone(), PATIENCE, database)
    }

    pub async fn apply(&mut self, happened: Vec<Happened<Event>>) {
        self.stage.apply(Timestamp::now(), happened).await.unwrap();
    }

    /// A turn, so many seconds from now: what it emitted.
    pub async fn turn(&self, per_second: u32, seconds: u64, planner: &'static str) -> usize {
        let pace = Pace { per_second, poll: Duration::ZERO };
        let now = after(seconds);
        let turns = Turns { pace, planner };
        chore::turn(&self.stage.applier, &turns, now).await.unwrap().emitted
    }

    /// Rows of one text column.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.stage.client().await.unwrap().query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Takes a partition of the classes and applies a campaign to class B and these customers.
    pub async fn started(&mut self, customers: Vec<Happened<Event>>) {
        self.apply(customers).await;
        self.apply(vec![created(), campaign(2, CampaignStarted {}.into())]).await;
    }
}

pub fn after(seconds: u64) -> Timestamp {
    let now = Timestamp::now().to_jiff() + Duration::from_secs(seconds);
    Timestamp::from_micros(now.as_microsecond()).unwrap()
}

/// A customer of class B who may be written to.
pub fn customer(id: &str) -> Vec<Happened<Event>> {
    let email = Some(format!("{id}@example.org"));
    let created = CustomerCreated { name: format!("Name {id}"), location: None, email };
    let granted = CustomerEmailPermissionGranted { source: "shop".into() };
    let of = |sequence, event| {
        Happened::new(Topic::CUSTOMER_EVENTS, id, sequence, Event::Customer(event))
    };
    let updated = CustomerClassificationUpdated {
        customer_id: AggregateId::new(id).unwrap(),
        class: CustomerClass::B,
        previous_class: None,
        confirmed_revenue: Money::from_minor(200_000),
        confirmed_orders: 2,
        window_days: None,
        rule_version: "a=10000.00,b=1000.00,window=all".into(),
        evaluated_at: Timestamp::now(),
        reason: None,
        a_threshold: None,
        b_threshold: None,
    };
    let class = Event::Class(ClassificationEvent::Updated(updated));
    vec![
        of(1, CustomerEvent::Created(created)),
        of(2, CustomerEvent::EmailPermissionGranted(granted)),
        Happened::new(Topic::CUSTOMER_CLASSIFICATION_EVENTS, id, 1, class),
    ]
}

/// A customer may not be written to any more.
pub fn withdrawn(id: &str) -> Happened<Event> {
    let withdrawn = CustomerEmailPermissionWithdrawn { source: "shop".into() };
    let event = CustomerEvent::EmailPermissionWithdrawn(withdrawn);
    Happened::new(Topic::CUSTOMER_EVENTS, id, 3, Event::Customer(event))
}

pub fn campaign(sequence: i64, event: CampaignEvent) -> Happened<Event> {
    Happened::new(Topic::CAMPAIGN_EVENTS, "spring", sequence, Event::Campaign(event))
}

fn created() -> Happened<Event> {
    let created = CampaignCreated {
        name: "Spring".into(),
        subject: "Hello {{ name }}".into(),
        body: "<p>Dear {{ name }}</p>".into(),
        audience_class: CustomerClass::B,
    };
    campaign(1, CampaignEvent::Created(created))
}

/// The campaign addresses whoever was classified before this offset.
pub fn fixed(customers: i64, next_offset: i64) -> Happened<Event> {
    let cut = vec![CutPosition { partition: 0, next_offset }];
    campaign(3, CampaignEvent::AudienceFixed(CampaignAudienceFixed { customers, cut }))
}

/// The mailing to a customer is asked for.
pub fn requested(customer: &str) -> Happened<Event> {
    let requested = MailingRequested {
        campaign_id: AggregateId::new("spring").unwrap(),
        customer_id: AggregateId::new(customer).unwrap(),
        customer_class: CustomerClass::B,
        class_sequence: 1,
        attempt: 1,
    };
    let event = Event::Mailing(MailingEvent::Requested(requested));
    Happened::new(Topic::MAILING_EVENTS, &format!("spring:{customer}"), 1, event)
}
