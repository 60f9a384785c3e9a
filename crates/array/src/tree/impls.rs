//! Trees of the standard library's types.

use super::{Flatten, Leaves, Tree};
use std::collections::BTreeMap;
use std::marker::PhantomData;

macro_rules! tuple_tree {
    ($($T:ident $i:tt),+) => {
        impl<$($T: Tree),+> Tree for ($($T,)+) {
            type Jac<Z: Tree> = ($($T::Jac<Z>,)+);

            fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
                $(out.element($i, &self.$i);)+
            }

            fn unflatten(&self, leaves: &mut Leaves) -> Self {
                ($(self.$i.unflatten(leaves),)+)
            }

            fn make_jac<Z: Tree>(&self, rows: &mut dyn FnMut() -> Z) -> Self::Jac<Z> {
                ($(self.$i.make_jac(rows),)+)
            }
        }
    };
}

tuple_tree!(A 0);
tuple_tree!(A 0, B 1);
tuple_tree!(A 0, B 1, C 2);
tuple_tree!(A 0, B 1, C 2, D 3);
tuple_tree!(A 0, B 1, C 2, D 3, E 4);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_tree!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl Tree for () {
    type Jac<A: Tree> = ();
    fn flatten<'a>(&'a self, _: &mut Flatten<'a>) {}
    fn unflatten(&self, _: &mut Leaves) -> Self {}
    fn make_jac<A: Tree>(&self, _: &mut dyn FnMut() -> A) {}
}

impl<T: Tree> Tree for Vec<T> {
    type Jac<A: Tree> = Vec<T::Jac<A>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.tag(self.len() as u64);
        for (i, x) in self.iter().enumerate() {
            out.element(i, x);
        }
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        self.iter().map(|x| x.unflatten(leaves)).collect()
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        self.iter().map(|x| x.make_jac(rows)).collect()
    }
}

impl<T: Tree, const N: usize> Tree for [T; N] {
    type Jac<A: Tree> = [T::Jac<A>; N];

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        for (i, x) in self.iter().enumerate() {
            out.element(i, x);
        }
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        std::array::from_fn(|i| self[i].unflatten(leaves))
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        std::array::from_fn(|i| self[i].make_jac(rows))
    }
}

impl<T: Tree> Tree for Option<T> {
    type Jac<A: Tree> = Option<T::Jac<A>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.tag(self.is_some() as u64);
        if let Some(x) = self {
            x.flatten(out);
        }
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        self.as_ref().map(|x| x.unflatten(leaves))
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        self.as_ref().map(|x| x.make_jac(rows))
    }
}

impl<T: Tree> Tree for Box<T> {
    type Jac<A: Tree> = Box<T::Jac<A>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        (**self).flatten(out);
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        Box::new((**self).unflatten(leaves))
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        Box::new((**self).make_jac(rows))
    }
}

/// Map keys are static: they are part of the structure, in their order.
impl<K, T> Tree for BTreeMap<K, T>
where
    K: Ord + Clone + std::hash::Hash + std::fmt::Display + Send + Sync + 'static,
    T: Tree,
{
    type Jac<A: Tree> = BTreeMap<K, T::Jac<A>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.tag(self.len() as u64);
        for (k, x) in self {
            out.fixed(k);
            out.element(k, x);
        }
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        self.iter().map(|(k, x)| (k.clone(), x.unflatten(leaves))).collect()
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        self.iter().map(|(k, x)| (k.clone(), x.make_jac(rows))).collect()
    }
}

/// A static leaf: any value with equality, kept constant and part of the `jit` key. `derive(Tree)`
/// needs it for no field, since a field can be `#[tree(skip)]`; it serves where such a value is an argument
/// or a result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Static<T>(pub T);

impl<T> Tree for Static<T>
where
    T: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
{
    type Jac<A: Tree> = ();

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.fixed(&self.0);
    }

    fn unflatten(&self, _: &mut Leaves) -> Self {
        self.clone()
    }

    fn make_jac<A: Tree>(&self, _: &mut dyn FnMut() -> A) {}
}

macro_rules! static_tree {
    ($($t:ty),*) => {$(
        impl Tree for $t {
            type Jac<A: Tree> = ();
            fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
                out.fixed(self);
            }
            fn unflatten(&self, _: &mut Leaves) -> Self {
                self.clone()
            }
            fn make_jac<A: Tree>(&self, _: &mut dyn FnMut() -> A) {}
        }
    )*};
}

static_tree!(
    bool,
    char,
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    u64,
    i64,
    usize,
    isize,
    String,
    &'static str,
    crate::DType
);

impl<T: Send + Sync + 'static> Tree for PhantomData<T> {
    type Jac<A: Tree> = ();
    fn flatten<'a>(&'a self, _: &mut Flatten<'a>) {}
    fn unflatten(&self, _: &mut Leaves) -> Self {
        PhantomData
    }
    fn make_jac<A: Tree>(&self, _: &mut dyn FnMut() -> A) {}
}
