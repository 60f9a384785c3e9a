use super::*;
use crate::dtype::DType;
use crate::prim::binary::Binary;
use crate::prim::compare::Compare;

#[test]
fn operands_fit() {
    let of = |dtype, shape: &[usize]| Type::of(dtype, shape);
    let (f32s, f64s) = (of(DType::F32, &[3]), of(DType::F64, &[3]));
    assert_eq!(
        broken_rule(Binary::Add, &[f32s.clone(), f64s.clone()]),
        "the dtypes f32 and f64 differ: convert one with `.cast(..)`"
    );
    let shapes = "the shapes [3] and [1,3] differ: operands have equal shapes or rank 0, \
                  broadcast one with `.broadcast_to(..)`";
    assert_eq!(broken_rule(Binary::Mul, &[f64s.clone(), of(DType::F64, &[1, 3])]), shapes);
    assert_eq!(broken_rule(Compare::Lt, &[f64s.clone(), of(DType::F64, &[1, 3])]), shapes);
    assert_eq!(
        broken_rule(Binary::And, &[f64s.clone(), f64s.clone()]),
        "it takes integers and bool, not f64: convert with `.cast(..)`"
    );
    assert_eq!(
        broken_rule(Binary::Add, &[of(DType::Bool, &[]), of(DType::Bool, &[])]),
        "it takes floats and integers, not bool: convert with `.cast(..)`"
    );
    assert_eq!(broken_rule(Binary::Sub, std::slice::from_ref(&f64s)), "it takes 2 operands, not 1");
    // Only the exponent may be an integer beside a float.
    let ints = of(DType::I64, &[3]);
    assert!(Binary::Pow.type_of(&[f64s.clone(), ints.clone()]).is_ok());
    broken_rule(Binary::Pow, &[ints.clone(), f64s.clone()]);
    broken_rule(Binary::Pow, &[f64s.clone(), f32s]);
    broken_rule(Binary::Atan2, &[f64s, ints]);
    for op in Binary::ALL {
        for dtype in DType::ALL {
            let x = Value::zeros(&of(dtype, &[2]));
            let ok = op.type_of(&[x.ty().clone(), x.ty().clone()]).is_ok();
            assert_eq!(ok, op.eval(&[x.clone(), x]).is_ok(), "{op:?} of {dtype}");
        }
    }
}

#[test]
fn cotangents_are_added_by_add() {
    let text = "{ lambda ; a:f64[]. let b:f64[] = add_any a a in (b,) }";
    assert_eq!(crate::text::parse(text).unwrap().eqns()[0].prim, Binary::Add.into());
}

#[test]
fn scalars_meet_every_element() {
    let (x, two) = (vector(&[1.0, 2.0]), Value::scalar(2.0));
    assert_bits(eval(Binary::Sub, &[x.clone(), two.clone()]), vector(&[-1.0, 0.0]));
    assert_bits(eval(Binary::Sub, &[two.clone(), x]), vector(&[1.0, 0.0]));
    assert_bits(eval(Binary::Sub, &[two.clone(), vector::<f64>(&[])]), vector::<f64>(&[]));
    assert_bits(eval(Binary::Sub, &[two.clone(), two]), Value::scalar(0.0));
}

#[test]
fn integers_and_truth_values() {
    let (x, y) = (vector(&[7, -7, i32::MIN, 5]), vector(&[2, 2, -1, 0]));
    assert_bits(eval(Binary::Div, &[x.clone(), y.clone()]), vector(&[3, -3, i32::MIN, -1]));
    assert_bits(eval(Binary::Rem, &[x.clone(), y.clone()]), vector(&[1, -1, 0, 5]));
    assert_bits(eval(Binary::ShiftLeft, &[x, y]), vector(&[28, -28, 0, 5]));
    let (p, q) = (vector(&[true, true, false, false]), vector(&[true, false, true, false]));
    assert_bits(eval(Binary::Max, &[p.clone(), q.clone()]), vector(&[true, true, true, false]));
    assert_bits(eval(Binary::Min, &[p.clone(), q.clone()]), vector(&[true, false, false, false]));
    assert_bits(eval(Compare::Gt, &[p, q]), vector(&[false, true, false, false]));
}

#[test]
fn nan_and_zeros() {
    let x = vector(&[f64::NAN, 1.0, 0.0, -0.0]);
    let y = vector(&[1.0, f64::NAN, -0.0, 0.0]);
    let max = eval(Binary::Max, &[x.clone(), y.clone()]).to_f64s();
    assert!(max[0].is_nan() && max[1].is_nan() && max[2].is_sign_positive());
    assert_bits(eval(Compare::Eq, &[x.clone(), y.clone()]), vector(&[false, false, true, true]));
    assert_bits(eval(Compare::Ne, &[x.clone(), y.clone()]), vector(&[true, true, false, false]));
    assert_bits(eval(Compare::Le, &[x, y]), vector(&[false, false, true, true]));
}

#[test]
fn ties_share_and_nan_has_no_part() {
    let text = "{ lambda ; a:f64[4] b:f64[4]. let c:f64[4] = max a b in (c,) }";
    let (x, y) = (vector(&[1.0, 0.0, f64::NAN, 3.0]), vector(&[1.0, -0.0, 2.0, 2.0]));
    let t = tangent_of_text(text, &[x, y, vector(&[1.0; 4]), vector(&[0.0; 4])]);
    assert_bits(t, vector(&[0.5, 0.5, 0.0, 1.0]));
}

#[test]
fn integer_exponents_have_finite_derivatives_at_zero() {
    let text = "{ lambda ; a:f64[4] b:i32[4]. let c:f64[4] = pow a b in (c,) }";
    let (x, y, t) = (vector(&[0.0, 0.0, 0.0, 2.0]), vector(&[0, 1, 2, -1]), vector(&[1.0; 4]));
    assert_bits(
        tangent_of_text(text, &[x.clone(), y.clone(), t.clone()]),
        vector(&[0.0, 1.0, 0.0, -0.25]),
    );
    let jaxpr = crate::text::parse(text).unwrap();
    let first = crate::transform::jvp(&jaxpr, &[true, false]).unwrap().jaxpr;
    let second = crate::transform::jvp(&first, &[true, false, false]).unwrap().jaxpr;
    let outs = crate::interp::eval(&second, &[x, y, t.clone(), t]).unwrap();
    assert_bits(outs[3].clone(), vector(&[0.0, 0.0, 2.0, 0.25]));
}

#[test]
fn polygamma_varies_with_its_argument_only() {
    let text = "{ lambda ; a:f64[3] b:f64[3]. let c:f64[3] = polygamma a b in (c,) }";
    let (m, x) = (vector(&[0.0, 1.0, 2.0]), vector(&[0.7, 1.5, 3.0]));
    let h = 1e-5;
    let at = |h: f64| {
        let x: Vec<f64> = x.to_f64s().iter().map(|x| x + h).collect();
        eval(Binary::Polygamma, &[m.clone(), vector(&x)]).to_f64s()
    };
    let got = tangent_of_text(text, &[m.clone(), x.clone(), vector(&[1.0; 3]), vector(&[1.0; 3])]);
    for (got, (hi, lo)) in got.to_f64s().iter().zip(at(h).iter().zip(at(-h))) {
        let want = (hi - lo) / (2.0 * h);
        assert!((got - want).abs() < 1e-8 * want.abs(), "got {got}, want {want}");
    }
}
