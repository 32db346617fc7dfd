//! `oneway schemas` and the changes it judges: two independent oracles, a change from its file to
//! the topics, and every record ever written.

mod change;
mod history;
mod oracles;
