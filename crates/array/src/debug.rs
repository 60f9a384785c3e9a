//! Looking at values inside of functions that are transformed.

use crate::array::{Array, bind};
use crate::func::short_name;
use pullback_ir::prim::tap::{Callback, Tap};

impl Array {
    /// Prints the array to stdout whenever it is computed, and gives it back: `let x = x.debug_print("x")`.
    ///
    /// The rules are those of [`Array::tap`].
    ///
    /// ```
    /// # use pullback_array::{array, grad, jit, Array};
    /// let f = |x: &Array| x.square().debug_print("x²").sum();
    /// jit(grad(f))(&array![1.0, 2.0]); // prints `x²: [1. 4.]`
    /// ```
    #[track_caller]
    pub fn debug_print(&self, label: &str) -> Array {
        let prefix = label.to_owned();
        let print = move |value: &pullback_ir::Value| {
            let shown = Array::from_value(value.clone()).to_string();
            let between = if shown.contains('\n') { '\n' } else { ' ' };
            println!("{prefix}:{between}{shown}");
        };
        bind(Tap::new(Callback::new(label, print)), &[self])
    }

    /// Shows the array to a function whenever it is computed, and gives it back. Under `jit` it sees the
    /// values of every call, although the code around it runs once.
    ///
    /// Under `grad`, `jvp` and the like it sees the value, not tangents and cotangents, and sees it once,
    /// also where `checkpoint` computes it again. Under `vmap` it sees the members of the batch one after
    /// the other, or the one value that does not depend on the batch. Several taps in one program may be
    /// called in any order. A tap that is made anew in each call of a function compiles anew with it:
    /// make the `jit` once.
    ///
    /// ```
    /// # use pullback_array::{array, vmap, Array};
    /// # use std::sync::{Arc, Mutex};
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = seen.clone();
    /// let f = move |x: &Array| {
    ///     let log = log.clone();
    ///     x.sum().tap(move |s: &Array| log.lock().unwrap().push(s.item::<f64>()))
    /// };
    /// vmap(f)(&array![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(*seen.lock().unwrap(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn tap<F: Fn(&Array) + Send + Sync + 'static>(&self, look: F) -> Array {
        let call = move |value: &pullback_ir::Value| look(&Array::from_value(value.clone()));
        bind(Tap::new(Callback::new(short_name::<F>(), call)), &[self])
    }
}
