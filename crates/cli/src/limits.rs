//! Programs that are too large to run: a few lines of text can ask for any amount of memory.
//!
//! An array type costs nothing to write, so the sizes in a program are added up before it runs; and
//! because a nested jaxpr may be referred to many times, so are its equations.

use pullback_cpu::Engine;
use pullback_ir::{Jaxpr, Type};
use std::collections::HashMap;

/// The most equations a program may have when its calls are written out.
const MAX_EQUATIONS: u64 = 1 << 20;

/// What is known of jaxprs, by structural hash, because a nested one may be referred to many times.
/// Two that share a hash would get each other's estimate, which is no harm.
type Known<T> = HashMap<u64, T>;

/// What evaluation may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of arrays alive at a time.
    pub(crate) memory: u128,
}

impl Limits {
    /// Limits from a number of GiB.
    pub(crate) fn gib(gib: f64) -> Limits {
        Limits { memory: (gib * (1u64 << 30) as f64) as u128 }
    }

    /// Refuses a program with too many equations, before any transformation looks into it.
    pub(crate) fn admit(jaxpr: &Jaxpr) -> Result<(), String> {
        let n = equations(jaxpr, &mut HashMap::new());
        if n > MAX_EQUATIONS {
            return Err(format!(
                "the program has {n} equations when its calls are written out; at most \
                 {MAX_EQUATIONS} are evaluated"
            ));
        }
        Ok(())
    }

    /// Refuses a program whose arrays do not fit in memory.
    pub(crate) fn fits(self, jaxpr: &Jaxpr, engine: Engine) -> Result<(), String> {
        let need = Peak { keeps_all: engine == Engine::Reference, known: HashMap::new() }.of(jaxpr);
        if need > self.memory {
            return Err(format!(
                "the arrays of the program need about {}, but the limit is {} (`--memory`)",
                show(need),
                show(self.memory)
            ));
        }
        Ok(())
    }
}

fn show(bytes: u128) -> String {
    const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut x, mut unit) = (bytes as f64, 0);
    while x >= 1024.0 && unit + 1 < UNITS.len() {
        x /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && x < 100.0);
    format!("{x:.digits$} {}", UNITS[unit])
}

fn equations(jaxpr: &Jaxpr, known: &mut Known<u64>) -> u64 {
    if let Some(&n) = known.get(&jaxpr.structural_hash()) {
        return n;
    }
    let mut n = 0u64;
    for eqn in jaxpr.eqns() {
        n = n.saturating_add(1);
        for sub in eqn.prim.sub_jaxprs() {
            n = n.saturating_add(equations(&sub, known));
        }
    }
    known.insert(jaxpr.structural_hash(), n);
    n
}

/// The most bytes alive at a time, apart from what a primitive needs within itself.
struct Peak {
    /// The interpreter drops nothing before its end.
    keeps_all: bool,
    known: Known<u128>,
}

impl Peak {
    fn of(&mut self, jaxpr: &Jaxpr) -> u128 {
        if let Some(&n) = self.known.get(&jaxpr.structural_hash()) {
            return n;
        }
        let mut last_use: Vec<usize> = vec![0; jaxpr.n_vars()];
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            let operands = eqn.inputs.iter().filter_map(|a| a.var());
            operands.chain(eqn.outs()).for_each(|v| last_use[v.index()] = i);
        }
        let results = jaxpr.outs().iter().filter_map(|a| a.var());
        // Arguments belong to the caller.
        results.chain(jaxpr.ins()).for_each(|v| last_use[v.index()] = usize::MAX);
        let mut alive: u128 = jaxpr.in_types().iter().map(bytes).sum();
        let mut peak = alive;
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            let outs: u128 = jaxpr.eqn_out_types(eqn).iter().map(bytes).sum();
            let inside = eqn.prim.sub_jaxprs().iter().map(|j| self.of(j)).max().unwrap_or(0);
            peak = peak.max(alive + outs.max(inside));
            alive += outs;
            if !self.keeps_all {
                let mut dead: Vec<_> = eqn.inputs.iter().filter_map(|a| a.var()).collect();
                dead.extend(eqn.outs());
                dead.retain(|v| last_use[v.index()] == i);
                dead.sort_unstable();
                dead.dedup();
                alive -= dead.iter().map(|v| bytes(&jaxpr.types()[v.index()])).sum::<u128>();
            }
        }
        self.known.insert(jaxpr.structural_hash(), peak);
        peak
    }
}

fn bytes(ty: &Type) -> u128 {
    match ty {
        Type::Array { dtype, shape } => {
            shape.iter().fold(dtype.size() as u128, |n, &d| n.saturating_mul(d as u128))
        }
        Type::Stack(_) => 0,
    }
}
