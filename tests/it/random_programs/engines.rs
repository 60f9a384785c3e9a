//! The engines agree: see [`pullback_testing::engines`].

use super::for_all;
use pullback_testing::{engines, programs};

#[test]
fn every_equation_within_the_budget() {
    for_all(programs(), 250, |p, _| engines::equations_agree(p));
}

#[test]
fn executables_are_their_equations() {
    for_all(programs(), 250, |p, _| engines::executables_are_their_equations(p));
}

#[test]
fn executables_of_long_lines_are_their_equations() {
    for_all(programs(), 100, |p, _| engines::executables_of_long_lines(p));
}
