//! Customers, as far as orders know them.

use async_graphql::{ComplexObject, Context, ErrorExtensions, ID, SimpleObject};
use consumer_runtime::{Database, page, query::Reading, row::RowError};

use super::{
    Nullable, Unread, bad_argument, cost,
    loader::{self, OrdersOf},
    order::Order,
    rows,
};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
#[graphql(complex)]
pub struct Customer {
    /// Its id.
    pub id: ID,
    /// Full name.
    pub name: String,
    /// Where it is in lists: the `after` of those that follow.
    pub cursor: String,
}

#[ComplexObject]
impl Customer {
    /// The customer's newest orders; further ones are listed by `orders` with a filter. Null when
    /// they cannot be read.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many: 1 to 500, otherwise 100.")] first: Option<i32>,
    ) -> Nullable<Vec<Order>> {
        let first = match rows(first) {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let key = OrdersOf { customer: self.id.to_string(), first };
        loader::one(context, key).await.or_else(|| Some(Ok(Vec::new())))
    }
}

impl Customer {
    /// Reads id and name.
    ///
    /// # Errors
    /// When a value is none of its field's type.
    pub fn read(row: &mut Reading<'_>) -> Result<Self, RowError> {
        let id: String = row.next()?;
        Ok(Self { cursor: page::cursor(&id), id: id.into(), name: row.next()? })
    }
}

/// Customers of a list, by id.
///
/// # Errors
/// When an argument is malformed, or they cannot be read.
pub async fn list(
    context: &Context<'_>,
    first: Option<i32>,
    after: Option<&str>,
) -> async_graphql::Result<Vec<Customer>> {
    let (database, first) = (context.data::<Database>()?, rows(first)?);
    let no_cursor = || bad_argument("after must be the cursor of a customer");
    let after: Option<String> =
        after.map(|text| page::read_cursor(text).ok_or_else(no_cursor)).transpose()?;
    // Nothing is less than the empty text.
    let after = after.unwrap_or_default();
    let sql = "select customer_id, name from customer where customer_id > $1 \
               order by customer_id limit $2";
    let customers = database.select(sql, &[&after, &first], Customer::read).await;
    customers.map_err(|error| Unread::from(error).extend())
}
