//! Whom a campaign would write to if it were started now.

use consumer_runtime::{Database, query::not_found};
use serde::Serialize;
use service::Problem;
use utoipa::ToSchema;

/// The customers of a campaign's class at this moment, by what would become of them. It is an
/// estimate: classes count when the campaign is started, permissions when each mail is sent.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Audience {
    /// All of the class.
    pub customers: i64,
    /// Who would be written to.
    pub written: i64,
    /// Who would not be, having no address.
    pub no_address: i64,
    /// Who would not be, having an address but not allowing it.
    pub no_permission: i64,
}

const COUNT: &str = "with audience as ( \
       select k.email is not null as has_address, coalesce(k.permission, false) as allows \
       from (select distinct on (customer_id collate \"C\") customer_id, class \
             from customer_class order by customer_id collate \"C\", sequence desc) latest \
       left join customer k on k.customer_id = latest.customer_id \
       where latest.class = c.audience_class) \
     select count(*), count(*) filter (where has_address and allows), \
       count(*) filter (where not has_address), \
       count(*) filter (where has_address and not allows) from audience";

/// Counts the audience of a campaign.
///
/// # Errors
/// When there is no such campaign, or Postgres does not answer.
pub async fn of(database: &Database, campaign: &str) -> Result<Audience, Problem> {
    let sql = format!(
        "select counted.* from campaign c cross join lateral ({COUNT}) counted \
         where c.campaign_id = $1"
    );
    let read = |row: &mut consumer_runtime::query::Reading<'_>| {
        Ok(Audience {
            customers: row.next()?,
            written: row.next()?,
            no_address: row.next()?,
            no_permission: row.next()?,
        })
    };
    let found = database.select(&sql, &[&campaign], read).await?;
    found.into_iter().next().ok_or_else(|| not_found("there is no such campaign"))
}
