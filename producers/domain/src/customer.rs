//! The rules of customers: who they are, and whether they may be written to by e-mail.
//! A permission belongs to an address: it can only be given while there is one, and goes with it.

use schemas::{
    Timestamp,
    command::{Rejection, RejectionCode},
    customer::{
        Customer, CustomerCommand, CustomerCreated, CustomerEmailPermissionGranted,
        CustomerEmailPermissionWithdrawn, CustomerEvent, CustomerUpdated, GrantEmailPermission,
        UpdateCustomer, WithdrawEmailPermission,
    },
};

use crate::{
    aggregate::{Aggregate, absent, existing, well_formed},
    validate::{Check, LOCATION_LENGTH, Lines, NAME_LENGTH, Violation},
};

/// Source of a withdrawal that an update made by removing the address.
pub const ADDRESS_REMOVED: &str = "address removed";

/// The aggregate `customer`.
#[derive(Clone, Copy, Debug)]
pub struct Customers;

impl Aggregate for Customers {
    const NAME: &'static str = "customer";
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type State = Customer;

    fn validate(command: &CustomerCommand, _now: Timestamp) -> Vec<Violation> {
        match command {
            CustomerCommand::Create(c) => person(&c.name, c.location.as_ref(), c.email.as_ref()),
            CustomerCommand::Update(c) => person(&c.name, c.location.as_ref(), c.email.as_ref()),
            CustomerCommand::GrantEmailPermission(GrantEmailPermission { source: s })
            | CustomerCommand::WithdrawEmailPermission(WithdrawEmailPermission { source: s }) => {
                source(s)
            }
        }
    }

    fn decide(
        state: Option<&Customer>,
        command: &CustomerCommand,
        now: Timestamp,
    ) -> Result<Vec<CustomerEvent>, Rejection> {
        well_formed::<Self>(command, now)?;
        match command {
            CustomerCommand::Create(create) => {
                absent::<Self>(state)?;
                let create = create.clone();
                Ok(vec![CustomerEvent::Created(CustomerCreated {
                    name: create.name,
                    location: create.location,
                    email: create.email,
                })])
            }
            CustomerCommand::Update(update) => Ok(updated(existing::<Self>(state)?, update)),
            CustomerCommand::GrantEmailPermission(grant) => {
                let event = CustomerEvent::EmailPermissionGranted(CustomerEmailPermissionGranted {
                    source: grant.source.clone(),
                });
                permission(existing::<Self>(state)?, true, event)
            }
            CustomerCommand::WithdrawEmailPermission(withdraw) => {
                permission(existing::<Self>(state)?, false, withdrawn(&withdraw.source))
            }
        }
    }

    fn evolve(state: Option<Customer>, event: &CustomerEvent) -> Option<Customer> {
        match event {
            CustomerEvent::Created(created) => Some(Customer {
                name: created.name.clone(),
                location: created.location.clone(),
                email: created.email.clone(),
                email_permission: false,
            }),
            CustomerEvent::Updated(updated) => state.map(|customer| Customer {
                name: updated.name.clone(),
                location: updated.location.clone(),
                email: updated.email.clone(),
                ..customer
            }),
            CustomerEvent::EmailPermissionGranted(_) => {
                state.map(|customer| Customer { email_permission: true, ..customer })
            }
            CustomerEvent::EmailPermissionWithdrawn(_) => {
                state.map(|customer| Customer { email_permission: false, ..customer })
            }
        }
    }
}

fn person(name: &str, location: Option<&String>, email: Option<&String>) -> Vec<Violation> {
    let mut check = Check::default();
    check.text("/name", name, &NAME_LENGTH, Lines::One);
    if let Some(location) = location {
        check.text("/location", location, &LOCATION_LENGTH, Lines::One);
    }
    if let Some(email) = email {
        check.email("/email", email);
    }
    check.finish()
}

fn source(source: &str) -> Vec<Violation> {
    let mut check = Check::default();
    check.text("/source", source, &NAME_LENGTH, Lines::One);
    check.finish()
}

/// An update to the present data makes no event; one that takes the address away takes the
/// permission with it.
fn updated(customer: &Customer, update: &UpdateCustomer) -> Vec<CustomerEvent> {
    let present = (&customer.name, &customer.location, &customer.email);
    if present == (&update.name, &update.location, &update.email) {
        return Vec::new();
    }
    let mut events = vec![CustomerEvent::Updated(CustomerUpdated {
        name: update.name.clone(),
        location: update.location.clone(),
        email: update.email.clone(),
    })];
    if customer.email_permission && update.email.is_none() {
        events.push(withdrawn(ADDRESS_REMOVED));
    }
    events
}

fn withdrawn(source: &str) -> CustomerEvent {
    CustomerEvent::EmailPermissionWithdrawn(CustomerEmailPermissionWithdrawn {
        source: source.to_owned(),
    })
}

/// A change of the permission needs an address; a repeat makes no event.
fn permission(
    customer: &Customer,
    wanted: bool,
    event: CustomerEvent,
) -> Result<Vec<CustomerEvent>, Rejection> {
    if customer.email.is_none() {
        let message = "the customer has no e-mail address";
        return Err(Rejection::new(RejectionCode::RuleViolated, message));
    }
    if customer.email_permission == wanted {
        return Ok(Vec::new());
    }
    Ok(vec![event])
}

#[cfg(test)]
mod tests;
