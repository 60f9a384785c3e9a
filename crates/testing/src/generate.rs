//! Making programs.
//!
//! A program grows equation by equation. Each begins as one of the primitives' own samples; its
//! operands are taken from the values so far, brought to the type and into the domain of the sample,
//! or they are new inputs or literals. Every equation is evaluated as it is recorded, so domains are
//! a matter of fact, not of analysis. Because the samples cover every family, so do the programs, and
//! a new primitive takes part without an edit here.

use crate::draw::{Draw, integers};
use crate::program::Program;
use crate::strategy::Programs;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::prim::checkpoint::{Checkpoint, Policy};
use pullback_ir::prim::clamp::Clamp;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::identity::Identity;
use pullback_ir::prim::jit::Jit;
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::prim::slice::Slice;
use pullback_ir::prim::unary::Unary;
use pullback_ir::prim::{Domain, Sample};
use pullback_ir::{Atom, Axes, Builder, DType, Jaxpr, Lit, Prim, Type, Value};
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::OnceLock;

/// Arrays do not grow beyond this number of elements.
const MAX_NUMEL: usize = 128;

/// Calls nest this deep.
const MAX_DEPTH: usize = 3;

/// Shapes beside those of the samples.
const SHAPES: [&[usize]; 10] =
    [&[], &[1], &[3], &[5], &[0], &[2, 3], &[3, 1], &[2, 0], &[1, 3, 2], &[7]];

/// The samples, to choose from.
struct Samples {
    all: Vec<Sample>,
    /// Positions by family: a choice by family favours structure, one by position elementwise ops.
    families: Vec<Vec<usize>>,
}

fn samples(tame: bool) -> &'static Samples {
    static SAMPLES: [OnceLock<Samples>; 2] = [const { OnceLock::new() }; 2];
    SAMPLES[usize::from(tame)].get_or_init(|| {
        let fits = |s: &Sample| {
            let args = s.args.iter().map(|(t, _)| t);
            !tame || (s.smooth && args.into_iter().all(is_tame))
        };
        let all: Vec<Sample> = Prim::all_samples().into_iter().filter(fits).collect();
        let mut families: HashMap<Discriminant<Prim>, Vec<usize>> = HashMap::new();
        for (i, s) in all.iter().enumerate() {
            families.entry(discriminant(&s.prim)).or_default().push(i);
        }
        let mut families: Vec<Vec<usize>> = families.into_values().collect();
        // The order of a map is random.
        families.sort();
        Samples { all, families }
    })
}

/// Not a float, or one precise enough for finite differences.
fn is_tame(ty: &Type) -> bool {
    !ty.is_float() || ty.dtype() == DType::F64
}

/// A value of the program, with what it is for the arguments at hand.
#[derive(Clone)]
struct Entry {
    atom: Atom,
    value: Value,
}

impl Entry {
    fn ty(&self) -> &Type {
        self.value.ty()
    }
}

/// A program under construction.
struct Scope {
    b: Builder,
    args: Vec<Value>,
    /// What operands are taken from.
    pool: Vec<Entry>,
    depth: usize,
}

struct Generator<'a> {
    draw: &'a mut Draw,
    tame: bool,
}

/// A random program.
pub(crate) fn generate(draw: &mut Draw, settings: &Programs) -> Program {
    let (least, most) = (*settings.equations.start(), *settings.equations.end());
    loop {
        let n = least + draw.below(most.saturating_sub(least) + 1);
        let mut g = Generator { draw, tame: settings.tame };
        let mut scope = Scope { b: Builder::new(), args: Vec::new(), pool: Vec::new(), depth: 0 };
        g.grow(&mut scope, n);
        let outs = g.results(&scope.pool);
        let program = Program { jaxpr: scope.b.finish(outs), args: scope.args };
        if !settings.tame || depends_on_float(&program.jaxpr) {
            return program;
        }
    }
}

/// True when some float result is reached from a float input through floats.
fn depends_on_float(jaxpr: &Jaxpr) -> bool {
    let mut moves: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
    for eqn in jaxpr.eqns() {
        let any = eqn.inputs.iter().filter_map(|a| a.var()).any(|v| moves[v.index()]);
        moves.extend(jaxpr.eqn_out_types(eqn).iter().map(|t| any && t.is_float()));
    }
    jaxpr.outs().iter().filter_map(|a| a.var()).any(|v| moves[v.index()])
}

