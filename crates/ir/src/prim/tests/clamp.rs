use super::*;
use crate::dtype::DType;
use crate::prim::clamp::Clamp;

#[test]
fn bounds_fit() {
    let of = |dtype, shape: &[usize]| Type::of(dtype, shape);
    let x = of(DType::F32, &[3]);
    assert_eq!(
        broken_rule(Clamp, &[of(DType::F32, &[2]), x.clone(), of(DType::F32, &[])]),
        "a bound has the shape of the clamped operand, [3], or rank 0"
    );
    // A scalar does not follow its bounds.
    broken_rule(Clamp, &[x.clone(), of(DType::F32, &[]), x.clone()]);
    broken_rule(Clamp, &[of(DType::F64, &[]), x.clone(), of(DType::F32, &[])]);
    assert_eq!(broken_rule(Clamp, &[x.clone(), x]), "it takes 3 operands, not 2");
}

#[test]
fn values() {
    let scalar = |x: f64| Value::scalar(x);
    let x = vector(&[-1.0, 0.5, 2.0, f64::NAN]);
    let y = eval(Clamp, &[scalar(0.0), x.clone(), scalar(1.0)]).to_f64s();
    assert_eq!(y[..3], [0.0, 0.5, 1.0]);
    assert!(y[3].is_nan());
    // The upper bound wins over the lower.
    assert_eq!(eval(Clamp, &[scalar(3.0), x, scalar(1.0)]).to_f64s()[..3], [1.0; 3]);
    let (no, yes) = (Value::scalar(false), Value::scalar(true));
    let x = vector(&[true, false]);
    assert_bits(eval(Clamp, &[no.clone(), x.clone(), no.clone()]), vector(&[false, false]));
    assert_bits(eval(Clamp, &[no, x.clone(), yes]), x);
}

#[test]
fn derivatives_at_the_bounds_are_zero() {
    let text = "{ lambda ; a:f64[] b:f64[5] c:f64[]. let d:f64[5] = clamp a b c in (d,) }";
    let x = vector(&[-1.0, 0.0, 0.5, 1.0, 2.0]);
    let by = |lo: f64, x_t: f64, hi: f64| {
        let bounds = [Value::scalar(0.0), x.clone(), Value::scalar(1.0)];
        let tangents = [Value::scalar(lo), vector(&[x_t; 5]), Value::scalar(hi)];
        tangent_of_text(text, &[bounds, tangents].concat())
    };
    assert_bits(by(1.0, 0.0, 0.0), vector(&[1.0, 0.0, 0.0, 0.0, 0.0]));
    assert_bits(by(0.0, 1.0, 0.0), vector(&[0.0, 0.0, 1.0, 0.0, 0.0]));
    assert_bits(by(0.0, 0.0, 1.0), vector(&[0.0, 0.0, 0.0, 0.0, 1.0]));
}
