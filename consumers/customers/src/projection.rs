//! What the events of customers make of their rows.

use consumer_runtime::{
    AnyTables, Emissions, NoEmission, Projection, ProjectionError, Recorded, Source, Table,
    TableSet, aggregate_row, columns, tables,
};
use schemas::{AggregateId, Timestamp, Topic, customer::CustomerEvent};

/// The read model of the customers.
pub const OVERVIEW: &str = "overview";

columns! {
    /// A customer.
    pub struct CustomerRow {
        /// Its id.
        pub customer_id: AggregateId,
        /// Full name.
        pub name: String,
        /// Where the customer is.
        pub location: Option<String>,
        /// E-mail address.
        pub email: Option<String>,
        /// True while the customer may be written to.
        pub email_permission: bool,
        /// Number of its events in this row.
        pub version: i64,
        /// When the customer became known.
        pub created_at: Timestamp,
        /// When anything last changed.
        pub updated_at: Timestamp,
    }
}

aggregate_row!(CustomerRow: "customer", Topic::CUSTOMER_EVENTS, shown as OVERVIEW);

/// The tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Customers.
    pub customer: Table<CustomerRow>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.customer]
    }
}

/// The projection.
#[derive(Clone, Copy, Debug)]
pub struct Customers;

impl Projection for Customers {
    type Event = CustomerEvent;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<CustomerEvent>> {
        vec![Source::of::<CustomerEvent>(|event| event)]
    }

    /// Only the customer's own row, which the runtime names.
    fn keys(&self, _: &Recorded<CustomerEvent>, _: &mut Tables) {}

    fn apply(
        &self,
        happened: &Recorded<CustomerEvent>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        let id = &happened.key;
        if let CustomerEvent::Created(created) = &happened.event {
            return Ok(tables.customer.put(CustomerRow {
                customer_id: id.clone(),
                name: created.name.clone(),
                location: created.location.clone(),
                email: created.email.clone(),
                email_permission: false,
                version: 0,
                created_at: happened.time,
                updated_at: happened.time,
            })?);
        }
        let customer = tables.customer.require(id)?;
        customer.updated_at = happened.time;
        match &happened.event {
            CustomerEvent::Created(_) => {}
            CustomerEvent::Updated(updated) => {
                customer.name.clone_from(&updated.name);
                customer.location.clone_from(&updated.location);
                customer.email.clone_from(&updated.email);
            }
            CustomerEvent::EmailPermissionGranted(_) => customer.email_permission = true,
            CustomerEvent::EmailPermissionWithdrawn(_) => customer.email_permission = false,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use consumer_runtime::testing::{Happened, fold};
    use schemas::customer::{
        CustomerCreated, CustomerEmailPermissionGranted, CustomerEmailPermissionWithdrawn,
        CustomerUpdated,
    };

    use super::*;

    /// The only customer after some events.
    fn customer(events: Vec<CustomerEvent>) -> CustomerRow {
        let happened = events.into_iter().zip(1..);
        let happened = happened.map(|(e, n)| Happened::new(Topic::CUSTOMER_EVENTS, "c1", n, e));
        let tables = fold(&Customers, happened.collect()).unwrap();
        tables.customer.rows().next().unwrap().clone()
    }

    fn created() -> CustomerEvent {
        let location = Some("Bern".into());
        CustomerCreated { name: "Anna".into(), location, email: None }.into()
    }

    fn granted() -> CustomerEvent {
        CustomerEmailPermissionGranted { source: "web".into() }.into()
    }

    #[test]
    fn a_new_customer_may_not_be_written_to() {
        let customer = customer(vec![created()]);
        assert_eq!((customer.name.as_str(), customer.email_permission), ("Anna", false));
        assert_eq!((customer.location.as_deref(), customer.version), (Some("Bern"), 1));
    }

    #[test]
    fn an_update_replaces_everything() {
        let email = Some("anna@example.org".to_owned());
        let updated = CustomerUpdated { name: "Anna B.".into(), location: None, email };
        let customer = customer(vec![created(), updated.into()]);
        assert_eq!((customer.name.as_str(), customer.location), ("Anna B.", None));
        assert_eq!((customer.email.as_deref(), customer.version), (Some("anna@example.org"), 2));
    }

    #[test]
    fn permission_is_given_and_taken() {
        assert!(customer(vec![created(), granted()]).email_permission);
        let withdrawn = CustomerEmailPermissionWithdrawn { source: "mail".into() };
        assert!(!customer(vec![created(), granted(), withdrawn.into()]).email_permission);
    }
}
