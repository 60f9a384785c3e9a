//! Primitives × rules × dtypes: nothing that types allow is a hole.
//!
//! From each sample, variants are built in which all operands of one dtype, or a parameter that is a
//! dtype, have another one. What `type_of` then accepts must evaluate, survive printing and reading, and batch; where operands and
//! results are floats it must have derivatives, forwards and in reverse, that agree with those of the
//! same program in f64. A primitive takes a kind of dtype as a whole or not at all: one that
//! takes f32 but refuses bf16 has a hole too. `--nocapture` prints how many variants of
//! each primitive and dtype were tried.

use crate::batching::check_batch;
use crate::support::*;
use pullback_ir::param::{Param, ParamMap};
use pullback_ir::prim::{Domain, Sample};
use pullback_ir::{DType, Fault, Prim, Type, Value, check, text, transform};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Names that are read but not printed, and what they are read as.
const ALIASES: &[(&str, &str)] =
    &[("add_any", "add"), ("pjit", "jit"), ("remat", "checkpoint"), ("remat2", "checkpoint")];

/// Names without samples: a collective cannot be evaluated alone, because its axis is bound by a `vmap`
/// around it. `prim/tests/collective.rs` evaluates, differentiates and batches all of them there.
const NOT_ALONE: &[&str] = &["all_gather", "axis_index", "pmax", "pmin", "psum"];

/// Primitives that hold a user's closure, which was made for the types of the sample.
const CLOSURES: &[&str] =
    &["custom_jvp_call", "custom_linear", "custom_vjp_call", "fused_example", "tap"];

/// Primitives that take a dtype without all others of its kind, with the reason.
const PART_OF_A_KIND: &[(&str, &str)] = &[
    ("bitcast_convert_type", "the numbers of bits must fit each other"),
    ("checkpoint", "the types of the body are fixed"),
    ("jit", "the types of the body are fixed"),
    ("random_bits", "a key is `u32[8]`"),
    ("random_fold_in", "a key is `u32[8]`"),
    ("random_permutation", "a key is `u32[8]`"),
    ("random_split", "a key is `u32[8]`"),
    ("reduce", "the types of the combining function are fixed"),
    ("select_n", "the predicate is bool or i32, as in JAX"),
];

const KINDS: [&[DType]; 4] = [
    &[DType::Bool],
    &[DType::I8, DType::I32, DType::I64],
    &[DType::U8, DType::U32, DType::U64],
    &DType::FLOATS,
];

#[test]
fn every_name_has_a_sample() {
    let samples = Prim::all_samples();
    let mut holes = Vec::new();
    for name in Prim::all_names() {
        let named = |n: &'static str| samples.iter().filter(move |s| s.prim.name() == n);
        if let Some((_, primitive)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
            for sample in named(primitive) {
                assert_eq!(reread(name, &sample.prim, |_| {}).unwrap(), sample.prim, "`{name}`");
            }
        } else if (named(name).count() > 0) == NOT_ALONE.contains(&name) {
            holes.push(name);
        }
    }
    assert!(holes.is_empty(), "no samples, or exempt in vain: {holes:?}");
}

/// What the text form of a primitive reads as under a name, with parameters changed.
fn reread(name: &str, prim: &Prim, change: impl Fn(&mut [(String, Param)])) -> Result<Prim, Fault> {
    let mut params: Vec<(String, Param)> =
        prim.params().iter().map(|(n, p)| ((*n).to_owned(), p.clone())).collect();
    change(&mut params);
    Prim::parse(name, &mut ParamMap::new(params)).unwrap()
}

/// A sample with another dtype somewhere.
struct Variant {
    sample: Sample,
    /// What was replaced, and by what.
    from: DType,
    to: DType,
    /// False for the dtype of a parameter.
    operands: bool,
}

