//! Connections to the consumer's own schema. Each wait on Postgres has a limit on the server too,
//! so that a stuck instance cannot hold others back for ever.

use std::{fmt, ops::Deref, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::Client;

use crate::{error::Error, server::Server};

/// Longest wait for a connection, new or from the pool.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Limits that the server keeps: of one statement, of one wait for a lock, and of a transaction in
/// which nothing happens because its process is stopped. A client whose host has vanished is given
/// up within half a minute: with its session ends its lock on the relay.
const SERVER_LIMITS: &str = "-c statement_timeout=25s -c lock_timeout=15s -c idle_in_transaction_session_timeout=30s \
     -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 \
     -c tcp_user_timeout=30000";

/// Where a consumer's tables are. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    server: Server,
    schema: String,
    pool: Pool,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Database {
    /// Prepares connections whose unqualified names mean `schema`; connects to nothing yet.
    ///
    /// # Errors
    /// When the pool refuses its configuration.
    pub fn new(server: &Server, schema: &str, connections: usize) -> Result<Self, Error> {
        let server = server.with(|config| {
            let given = config.get_options().unwrap_or_default();
            let options = format!("{given} -c search_path={schema} {SERVER_LIMITS}");
            config
                .options(options)
                .connect_timeout(CONNECT_LIMIT)
                .tcp_user_timeout(Duration::from_secs(30))
                .keepalives_idle(Duration::from_secs(30));
            if config.get_application_name().is_none() {
                config.application_name(schema);
            }
        });
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(server.config().clone(), server.tls(), recycling);
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_LIMIT))
            .create_timeout(Some(CONNECT_LIMIT))
            .build()
            .map_err(|error| Error::Connection(error.to_string()))?;
        Ok(Self { server, schema: schema.to_owned(), pool })
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// A connection from the pool, for queries.
    ///
    /// # Errors
    /// When none can be had in time.
    pub async fn connection(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(source) => {
                Error::postgres("connect to Postgres")(source)
            }
            other => Error::Connection(other.to_string()),
        })
    }

    /// A connection for one transaction.
    ///
    /// # Errors
    /// As [`Database::connection`].
    pub async fn borrow(&self) -> Result<Borrowed, Error> {
        self.connection().await.map(|object| Borrowed(Some(object)))
    }

    /// A connection of its own, for session locks. Its driver ends when the client is dropped.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn dedicated(&self) -> Result<Client, Error> {
        self.server.connect().await.map_err(Error::postgres("connect to Postgres"))
    }
}

/// A connection that is closed rather than reused unless it is [given back](Borrowed::give_back):
/// whatever goes wrong inside a transaction, and wherever its future is dropped, the server rolls
/// it back and the next one starts afresh.
pub struct Borrowed(Option<Object>);

impl fmt::Debug for Borrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Borrowed")
    }
}

impl Borrowed {
    /// The connection.
    ///
    /// # Errors
    /// Never while it is borrowed.
    pub fn get(&self) -> Result<&Object, Error> {
        self.0.as_ref().ok_or_else(|| Error::Connection("given back".into()))
    }

    /// Returns it to the pool: its transaction is over.
    pub fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// The client behind a pooled connection.
#[must_use]
pub fn client(object: &Object) -> &Client {
    Deref::deref(Deref::deref(object))
}
