//! pullback as a dynamic library, for evcxr notebooks.
//!
//! evcxr links libraries statically into every cell, so that each cell would get its own copy of every
//! static, thread-local and thread pool. With
//!
//! ```text
//! :dep pullback = { package = "pullback-notebook", version = "0.1" }
//! ```
//!
//! there is one copy for all cells, and a function that one cell made with `jit` can be traced by the
//! next.

#![forbid(unsafe_code)]

pub use pullback::*;
