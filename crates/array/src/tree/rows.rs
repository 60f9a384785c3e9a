//! Jacobians of derived structs and enums.

use super::{Flatten, Leaves, Tree};
use crate::array::Array;
use std::fmt;
use std::sync::Arc;

/// The derivative of an `O`-valued function by an `A`: one `A` for each leaf of the `O`.
///
/// `#[derive(Tree)]` on a struct wraps it in a type with a method for each field, so that
/// `hessian(f)(&p).w().b` is the second derivative of `f` by `w` and `b`; for an enum it is the Jacobian
/// itself, with the rows in the order of the leaves.
pub struct Rows<O, A> {
    rows: Vec<A>,
    /// The value of the function without its arrays: it knows how many rows belong to which field.
    of: Arc<O>,
}

impl<O: Tree, A: Tree> Rows<O, A> {
    /// Takes one row for each leaf of the tree.
    #[doc(hidden)]
    pub fn collect(tree: &O, rows: &mut dyn FnMut() -> A) -> Rows<O, A> {
        let n = count(tree);
        Rows { rows: (0..n).map(|_| rows()).collect(), of: Arc::new(template(tree)) }
    }

    /// The rows of a field, which begin at `start`, one after the other.
    #[doc(hidden)]
    pub fn rows_from(&self, start: usize) -> impl FnMut() -> A + '_ {
        let mut rows = self.rows[start..].iter();
        move || copy(rows.next().expect("a row for each leaf"))
    }
}

impl<O, A> Rows<O, A> {
    /// The rows, in the order of the leaves of the function's value.
    pub fn rows(&self) -> &[A] {
        &self.rows
    }

    /// The function's value with placeholders for arrays.
    #[doc(hidden)]
    pub fn template(&self) -> &O {
        &self.of
    }
}

impl<O: Tree, A> Rows<O, A> {
    /// Row by row, with the path of the leaf that it belongs to.
    fn named(&self) -> impl Iterator<Item = (String, &A)> {
        let paths = Flatten::with_paths(&*self.of).paths().to_vec();
        paths.into_iter().zip(&self.rows)
    }

    #[doc(hidden)]
    pub fn debug_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        A: fmt::Debug,
    {
        let mut out = f.debug_struct(name);
        for (path, row) in self.named() {
            out.field(&path, row);
        }
        out.finish()
    }
}

impl<O, A: Clone> Clone for Rows<O, A> {
    fn clone(&self) -> Self {
        Rows { rows: self.rows.clone(), of: self.of.clone() }
    }
}

impl<O: Tree, A: fmt::Debug> fmt::Debug for Rows<O, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug_as("Rows", f)
    }
}

/// One paragraph for each row, under the path of its leaf.
impl<O: Tree, A: fmt::Display> fmt::Display for Rows<O, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (path, row)) in self.named().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{path}:\n{row}")?;
        }
        Ok(())
    }
}

impl<O: Tree, A: Tree> Tree for Rows<O, A> {
    type Jac<B: Tree> = Rows<O, A::Jac<B>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        let of = Flatten::with_paths(&*self.of);
        for &n in of.structure() {
            out.tag(n);
        }
        for (path, row) in of.paths().iter().zip(&self.rows) {
            out.field(path, row);
        }
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        Rows { rows: self.rows.unflatten(leaves), of: self.of.clone() }
    }

    fn make_jac<B: Tree>(&self, rows: &mut dyn FnMut() -> B) -> Self::Jac<B> {
        Rows { rows: self.rows.make_jac(rows), of: self.of.clone() }
    }
}

/// How many leaves a tree has.
pub fn count<T: Tree>(tree: &T) -> usize {
    Flatten::of(tree).leaves().len()
}

/// The tree again: `Tree` does not imply `Clone`. Only for trees without keys, which rows are, because
/// nothing is differentiated by a key.
fn copy<T: Tree>(tree: &T) -> T {
    tree.unflatten(&mut Leaves::new(Flatten::of(tree).to_arrays()))
}

/// Placeholders for leaves, so that a tree can be kept as a template without its arrays.
pub(crate) fn template<T: Tree>(tree: &T) -> T {
    let blank = Array::from_value(pullback_ir::Value::scalar(false));
    tree.unflatten(&mut Leaves::new(vec![blank; count(tree)]))
}
