//! Commands, events and state of the aggregate `customer`.

use serde::{Deserialize, Serialize};

use crate::{
    command::AggregateState,
    message::{messages, sole_message},
    topic::Topic,
};

/// Wish: a new customer becomes known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCustomer {
    /// Full name.
    pub name: String,
    /// Where the customer is.
    #[serde(default)]
    pub location: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// Wish: the data of a customer are replaced by these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateCustomer {
    /// Full name.
    pub name: String,
    /// Where the customer is.
    #[serde(default)]
    pub location: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// Wish: the customer may be written to by e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantEmailPermission {
    /// Where the permission was given.
    pub source: String,
}

/// Wish: the customer is not written to by e-mail any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawEmailPermission {
    /// Where the permission was withdrawn.
    pub source: String,
}

/// A customer became known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerCreated {
    /// Full name.
    pub name: String,
    /// Where the customer is.
    #[serde(default)]
    pub location: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The data of a customer were replaced by these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerUpdated {
    /// Full name.
    pub name: String,
    /// Where the customer is.
    #[serde(default)]
    pub location: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// The customer allowed to be written to by e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerEmailPermissionGranted {
    /// Where the permission was given.
    pub source: String,
}

/// The customer no longer allows to be written to by e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerEmailPermissionWithdrawn {
    /// Where the permission was withdrawn, or `address removed`.
    pub source: String,
}

messages! {
    /// What may be wished of a customer.
    pub enum CustomerCommand on Topic::CUSTOMER_COMMANDS, files in "customer" {
        /// See [`CreateCustomer`].
        Create(CreateCustomer) = "create_customer",
        /// See [`UpdateCustomer`].
        Update(UpdateCustomer) = "update_customer",
        /// See [`GrantEmailPermission`].
        GrantEmailPermission(GrantEmailPermission) = "grant_email_permission",
        /// See [`WithdrawEmailPermission`].
        WithdrawEmailPermission(WithdrawEmailPermission) = "withdraw_email_permission",
    }
}

messages! {
    /// What happened to a customer.
    pub enum CustomerEvent on Topic::CUSTOMER_EVENTS, files in "customer" {
        /// See [`CustomerCreated`].
        Created(CustomerCreated) = "customer_created",
        /// See [`CustomerUpdated`].
        Updated(CustomerUpdated) = "customer_updated",
        /// See [`CustomerEmailPermissionGranted`].
        EmailPermissionGranted(CustomerEmailPermissionGranted) = "customer_email_permission_granted",
        /// See [`CustomerEmailPermissionWithdrawn`].
        EmailPermissionWithdrawn(CustomerEmailPermissionWithdrawn) =
            "customer_email_permission_withdrawn",
    }
}

/// State of a customer: all that its commands are decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Full name.
    pub name: String,
    /// Where the customer is.
    #[serde(default)]
    pub location: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// True while the customer may be written to.
    pub email_permission: bool,
}

sole_message!(
    AggregateState<Customer>, "AggregateState" on Topic::CUSTOMER_STATE,
    file "customer_state" in "customer" as "customer_state"
);