impl Generator<'_> {
    /// Adds equations.
    fn grow(&mut self, scope: &mut Scope, n: usize) {
        for _ in 0..n {
            if scope.depth < MAX_DEPTH && !scope.pool.is_empty() && self.draw.chance(0.12) {
                self.call(scope);
            } else {
                self.equation(scope);
            }
        }
    }

    /// Results: mostly late values, sometimes inputs, literals and values that are results already.
    fn results(&mut self, pool: &[Entry]) -> Vec<Atom> {
        let mut outs = Vec::new();
        for _ in 0..1 + self.draw.below(3) {
            let late = pool.len().saturating_sub(5);
            let from = if self.draw.chance(0.8) { &pool[late..] } else { pool };
            match self.draw.pick(from) {
                Some(entry) if !self.draw.chance(0.03) => outs.push(entry.atom),
                _ => outs.push(Atom::Lit(Lit::new(0.5f64))),
            }
        }
        outs
    }

    /// A new equation with a primitive of the table, if its operands can be found.
    fn equation(&mut self, scope: &mut Scope) -> Option<()> {
        let samples = samples(self.tame);
        let sample = if self.draw.chance(0.5) {
            self.draw.pick(&samples.all)?
        } else {
            let family = self.draw.pick(&samples.families)?;
            &samples.all[*self.draw.pick(family)?]
        };
        let args = match self.draw.chance(0.5) {
            true => self.retarget(scope, sample).unwrap_or_else(|| sample.args.clone()),
            false => sample.args.clone(),
        };
        let mut operands = Vec::new();
        for (ty, domain) in &args {
            operands.push(self.operand(scope, ty, *domain)?);
        }
        let outs = self.apply(scope, sample.prim.clone(), &operands)?;
        scope.pool.extend(outs);
        Some(())
    }

    /// The sample's operand types with another shape and, where programs are not tame, other dtypes.
    fn retarget(&mut self, scope: &Scope, sample: &Sample) -> Option<Vec<(Type, Domain)>> {
        let full = sample.args.iter().map(|(t, _)| t).find(|t| t.rank() > 0);
        let full = full.unwrap_or(&sample.args.first()?.0);
        let (old_dtype, old_shape) = (full.dtype(), full.shape());
        // Where operands have shapes of their own, such as indices, their domains go with the shapes.
        let alike = sample.args.iter().all(|(t, _)| t.rank() == 0 || t.shape() == old_shape);
        let model = self.draw.pick(&scope.pool).map(Entry::ty);
        let shape: Vec<usize> = match &model {
            _ if !alike => old_shape.to_vec(),
            Some(ty) if self.draw.chance(0.6) => ty.shape().to_vec(),
            _ => self.draw.pick(&SHAPES)?.to_vec(),
        };
        let dtypes: &[DType] = match old_dtype {
            _ if self.tame => &[],
            DType::Bool => &[],
            d if d.is_float() => &DType::FLOATS,
            _ => &[DType::U8, DType::I8, DType::I32, DType::U32, DType::I64, DType::U64],
        };
        let dtype = match self.draw.pick(dtypes) {
            Some(&d) if self.draw.chance(0.5) => d,
            _ => old_dtype,
        };
        let reshape = |t: &Type| {
            let shape = if t.shape() == old_shape { &shape } else { t.shape() };
            Type::of(if t.dtype() == old_dtype { dtype } else { t.dtype() }, shape)
        };
        let args: Vec<(Type, Domain)> = sample.args.iter().map(|(t, d)| (reshape(t), *d)).collect();
        let types: Vec<Type> = args.iter().map(|(t, _)| t.clone()).collect();
        sample.prim.check_types(&types).ok()?;
        Some(args)
    }

    /// Records an equation, unless it is ill-typed, large, fails, or leaves what is tame.
    fn apply(&mut self, scope: &Scope, prim: impl Into<Prim>, ins: &[Entry]) -> Option<Vec<Entry>> {
        let prim = prim.into();
        let types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
        let out_types = prim.check_types(&types).ok()?;
        if out_types.iter().any(|t| t.numel() > MAX_NUMEL) {
            return None;
        }
        let values: Vec<Value> = ins.iter().map(|e| e.value.clone()).collect();
        let outs = prim.eval(&values).ok()?;
        let tame = |v: &Value| {
            is_tame(v.ty()) && (!v.dtype().is_float() || v.to_f64s().iter().all(|x| x.abs() < 1e3))
        };
        if self.tame && !outs.iter().all(tame) {
            return None;
        }
        let atoms = scope.b.push(prim, ins.iter().map(|e| e.atom).collect(), &out_types);
        Some(atoms.into_iter().zip(outs).map(|(atom, value)| Entry { atom, value }).collect())
    }

    /// Records an equation with one result.
    fn apply1(&mut self, scope: &Scope, prim: impl Into<Prim>, ins: &[Entry]) -> Option<Entry> {
        self.apply(scope, prim, ins)?.pop()
    }

    /// A new input.
    fn fresh(&mut self, scope: &mut Scope, ty: &Type, domain: Domain) -> Entry {
        let value = self.draw.value(ty, domain);
        let entry = Entry { atom: scope.b.input(ty.clone()), value: value.clone() };
        scope.args.push(value);
        scope.pool.push(entry.clone());
        entry
    }

    fn literal(&mut self, dtype: DType, domain: Domain) -> Entry {
        let value = self.draw.value(&Type::scalar(dtype), domain);
        Entry { atom: Atom::Lit(Lit::of_value(&value)), value }
    }

    /// A scalar literal of this number.
    fn number(&self, dtype: DType, x: f64) -> Entry {
        let lit = Lit::from_f64(dtype, x);
        Entry { atom: Atom::Lit(lit), value: lit.value() }
    }

    /// An operand of this type and from this domain.
    fn operand(&mut self, scope: &mut Scope, ty: &Type, domain: Domain) -> Option<Entry> {
        if ty.rank() == 0 && self.draw.chance(0.2) {
            return Some(self.literal(ty.dtype(), domain));
        }
        if !self.draw.chance(0.15) {
            // Derivatives do not pass through integers, so tame programs keep the two apart.
            let apart = self.tame;
            let kin = |e: &&Entry| !apart || e.value.dtype().is_float() == ty.is_float();
            let same = |e: &&Entry| e.ty() == ty;
            let mut from: Vec<Entry> = scope.pool.iter().filter(same).cloned().collect();
            if from.is_empty() || self.draw.chance(0.3) {
                from = scope.pool.iter().filter(kin).cloned().collect();
            }
            if let Some(entry) = self.draw.pick(&from).cloned()
                && let Some(entry) = self.adapt(scope, entry, ty, domain)
            {
                return Some(entry);
            }
        }
        Some(self.fresh(scope, ty, domain))
    }

    /// Brings a value to a type and into a domain.
    fn adapt(&mut self, scope: &mut Scope, e: Entry, ty: &Type, domain: Domain) -> Option<Entry> {
        let e = match e.value.dtype() == ty.dtype() {
            true => e,
            false => self.apply1(scope, Convert::ElementType { new_dtype: ty.dtype() }, &[e])?,
        };
        let e = self.reshaped(scope, e, ty.shape())?;
        self.within(scope, e, domain)
    }

    fn reshaped(&mut self, scope: &mut Scope, e: Entry, shape: &[usize]) -> Option<Entry> {
        if e.value.shape() == shape {
            return Some(e);
        }
        if e.value.shape().is_empty() {
            let prim = BroadcastInDim { shape: shape.into(), broadcast_dimensions: Axes::new() };
            return self.apply1(scope, prim, &[e]);
        }
        let (have, want) = (e.value.len(), shape.iter().product::<usize>());
        let mut flat = e;
        if have != want {
            let new_sizes = [have].as_slice().into();
            flat = self.apply1(scope, Reshape::Reshape { new_sizes }, &[flat])?;
        }
        if have > want {
            let start = self.draw.below(have - want + 1);
            let prim = Slice {
                start: [start].as_slice().into(),
                limit: [start + want].as_slice().into(),
                strides: [1].as_slice().into(),
            };
            flat = self.apply1(scope, prim, &[flat])?;
        }
        if have < want {
            let low = self.draw.below(want - have + 1);
            let high = want - have - low;
            let config = [(low as i64, high as i64, 0)].as_slice().into();
            let fill = self.number(flat.value.dtype(), 1.0);
            flat = self.apply1(scope, Pad { config }, &[flat, fill])?;
        }
        if flat.value.shape() == shape {
            return Some(flat);
        }
        self.apply1(scope, Reshape::Reshape { new_sizes: shape.into() }, &[flat])
    }

    fn within(&mut self, scope: &mut Scope, e: Entry, domain: Domain) -> Option<Entry> {
        let dtype = e.value.dtype();
        if dtype.is_float() && !self.tame && self.draw.chance(0.5) {
            // Infinities and NaN are welcome.
            return Some(e);
        }
        let xs = e.value.to_f64s();
        match domain {
            Domain::AnyBits => Some(e),
            Domain::Range(lo, hi) if dtype.is_float() => {
                if xs.iter().all(|x| (lo..=hi).contains(x)) {
                    return Some(e);
                }
                // lo + (hi - lo) / (1 + exp(-x))
                let s = self.apply1(scope, Unary::Logistic, &[e])?;
                let width = self.number(dtype, hi - lo);
                let s = self.apply1(scope, Binary::Mul, &[s, width])?;
                let lo = self.number(dtype, lo);
                self.apply1(scope, Binary::Add, &[s, lo])
            }
            Domain::Range(..) if dtype == DType::Bool => Some(e),
            Domain::Range(lo, hi) => {
                // Always, because other arguments must give integers in the domain too: a promise
                // about indices rests on it.
                let (lo, hi) = integers(dtype, lo, hi);
                let (lo, hi) = (self.number(dtype, lo), self.number(dtype, hi));
                self.apply1(scope, Clamp, &[lo, e, hi])
            }
            Domain::Bits if dtype == DType::Bool => Some(e),
            Domain::Bits => {
                let half = self.number(dtype, 0.5);
                let bit = self.apply1(scope, Compare::Gt, &[e, half])?;
                self.apply1(scope, Convert::ElementType { new_dtype: dtype }, &[bit])
            }
            Domain::Distinct => {
                let mut sorted = xs;
                sorted.sort_by(f64::total_cmp);
                let apart = sorted.windows(2).all(|w| w[1] - w[0] > 1e-3);
                (apart || !dtype.is_float()).then_some(e)
            }
        }
    }

    /// A call of a function of its own.
    fn call(&mut self, scope: &mut Scope) -> Option<()> {
        let mut operands: Vec<Entry> = Vec::new();
        for _ in 0..1 + self.draw.below(3) {
            operands.push(self.draw.pick(&scope.pool)?.clone());
        }
        let mut inner =
            Scope { b: Builder::new(), args: Vec::new(), pool: Vec::new(), depth: scope.depth + 1 };
        for e in &operands {
            let atom = inner.b.input(e.ty().clone());
            inner.pool.push(Entry { atom, value: e.value.clone() });
        }
        let n = 1 + self.draw.below(4);
        self.grow(&mut inner, n);
        let outs = self.results(&inner.pool);
        let jaxpr = inner.b.finish(outs);
        for value in inner.args {
            let atom = scope.b.input(value.ty().clone());
            scope.args.push(value.clone());
            operands.push(Entry { atom, value });
        }
        let prim: Prim = match self.draw.below(5) {
            0 | 1 => Jit { name: "f".into(), jaxpr }.into(),
            2 => Checkpoint { jaxpr, policy: Policy::Nothing, differentiated: false }.into(),
            3 => Checkpoint { jaxpr, policy: Policy::Dots, differentiated: false }.into(),
            _ => {
                let policy = Policy::Names(vec!["h".into()]);
                Checkpoint { jaxpr: with_name(&jaxpr), policy, differentiated: false }.into()
            }
        };
        let outs = self.apply(scope, prim, &operands)?;
        scope.pool.extend(outs);
        Some(())
    }
}

/// The jaxpr with the name `h` for the first result of its middle equation, so that a policy finds one.
fn with_name(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, mut env) = Builder::with_inputs(jaxpr.in_types());
    let middle = jaxpr.eqns().len() / 2;
    for (i, eqn) in jaxpr.eqns().iter().enumerate() {
        let ins = eqn.inputs.iter().map(|&a| a.var().map_or(a, |v| env[v.index()])).collect();
        let first = env.len();
        env.extend(b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)));
        if i == middle && eqn.n_outs > 0 {
            env[first] = b.op(Identity::Name("h".into()), &[env[first]]);
        }
    }
    let outs: Vec<Atom> =
        jaxpr.outs().iter().map(|&a| a.var().map_or(a, |v| env[v.index()])).collect();
    b.finish(outs)
}
