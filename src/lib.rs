//! Composable function transformations for Rust.
