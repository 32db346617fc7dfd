//! The projection of these tests: books are put on shelves and taken away. A book is an aggregate
//! of its own, a shelf is shared by books from every partition.

use consumer_runtime::{
    AnyTables, Emissions, NoEmission, Projection, ProjectionError, Recorded, Row, Source, Table,
    TableSet, columns, tables,
    testing::{Happened, Stage},
};
use schemas::{AggregateId, Timestamp, Topic};

refinery::embed_migrations!("tests/it/migrations");

columns! {
    pub struct Book {
        pub book_id: AggregateId,
        pub shelf: AggregateId,
        pub pages: i64,
        pub version: i64,
    }
}

impl Row for Book {
    const TABLE: &'static str = "book";
    const READ_MODEL: Option<&'static str> = Some("books");
    const AGGREGATE: Option<Topic> = Some(BOOKS);

    fn version(&mut self) -> Option<&mut i64> {
        Some(&mut self.version)
    }
}

columns! {
    pub struct Shelf {
        pub shelf_id: AggregateId,
        pub books: i64,
        pub next: Option<AggregateId>,
    }
}

impl Row for Shelf {
    const TABLE: &'static str = "shelf";
    const SHARED: bool = true;
}

/// Any topic serves for books.
pub const BOOKS: Topic = Topic::ORDER_EVENTS;

/// And another one, of which no versions are kept.
pub const NEWS: Topic = Topic::CUSTOMER_EVENTS;

#[derive(Clone, Debug)]
pub enum Event {
    Added {
        shelf: AggregateId,
        pages: i64,
    },
    Moved {
        shelf: AggregateId,
    },
    Cleared(AggregateId),
    Torn,
    /// Uses a row that it does not name.
    Careless,
}

#[derive(Debug, Default)]
pub struct Tables {
    book: Table<Book>,
    shelf: Table<Shelf>,
}

impl TableSet for Tables {
    fn all(&mut self) -> AnyTables<'_> {
        tables![&mut self.book, &mut self.shelf]
    }
}

pub struct Library;

impl Projection for Library {
    type Event = Event;
    type Tables = Tables;
    type Emission = NoEmission;

    fn sources(&self) -> Vec<Source<Event>> {
        Vec::new()
    }

    fn keys(&self, happened: &Recorded<Event>, tables: &mut Tables) {
        match &happened.event {
            Event::Added { shelf, .. } => tables.shelf.want(shelf),
            Event::Moved { shelf } => {
                tables.shelf.want(shelf);
                if let Some(book) = tables.book.peek(&happened.key) {
                    tables.shelf.want(&book.shelf);
                }
            }
            Event::Cleared(shelf) => {
                tables.shelf.want(shelf);
                if let Some(next) = tables.shelf.peek(shelf).and_then(|s| s.next.as_ref()) {
                    let next = next.clone();
                    tables.shelf.want(&next);
                }
            }
            Event::Torn | Event::Careless => {}
        }
    }

    fn apply(
        &self,
        happened: &Recorded<Event>,
        _: Timestamp,
        tables: &mut Tables,
        _: &mut Emissions<NoEmission>,
    ) -> Result<(), ProjectionError> {
        match &happened.event {
            Event::Added { shelf, pages } => {
                let (book_id, shelf_id) = (happened.key.clone(), shelf.clone());
                let book = Book { book_id, shelf: shelf_id, pages: *pages, version: 0 };
                tables.book.put(book)?;
                tables.shelf.require(shelf)?.books += 1;
            }
            Event::Moved { shelf } => {
                let book = tables.book.require(&happened.key)?;
                let before = std::mem::replace(&mut book.shelf, shelf.clone());
                tables.shelf.require(&before)?.books -= 1;
                tables.shelf.require(shelf)?.books += 1;
            }
            Event::Cleared(shelf) => tables.shelf.remove(shelf)?,
            Event::Torn => tables.book.require(&happened.key)?.pages -= 1,
            Event::Careless => {
                tables.shelf.require(&id("unnamed"))?;
            }
        }
        Ok(())
    }
}

pub fn id(text: &str) -> AggregateId {
    AggregateId::new(text).unwrap()
}

pub async fn stage() -> Stage<Library> {
    Stage::open("library", migrations::runner, Library).await.unwrap()
}

pub fn added(book: &str, shelf: &str, pages: i64) -> Happened<Event> {
    Happened::new(BOOKS, book, 1, Event::Added { shelf: id(shelf), pages })
}

pub fn book(book: &str, sequence: i64, event: Event) -> Happened<Event> {
    Happened::new(BOOKS, book, sequence, event)
}

/// Books with their shelf, pages and version.
pub async fn books(stage: &Stage<Library>) -> Vec<(String, String, i64, i64)> {
    let sql = "select book_id, shelf, pages, version from book order by 1";
    let rows = stage.client().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// Shelves with the number of their books.
pub async fn shelves(stage: &Stage<Library>) -> Vec<(String, i64)> {
    let sql = "select shelf_id, books from shelf order by 1";
    let rows = stage.client().await.unwrap().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The stored offset and epoch of a partition.
pub async fn offset(stage: &Stage<Library>, topic: Topic, partition: i32) -> (i64, i64) {
    let sql = "select next_offset, epoch from consumer_offset where topic = $1 and partition = $2";
    let client = stage.client().await.unwrap();
    let row = client.query_one(sql, &[&topic.name(), &partition]).await.unwrap();
    (row.get(0), row.get(1))
}
