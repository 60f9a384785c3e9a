//! Functions of 1 to 8 arguments, with and without a key in the last place.

use super::{Args, Func, IntoFunc, IsFn, Signature, short_name, try_catching};
use crate::error::Error;
use crate::random::Key;
use crate::tree::{Flatten, Leaves, Tree};
use pullback_ir::Jaxpr;
use smallvec::SmallVec;
use std::sync::Arc;

/// Marks argument lists that end in a key.
pub struct WithKey<T>(T);

macro_rules! arity {
    // Without a key.
    ($n:literal, [$($A:ident $a:ident $i:tt),+], $primal:ty, $of_primal:expr) => {
        impl<$($A: Tree),+> Args for ($($A,)+) {
            type Owned = ($($A,)+);
            type Refs<'a> = ($(&'a $A,)+);
            type Primal = $primal;
            type First = A;
            type Axes = [Option<usize>; $n];

            fn all_axes() -> Self::Axes {
                [Some(0); $n]
            }

            fn flatten<'a>(args: Self::Refs<'a>, out: &mut Flatten<'a>) -> SmallVec<[usize; 8]> {
                let mut ends = SmallVec::new();
                $(args.$i.flatten(out); ends.push(out.leaves().len());)+
                ends
            }

            fn unflatten(args: Self::Refs<'_>, leaves: &mut Leaves) -> Self::Owned {
                ($(args.$i.unflatten(leaves),)+)
            }

            fn refs(owned: &Self::Owned) -> Self::Refs<'_> {
                ($(&owned.$i,)+)
            }

            fn from_primal<'a>(primal: &'a Self::Primal, _: Option<&'a Key>) -> Self::Refs<'a> {
                arity!(@from primal, $($i),+)
            }

            fn into_primal(owned: Self::Owned) -> Self::Primal {
                ($of_primal)(owned)
            }

            fn first<'a>(args: Self::Refs<'a>) -> &'a A {
                args.0
            }
        }

        impl<'c, $($A: Tree,)+ Out: 'c> Signature<'c> for dyn Fn($(&$A),+) -> Out + Send + Sync + 'c {
            type Args = ($($A,)+);
            type Out = Out;
            type With<P: 'c> = dyn Fn($(&$A),+) -> P + Send + Sync + 'c;
            type Pair<T: Tree, P: 'c> = dyn Fn(&$primal, &T) -> P + Send + Sync + 'c;

            fn call(&self, args: ($($A,)+)) -> Out {
                self($(&args.$i),+)
            }

            fn make<P: 'c>(
                f: impl for<'a> Fn(($(&'a $A,)+)) -> P + Send + Sync + 'c,
            ) -> Arc<Self::With<P>> {
                Arc::new(move |$($a: &$A),+| f(($($a,)+)))
            }

            fn make_pair<T: Tree, P: 'c>(
                f: impl for<'a> Fn(&'a $primal, &'a T, Option<&'a Key>) -> P + Send + Sync + 'c,
            ) -> Arc<Self::Pair<T, P>> {
                Arc::new(move |primal: &$primal, beside: &T| f(primal, beside, None))
            }
        }

        impl<'c, Func_, $($A: Tree,)+ Out: 'c> IntoFunc<'c, IsFn<fn($(&$A),+) -> Out>> for Func_
        where
            Func_: Fn($(&$A),+) -> Out + Send + Sync + 'c,
        {
            type Dyn = dyn Fn($(&$A),+) -> Out + Send + Sync + 'c;

            fn into_func(self) -> Func<Self::Dyn> {
                Func::new(Arc::new(self), short_name::<Func_>())
            }
        }

        impl<'c, $($A: Tree,)+ Out: 'c> Func<dyn Fn($(&$A),+) -> Out + Send + Sync + 'c> {
            /// Calls the function; faults in it (types, shapes, unknown values) come back as `Err`.
            ///
            /// # Errors
            /// An operation on the way does not accept its operands.
            #[allow(clippy::too_many_arguments)]
            pub fn try_call(&self, $($a: &$A),+) -> Result<Out, Error> {
                try_catching(|| self($($a),+))
            }

            /// Calls the function with arguments that are given away, so that their memory may be
            /// reused.
            #[allow(clippy::too_many_arguments)]
            pub fn call_owned(&self, $($a: $A),+) -> Out {
                self($(&$a),+)
            }

            /// The jaxpr of a call with these arguments.
            #[allow(clippy::too_many_arguments)]
            pub fn jaxpr(&self, $($a: &$A),+) -> Jaxpr
            where
                Out: Tree,
            {
                crate::transform::inspect::jaxpr_of(self, ($($a,)+))
            }

            /// The program that `jit` runs for these arguments: the jaxpr after inlining,
            /// simplification and elimination of common and dead equations.
            #[allow(clippy::too_many_arguments)]
            pub fn lower(&self, $($a: &$A),+) -> Jaxpr
            where
                Out: Tree,
            {
                crate::transform::inspect::lowered(&self.jaxpr($($a),+))
            }
        }
    };
    (@from $p:ident, 0) => { ($p,) };
    (@from $p:ident, $($i:tt),+) => { ($(&$p.$i,)+) };
}

