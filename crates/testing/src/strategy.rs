//! The strategy: settings, and the tree of a program and its smaller versions.

use crate::draw::Draw;
use crate::generate::generate;
use crate::program::Program;
use crate::shrink::Shrinker;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::ops::RangeInclusive;

/// Random well-typed programs with arguments, over every family of primitives, all dtypes, shapes with
/// sizes 0, 1 and odd ones, values that are read several times and values that nobody reads, calls of
/// `jit` and `checkpoint` inside each other. They evaluate without error; their values may be infinite
/// or NaN. Nothing of them depends on the order in which tests run.
pub fn programs() -> Programs {
    Programs { tame: false, equations: 1..=12 }
}

/// The strategy that [`programs`] gives.
#[derive(Clone, Debug)]
pub struct Programs {
    pub(crate) tame: bool,
    pub(crate) equations: RangeInclusive<usize>,
}

impl Programs {
    /// Only programs whose derivatives can be confirmed by finite differences: floats are f64, the
    /// primitives are smooth where they are used, values stay below 1000, and at least one result
    /// depends on a float input.
    pub fn tame(self) -> Programs {
        Programs { tame: true, ..self }
    }

    /// About how many equations the programs have.
    pub fn equations(self, equations: RangeInclusive<usize>) -> Programs {
        Programs { equations, ..self }
    }
}

impl Strategy for Programs {
    type Tree = ProgramTree;
    type Value = Program;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        let program = generate(&mut Draw::new(seed), self);
        Ok(ProgramTree { best: program.clone(), current: program, shrinker: None })
    }
}

/// A random program that shrinks: see [`Programs`].
#[derive(Clone, Debug)]
pub struct ProgramTree {
    current: Program,
    /// The smallest that is known to fail.
    best: Program,
    /// Yields smaller versions of `best`.
    shrinker: Option<Shrinker>,
}

impl ProgramTree {
    fn next(&mut self) -> bool {
        let shrinker = self.shrinker.get_or_insert_with(Shrinker::default);
        match shrinker.next_smaller(&self.best) {
            Some(smaller) => {
                self.current = smaller;
                true
            }
            None => {
                self.current = self.best.clone();
                false
            }
        }
    }
}

impl ValueTree for ProgramTree {
    type Value = Program;

    fn current(&self) -> Program {
        self.current.clone()
    }

    fn simplify(&mut self) -> bool {
        // The current program failed: it is the one to make smaller.
        self.best = self.current.clone();
        self.shrinker = None;
        self.next()
    }

    fn complicate(&mut self) -> bool {
        self.next()
    }
}
