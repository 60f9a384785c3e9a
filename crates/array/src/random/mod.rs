//! Keys.

use crate::array::Array;
use crate::tree::{Flatten, Leaves, Tree};

/// A key of random numbers: used once, by value.
pub struct Key(pub(crate) Array);

impl Tree for Key {
    type Jac<A: Tree> = ();

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.key(&self.0);
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        Key(leaves.next())
    }

    fn make_jac<A: Tree>(&self, _: &mut dyn FnMut() -> A) {}
}
