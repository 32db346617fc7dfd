//! The shipped schemas, and what is done with them.

mod corpus;
mod shipped;
