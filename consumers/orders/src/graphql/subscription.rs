//! What is told while it happens.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ErrorExtensions, ID, SimpleObject};
use consumer_runtime::{
    Database, Error,
    hearing::{self, Changes, Ended, Heard},
    query::Reading,
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use schemas::notification;
use serde::Deserialize;

use super::{
    Nullable, Unread,
    loader::{self, OrderId},
    order::Order,
    socket::{Closer, Closing},
};
use crate::projection::OVERVIEW;

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Something of it is not what it was before, or its customer's name.
    Updated,
    /// It is not listed any more.
    Deleted,
    /// It cannot be told what changed, of these orders or of others: query again.
    Reload,
}

/// A change of an order.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
#[graphql(complex)]
pub struct OrderChange {
    /// What happened.
    pub kind: ChangeKind,
    /// Which order; null with `RELOAD`.
    pub id: Option<ID>,
    /// Joins it with the command that caused it; null with `RELOAD`.
    pub correlation_id: Option<String>,
}

#[ComplexObject]
impl OrderChange {
    /// The order as it is now, which may be later than the change. Null with `RELOAD`.
    async fn order(&self, context: &Context<'_>) -> Nullable<Order> {
        loader::one(context, OrderId(self.id.as_ref()?.to_string())).await
    }
}

/// The subscriptions.
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

#[async_graphql::Subscription]
impl Subscription {
    /// Orders as they change, from now on: of whichever instance of the service. Begin this first,
    /// and query then: nothing is missed, and a change may be told that the query has already.
    async fn order_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only this order.")] id: Option<ID>,
        #[graphql(desc = "Only orders of this customer.")] customer_id: Option<ID>,
    ) -> async_graphql::Result<BoxStream<'static, OrderChange>> {
        let changes = context.data::<Changes>()?;
        let stream = changes
            .stream()
            .await
            .map_err(|deaf| Unread { code: "unavailable", detail: deaf.to_string() }.extend())?;
        let telling = Telling {
            stream,
            id: id.map(|id| id.to_string()),
            customer: customer_id.map(|id| id.to_string()),
            database: context.data::<Database>()?.clone(),
            closer: context.data_opt::<Closer>().cloned(),
        };
        let told = stream::unfold(telling, async |mut telling| {
            let change = telling.next().await?;
            Some((change, telling))
        });
        Ok(told.boxed())
    }
}

/// One subscription.
struct Telling {
    stream: hearing::Stream,
    id: Option<String>,
    customer: Option<String>,
    database: Database,
    closer: Option<Closer>,
}

/// What is looked at of a row that is told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    customer_id: String,
}

impl Telling {
    /// The next change to tell; none at the end, of which the socket learns why.
    async fn next(&mut self) -> Option<OrderChange> {
        loop {
            let heard = match self.stream.next().await {
                Ok(heard) => heard,
                Err(ended) => {
                    if let Some(closer) = &self.closer {
                        closer.close(match ended {
                            Ended::TooSlow => Closing::TooSlow,
                            Ended::Stopped => Closing::Stopped,
                        });
                    }
                    return None;
                }
            };
            if let Some(change) = self.change(&heard).await {
                return Some(change);
            }
        }
    }

    /// What is told of what was heard, if it is wanted.
    async fn change(&self, heard: &Arc<Heard>) -> Option<OrderChange> {
        let reload = OrderChange { kind: ChangeKind::Reload, id: None, correlation_id: None };
        let Heard::Row { read_model, kind, key, details, correlation_id } = &**heard else {
            return Some(reload);
        };
        if read_model != OVERVIEW || self.id.as_ref().is_some_and(|id| id != key) {
            return None;
        }
        match self.is_wanted_customers(key, details.as_deref()).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                tracing::warn!(%error, "the customer of an order that changed is not known");
                return Some(reload);
            }
        }
        let kind = match kind {
            notification::ChangeKind::All => return Some(reload),
            notification::ChangeKind::AddRow => ChangeKind::Added,
            notification::ChangeKind::UpdateRow => ChangeKind::Updated,
            notification::ChangeKind::DeleteRow => ChangeKind::Deleted,
        };
        Some(OrderChange { kind, id: Some(key.into()), correlation_id: correlation_id.clone() })
    }

    async fn is_wanted_customers(&self, key: &str, details: Option<&str>) -> Result<bool, Error> {
        let Some(wanted) = &self.customer else { return Ok(true) };
        let told = details.and_then(|row| serde_json::from_str::<Row>(row).ok());
        if let Some(Row { customer_id }) = told {
            return Ok(customer_id == *wanted);
        }
        let sql = "select customer_id from customer_order where order_id = $1";
        let read = |row: &mut Reading<'_>| row.next::<String>();
        let customers = self.database.select(sql, &[&key], read).await?;
        Ok(customers.first() == Some(wanted))
    }
}
