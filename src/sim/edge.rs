//! The caches of an edge, and the locks on what is being fetched.

pub mod content;
pub mod locks;
pub mod metadata;
