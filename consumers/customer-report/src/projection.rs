//! What the events of customers, orders and classes make of the rows. Only the times of the events
//! themselves are kept: another build has no other rows.

use consumer_runtime::{Emissions, NoEmission, Projection, ProjectionError, Recorded, Source};
use schemas::{
    AggregateId, Message, Timestamp,
    classification::{ClassificationEvent, CustomerClassificationUpdated},
    customer::CustomerEvent,
    order::{OrderConfirmed, OrderCreated, OrderEvent, OrderUsdRateAndValueAdded},
};

use crate::rows::{ClassChangeRow, OrderRow, StateRow, Tables, UsdChangeRow, entry};

/// The events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Of a customer.
    Customer(CustomerEvent),
    /// Of an order.
    Order(OrderEvent),
    /// Of a customer's class.
    Class(ClassificationEvent),
}

/// That an order waits for a person is no other figure: whatever is not confirmed waits.
const OF_ORDERS: &[&str] = &[
    OrderCreated::FILE.wire_type,
    OrderConfirmed::FILE.wire_type,
    OrderUsdRateAndValueAdded::FILE.wire_type,
];

const UNNUMBERED: ProjectionError = ProjectionError::Impossible("it has no ce_sequence");

/// The projection.
#[derive(Clone, Copy, Debug)]
pub struct CustomerReport;

impl Projection for CustomerReport {
    type Event = Event;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<Event>> {
        vec![
            Source::of(Event::Customer),
            Source::of(Event::Order).only(OF_ORDERS),
            Source::of(Event::Class),
        ]
    }

    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        let id = &happened.key;
        let own = || happened.sequence.map(|sequence| entry(id, sequence));
        match &happened.event {
            Event::Customer(_) => {
                own().into_iter().for_each(|key| tables.state.want_key(&key));
            }
            Event::Class(_) => {
                tables.customer.want(id);
                own().into_iter().for_each(|key| tables.class_change.want_key(&key));
            }
            // For what follows, too, which may be in the same batch.
            Event::Order(OrderEvent::Created(created)) => {
                tables.customer.want(&created.customer_id);
            }
            Event::Order(event) => {
                if let Some(order) = tables.order.peek(id) {
                    tables.customer.want(&order.customer_id);
                }
                if let OrderEvent::UsdRateAndValueAdded(_) = event {
                    own().into_iter().for_each(|key| tables.usd_change.want_key(&key));
                }
            }
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        let (id, at) = (&happened.key, happened.time);
        let sequence = happened.sequence.ok_or(UNNUMBERED)?;
        match &happened.event {
            Event::Customer(event) => customer(tables, id, event, (sequence, at)),
            Event::Order(OrderEvent::Created(created)) => {
                let customer = tables.customer.require(&created.customer_id)?;
                customer.order(created.value, created.ordered_at);
                Ok(tables.order.put(placed(id, created, at))?)
            }
            Event::Order(OrderEvent::Confirmed(_)) => confirmed(tables, id, at),
            Event::Order(OrderEvent::UsdRateAndValueAdded(added)) => {
                valued(tables, id, added, (sequence, at))
            }
            Event::Order(OrderEvent::ConfirmationRequired(_) | OrderEvent::TextCorrected(_)) => {
                Ok(())
            }
            Event::Class(ClassificationEvent::Updated(updated)) => {
                let customer = tables.customer.require(id)?;
                customer.classify(updated.class, sequence, at);
                Ok(tables.class_change.put(class_change(id, updated, (sequence, at)))?)
            }
        }
    }
}

fn customer(
    tables: &mut Tables,
    id: &AggregateId,
    event: &CustomerEvent,
    (version, at): (i64, Timestamp),
) -> Result<(), ProjectionError> {
    let customer = tables.customer.require(id)?;
    match event {
        CustomerEvent::Created(created) => {
            customer.known = true;
            customer.name.clone_from(&created.name);
            customer.location.clone_from(&created.location);
        }
        CustomerEvent::Updated(updated) => {
            customer.name.clone_from(&updated.name);
            customer.location.clone_from(&updated.location);
        }
        CustomerEvent::EmailPermissionGranted(_) => customer.email_permission = true,
        CustomerEvent::EmailPermissionWithdrawn(_) => customer.email_permission = false,
    }
    let state = StateRow {
        state_id: entry(id, version),
        customer_id: id.clone(),
        version,
        at,
        name: customer.name.clone(),
        location: customer.location.clone(),
        email_permission: customer.email_permission,
    };
    Ok(tables.state.put(state)?)
}

fn placed(id: &AggregateId, created: &OrderCreated, at: Timestamp) -> OrderRow {
    OrderRow {
        order_id: id.clone(),
        customer_id: created.customer_id.clone(),
        value: created.value,
        ordered_at: created.ordered_at,
        created_at: at,
        confirmed_at: None,
        valued_at: None,
        first_usd: None,
        usd: None,
        version: 0,
    }
}

fn confirmed(tables: &mut Tables, id: &AggregateId, at: Timestamp) -> Result<(), ProjectionError> {
    let order = tables.order.require(id)?;
    // Counted once, whatever the log says.
    if order.confirmed_at.is_none() {
        order.confirmed_at = Some(at);
        tables.customer.require(&order.customer_id)?.confirm(order.value);
    }
    Ok(())
}

fn valued(
    tables: &mut Tables,
    id: &AggregateId,
    added: &OrderUsdRateAndValueAdded,
    (version, at): (i64, Timestamp),
) -> Result<(), ProjectionError> {
    let order = tables.order.require(id)?;
    let customer = tables.customer.require(&order.customer_id)?;
    let Some(before) = order.usd.replace(added.usd_value) else {
        order.first_usd = Some(added.usd_value);
        order.valued_at = Some(at);
        customer.value(added.usd_value);
        return Ok(());
    };
    let usd = added.usd_value.checked_sub(before);
    let usd = usd.ok_or(ProjectionError::Impossible("values in USD are too far apart"))?;
    customer.value(usd);
    let customer_id = order.customer_id.clone();
    Ok(tables.usd_change.put(UsdChangeRow {
        change_id: entry(id, version),
        customer_id,
        at,
        usd,
    })?)
}

fn class_change(
    id: &AggregateId,
    updated: &CustomerClassificationUpdated,
    (sequence, at): (i64, Timestamp),
) -> ClassChangeRow {
    ClassChangeRow {
        change_id: entry(id, sequence),
        customer_id: id.clone(),
        sequence,
        class: updated.class,
        previous_class: updated.previous_class,
        confirmed_revenue: updated.confirmed_revenue,
        confirmed_orders: updated.confirmed_orders,
        window_days: updated.window_days,
        rule_version: updated.rule_version.clone(),
        evaluated_at: updated.evaluated_at,
        at,
    }
}
