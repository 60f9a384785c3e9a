//! Functions of 1 to 8 arguments, the last of which may be a key.

use super::{Args, Callable, Func, IntoFunc, IsFn, Keyless, Signature, short_name, try_catching};
use crate::error::Error;
use crate::random::Key;
use crate::transform::Lowered;
use crate::tree::{Flatten, Leaves, Tree};
use pullback_cpu::Memory;
use pullback_ir::Jaxpr;
use smallvec::SmallVec;
use std::sync::Arc;

/// Marks argument lists that end in a key.
pub struct WithKey<T>(T);

/// One list of arguments: `number, [trees], [key], argument list, first, primal, how to take a primal
/// apart into references, how to make one of owned arguments`.
macro_rules! arity {
    ($n:literal, [$($A:ident $a:ident $i:tt),*], [$($Key:ident $key:ident $k:tt)?], $args:ty, $First:ty,
     $primal:ty, $p:ident => ($($from:expr),*), $o:ident => $of:expr) => {
        impl<$($A: Tree),*> Args for $args {
            type Owned = ($($A,)* $($Key,)?);
            type Refs<'a> = ($(&'a $A,)* $(&'a $Key,)?);
            type Primal = $primal;
            type First = $First;
            type Axes = [Option<usize>; $n];

            fn all_axes() -> Self::Axes {
                [Some(0); $n]
            }

            fn flatten<'a>(args: Self::Refs<'a>, out: &mut Flatten<'a>) -> SmallVec<[usize; 8]> {
                let mut ends = SmallVec::new();
                $(args.$i.flatten(out); ends.push(out.leaves().len());)*
                $(args.$k.flatten(out); ends.push(out.leaves().len());)?
                ends
            }

            fn unflatten(args: Self::Refs<'_>, leaves: &mut Leaves) -> Self::Owned {
                ($(args.$i.unflatten(leaves),)* $(args.$k.unflatten(leaves),)?)
            }

            fn refs(owned: &Self::Owned) -> Self::Refs<'_> {
                ($(&owned.$i,)* $(&owned.$k,)?)
            }

            #[allow(unused_variables)] // Lists without a key, and those with nothing else.
            fn from_primal<'a>($p: &'a Self::Primal, key: Option<&'a Key>) -> Self::Refs<'a> {
                $(let $key = key.expect("a function with a key is given one");)?
                ($($from,)* $($key,)?)
            }

            #[allow(unused_variables)]
            fn into_primal($o: Self::Owned) -> Self::Primal {
                $of
            }

            fn first<'a>(args: Self::Refs<'a>) -> &'a $First {
                args.0
            }
        }

        impl<'c, $($A: Tree,)* Out: 'c> Callable
            for dyn Fn($(&$A,)* $($Key)?) -> Out + Send + Sync + 'c
        {
            type ByValue = dyn Fn(($($A,)* $($Key,)?)) -> Out + Send + Sync + 'c;
        }

        impl<'c, $($A: Tree,)* Out: 'c> Signature<'c>
            for dyn Fn($(&$A,)* $($Key)?) -> Out + Send + Sync + 'c
        {
            type Args = $args;
            type Out = Out;
            type With<P: 'c> = dyn Fn($(&$A,)* $($Key)?) -> P + Send + Sync + 'c;
            type Pair<T: Tree, P: 'c> = dyn Fn(&$primal, &T $(, $Key)?) -> P + Send + Sync + 'c;

            fn call(&self, args: ($($A,)* $($Key,)?)) -> Out {
                self($(&args.$i,)* $(args.$k)?)
            }

            fn make<P: 'c>(
                f: impl for<'a> Fn(($(&'a $A,)* $(&'a $Key,)?)) -> P + Send + Sync + 'c,
            ) -> Arc<Self::With<P>> {
                Arc::new(move |$($a: &$A,)* $($key: $Key)?| f(($($a,)* $(&$key,)?)))
            }

            fn make_by_value(
                f: impl Fn(($($A,)* $($Key,)?)) -> Out + Send + Sync + 'c,
            ) -> Arc<Self::ByValue> {
                Arc::new(f)
            }

            fn make_pair<T: Tree, P: 'c>(
                f: impl for<'a> Fn(&'a $primal, &'a T, Option<&'a Key>) -> P + Send + Sync + 'c,
            ) -> Arc<Self::Pair<T, P>> {
                Arc::new(move |primal: &$primal, beside: &T $(, $key: $Key)?| {
                    f(primal, beside, arity!(@key $($key)?))
                })
            }
        }

        impl<'c, Func_, $($A: Tree,)* Out: 'c> IntoFunc<'c, IsFn<fn($(&$A,)* $($Key)?) -> Out>> for Func_
        where
            Func_: Fn($(&$A,)* $($Key)?) -> Out + Send + Sync + 'c,
        {
            type Dyn = dyn Fn($(&$A,)* $($Key)?) -> Out + Send + Sync + 'c;

            fn into_func(self) -> Func<Self::Dyn> {
                Func::new(Arc::new(self), short_name::<Func_>())
            }
        }

        impl<'c, $($A: Tree,)* Out: 'c> Func<dyn Fn($(&$A,)* $($Key)?) -> Out + Send + Sync + 'c> {
            /// Calls the function; faults in it (types, shapes, unknown values) come back as `Err`.
            ///
            /// # Errors
            /// An operation on the way does not accept its operands.
            #[allow(clippy::too_many_arguments)]
            pub fn try_call(&self, $($a: &$A,)* $($key: $Key)?) -> Result<Out, Error> {
                try_catching(|| self($($a,)* $($key)?))
            }

            /// Calls the function with arguments that are given away. A `jit` writes results into the
            /// memory of arguments that nothing else holds; other functions take them as usual.
            #[allow(clippy::too_many_arguments)]
            pub fn call_owned(&self, $($a: $A,)* $($key: $Key)?) -> Out {
                match &self.by_value {
                    Some(call) => call(($($a,)* $($key,)?)),
                    None => self($(&$a,)* $($key)?),
                }
            }

            /// The jaxpr of a call with these arguments.
            #[allow(clippy::too_many_arguments)]
            pub fn jaxpr(&self, $($a: &$A,)* $($key: $Key)?) -> Jaxpr
            where
                Out: Tree,
            {
                crate::transform::inspect::jaxpr_of(self, ($($a,)* $(&$key,)?))
            }

            /// What `jit` runs for these arguments: the program after all rewritings, and the plan of
            /// its steps with buffers, bytes moved and estimated times. Nothing runs.
            #[allow(clippy::too_many_arguments)]
            #[track_caller]
            pub fn lower(&self, $($a: &$A,)* $($key: $Key)?) -> Lowered
            where
                Out: Tree,
            {
                crate::transform::lower::lower(self, ($($a,)* $(&$key,)?))
            }

            /// The memory in bytes that a `jit` of this function takes for these arguments, known
            /// before it runs: arguments, results, and the most that is alive at one time.
            #[allow(clippy::too_many_arguments)]
            #[track_caller]
            pub fn memory(&self, $($a: &$A,)* $($key: $Key)?) -> Memory
            where
                Out: Tree,
            {
                self.lower($($a,)* $($key)?).memory()
            }
        }

        arity!(@keyless [$($Key)?] $($A)*);
    };
    (@key) => { None };
    (@key $key:ident) => { Some(&$key) };
    (@keyless [] $($A:ident)*) => { impl<$($A: Tree),*> Keyless for ($($A,)*) {} };
    (@keyless [Key] $($A:ident)*) => {};
}

