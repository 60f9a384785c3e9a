//! gather, the scatters, and the forms that rules use.

use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::param::Param;
use crate::prim::gather::{Gather, GatherDims, IndexMode};
use crate::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use smallvec::smallvec;

/// Elements of a vector, one for each index vector.
fn elements() -> GatherDims {
    GatherDims {
        collapsed_slice_dims: smallvec![0],
        start_index_map: smallvec![0],
        ..GatherDims::default()
    }
}

fn gather(mode: IndexMode, fill_value: Option<Lit>) -> Gather {
    Gather { dims: elements(), slice_sizes: smallvec![1], mode, fill_value }
}

fn scatter(op: ScatterOp, mode: IndexMode) -> Scatter {
    Scatter { op, dims: ScatterDims::from_gather(&elements()), mode, unique_indices: false }
}

/// Index vectors with one component.
fn at(indices: &[i32]) -> Value {
    matrix(indices.len(), 1, indices)
}

#[test]
fn modes_of_gather() {
    let x = vector(&[10.0, 11.0, 12.0f32]);
    let indices = at(&[-1, 0, 2, 3]);
    let read = |mode, fill| eval(gather(mode, fill), &[x.clone(), indices.clone()]);
    assert_eq!(read(IndexMode::Clip, None), vector(&[10.0, 10.0, 12.0, 12.0f32]));
    let filled = read(IndexMode::FillOrDrop, None);
    assert!(filled.to_f64s()[0].is_nan() && filled.to_f64s()[3].is_nan());
    let filled = read(IndexMode::FillOrDrop, Some(Lit::new(7i64)));
    assert_eq!(filled, vector(&[7.0, 10.0, 12.0, 7.0f32]));
}

#[test]
fn default_fills() {
    let fill = |x: Value| eval(gather(IndexMode::FillOrDrop, None), &[x, at(&[5])]);
    assert_eq!(fill(vector(&[0i8])), vector(&[i8::MIN]));
    assert_eq!(fill(vector(&[0i64])), vector(&[i64::MIN]));
    assert_eq!(fill(vector(&[0u32])), vector(&[u32::MAX]));
    assert_eq!(fill(vector(&[false])), vector(&[true]));
    assert!(fill(vector(&[half::bf16::ONE])).to_f64s()[0].is_nan());
}

#[test]
fn a_window_is_filled_and_dropped_as_a_whole() {
    let dims = GatherDims {
        offset_dims: smallvec![1],
        start_index_map: smallvec![0],
        ..GatherDims::default()
    };
    let prim = Gather {
        dims: dims.clone(),
        slice_sizes: smallvec![2],
        mode: IndexMode::FillOrDrop,
        fill_value: Some(Lit::new(-1i64)),
    };
    let x = vector(&[1, 2, 3i32]);
    assert_eq!(eval(prim, &[x.clone(), at(&[1, 2])]), matrix(2, 2, &[2, 3, -1, -1i32]));
    let prim = Scatter {
        op: ScatterOp::Add,
        dims: ScatterDims::from_gather(&dims),
        mode: IndexMode::FillOrDrop,
        unique_indices: false,
    };
    let updates = matrix(2, 2, &[10, 20, 100, 200i32]);
    assert_eq!(eval(prim, &[x, at(&[1, 2]), updates]), vector(&[1, 12, 23i32]));
}

