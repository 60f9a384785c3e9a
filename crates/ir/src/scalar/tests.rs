//! Golden points, special values and rounding cases.
