use super::*;
use crate::dtype::DType;
use crate::prim::reduce_with::ReduceWith;
use crate::transform;

/// (p, q) then (r, s) gives (p·r, q·r + s): the composition of affine maps.
fn affine() -> Jaxpr {
    let (b, a) = Builder::with_inputs(&[DType::F64; 4].map(Type::scalar));
    let outs = [b.mul(a[0], a[2]), b.add(b.mul(a[1], a[2]), a[3])];
    b.finish(outs)
}

fn reduce(dimensions: &[usize]) -> ReduceWith {
    ReduceWith { jaxpr: affine(), dimensions: dimensions.into() }
}

#[test]
fn operands_are_checked() {
    let (x, one) = (Type::of(DType::F64, &[2, 3]), Type::scalar(DType::F64));
    let of = |dims: &[usize], types: &[&Type]| {
        let types: Vec<Type> = types.iter().map(|&t| t.clone()).collect();
        refusal(reduce(dims), &types)
    };
    assert_eq!(
        of(&[0], &[&x, &x, &one]),
        "`reduce` cannot take f64[2,3], f64[2,3] and f64[]: it takes arrays, then as many initial \
         values, not 3 operands"
    );
    assert!(of(&[0], &[]).contains("not 0 operands"));
    assert!(of(&[2], &[&x, &x, &one, &one]).contains("the dimension 2 is out of range for rank 2"));
    assert!(of(&[0], &[&x, &one, &one, &one]).contains("the shapes of the arrays must be equal"));
    assert!(of(&[0], &[&x, &x, &x, &one]).contains("the initial values must be f64[] and f64[]"));
    assert!(of(&[0], &[&x, &one]).contains("the function must take f64[] and f64[]: the acc"));
}

#[test]
fn elements_are_combined_in_order() {
    let p = matrix(2, 3, &[2.0, 3.0, 5.0, 1.0, 1.0, 0.5]);
    let q = matrix(2, 3, &[1.0, 1.0, 1.0, 0.0, 2.0, 4.0]);
    let inits = [Value::scalar(1.0), Value::scalar(7.0)];
    let [r, s] = inits;
    let out = call(reduce(&[1]), &[p, q, r, s]);
    assert_eq!(out[0], vector(&[30.0, 0.5]));
    assert_eq!(out[1], vector(&[((7.0 * 2.0 + 1.0) * 3.0 + 1.0) * 5.0 + 1.0, 8.5]));
}

#[test]
fn empty_axes_give_the_initial_values() {
    let none: Value = matrix::<f64>(2, 0, &[]);
    let args = [none.clone(), none, Value::scalar(3.0), Value::scalar(4.0)];
    let out = call(reduce(&[1]), &args);
    assert_eq!(out[0], vector(&[3.0, 3.0]));
    let ts = tangents(reduce(&[1]), &args, &[None, None, None, Some(Value::scalar(1.0))]);
    assert_eq!(ts, [None, Some(vector(&[1.0, 1.0]))]);
}

#[test]
fn derivatives_take_about_log_n_groups_of_equations() {
    let types = [
        Type::of(DType::F64, &[1000]),
        Type::of(DType::F64, &[1000]),
        Type::scalar(DType::F64),
        Type::scalar(DType::F64),
    ];
    let (b, ins) = Builder::with_inputs(&types);
    let outs = b.bind(reduce(&[0]), &ins).unwrap();
    let gradient = transform::vjp(&b.finish(outs), &[true; 4]).unwrap();
    assert!(gradient.eqns().len() < 1000, "{} equations", gradient.eqns().len());
}
