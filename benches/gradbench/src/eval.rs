//! What an evaluation of GradBench is: two functions of a JSON input, and the first one by hand.

use serde_json::Value;
use std::hint::black_box;

/// A function and its derivative, as GradBench names them, beside the function as a hand-written loop.
///
/// One value lives as long as the session that defined it, and with it the programs that its functions
/// have compiled: an input of the same shapes compiles nothing.
pub(crate) struct Eval {
    pub(crate) primal: Function,
    pub(crate) derivative: Function,
    /// The primal again, in plain Rust on one thread: the denominator of GradBench's ratios.
    pub(crate) by_hand: Function,
    /// Other denominators, each with its name in the report.
    pub(crate) also_by_hand: Vec<Function>,
}

impl Eval {
    /// The function of a name.
    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        [&self.primal, &self.derivative].into_iter().find(|f| f.name == name)
    }
}

/// A function of GradBench.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    prepare: Box<dyn Fn(&Value) -> Result<Box<dyn Ready>, String> + Send + Sync>,
}

impl Function {
    /// A function from what reads its input.
    pub(crate) fn new(
        name: &'static str,
        prepare: impl Fn(&Value) -> Result<Box<dyn Ready>, String> + Send + Sync + 'static,
    ) -> Function {
        Function { name, prepare: Box::new(prepare) }
    }

    /// Reads the input, and computes nothing.
    ///
    /// # Errors
    /// The input lacks a field or has one of a wrong type or shape.
    pub(crate) fn prepare(&self, input: &Value) -> Result<Box<dyn Ready>, String> {
        (self.prepare)(input)
    }
}

/// A function whose input is read. What is timed is [`Ready::run`] alone.
pub(crate) trait Ready: Send {
    /// Computes the result, and keeps it.
    fn run(&mut self);

    /// The result of the last run in GradBench's form.
    fn output(&self) -> Value;
}

struct Call<T, F, S> {
    compute: F,
    show: S,
    result: Option<T>,
}

impl<T, F, S> Ready for Call<T, F, S>
where
    T: Send,
    F: FnMut() -> T + Send,
    S: Fn(&T) -> Value + Send,
{
    fn run(&mut self) {
        // Dropped first, so that its memory can hold the next result.
        self.result = None;
        self.result = Some(black_box((self.compute)()));
    }

    fn output(&self) -> Value {
        self.result.as_ref().map_or(Value::Null, &self.show)
    }
}

/// A computation, and how its result is written.
pub(crate) fn ready<T: Send + 'static>(
    compute: impl FnMut() -> T + Send + 'static,
    show: impl Fn(&T) -> Value + Send + 'static,
) -> Result<Box<dyn Ready>, String> {
    Ok(Box::new(Call { compute, show, result: None }))
}
