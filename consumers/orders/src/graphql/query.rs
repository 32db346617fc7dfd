//! Where a query begins.

use async_graphql::{Context, ID, Object};

use super::{
    Nullable,
    customer::{self, Customer},
    list_cost,
    loader::{self, CustomerId, OrderId},
    order::{self, Order, OrderFilter},
};

/// The queries.
#[derive(Clone, Copy, Debug)]
pub struct Query;

#[Object]
impl Query {
    /// The orders, newest first; null when they cannot be read.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500, otherwise 100.")] first: Option<i32>,
        #[graphql(desc = "The cursor of the last order of the page before.")] after: Option<String>,
        #[graphql(desc = "Which orders; otherwise all.")] filter: Option<OrderFilter>,
    ) -> Nullable<Vec<Order>> {
        Some(order::list(context, first, after.as_deref(), &filter.unwrap_or_default()).await)
    }

    /// An order; null when there is none.
    async fn order(&self, context: &Context<'_>, id: ID) -> Nullable<Order> {
        loader::one(context, OrderId(id.0)).await
    }

    /// The customers, by id; null when they cannot be read.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500, otherwise 100.")] first: Option<i32>,
        #[graphql(desc = "The cursor of the last customer of the page before.")] after: Option<
            String,
        >,
    ) -> Nullable<Vec<Customer>> {
        Some(customer::list(context, first, after.as_deref()).await)
    }

    /// A customer; null while it is not known.
    async fn customer(&self, context: &Context<'_>, id: ID) -> Nullable<Customer> {
        loader::one(context, CustomerId(id.0)).await
    }
}
