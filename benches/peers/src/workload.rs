//! What a workload is: something that runs many times, and shows once what it computes.

use pullback::{Array, DType, Tree, load_npy, tree};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;

/// Makes a workload ready to run: reads its inputs. What it compiles, it compiles in the first call.
pub(crate) type Build = fn(&Inputs) -> Box<dyn Run>;

/// A workload that is ready.
pub(crate) trait Run {
    /// Runs it so many times. What a call gives is dropped before the next one.
    fn repeat(&mut self, calls: u64);

    /// The results of one call. Asked for first, before a state that is carried along has changed.
    fn outputs(&mut self) -> Vec<Array>;
}

/// The arrays that the driver has written, the same for every library.
pub(crate) struct Inputs(pub(crate) BTreeMap<String, PathBuf>);

impl Inputs {
    /// An input by name.
    ///
    /// # Panics
    /// If there is none, or the file is faulty. The worker reports it to the driver.
    pub(crate) fn get(&self, name: &str) -> Array {
        let path = self.0.get(name).unwrap_or_else(|| panic!("there is no input `{name}`"));
        load_npy(path).unwrap_or_else(|e| panic!("input `{name}`: {e}"))
    }

    /// Several inputs.
    pub(crate) fn all<const N: usize>(&self, names: [&str; N]) -> [Array; N] {
        names.map(|name| self.get(name))
    }

    /// An input as bf16, which files cannot hold. The driver rounds it, so nothing is lost.
    pub(crate) fn bf16(&self, name: &str) -> Array {
        let x = self.get(name).cast(DType::BF16);
        x.value().expect("an array from a file has values");
        x
    }
}

/// A function without state.
struct Call<F>(F);

impl<T: Tree, F: FnMut() -> T> Run for Call<F> {
    fn repeat(&mut self, calls: u64) {
        for _ in 0..calls {
            black_box((self.0)());
        }
    }

    fn outputs(&mut self) -> Vec<Array> {
        tree::leaves(&(self.0)())
    }
}

/// A workload that computes the same in every call.
pub(crate) fn call<T: Tree>(f: impl FnMut() -> T + 'static) -> Box<dyn Run> {
    Box::new(Call(f))
}

/// A function that takes a state and gives the next one.
struct Steps<S, F> {
    state: Option<S>,
    step: F,
    shown: fn(&S) -> Vec<Array>,
}

impl<S, F: FnMut(S) -> S> Steps<S, F> {
    fn advance(&mut self) -> &S {
        let state = self.state.take().expect("every step gives a state");
        self.state.insert((self.step)(state))
    }
}

impl<S, F: FnMut(S) -> S> Run for Steps<S, F> {
    fn repeat(&mut self, calls: u64) {
        for _ in 0..calls {
            self.advance();
        }
    }

    fn outputs(&mut self) -> Vec<Array> {
        let shown = self.shown;
        shown(self.advance())
    }
}

/// A workload that carries a state from call to call, as training does; `shown` takes out of it what
/// is compared.
pub(crate) fn steps<S: 'static>(
    state: S,
    shown: fn(&S) -> Vec<Array>,
    step: impl FnMut(S) -> S + 'static,
) -> Box<dyn Run> {
    Box::new(Steps { state: Some(state), step, shown })
}
