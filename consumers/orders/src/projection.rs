//! What the events of orders and customers make of the rows.

use consumer_runtime::{
    AnyTables, Emissions, NoEmission, Projection, ProjectionError, Recorded, Row, Source, Table,
    TableSet, aggregate_row, columns, tables,
};
use schemas::{
    AggregateId, Message, Money, Rate, Timestamp, Topic,
    customer::{CustomerCreated, CustomerEvent, CustomerUpdated},
    order::{OrderCreated, OrderEvent},
};

use crate::status::Status;

/// The read model of the orders.
pub const OVERVIEW: &str = "overview";
/// The read model of the requests to confirm an order.
pub const REQUESTS: &str = "confirmationRequests";
/// The read model of the customers' names.
pub const CUSTOMER: &str = "customer";

columns! {
    /// An order.
    pub struct OrderRow {
        /// Its id.
        pub order_id: AggregateId,
        /// Who ordered.
        pub customer_id: AggregateId,
        /// What was ordered.
        pub text: String,
        /// Value in EUR.
        pub value: Money,
        /// Where it stands.
        pub status: Status,
        /// When it was ordered.
        pub ordered_at: Timestamp,
        /// USD for one EUR.
        pub usd_rate: Option<Rate>,
        /// Value in USD.
        pub usd_value: Option<Money>,
        /// Start of the day whose rate was used.
        pub usd_rate_at: Option<Timestamp>,
        /// When anything last changed.
        pub updated_at: Timestamp,
        /// Number of its events in this row.
        pub version: i64,
    }
}

aggregate_row!(OrderRow: "customer_order", Topic::ORDER_EVENTS, shown as OVERVIEW);

columns! {
    /// That a person is asked, or was, to confirm an order.
    pub struct RequestRow {
        /// Which order.
        pub order_id: AggregateId,
        /// Since when.
        pub requested_at: Timestamp,
        /// When it was confirmed.
        pub confirmed_at: Option<Timestamp>,
    }
}

impl Row for RequestRow {
    const TABLE: &'static str = "confirmation_request";
    const READ_MODEL: Option<&'static str> = Some(REQUESTS);

    /// The table keeps what was confirmed: it is the history.
    fn is_listed(&self) -> bool {
        self.confirmed_at.is_none()
    }
}

columns! {
    /// A customer, as far as orders show one.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// Full name.
        pub name: String,
        /// Number of its events in this row.
        pub version: i64,
    }
}

aggregate_row!(CustomerRow: "customer", Topic::CUSTOMER_EVENTS, shown as CUSTOMER);

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Orders.
    pub order: Table<OrderRow>,
    /// Requests to confirm an order.
    pub request: Table<RequestRow>,
    /// Customers.
    pub customer: Table<CustomerRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.order, &mut self.request, &mut self.customer]
    }
}

/// The events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Of an order.
    Order(OrderEvent),
    /// Of a customer.
    Customer(CustomerEvent),
}

/// The projection.
#[derive(Clone, Copy, Debug)]
pub struct Orders;

/// The types of customer events that tell a name.
const NAMING: &[&str] = &[CustomerCreated::FILE.wire_type, CustomerUpdated::FILE.wire_type];

impl Projection for Orders {
    /// 2: with the requests for confirmation.
    const VERSION: i32 = 2;

    type Event = Event;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<Event>> {
        vec![Source::of(Event::Order), Source::of(Event::Customer).only(NAMING)]
    }

    /// The aggregate's own row is named by the runtime. Most orders are confirmed without being
    /// asked for: their requests are not looked up in vain.
    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        let is_asked_for = |order: &OrderRow| order.status == Status::Unconfirmed;
        let needs_request = match &happened.event {
            Event::Order(OrderEvent::ConfirmationRequired(_)) => true,
            Event::Order(OrderEvent::Confirmed(_)) => {
                tables.order.peek(&happened.key).is_some_and(is_asked_for)
            }
            _ => false,
        };
        if needs_request {
            tables.request.want(&happened.key);
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        match &happened.event {
            Event::Order(event) => order(tables, &happened.key, event, happened.time),
            Event::Customer(event) => customer(&mut tables.customer, &happened.key, event),
        }
    }
}

