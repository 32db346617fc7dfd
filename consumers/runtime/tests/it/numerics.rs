//! Exact decimals agree with Postgres.

use consumer_runtime::{numeric::Numeric, testing::Schema};

#[tokio::test]
async fn postgres_reads_and_writes_the_same_numbers() {
    let schema = Schema::new();
    let client = schema.database().unwrap().dedicated().await.unwrap();
    let sql = "select $1::numeric::text, $2::text::numeric";
    for (minor, text) in [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (100, "1.00"),
        (1_000_000, "10000.00"),
        (999_999, "9999.99"),
        (1_234_567, "12345.67"),
        (-10_000_000_000, "-100000000.00"),
        (999_999_999_999_999_999, "9999999999999999.99"),
    ] {
        let row = client.query_one(sql, &[&Numeric::<2>(minor), &text]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), text);
        assert_eq!(row.get::<_, Numeric<2>>(1), Numeric(minor));
    }
    let row = client.query_one(sql, &[&Numeric::<6>(1_085_000), &"1.085"]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "1.085000");
    assert_eq!(row.get::<_, Numeric<6>>(1), Numeric(1_085_000));
    let row = client.query_one(sql, &[&Numeric::<2>(1), &"0.001"]).await.unwrap();
    assert!(row.try_get::<_, Numeric<2>>(1).is_err());
}