/// All operands of one dtype get another one; likewise each parameter that is a dtype.
fn variants(sample: &Sample) -> Vec<Variant> {
    let mut variants = Vec::new();
    let dtypes: BTreeSet<DType> = sample.args.iter().map(|(t, _)| t.dtype()).collect();
    let closure = CLOSURES.contains(&sample.prim.name());
    for from in dtypes {
        for to in DType::ALL.into_iter().filter(|&to| to == from || !closure) {
            let sample = with_dtype(sample, from, to);
            variants.push(Variant { sample, from, to, operands: true });
        }
    }
    for (i, (_, param)) in sample.prim.params().iter().enumerate() {
        let &Param::DType(from) = param else { continue };
        for to in DType::ALL {
            let changed = reread(sample.prim.name(), &sample.prim, |ps| ps[i].1 = Param::DType(to));
            if let Ok(prim) = changed {
                let sample = Sample { prim, ..sample.clone() };
                variants.push(Variant { sample, from, to, operands: false });
            }
        }
    }
    variants
}

fn with_dtype(sample: &Sample, from: DType, to: DType) -> Sample {
    let mut sample = sample.clone();
    for (ty, domain) in sample.args.iter_mut().filter(|(t, _)| t.dtype() == from) {
        *ty = ty.with_dtype(to);
        if to.is_float() && *domain == Domain::AnyBits {
            // Most bit patterns of floats are huge or tiny.
            *domain = Domain::Range(-3.0, 3.0);
        }
    }
    sample
}

#[test]
fn rules_hold_in_every_dtype() {
    let mut holes: Vec<String> = Vec::new();
    let mut counts: BTreeMap<String, BTreeMap<DType, usize>> = BTreeMap::new();
    for sample in samples() {
        let name = sample.prim.name().to_owned();
        let row = counts.entry(name.clone()).or_default();
        // For each dtype replaced in operands, those that may stand in its place.
        let mut accepted: BTreeMap<DType, BTreeSet<DType>> = BTreeMap::new();
        for variant in variants(&sample) {
            let Variant { sample: changed, from, to, operands } = &variant;
            let what = || format!("{} ({from} became {to})", label(changed));
            let types = types(changed);
            match catch_unwind(AssertUnwindSafe(|| changed.prim.check_types(&types))) {
                Err(_) => holes.push(format!("{}: the type rule panics", what())),
                Ok(Err(_)) if from == to => holes.push(format!("{}: a sample is refused", what())),
                Ok(Err(_)) => {}
                Ok(Ok(_)) => {
                    if *operands {
                        accepted.entry(*from).or_default().insert(*to);
                    }
                    *row.entry(*to).or_default() += 1;
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check_rules(&variant))) {
                        holes.push(format!("{}: {}", what(), panic_text(&*panic)));
                    }
                }
            }
        }
        if CLOSURES.contains(&name.as_str()) || PART_OF_A_KIND.iter().any(|(n, _)| *n == name) {
            continue;
        }
        let alike = accepted.len() == 1;
        for (from, to) in accepted {
            // Beside operands of other dtypes, another kind may fit by chance in one dtype only.
            for kind in KINDS.iter().filter(|kind| alike || kind.contains(&from)) {
                let taken: Vec<&DType> = kind.iter().filter(|d| to.contains(d)).collect();
                if !taken.is_empty() && taken.len() < kind.len() {
                    let what = label(&sample);
                    holes.push(format!("{what}: of {kind:?} it takes only {taken:?} for {from}"));
                }
            }
        }
    }
    print_table(&counts);
    assert!(holes.is_empty(), "{} holes:\n{}", holes.len(), holes.join("\n"));
}