#[test]
fn gather_refusals() {
    let f32s = |shape: &[usize]| Type::of(DType::F32, shape);
    let i32s = |shape: &[usize]| Type::of(DType::I32, shape);
    let rule = |change: fn(&mut Gather), x: &[usize], indices: Type| {
        let mut prim = gather(IndexMode::Clip, None);
        change(&mut prim);
        broken_rule(prim, &[f32s(x), indices])
    };
    assert_eq!(rule(|_| (), &[3], f32s(&[2, 1])), "the indices must be integers, not f32[2,1]");
    assert!(rule(|_| (), &[3], i32s(&[])).contains("a last axis of index vectors"));
    assert_eq!(
        rule(|_| (), &[3], i32s(&[2, 2])),
        "an index vector has 2 components, but `start_index_map` has 1 axes"
    );
    assert_eq!(
        rule(|_| (), &[3, 3], i32s(&[2, 1])),
        "`offset_dims` has 0 axes, but 1 of the operand's axes are kept in a window"
    );
    assert_eq!(
        rule(|p| p.slice_sizes[0] = 0, &[3], i32s(&[2, 1])),
        "the collapsed axis 0 has slice size 0; it must be 1"
    );
    assert!(rule(|p| p.slice_sizes[0] = 4, &[3], i32s(&[2, 1])).contains("4 is more than 3"));
    assert_eq!(
        rule(|p| p.dims.operand_batching_dims = smallvec![0], &[3], i32s(&[2, 1])),
        "axis 0 is in `operand_batching_dims` and in `collapsed_slice_dims`"
    );
    assert_eq!(
        rule(|p| p.fill_value = Some(Lit::new(1.0f32)), &[3], i32s(&[2, 1])),
        "the fill value must be a bool, i64 or f64 literal, not f32"
    );
    let batched = GatherDims {
        start_index_map: smallvec![1],
        collapsed_slice_dims: smallvec![1],
        operand_batching_dims: smallvec![0],
        start_indices_batching_dims: smallvec![0],
        ..GatherDims::default()
    };
    let prim = Gather {
        dims: batched,
        slice_sizes: smallvec![1, 1],
        mode: IndexMode::Clip,
        fill_value: None,
    };
    assert_eq!(
        broken_rule(prim, &[f32s(&[4, 3]), i32s(&[5, 1])]),
        "operand axis 0 and indices axis 0 are batched together, but their sizes are 4 and 5"
    );
}

#[test]
fn scatter_refusals() {
    let f32s = |shape: &[usize]| Type::of(DType::F32, shape);
    let indices = Type::of(DType::I32, &[2, 1]);
    let rule = |updates: Type| {
        let prim = scatter(ScatterOp::Add, IndexMode::Clip);
        broken_rule(prim, &[f32s(&[3]), indices.clone(), updates])
    };
    assert!(rule(f32s(&[])).contains("updates for these indices have rank 1"));
    assert_eq!(
        rule(f32s(&[3])),
        "the axes [0] of the updates must have the sizes [2] of the indices"
    );
    assert!(rule(Type::of(DType::F64, &[2])).contains("the dtypes f32 and f64 differ"));
    let bools = Type::of(DType::Bool, &[2]);
    let sum = scatter(ScatterOp::Add, IndexMode::Clip);
    assert!(broken_rule(sum, &[bools.clone(), indices, bools]).contains("not bool"));
}

#[test]
fn modes_are_read_in_every_form() {
    let mode = |p: Param| {
        let mut params: Vec<(&str, Param)> =
            Prim::from(gather(IndexMode::Clip, None)).params().to_vec();
        params.retain(|(n, _)| *n != "mode");
        params.push(("mode", p));
        parsed("gather", params)
    };
    assert_eq!(mode(Param::Int(1)).unwrap(), gather(IndexMode::Clip, None).into());
    assert_eq!(mode(Param::Int(2)).unwrap(), gather(IndexMode::FillOrDrop, None).into());
    assert_eq!(
        mode(Param::word("GatherScatterMode.PROMISE_IN_BOUNDS")).unwrap(),
        gather(IndexMode::PromiseInBounds, None).into()
    );
    let one_hot = mode(Param::word("GatherScatterMode.ONE_HOT")).unwrap_err().0;
    assert!(one_hot.contains("`mode=ONE_HOT` is not supported"), "{one_hot}");
    assert!(mode(Param::word("WRAP")).unwrap_err().0.contains("a GatherScatterMode"));
}