fn order(
    tables: &mut Tables,
    id: &AggregateId,
    event: &OrderEvent,
    time: Timestamp,
) -> Result<(), ProjectionError> {
    let Tables { order: orders, request: requests, .. } = tables;
    if let OrderEvent::Created(created) = event {
        return Ok(orders.put(placed(id, created, time))?);
    }
    let order = orders.require(id)?;
    order.updated_at = time;
    match event {
        OrderEvent::Created(_) => {}
        OrderEvent::TextCorrected(corrected) => order.text.clone_from(&corrected.text),
        OrderEvent::UsdRateAndValueAdded(added) => {
            order.usd_rate = Some(added.usd_rate);
            order.usd_value = Some(added.usd_value);
            order.usd_rate_at = Some(added.time);
        }
        OrderEvent::ConfirmationRequired(_) => {
            order.status = Status::Unconfirmed;
            let (order_id, confirmed_at) = (id.clone(), None);
            requests.put(RequestRow { order_id, requested_at: time, confirmed_at })?;
        }
        OrderEvent::Confirmed(_) => {
            let before = std::mem::replace(&mut order.status, Status::Confirmed);
            if before == Status::Unconfirmed
                && let Some(request) = requests.get_mut(id)?
            {
                request.confirmed_at = Some(time);
            }
        }
    }
    Ok(())
}

fn placed(id: &AggregateId, created: &OrderCreated, time: Timestamp) -> OrderRow {
    OrderRow {
        order_id: id.clone(),
        customer_id: created.customer_id.clone(),
        text: created.text.clone(),
        value: created.value,
        status: Status::New,
        ordered_at: created.ordered_at,
        usd_rate: None,
        usd_value: None,
        usd_rate_at: None,
        updated_at: time,
        version: 0,
    }
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

#[cfg(test)]
mod tests {
    use consumer_runtime::testing::{Happened, fold};
    use schemas::order::{
        OrderConfirmationRequired, OrderConfirmed, OrderTextCorrected, OrderUsdRateAndValueAdded,
    };

    use super::*;

    /// The only order after its creation and some further events.
    fn order(further: Vec<OrderEvent>) -> OrderRow {
        tables(further).order.rows().next().unwrap().clone()
    }

    fn tables(further: Vec<OrderEvent>) -> Tables {
        let created = OrderCreated {
            customer_id: AggregateId::new("c1").unwrap(),
            text: "a book".into(),
            value: Money::from_minor(1_399),
            ordered_at: Timestamp::from_micros(1).unwrap(),
        };
        let events = [created.into()].into_iter().chain(further).zip(1..);
        let happened = events.map(|(event, sequence)| {
            Happened::new(Topic::ORDER_EVENTS, "o1", sequence, Event::Order(event))
        });
        fold(&Orders, happened.collect()).unwrap()
    }

    #[test]
    fn a_request_is_listed_until_it_is_confirmed() {
        let required: OrderEvent = OrderConfirmationRequired {}.into();
        let asked = tables(vec![required.clone()]);
        assert!(asked.request.rows().all(Row::is_listed));
        assert_eq!(asked.request.rows().count(), 1);
        let confirmed = tables(vec![required, OrderConfirmed::default().into()]);
        assert!(!confirmed.request.rows().any(Row::is_listed));
        assert_eq!(confirmed.request.rows().count(), 1);
        assert_eq!(tables(vec![OrderConfirmed::default().into()]).request.rows().count(), 0);
    }

    #[test]
    fn the_status_follows_the_events() {
        assert_eq!(order(vec![]).status, Status::New);
        let required: OrderEvent = OrderConfirmationRequired {}.into();
        assert_eq!(order(vec![required.clone()]).status, Status::Unconfirmed);
        let confirmed = order(vec![required, OrderConfirmed::default().into()]);
        assert_eq!((confirmed.status, confirmed.version), (Status::Confirmed, 3));
    }

    #[test]
    fn a_corrected_text_changes_nothing_else() {
        let corrected = OrderTextCorrected { text: "a shelf".into() };
        let (before, after) = (order(vec![]), order(vec![corrected.into()]));
        assert_eq!(after.text, "a shelf");
        let same = OrderRow { text: before.text.clone(), version: before.version, ..after };
        assert_eq!(format!("{same:?}"), format!("{before:?}"));
    }

    #[test]
    fn the_usd_value_is_added() {
        let added = OrderUsdRateAndValueAdded {
            time: Timestamp::from_micros(2).unwrap(),
            usd_rate: Rate::from_minor(1_085_000),
            usd_value: Money::from_minor(1_518),
        };
        let order = order(vec![added.into()]);
        assert_eq!(order.usd_rate.map(|rate| rate.to_string()).as_deref(), Some("1.0850"));
        assert_eq!(order.usd_value, Some(Money::from_minor(1_518)));
        assert_eq!(order.status, Status::New);
    }

    #[test]
    fn an_update_renames_the_customer() {
        let created = CustomerCreated { name: "Anna".into(), location: None, email: None };
        let updated = CustomerUpdated { name: "Anna B.".into(), location: None, email: None };
        let events: [CustomerEvent; 2] = [created.into(), updated.into()];
        let happened = events.into_iter().zip(1..).map(|(event, sequence)| {
            Happened::new(Topic::CUSTOMER_EVENTS, "c1", sequence, Event::Customer(event))
        });
        let tables = fold(&Orders, happened.collect()).unwrap();
        let names: Vec<_> = tables.customer.rows().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Anna B."]);
    }
}
