use super::*;
use crate::dtype::DType;
use crate::prim::cumulative::{Cumulative, CumulativeOp};
use half::f16;

fn cumulative(op: CumulativeOp, reverse: bool) -> Cumulative {
    Cumulative { op, axis: 0, reverse }
}

fn run(op: CumulativeOp, reverse: bool, xs: &[f64]) -> Vec<f64> {
    call(cumulative(op, reverse), &[vector(xs)])[0].to_f64s()
}

fn derivative(op: CumulativeOp, xs: &[f64], ts: &[f64]) -> Vec<f64> {
    tangent(cumulative(op, false), &vector(xs), &vector(ts)).to_f64s()
}

#[test]
fn operands_are_checked() {
    let flags = Type::of(DType::Bool, &[2]);
    let text = refusal(cumulative(CumulativeOp::Sum, false), std::slice::from_ref(&flags));
    assert_eq!(
        text,
        "`cumsum` cannot take bool[2]: it takes numbers, not bool: convert with `.cast(..)`"
    );
    let text = refusal(cumulative(CumulativeOp::LogSumExp, false), &[Type::of(DType::I32, &[2])]);
    assert!(text.contains("it takes floats, not i32"), "{text}");
    let text = refusal(cumulative(CumulativeOp::Max, false), &[Type::of(DType::I32, &[])]);
    assert!(text.contains("the axis 0 is out of range for rank 0"), "{text}");
}

#[test]
fn values() {
    use CumulativeOp::*;
    assert_eq!(run(Sum, false, &[1.0, 2.0, 3.0]), [1.0, 3.0, 6.0]);
    assert_eq!(run(Sum, true, &[1.0, 2.0, 3.0]), [6.0, 5.0, 3.0]);
    assert_eq!(run(Prod, false, &[2.0, 0.0, 3.0]), [2.0, 0.0, 0.0]);
    assert_eq!(run(Min, true, &[3.0, 1.0, 2.0]), [1.0, 1.0, 2.0]);
    let nan = run(Max, false, &[1.0, f64::NAN, 2.0]);
    assert!(nan[0] == 1.0 && nan[1].is_nan() && nan[2].is_nan());
    let ones = call(cumulative(Sum, false), &[vector(&[f16::ONE; 4096])]).remove(0);
    assert_eq!(ones.to_f64s()[4095], 4096.0);
}

#[test]
fn log_sum_exp_at_infinities() {
    let inf = f64::INFINITY;
    let y = run(CumulativeOp::LogSumExp, false, &[-inf, -inf, 0.0, 1000.0, inf, 1.0, f64::NAN]);
    assert_eq!(y[..6], [-inf, -inf, 0.0, 1000.0, inf, inf]);
    assert!(y[6].is_nan());
    // Leading infinities have no weight.
    let t =
        derivative(CumulativeOp::LogSumExp, &[-inf, -inf, 0.0, 0.0], &[1.0, 10.0, 100.0, 200.0]);
    assert_eq!(t[2..], [100.0, 150.0]);
}

#[test]
fn derivatives_at_zeros_and_ties_are_jax() {
    let ts = [1.0, 10.0, 100.0, 1000.0, 10000.0];
    let zeros = derivative(CumulativeOp::Prod, &[1.0, 0.0, 2.0, 0.0, 2.0], &ts);
    assert_eq!(zeros, [1.0, 10.0, 20.0, 0.0, 0.0]);
    // From jax.jvp(lax.cummax) of JAX 0.10.2.
    let ties = derivative(CumulativeOp::Max, &[1.0, 1.0, 2.0, 2.0, 2.0], &ts);
    assert_eq!(ties, [1.0, 5.5, 100.0, 550.0, 5275.0]);
}
