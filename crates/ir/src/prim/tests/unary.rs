use super::*;
use crate::dtype::DType;
use crate::prim::integer_pow::IntegerPow;
use crate::prim::unary::Unary;
use half::{bf16, f16};

#[test]
fn each_op_takes_its_dtypes_only() {
    let of = |dtype| [Type::of(dtype, &[3])];
    assert_eq!(
        broken_rule(Unary::Exp, &of(DType::I32)),
        "it takes floats, not i32: convert with `.cast(..)`"
    );
    assert_eq!(
        broken_rule(Unary::Neg, &of(DType::Bool)),
        "it takes floats and integers, not bool: convert with `.cast(..)`"
    );
    assert_eq!(
        broken_rule(Unary::Not, &of(DType::F32)),
        "it takes integers and bool, not f32: convert with `.cast(..)`"
    );
    assert_eq!(broken_rule(Unary::Sin, &[]), "it takes 1 operand, not 0");
    for op in Unary::ALL {
        for dtype in DType::ALL {
            let x = Value::zeros(&Type::of(dtype, &[2]));
            assert_eq!(
                op.type_of(std::slice::from_ref(x.ty())).is_ok(),
                op.eval(&[x]).is_ok(),
                "{op:?} of {dtype}"
            );
        }
    }
}

#[test]
fn names_are_distinct() {
    let names = Unary::names();
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    assert_eq!(names.len(), Unary::ALL.len() - 1);
}

#[test]
fn integers() {
    let x = vector(&[i32::MIN, -3, 0, 70_000]);
    assert_bits(apply(Unary::Neg, &x), vector(&[i32::MIN, 3, 0, -70_000]));
    assert_bits(apply(Unary::Abs, &x), vector(&[i32::MIN, 3, 0, 70_000]));
    assert_bits(apply(Unary::Sign, &x), vector(&[-1, -1, 0, 1]));
    assert_bits(apply(Unary::Square, &x), vector(&[0, 9, 0, 605_032_704]));
    assert_bits(eval(Unary::Not, &[x]), vector(&[i32::MAX, 2, -1, -70_001]));
    assert_bits(eval(Unary::Not, &[vector(&[true, false])]), vector(&[false, true]));
    assert_bits(eval(Unary::Neg, &[Value::scalar(1u8)]), Value::scalar(255u8));
}

#[test]
fn rounding_has_two_methods_under_one_name() {
    let x = vector(&[0.5, 1.5, 2.5, -0.5, -2.5]);
    assert_bits(apply(Unary::Round, &x), vector(&[1.0, 2.0, 3.0, -1.0, -3.0]));
    assert_bits(apply(Unary::RoundEven, &x), vector(&[0.0, 2.0, 2.0, -0.0, -2.0]));
    let text = "{ lambda ; a:f64[5]. let b:f64[5] = round[rounding_method=1] a in (b,) }";
    let jaxpr = crate::text::parse(text).unwrap();
    assert_eq!(jaxpr.eqns()[0].prim, Unary::RoundEven.into());
    let wrong = crate::text::parse(&text.replace("=1]", "=2]")).unwrap_err().to_string();
    assert!(wrong.contains("halves to even"), "{wrong}");
}

#[test]
fn floats() {
    let x = vector(&[f64::NAN, f64::INFINITY, -1.0]);
    assert_bits(eval(Unary::IsFinite, &[x]), vector(&[false, false, true]));
    let minus_nan = Value::scalar(-f16::NAN);
    assert_bits(eval(Unary::Neg, &[minus_nan]), Value::scalar(f16::NAN));
    // Computed in f32 and rounded once.
    let e = eval(Unary::Exp, &[Value::scalar(bf16::from_f32(1.0))]);
    assert_bits(e, Value::scalar(bf16::from_f32(1f32.exp())));
    assert_bits(eval(Unary::Sin, &[vector::<f64>(&[])]), vector::<f64>(&[]));
}

#[test]
fn kinks_are_as_in_jax() {
    let text = "{ lambda ; a:f64[4]. let b:f64[4] = abs a in (b,) }";
    let (x, t) = (vector(&[0.0, -0.0, -2.0, 2.0]), vector(&[1.0; 4]));
    assert_bits(tangent_of_text(text, &[x, t]), vector(&[1.0, 1.0, -1.0, 1.0]));
}

#[test]
fn integer_powers() {
    let x = [Type::scalar(DType::I32)];
    assert_eq!(
        broken_rule(IntegerPow { y: -1 }, &x),
        "integers have no negative powers: convert with `.cast(..)`"
    );
    let least = IntegerPow { y: i32::MIN };
    assert_eq!(
        broken_rule(least, &[Type::scalar(DType::F32)]),
        "the exponent -2147483648 is too small"
    );
    assert_bits(eval(IntegerPow { y: 3 }, &[vector(&[-2, 2000])]), vector(&[-8, -589_934_592]));
    assert_bits(eval(IntegerPow { y: 0 }, &[vector(&[f64::NAN, 0.0])]), vector(&[1.0, 1.0]));
    assert_bits(
        eval(IntegerPow { y: -3 }, &[vector(&[-2.0, 0.0])]),
        vector(&[-0.125, f64::INFINITY]),
    );
    let text = "{ lambda ; a:f64[]. let b:f64[] = integer_pow[y=5000000000] a in (b,) }";
    let wrong = crate::text::parse(text).unwrap_err().to_string();
    assert!(wrong.contains("the exponent 5000000000 is no i32"), "{wrong}");
}
