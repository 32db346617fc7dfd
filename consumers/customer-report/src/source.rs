//! Where the rows of a report come from: the table of the present, or the facts of the past. Both
//! have the same columns, so that whatever asks need not know which it is.

use schemas::Timestamp;

/// Customers as they are: the table itself, so that its indexes serve.
const PRESENT: &str = "(select * from customer where known and $1::timestamptz is null) as report";

/// Customers as they were: whatever had happened by then, from each table.
const PAST: &str = "( \
    select customer_id, name, location, email_permission, class, class_since, \
           coalesce(orders, 0) as orders, coalesce(revenue, 0) as revenue, \
           coalesce(confirmed_orders, 0) as confirmed_orders, \
           coalesce(confirmed_revenue, 0) as confirmed_revenue, \
           least(coalesce(first_usd, 0) + coalesce(changed_usd, 0), 9999999999999999.99) \
               as usd_revenue, \
           first_order_at, last_order_at \
    from (select distinct on (customer_id) customer_id, name, location, email_permission \
          from customer_state where at <= $1::timestamptz \
          order by customer_id, version desc) state \
    left join (select distinct on (customer_id) customer_id, class, at as class_since \
               from class_change where at <= $1 \
               order by customer_id, sequence desc) class using (customer_id) \
    left join (select customer_id, count(*) as orders, \
                      least(sum(value), 9999999999999999.99) as revenue, \
                      count(*) filter (where confirmed_at <= $1) as confirmed_orders, \
                      least(coalesce(sum(value) filter (where confirmed_at <= $1), 0), \
                            9999999999999999.99) as confirmed_revenue, \
                      sum(first_usd) filter (where valued_at <= $1) as first_usd, \
                      min(ordered_at) as first_order_at, max(ordered_at) as last_order_at \
               from customer_order where created_at <= $1 \
               group by customer_id) ordered using (customer_id) \
    left join (select customer_id, sum(usd) as changed_usd \
               from usd_change where at <= $1 group by customer_id) changed using (customer_id) \
    ) as report";

/// What to select from, with the moment as parameter `$1`.
#[must_use]
pub const fn of(as_of: Option<Timestamp>) -> &'static str {
    match as_of {
        None => PRESENT,
        Some(_) => PAST,
    }
}