/// The two lists of two trees and more: without and with a key, which is one more argument.
macro_rules! arities {
    ($n:literal, $m:literal, $k:tt, [$($A:ident $a:ident $i:tt),*]) => {
        arity!($n, [$($A $a $i),*], [], ($($A,)*), A, ($($A,)*), p => ($(&p.$i),*), o => o);
        arity!(
            $m, [$($A $a $i),*], [Key key $k], WithKey<($($A,)*)>, A, ($($A,)*),
            p => ($(&p.$i),*), o => ($(o.$i,)*)
        );
    };
}

// The primal of one tree is that tree, and not a tuple of one.
arity!(1, [], [Key key 0], WithKey<()>, Key, (), p => (), o => ());
arity!(1, [A a 0], [], (A,), A, A, p => (p), o => o.0);
arity!(2, [A a 0], [Key key 1], WithKey<(A,)>, A, A, p => (p), o => o.0);
arities!(2, 3, 2, [A a 0, B b 1]);
arities!(3, 4, 3, [A a 0, B b 1, C c 2]);
arities!(4, 5, 4, [A a 0, B b 1, C c 2, D d 3]);
arities!(5, 6, 5, [A a 0, B b 1, C c 2, D d 3, E e 4]);
arities!(6, 7, 6, [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5]);
arities!(7, 8, 7, [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6]);
arity!(
    8,
    [A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7],
    [],
    (A, B, C, D, E, F, G, H),
    A,
    (A, B, C, D, E, F, G, H),
    p => (&p.0, &p.1, &p.2, &p.3, &p.4, &p.5, &p.6, &p.7),
    o => o
);
