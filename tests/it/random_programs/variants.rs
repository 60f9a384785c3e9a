//! Programs made of programs: what a transformation gives is a program again, with arguments.

use pullback_ir::prim::checkpoint::{Checkpoint, Policy};
use pullback_ir::prim::jit::Jit;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Builder, Error, Jaxpr, Prim, Type, Value, check, dispatch, shape};
use pullback_testing::{Draw, Program};

/// Checks that a transformation's result is well-formed.
pub(super) fn checked(jaxpr: Jaxpr) -> Result<Jaxpr, Error> {
    check::check(&jaxpr)?;
    Ok(jaxpr)
}

/// Tangents or cotangents for those types that have them.
pub(super) fn directions(types: &[Type], draw: &mut Draw) -> Vec<Value> {
    types.iter().filter(|t| t.is_float()).map(|t| draw.tangent(t)).collect()
}

/// (inputs, tangents) → (results, tangents).
pub(super) fn jvp(p: &Program, draw: &mut Draw) -> Result<Program, Error> {
    let jaxpr = checked(transform::jvp(&p.jaxpr, &p.float_inputs())?.jaxpr)?;
    let mut args = p.args.clone();
    args.extend(directions(p.jaxpr.in_types(), draw));
    Ok(Program { jaxpr, args })
}

/// (inputs, cotangents) → (results, cotangents).
pub(super) fn vjp(p: &Program, draw: &mut Draw) -> Result<Program, Error> {
    let jaxpr = checked(transform::vjp(&p.jaxpr, &p.float_inputs())?)?;
    let mut args = p.args.clone();
    args.extend(directions(&p.jaxpr.out_types(), draw));
    Ok(Program { jaxpr, args })
}

/// The program as a call.
pub(super) fn jit(p: &Program) -> Program {
    call(p, Jit { name: "f".into(), jaxpr: p.jaxpr.clone() }.into())
}

/// The program as a call that recomputes.
pub(super) fn checkpoint(p: &Program, draw: &mut Draw) -> Program {
    let policy = if draw.chance(0.5) { Policy::Nothing } else { Policy::Dots };
    call(p, Checkpoint { jaxpr: p.jaxpr.clone(), policy, differentiated: false }.into())
}

fn call(p: &Program, prim: Prim) -> Program {
    let (b, ins) = Builder::with_inputs(p.jaxpr.in_types());
    let outs = b.push(prim, ins.into_iter().collect(), &p.jaxpr.out_types());
    p.with_jaxpr(b.finish(outs))
}

/// A batched program, and where the batch dimension of each input is. Results have it in front.
pub(super) struct Batched {
    pub(super) program: Program,
    pub(super) in_dims: Vec<Option<usize>>,
    pub(super) size: usize,
}

/// Maps over random axes of random inputs. The rows are variations of the arguments.
pub(super) fn vmap(p: &Program, size: usize, draw: &mut Draw) -> Result<Batched, Error> {
    let ranks = p.jaxpr.in_types().iter().map(Type::rank);
    let mut in_dims: Vec<Option<usize>> =
        ranks.map(|r| draw.chance(0.7).then(|| draw.below(r + 1))).collect();
    if in_dims.iter().all(Option::is_none)
        && let Some(first) = in_dims.first_mut()
    {
        *first = Some(0);
    }
    let jaxpr = transform::vmap(&p.jaxpr, size, &in_dims, None, OutDims::Front)?.jaxpr;
    let jaxpr = checked(jaxpr)?;
    let batch = |(arg, dim): (&Value, &Option<usize>)| match *dim {
        None => arg.clone(),
        Some(d) => {
            let rows: Vec<Value> = (0..size).map(|row| vary(arg, row, draw)).collect();
            stack(&arg.ty(), &rows, d)
        }
    };
    let args = p.args.iter().zip(&in_dims).map(batch).collect();
    Ok(Batched { program: Program { jaxpr, args }, in_dims, size })
}

/// The arguments of one row of a batched program.
pub(super) fn row_args(b: &Batched, row: usize) -> Vec<Value> {
    let pairs = b.program.args.iter().zip(&b.in_dims);
    pairs.map(|(a, d)| d.map_or(a.clone(), |d| take(a, d, row))).collect()
}

/// A value like this one, for another row: floats move a little, others change places, so that they
/// stay in the domains for which the program was made.
fn vary(value: &Value, row: usize, draw: &mut Draw) -> Value {
    if value.dtype().is_float() {
        let moved = |x: f64| x + 1e-2 * draw.unit();
        let xs: Vec<f64> = value.to_f64s().into_iter().map(moved).collect();
        return Value::from_f64s(value.dtype(), value.shape(), &xs);
    }
    dispatch!(value.dtype(), T => {
        let mut xs = value.slice::<T>().to_vec();
        if !xs.is_empty() {
            let by = row % xs.len();
            xs.rotate_left(by);
        }
        Value::new(value.shape(), xs)
    })
}

/// Slice `i` of a value along an axis.
pub(super) fn take(v: &Value, axis: usize, i: usize) -> Value {
    let (outer, n, inner) = shape::around_axis(v.shape(), axis);
    dispatch!(v.dtype(), T => {
        let xs = v.slice::<T>();
        let mut out: Vec<T> = Vec::new();
        for o in 0..outer {
            let at = (o * n + i) * inner;
            out.extend_from_slice(&xs[at..at + inner]);
        }
        Value::new(v.ty().without_axis(axis).shape(), out)
    })
}

/// Values of one type side by side along a new axis.
pub(super) fn stack(ty: &Type, rows: &[Value], axis: usize) -> Value {
    let stacked = ty.with_axis(axis, rows.len());
    let inner: usize = ty.shape()[axis..].iter().product();
    let outer: usize = ty.shape()[..axis].iter().product();
    dispatch!(ty.dtype(), T => {
        let mut out: Vec<T> = Vec::new();
        for o in 0..outer {
            for row in rows {
                out.extend_from_slice(&row.slice::<T>()[o * inner..(o + 1) * inner]);
            }
        }
        Value::new(stacked.shape(), out)
    })
}