#[test]
fn the_last_update_wins_and_gets_the_tangent() {
    let prim = scatter(ScatterOp::Set, IndexMode::FillOrDrop);
    let args = [vector(&[1.0, 2.0, 3.0]), at(&[1, 1, 9]), vector(&[5.0, 6.0, 7.0])];
    assert_eq!(eval(prim.clone(), &args), vector(&[1.0, 6.0, 3.0]));
    let ts = [Some(vector(&[0.1, 0.2, 0.3])), None, Some(vector(&[10.0, 20.0, 30.0]))];
    assert_eq!(tangents(prim, &args, &ts)[0], Some(vector(&[0.1, 20.0, 0.3])));
}

#[test]
fn sums_of_halves_round_once() {
    let one = half::f16::ONE;
    let tiny = half::f16::from_f64(2f64.powi(-11));
    let args = [vector(&[one]), at(&[0, 0]), vector(&[tiny, tiny])];
    // Each alone would be lost in 1 + 2⁻¹¹.
    let sum = eval(scatter(ScatterOp::Add, IndexMode::Clip), &args);
    assert_eq!(sum.to_f64s(), [1.0 + 2f64.powi(-10)]);
}

/// The gradient of the sum of a scatter-mul's results by its updates, as a jaxpr of the updates.
fn product_gradient() -> crate::Jaxpr {
    let types = [Type::of(DType::F64, &[5])];
    let (b, ins) = Builder::with_inputs(&types);
    // Updates 0, 2, 3 meet at place 1; update 1 is alone at 0; update 4 is out of bounds.
    let places = [1.0, 0.0, 1.0, 1.0, 7.0].map(|i| b.reshape(b.lit(DType::I32, i), &[1, 1]));
    let indices = b.concatenate(&places, 0);
    let x = b.full(&Type::of(DType::F64, &[3]), 2.0);
    let y = b.op(scatter(ScatterOp::Mul, IndexMode::FillOrDrop), &[x, indices, ins[0]]);
    let sum = b.reduce_sum(y, &[0]);
    let loss = b.finish([sum]);
    crate::transform::grad(&loss, &[true]).unwrap()
}

#[test]
fn products_differentiate_through_zeros() {
    let grad = product_gradient();
    let at = |u: &[f64]| interp::eval(&grad, &[vector(u)]).unwrap()[0].to_f64s();
    assert_eq!(at(&[3.0, 4.0, 5.0, 7.0, 9.0]), [70.0, 2.0, 42.0, 30.0, 0.0]);
    assert_eq!(at(&[0.0, 4.0, 5.0, 7.0, 9.0]), [70.0, 2.0, 0.0, 0.0, 0.0]);
    assert_eq!(at(&[0.0, 4.0, 0.0, 7.0, 9.0]), [0.0, 2.0, 0.0, 0.0, 0.0]);
    // An infinite product out of bounds leaves no trace.
    assert_eq!(at(&[1.0, 0.0, 1.0, 1.0, f64::INFINITY]), [2.0, 2.0, 2.0, 2.0, 0.0]);
}

#[test]
fn second_derivatives_of_products_through_zeros() {
    // ∂²(2 u₀ u₂ u₃)/∂u₀∂u₂ = 2 u₃, also where u₀ and u₂ are both zero.
    let jvp = crate::transform::jvp(&product_gradient(), &[true]).unwrap().jaxpr;
    let u = vector(&[0.0, 4.0, 0.0, 7.0, 9.0]);
    let t = vector(&[1.0, 0.0, 0.0, 0.0, 0.0]);
    let outs = interp::eval(&jvp, &[u, t]).unwrap();
    assert_eq!(outs[1].to_f64s(), [0.0, 0.0, 14.0, 0.0, 0.0]);
}

