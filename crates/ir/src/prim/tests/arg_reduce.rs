use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::prim::arg_reduce::ArgReduce;

fn arg(max: bool, axis: usize, index_dtype: DType) -> ArgReduce {
    ArgReduce { max, axis, index_dtype }
}

#[test]
fn operands_are_checked() {
    let x = Type::of(DType::F32, &[300, 0]);
    let of = |axis, dtype| refusal(arg(true, axis, dtype), std::slice::from_ref(&x));
    assert_eq!(
        of(1, DType::I32),
        "`argmax` cannot take f32[300,0]: axis 1 is empty, so no index can be given"
    );
    assert!(of(0, DType::U8).contains("the index 299 does not fit u8"));
    assert!(of(0, DType::F32).contains("indices are integers, not f32"));
    assert!(of(2, DType::I32).contains("the axis 2 is out of range for rank 2"));
    let two = Param::Tuple(vec![Param::Int(0), Param::Int(1)]);
    let fault = parsed("argmax", vec![("axes", two), ("index_dtype", Param::DType(DType::I32))]);
    assert_eq!(fault.unwrap_err().0, "`axes` must hold one axis, not 2");
}

#[test]
fn first_of_equals_and_first_nan() {
    let at = |max, xs: &[f64]| call(arg(max, 0, DType::I64), &[vector(xs)])[0].to_f64s()[0];
    assert_eq!(at(true, &[0.0, 2.0, 2.0]), 1.0);
    assert_eq!(at(false, &[1.0, 0.0, -0.0]), 1.0);
    assert_eq!(at(true, &[0.0, f64::NAN, f64::INFINITY, f64::NAN]), 1.0);
    assert_eq!(at(false, &[0.0, f64::NAN, f64::NEG_INFINITY]), 1.0);
    assert_eq!(at(true, &[f64::NEG_INFINITY; 3]), 0.0);
    let rows = matrix(2, 3, &[1i32, 5, 2, 9, 0, 9]);
    assert_eq!(call(arg(true, 1, DType::U8), std::slice::from_ref(&rows))[0], vector(&[1u8, 0]));
    assert_eq!(call(arg(false, 0, DType::I32), &[rows])[0], vector(&[0, 1, 0]));
}
