use super::*;
use crate::dtype::DType;
use crate::prim::select::SelectN;

#[test]
fn operands_fit() {
    let of = |dtype, shape: &[usize]| Type::of(dtype, shape);
    let (p, x) = (of(DType::Bool, &[3]), of(DType::F32, &[3]));
    assert_eq!(
        broken_rule(SelectN, std::slice::from_ref(&p)),
        "it takes a predicate and at least one case"
    );
    assert_eq!(
        broken_rule(SelectN, &[p.clone(), x.clone()]),
        "a bool predicate chooses between two cases, not 1"
    );
    assert_eq!(
        broken_rule(SelectN, &[of(DType::F32, &[3]), x.clone(), x.clone()]),
        "the predicate is bool or i32, not f32: convert it with `.cast(..)`"
    );
    assert_eq!(
        broken_rule(SelectN, &[p, x.clone(), of(DType::F32, &[])]),
        "the cases have one type, but f32[3] and f32[] differ"
    );
    assert_eq!(
        broken_rule(SelectN, &[of(DType::Bool, &[1]), x.clone(), x]),
        "the predicate has the shape of the cases or rank 0"
    );
}

#[test]
fn numbers_out_of_range_choose_the_ends() {
    let cases = [0, 10, 20].map(|c| vector(&[c, c + 1, c + 2, c + 3]));
    let [a, b, c] = cases;
    let which = vector(&[i32::MIN, 1, 2, i32::MAX]);
    assert_bits(eval(SelectN, &[which, a.clone(), b.clone(), c.clone()]), vector(&[0, 11, 22, 23]));
    assert_bits(eval(SelectN, &[Value::scalar(-5), a.clone(), b, c]), a);
}

#[test]
fn false_is_the_first_case() {
    let (x, y) = (vector(&[1.0, 2.0]), vector(&[3.0, 4.0]));
    assert_bits(
        eval(SelectN, &[vector(&[true, false]), x.clone(), y.clone()]),
        vector(&[3.0, 2.0]),
    );
    assert_bits(eval(SelectN, &[Value::scalar(false), x.clone(), y]), x);
}
