//! What one text goes through.

use pullback_cpu::Engine;
use pullback_ir::prim::Domain;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Error, Jaxpr, check, text};
use pullback_testing::{Draw, Program, engines};
use std::fmt;

/// How far a text came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// It is no jaxpr.
    Refused,
    /// It was compiled for every engine; its arrays are too large to run it.
    Compiled,
    /// It ran, and the engines agreed.
    Ran,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 3] = [Outcome::Refused, Outcome::Compiled, Outcome::Ran];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Refused => "refused",
            Outcome::Compiled => "compiled",
            Outcome::Ran => "ran",
        })
    }
}

/// How many texts came how far.
#[derive(Default)]
pub(crate) struct Counts([u64; 3]);

impl Counts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = Outcome::ALL.map(|o| format!("{} {o}", self.0[o as usize]));
        f.write_str(&parts.join(", "))
    }
}

/// Elements of all arrays of a program, up to which it is run.
const MOST_ELEMENTS: usize = 1 << 16;

/// The same for what transformations make of it.
const MOST_DERIVED: usize = 1 << 12;

/// Reads, checks, compiles and runs a text. Numbers that are drawn depend on the seed.
///
/// # Panics
/// Something is wrong with Pullback, whatever the text was.
pub(crate) fn run(source: &str, seed: u64) -> Outcome {
    let jaxpr = match text::parse(source) {
        Ok(jaxpr) => jaxpr,
        Err(e) => {
            let offset = e.offset().expect("an error in a text has an offset");
            assert!(source.is_char_boundary(offset), "{e}: offset {offset}");
            text::explain(source, &e, Some("text"));
            return Outcome::Refused;
        }
    };
    check::check(&jaxpr).unwrap_or_else(|e| panic!("what the parser accepts is well-formed: {e}"));
    let printed = jaxpr.to_string();
    match text::parse(&printed) {
        Ok(again) => assert!(again == jaxpr, "printed\n{printed}\nand read as\n{again}"),
        Err(e) => panic!("printed\n{printed}\nand not read: {e}"),
    }
    let draw = &mut Draw::new(seed);
    let outcome = compile_and_run(&jaxpr, MOST_ELEMENTS, draw);
    for (name, derived) in derived(&jaxpr, draw) {
        // An error is a refusal: not everything has a derivative.
        let Ok(derived) = derived else { continue };
        check::check(&derived).unwrap_or_else(|e| panic!("{name}: {e}"));
        compile_and_run(&derived, MOST_DERIVED, draw);
    }
    outcome
}

/// What transformations make of a jaxpr.
fn derived(jaxpr: &Jaxpr, draw: &mut Draw) -> [(&'static str, Result<Jaxpr, Error>); 3] {
    let floats: Vec<bool> = jaxpr.in_types().iter().map(|t| t.is_float()).collect();
    let ranks = jaxpr.in_types().iter().map(|t| t.shape().len());
    let dims: Vec<Option<usize>> =
        ranks.map(|r| draw.chance(0.7).then(|| draw.below(r + 1))).collect();
    let batched = transform::vmap(jaxpr, 3, &dims, None, OutDims::Front);
    [
        ("jvp", transform::jvp(jaxpr, &floats).map(|j| j.jaxpr)),
        ("vjp", transform::vjp(jaxpr, &floats)),
        ("vmap", batched.map(|b| b.jaxpr)),
    ]
}

fn compile_and_run(jaxpr: &Jaxpr, most: usize, draw: &mut Draw) -> Outcome {
    let optimised = pullback_cpu::optimised(jaxpr);
    check::check(&optimised).unwrap_or_else(|e| panic!("optimised: {e}"));
    for engine in Engine::ALL {
        if let Err(e) = engine.compile(jaxpr) {
            panic!("{}: {e}", engine.name());
        }
    }
    if elements(jaxpr).max(elements(&optimised)) > most {
        return Outcome::Compiled;
    }
    // Any bits may also be huge, where sums of the same terms in two orders have nothing in common.
    let any = draw.chance(0.2);
    let domain = if any { Domain::AnyBits } else { Domain::Range(-3.0, 3.0) };
    let args = jaxpr.in_types().iter().map(|ty| draw.value(ty, domain)).collect();
    let program = Program { jaxpr: jaxpr.clone(), args };
    let agree = match program.eval() {
        Err(wanted) => {
            for engine in Engine::ALL {
                let ran = engine.run(jaxpr, &program.args);
                assert!(ran.is_err(), "{} runs what is an error: {wanted}", engine.name());
            }
            return Outcome::Ran;
        }
        Ok(_) if any => Ok(()),
        Ok(_) => engines::equations_agree(&program),
    };
    if let Err(fault) = agree.and_then(|()| engines::executables_are_their_equations(&program)) {
        panic!("{fault}\n{program}");
    }
    Outcome::Ran
}

/// The elements of all variables, those of calls included.
fn elements(jaxpr: &Jaxpr) -> usize {
    let calls = jaxpr.eqns().iter().flat_map(|e| e.prim.sub_jaxprs());
    let inner = calls.map(|j| elements(&j));
    let own = jaxpr.types().iter().map(|t| t.numel());
    own.chain(inner).fold(0, usize::saturating_add)
}
