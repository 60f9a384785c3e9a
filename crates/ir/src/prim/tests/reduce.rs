use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::prim::reduce::{Reduce, ReduceOp};
use half::{bf16, f16};

fn reduce(op: ReduceOp, axes: &[usize]) -> Reduce {
    Reduce { op, axes: axes.into() }
}

fn f64s(op: ReduceOp, axes: &[usize], x: Value) -> Vec<f64> {
    call(reduce(op, axes), &[x])[0].to_f64s()
}

#[test]
fn operands_are_checked() {
    let x = Type::of(DType::F32, &[2, 3]);
    let axes = |axes: &[usize]| refusal(reduce(ReduceOp::Sum, axes), std::slice::from_ref(&x));
    assert_eq!(
        axes(&[2]),
        "`reduce_sum` cannot take f32[2,3]: the axis 2 is out of range for rank 2"
    );
    assert_eq!(axes(&[1, 1]), "`reduce_sum` cannot take f32[2,3]: the axis 1 is given twice");
    assert_eq!(
        axes(&[1, 0]),
        "`reduce_sum` cannot take f32[2,3]: the axes [1, 0] must be in ascending order"
    );
    assert_eq!(
        refusal(reduce(ReduceOp::Xor, &[0]), std::slice::from_ref(&x)),
        "`reduce_xor` cannot take f32[2,3]: it takes bool or integers, not f32"
    );
    assert_eq!(
        refusal(reduce(ReduceOp::Max, &[0]), &[x.clone(), x]),
        "`reduce_max` cannot take f32[2,3] and f32[2,3]: it takes 1 operand, not 2"
    );
    let flags = Type::of(DType::Bool, &[2]);
    assert!(refusal(reduce(ReduceOp::Prod, &[0]), &[flags]).contains("numbers, not bool"));
}

#[test]
fn parameters_of_jax_are_read() {
    let axes = Param::Tuple(vec![Param::Int(1), Param::Int(0)]);
    let p = parsed("reduce_sum", vec![("axes", axes), ("out_sharding", Param::None)]).unwrap();
    assert_eq!(p, reduce(ReduceOp::Sum, &[0, 1]).into());
}

#[test]
fn empty_axes_give_the_identity() {
    let none: Value = matrix::<f64>(2, 0, &[]);
    assert_eq!(f64s(ReduceOp::Sum, &[1], none.clone()), [0.0, 0.0]);
    assert_eq!(f64s(ReduceOp::Prod, &[1], none.clone()), [1.0, 1.0]);
    assert_eq!(f64s(ReduceOp::Max, &[1], none.clone()), [f64::NEG_INFINITY; 2]);
    assert_eq!(f64s(ReduceOp::Min, &[1], none.clone()), [f64::INFINITY; 2]);
    assert!(f64s(ReduceOp::Sum, &[0], none.clone()).is_empty());
    assert_eq!(call(reduce(ReduceOp::Max, &[0]), &[vector::<i8>(&[])])[0], Value::scalar(-128i8));
    assert_eq!(call(reduce(ReduceOp::Min, &[0]), &[vector::<u8>(&[])])[0], Value::scalar(255u8));
    assert_eq!(call(reduce(ReduceOp::And, &[0]), &[vector::<i8>(&[])])[0], Value::scalar(-1i8));
    assert_eq!(call(reduce(ReduceOp::And, &[0]), &[vector::<bool>(&[])])[0], Value::scalar(true));
    // The identity does not depend on the operand.
    let t =
        tangents(reduce(ReduceOp::Max, &[1]), std::slice::from_ref(&none), &[Some(none.clone())]);
    assert_eq!(t, [None]);
}

#[test]
fn extremes_propagate_nan() {
    let x = vector(&[1.0f32, f32::NAN, 3.0]);
    assert!(f64s(ReduceOp::Max, &[0], x.clone())[0].is_nan());
    assert!(f64s(ReduceOp::Min, &[0], x)[0].is_nan());
}

#[test]
fn integers_wrap_and_short_floats_round_once() {
    assert_eq!(f64s(ReduceOp::Sum, &[0], vector(&[200u8, 100])), [44.0]);
    assert_eq!(f64s(ReduceOp::Prod, &[0], vector(&[i32::MAX, 2])), [-2.0]);
    // 4096 ones are more than f16 can count one by one, and bf16 stops at 256.
    assert_eq!(f64s(ReduceOp::Sum, &[0], vector(&[f16::ONE; 4096])), [4096.0]);
    assert_eq!(f64s(ReduceOp::Sum, &[0], vector(&[bf16::ONE; 1024])), [1024.0]);
}

#[test]
fn axes_may_be_anywhere() {
    let x: Vec<i32> = (0..24).collect();
    let x = Value::new([2, 3, 4].as_slice(), x);
    assert_eq!(f64s(ReduceOp::Sum, &[0, 2], x.clone()), [60.0, 92.0, 124.0]);
    assert_eq!(f64s(ReduceOp::Max, &[1], x.clone())[..4], [8.0, 9.0, 10.0, 11.0]);
    assert_eq!(f64s(ReduceOp::Xor, &[0, 1, 2], x.clone()), [0.0]);
    assert_eq!(call(reduce(ReduceOp::Min, &[]), std::slice::from_ref(&x))[0], x);
}

#[test]
fn products_are_differentiable_at_zeros() {
    let t = vector(&[1.0, 10.0, 100.0, 1000.0]);
    let of = |x: [f64; 4]| tangent(reduce(ReduceOp::Prod, &[0]), &vector(&x), &t).to_f64s()[0];
    assert_eq!(of([2.0, 3.0, 5.0, 7.0]), 105.0 + 10.0 * 70.0 + 100.0 * 42.0 + 1000.0 * 30.0);
    assert_eq!(of([2.0, 0.0, 5.0, 7.0]), 700.0);
    assert_eq!(of([2.0, 0.0, 5.0, 0.0]), 0.0);
    assert_eq!(of([0.0; 4]), 0.0);
}

#[test]
fn ties_share_equally() {
    let x = vector(&[3.0, 1.0, 3.0]);
    let t = vector(&[1.0, 10.0, 100.0]);
    assert_eq!(tangent(reduce(ReduceOp::Max, &[0]), &x, &t).to_f64s(), [50.5]);
    assert_eq!(tangent(reduce(ReduceOp::Min, &[0]), &x, &t).to_f64s(), [10.0]);
}
