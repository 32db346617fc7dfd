//! The policy that confirms small orders and asks for confirmation of large ones.
//!
//! - [`policy`]: which order is answered by which command
//! - [`settings`]: what the environment says

pub mod policy;
pub mod settings;
