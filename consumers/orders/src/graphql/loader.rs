//! Reads what a whole level of a query needs: one statement for each kind of rows, however many
//! orders and customers ask for them.

use std::{collections::HashMap, hash::Hash};

use async_graphql::{
    Context, ErrorExtensions,
    dataloader::{DataLoader, Loader},
};
use consumer_runtime::Database;

use super::{
    Nullable, Unread,
    customer::Customer,
    order::{COLUMNS, Order},
};

/// The rows of a database.
#[derive(Clone, Debug)]
pub struct Rows(pub Database);

/// A customer by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomerId(pub String);

/// An order by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderId(pub String);

/// The newest orders of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrdersOf {
    /// Whose.
    pub customer: String,
    /// How many.
    pub first: i64,
}

/// One of the rows, if there is one.
pub async fn one<K>(context: &Context<'_>, key: K) -> Nullable<<Rows as Loader<K>>::Value>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = Unread>,
{
    match context.data::<DataLoader<Rows>>() {
        Ok(rows) => rows.load_one(key).await.map_err(|unread| unread.extend()).transpose(),
        Err(error) => Some(Err(error)),
    }
}

impl Loader<CustomerId> for Rows {
    type Value = Customer;
    type Error = Unread;

    async fn load(&self, keys: &[CustomerId]) -> Result<HashMap<CustomerId, Customer>, Unread> {
        let ids: Vec<_> = keys.iter().map(|CustomerId(id)| id).collect();
        let sql = "select customer_id, name from customer where customer_id = any($1)";
        let customers = self.0.select(sql, &[&ids], Customer::read).await?;
        Ok(customers.into_iter().map(|row| (CustomerId(row.id.to_string()), row)).collect())
    }
}

impl Loader<OrderId> for Rows {
    type Value = Order;
    type Error = Unread;

    async fn load(&self, keys: &[OrderId]) -> Result<HashMap<OrderId, Order>, Unread> {
        let ids: Vec<_> = keys.iter().map(|OrderId(id)| id).collect();
        let sql = format!("select {COLUMNS} from customer_order where order_id = any($1)");
        let orders = self.0.select(&sql, &[&ids], Order::read).await?;
        Ok(orders.into_iter().map(|row| (OrderId(row.id.to_string()), row)).collect())
    }
}

impl Loader<OrdersOf> for Rows {
    type Value = Vec<Order>;
    type Error = Unread;

    async fn load(&self, keys: &[OrdersOf]) -> Result<HashMap<OrdersOf, Vec<Order>>, Unread> {
        let customers: Vec<_> = keys.iter().map(|key| &key.customer).collect();
        let firsts: Vec<_> = keys.iter().map(|key| key.first).collect();
        let sql = format!(
            "select first, newest.* from unnest($1::text[], $2::bigint[]) wanted (customer, first) \
             cross join lateral ( \
               select {COLUMNS} from customer_order where customer_id = wanted.customer \
               order by ordered_at desc, order_id collate \"C\" desc limit wanted.first \
             ) newest"
        );
        let orders = self
            .0
            .select(&sql, &[&customers, &firsts], |row| Ok((row.next::<i64>()?, Order::read(row)?)))
            .await?;
        let mut of: HashMap<OrdersOf, Vec<Order>> = HashMap::new();
        for (first, order) in orders {
            let customer = order.customer_id.to_string();
            of.entry(OrdersOf { customer, first }).or_default().push(order);
        }
        Ok(of)
    }
}