macro_rules! arity_with_key {
    ($n:literal, [$($A:ident $a:ident $i:tt),+], $k:tt, $primal:ty, $of_primal:expr) => {
        impl<$($A: Tree),+> Args for WithKey<($($A,)+)> {
            type Owned = ($($A,)+ Key);
            type Refs<'a> = ($(&'a $A,)+ &'a Key);
            type Primal = $primal;
            type First = A;
            type Axes = [Option<usize>; $n];

            fn all_axes() -> Self::Axes {
                [Some(0); $n]
            }

            fn flatten<'a>(args: Self::Refs<'a>, out: &mut Flatten<'a>) -> SmallVec<[usize; 8]> {
                let mut ends = SmallVec::new();
                $(args.$i.flatten(out); ends.push(out.leaves().len());)+
                args.$k.flatten(out);
                ends.push(out.leaves().len());
                ends
            }

            fn unflatten(args: Self::Refs<'_>, leaves: &mut Leaves) -> Self::Owned {
                ($(args.$i.unflatten(leaves),)+ args.$k.unflatten(leaves))
            }

            fn refs(owned: &Self::Owned) -> Self::Refs<'_> {
                ($(&owned.$i,)+ &owned.$k)
            }

            fn from_primal<'a>(primal: &'a Self::Primal, key: Option<&'a Key>) -> Self::Refs<'a> {
                let key = key.expect("a function with a key is given one");
                arity_with_key!(@from primal, key, $($i),+)
            }

            fn into_primal(owned: Self::Owned) -> Self::Primal {
                ($of_primal)(owned)
            }

            fn first<'a>(args: Self::Refs<'a>) -> &'a A {
                args.0
            }
        }

        impl<'c, $($A: Tree,)+ Out: 'c> Signature<'c>
            for dyn Fn($(&$A,)+ Key) -> Out + Send + Sync + 'c
        {
            type Args = WithKey<($($A,)+)>;
            type Out = Out;
            type With<P: 'c> = dyn Fn($(&$A,)+ Key) -> P + Send + Sync + 'c;
            type Pair<T: Tree, P: 'c> = dyn Fn(&$primal, &T, Key) -> P + Send + Sync + 'c;

            fn call(&self, args: ($($A,)+ Key)) -> Out {
                self($(&args.$i,)+ args.$k)
            }

            fn make<P: 'c>(
                f: impl for<'a> Fn(($(&'a $A,)+ &'a Key)) -> P + Send + Sync + 'c,
            ) -> Arc<Self::With<P>> {
                Arc::new(move |$($a: &$A,)+ key: Key| f(($($a,)+ &key)))
            }

            fn make_pair<T: Tree, P: 'c>(
                f: impl for<'a> Fn(&'a $primal, &'a T, Option<&'a Key>) -> P + Send + Sync + 'c,
            ) -> Arc<Self::Pair<T, P>> {
                Arc::new(move |primal: &$primal, beside: &T, key: Key| f(primal, beside, Some(&key)))
            }
        }

        impl<'c, Func_, $($A: Tree,)+ Out: 'c> IntoFunc<'c, IsFn<fn($(&$A,)+ Key) -> Out>> for Func_
        where
            Func_: Fn($(&$A,)+ Key) -> Out + Send + Sync + 'c,
        {
            type Dyn = dyn Fn($(&$A,)+ Key) -> Out + Send + Sync + 'c;

            fn into_func(self) -> Func<Self::Dyn> {
                Func::new(Arc::new(self), short_name::<Func_>())
            }
        }

        impl<'c, $($A: Tree,)+ Out: 'c> Func<dyn Fn($(&$A,)+ Key) -> Out + Send + Sync + 'c> {
            /// Calls the function; faults in it (types, shapes, unknown values) come back as `Err`.
            ///
            /// # Errors
            /// An operation on the way does not accept its operands.
            #[allow(clippy::too_many_arguments)]
            pub fn try_call(&self, $($a: &$A,)+ key: Key) -> Result<Out, Error> {
                try_catching(|| self($($a,)+ key))
            }
        }
    };
    (@from $p:ident, $k:ident, 0) => { ($p, $k) };
    (@from $p:ident, $k:ident, $($i:tt),+) => { ($(&$p.$i,)+ $k) };
}

arity!(1, [A a 0], A, |o: (A,)| o.0);
arity!(2, [A a 0, B b 1], (A, B), |o| o);
arity!(3, [A a 0, B b 1, C c 2], (A, B, C), |o| o);
arity!(4, [A a 0, B b 1, C c 2, D d 3], (A, B, C, D), |o| o);
arity!(5, [A a 0, B b 1, C c 2, D d 3, E e 4], (A, B, C, D, E), |o| o);
arity!(6, [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5], (A, B, C, D, E, F), |o| o);
arity!(7, [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6], (A, B, C, D, E, F, G), |o| o);
arity!(
    8,
    [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7],
    (A, B, C, D, E, F, G, H),
    |o| o
);

arity_with_key!(2, [A a 0], 1, A, |o: (A, Key)| o.0);
arity_with_key!(3, [A a 0, B b 1], 2, (A, B), |o: (A, B, Key)| (o.0, o.1));
arity_with_key!(4, [A a 0, B b 1, C c 2], 3, (A, B, C), |o: (A, B, C, Key)| (o.0, o.1, o.2));
arity_with_key!(
    5,
    [A a 0, B b 1, C c 2, D d 3],
    4,
    (A, B, C, D),
    |o: (A, B, C, D, Key)| (o.0, o.1, o.2, o.3)
);
arity_with_key!(
    6,
    [A a 0, B b 1, C c 2, D d 3, E e 4],
    5,
    (A, B, C, D, E),
    |o: (A, B, C, D, E, Key)| (o.0, o.1, o.2, o.3, o.4)
);
arity_with_key!(
    7,
    [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5],
    6,
    (A, B, C, D, E, F),
    |o: (A, B, C, D, E, F, Key)| (o.0, o.1, o.2, o.3, o.4, o.5)
);
arity_with_key!(
    8,
    [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6],
    7,
    (A, B, C, D, E, F, G),
    |o: (A, B, C, D, E, F, G, Key)| (o.0, o.1, o.2, o.3, o.4, o.5, o.6)
);