#[test]
fn extrema_share_ties_equally() {
    let prim = scatter(ScatterOp::Max, IndexMode::FillOrDrop);
    let args = [vector(&[2.0, 0.0, 1.0]), at(&[0, 0, 1, 9]), vector(&[2.0, 2.0, -1.0, 5.0])];
    assert_eq!(eval(prim.clone(), &args), vector(&[2.0, 0.0, 1.0]));
    let ts = [Some(vector(&[3.0, 4.0, 5.0])), None, Some(vector(&[6.0, 9.0, 7.0, 8.0]))];
    assert_eq!(tangents(prim.clone(), &args, &ts)[0], Some(vector(&[6.0, 4.0, 5.0])));
    // NaN wins, and its tangent passes; what was not written keeps its own.
    let args = [vector(&[f64::NAN, 0.0]), at(&[1]), vector(&[f64::NAN])];
    let ts = [Some(vector(&[3.0, 4.0])), None, Some(vector(&[6.0]))];
    assert_eq!(tangents(prim, &args, &ts)[0], Some(vector(&[3.0, 6.0])));
}

#[test]
fn functions_in_scatters_are_refused() {
    let jaxpr = crate::text::parse("{ lambda ; a:f32[] b:f32[]. let in (b,) }").unwrap();
    let mut params: Vec<(&str, Param)> =
        Prim::from(scatter(ScatterOp::Set, IndexMode::Clip)).params().to_vec();
    params.push(("update_jaxpr", Param::Jaxpr(jaxpr)));
    assert!(parsed("scatter", params.clone()).unwrap_err().0.contains("`update_jaxpr`"));
    assert!(parsed("scatter-add", params).is_ok());
}

#[test]
fn batching_adds_axes_without_repeating_the_operand() {
    let types = [Type::of(DType::F64, &[4]), Type::of(DType::I32, &[2, 3, 1])];
    let (b, ins) = Builder::with_inputs(&types);
    let prim = Prim::from(gather(IndexMode::Clip, None));
    let batch = Batch { size: 2, axis: None, ins: &ins, dims: &[None, Some(0)] };
    let (outs, dims) = prim.batch(&b, batch).unwrap();
    assert_eq!((b.n_eqns(), b.ty(outs[0]).to_string().as_str(), dims[0]), (1, "f64[2,3]", Some(0)));
}

#[test]
fn forms_for_rules() {
    let types = [Type::of(DType::F64, &[2, 3]), Type::of(DType::U8, &[2, 2])];
    let (b, ins) = Builder::with_inputs(&types);
    let (x, i) = (ins[0], ins[1]);
    let along = b.take_along_axis(x, i, 1);
    let rows = b.take(x, b.slice_axis(i, 0, 0, 1), 0);
    let columns = b.take(x, b.reshape(i, &[4]), 1);
    let added = b.scatter_add_along_axis(x, i, b.full(&Type::of(DType::F64, &[2, 2]), 1.0), 1);
    let nothing = b.take(x, b.slice_axis(i, 0, 1, 1), 0);
    let jaxpr = b.finish([along, rows, columns, added, nothing]);
    let x = matrix(2, 3, &[0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    let i = matrix(2, 2, &[1u8, 0, 2, 2]);
    let outs = interp::eval(&jaxpr, &[x, i]).unwrap();
    assert_eq!(outs[0], matrix(2, 2, &[1.0, 0.0, 12.0, 12.0]));
    assert_eq!(outs[1].shape(), [1, 2, 3]);
    assert_eq!(outs[1].to_f64s(), [10.0, 11.0, 12.0, 0.0, 1.0, 2.0]);
    assert_eq!(outs[2], matrix(2, 4, &[1.0, 0.0, 2.0, 2.0, 11.0, 10.0, 12.0, 12.0]));
    assert_eq!(outs[3], matrix(2, 3, &[1.0, 2.0, 2.0, 10.0, 11.0, 14.0]));
    assert_eq!(outs[4].shape(), [0, 2, 3]);
}