fn print_table(counts: &BTreeMap<String, BTreeMap<DType, usize>>) {
    let header: String = DType::ALL.iter().map(|d| format!("{:>5}", d.name())).collect();
    println!("{:24}{header}", "");
    for (name, row) in counts {
        let cell = |d: &DType| row.get(d).map_or("    .".to_owned(), |n| format!("{n:>5}"));
        println!("{name:24}{}", DType::ALL.iter().map(cell).collect::<String>());
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("it panics").to_owned()
}

/// All rules of one variant; a panic says what does not hold.
fn check_rules(variant: &Variant) {
    let sample = &variant.sample;
    let types = types(sample);
    let jaxpr = single(&sample.prim, &types);
    check::check(&jaxpr).unwrap();
    let mut draw = Draw::new(6);
    let args = draw.args(sample);
    run(&jaxpr, &args);

    if Prim::all_names().contains(&sample.prim.name()) {
        let printed = jaxpr.to_string();
        let back = text::parse(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert!(back == jaxpr, "printed\n{printed}\nread\n{back}");
    }

    let front = vec![Some(0); types.len()];
    check_batch(sample, &front, 2, &mut draw);
    if types.len() > 1 {
        for i in 0..types.len() {
            let mut one = vec![None; types.len()];
            one[i] = Some(0);
            check_batch(sample, &one, 2, &mut draw);
        }
    }

    let floats: Vec<bool> = types.iter().map(Type::is_float).collect();
    if !floats.contains(&true) {
        return;
    }
    let tangents: Vec<Value> =
        types.iter().filter(|t| t.is_float()).map(|t| draw.tangent(t)).collect();
    let cotangents: Vec<Value> =
        jaxpr.out_types().iter().filter(|t| t.is_float()).map(|t| draw.tangent(t)).collect();
    let (outs_t, in_cts) = derivatives(sample, &args, &tangents, &cotangents);

    // The same program in f64, on the same numbers, if there is one.
    let narrow = variant.to;
    if !variant.operands || !narrow.is_float() || narrow == DType::F64 {
        return;
    }
    let wide = with_dtype(sample, narrow, DType::F64);
    let wide_types = crate::support::types(&wide);
    if wide.prim.check_types(&wide_types).is_err() {
        return;
    }
    let wide_outs = single(&wide.prim, &wide_types).out_types();
    if !wide_outs.iter().map(Type::shape).eq(jaxpr.out_types().iter().map(Type::shape)) {
        // A bitcast of wider elements has more results.
        return;
    }
    let wide_args: Vec<Value> =
        args.iter().zip(&wide_types).map(|(v, t)| v.converted(t.dtype())).collect();
    let widened = |values: &[Value], types: &[Type]| -> Vec<Value> {
        let types = types.iter().filter(|t| t.is_float());
        values.iter().zip(types).map(|(v, t)| v.converted(t.dtype())).collect()
    };
    let (tangents, cotangents) =
        (widened(&tangents, &wide_types), widened(&cotangents, &wide_outs));
    let (wide_t, wide_cts) = derivatives(&wide, &wide_args, &tangents, &cotangents);
    close_to_wide("tangent", &outs_t, &wide_t, narrow);
    close_to_wide("cotangent", &in_cts, &wide_cts, narrow);
}

/// Tangents of the float results, and cotangents of the float operands.
fn derivatives(
    sample: &Sample,
    args: &[Value],
    tangents: &[Value],
    cotangents: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    let jaxpr = single(&sample.prim, &types(sample));
    let floats: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
    let n_outs = jaxpr.outs().len();
    let jvp = transform::jvp(&jaxpr, &floats).unwrap();
    let with = |more: &[Value]| -> Vec<Value> { args.iter().chain(more).cloned().collect() };
    let mut found = run(&jvp.jaxpr, &with(tangents)).split_off(n_outs).into_iter();
    let flags = jvp.out_tangents.iter().zip(jaxpr.out_types());
    let outs_t = flags
        .filter(|(_, t)| t.is_float())
        .map(|(has, t)| if *has { found.next().unwrap() } else { Value::zeros(&t) })
        .collect();
    let vjp = transform::vjp(&jaxpr, &floats).unwrap();
    (outs_t, run(&vjp, &with(cotangents)).split_off(n_outs))
}

/// Compares derivatives in a narrow dtype with those in f64, relative to the largest number around.
fn close_to_wide(what: &str, got: &[Value], wide: &[Value], dtype: DType) {
    let epsilon = match dtype {
        DType::F16 => 1e-3,
        DType::BF16 => 8e-3,
        _ => 1.2e-7,
    };
    assert_eq!(got.len(), wide.len(), "{what}s");
    for (i, (g, w)) in got.iter().zip(wide).enumerate() {
        let (g, w) = (g.to_f64s(), w.to_f64s());
        let largest = w.iter().filter(|x| x.is_finite()).fold(1.0, |m: f64, x| m.max(x.abs()));
        for (j, (g, w)) in g.iter().zip(&w).enumerate() {
            let same =
                g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= 8.0 * epsilon * largest;
            assert!(same, "{what} {i}, element {j}: {g}, in f64 {w}");
        }
    }
}
