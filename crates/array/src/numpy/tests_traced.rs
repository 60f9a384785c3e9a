//! Singular points, masks and messages, under transformations.

use crate::error::catching;
use crate::{Array, array, einsum, grad, jit, make_jaxpr, ones, select, zeros};

fn fault(f: impl FnOnce() -> Array) -> String {
    catching(f).err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn arrays_cross_threads() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug + std::fmt::Display>() {}
    check::<Array>();
}

#[test]
fn singular_points_are_jaxs() {
    let (zero, inf) = (zeros::<f64>([3]), f64::NEG_INFINITY);
    let nans = |x: &Array| x.to_vec::<f64>().iter().all(|x| x.is_nan());
    assert!(nans(&grad(|x: &Array| x.norm())(&zero)));
    assert!(nans(&grad(|x: &Array| x.std())(&ones::<f64>([3]))));
    assert_eq!(grad(|x: &Array| x.norm_over(0, 1.0))(&zero).to_vec::<f64>(), [1.0; 3]);
    let max = grad(|x: &Array| x.norm_over(0, f64::INFINITY))(&zero).to_vec::<f64>();
    assert!(max.iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-12 || (x - 1.0 / 6.0).abs() < 1e-12));
    let masked = grad(|x: &Array| x.logsumexp())(&array![inf, 1.0, 2.0]).to_vec::<f64>();
    assert_eq!(masked[0], 0.0);
    assert!((masked[1] - 0.268_941_421_369_995_1).abs() < 1e-14);
    assert!(nans(&grad(|x: &Array| x.logsumexp())(&array![inf, inf])));
    let soft = grad(|x: &Array| x.softmax(0).get(1))(&array![inf, 1.0, 1.0]).to_vec::<f64>();
    assert_eq!(soft, [0.0, 0.25, -0.25]);
    let zero = array![0.0];
    assert_eq!(grad(|x: &Array| x.relu().sum())(&zero).item::<f64>(), 0.0);
    assert_eq!(grad(|x: &Array| x.maximum(0).sum())(&zero).item::<f64>(), 0.5);
    assert_eq!(grad(|x: &Array| x.pow(2).sum())(&zero).item::<f64>(), 0.0);
    let second = grad(|x: &Array| grad(|x: &Array| x.pow(2).sum())(x).sum());
    assert_eq!(second(&zero).item::<f64>(), 2.0);
}

#[test]
fn constants_beside_traced_arrays_are_equations() {
    let x = zeros::<f32>([2, 3]);
    let f = |x: &Array| select(x.gt(0.0), x, -1.0).triu(0);
    let text = make_jaxpr(f)(&x).to_string();
    let (lambda, _) = text.split_once(". let").unwrap_or_default();
    assert_eq!(lambda, "{ lambda ; a:f32[2,3]", "{text}");
}

#[test]
fn masks_must_be_known() {
    let x = array![1.0, -2.0, 3.0];
    // An un-jitted gradient knows its values; jit does not.
    let positive = |x: &Array| x.get(x.gt(0.0)).square().sum();
    assert_eq!(grad(positive)(&x).to_vec::<f64>(), [2.0, 0.0, 6.0]);
    let text = fault(|| jit(positive)(&x));
    assert!(text.contains("use `select(mask, a, b)`"), "{text}");
}

#[test]
fn malformed_indices_and_subscripts_are_refused() {
    let x = zeros::<f32>([2, 3]);
    let faults = [
        fault(|| x.get((0, 0, 0))),
        fault(|| x.get(2)),
        fault(|| x.get((.., -4))),
        fault(|| x.get((crate::Ellipsis, crate::Ellipsis))),
        fault(|| x.get(array![0.5])),
        fault(|| x.get(array![true])),
        fault(|| x.get((array![0, 1], array![0, 1, 2]))),
        fault(|| x.at(0).set(array![1.0f32, 2.0])),
        fault(|| x.at(0).add(1e300)),
        fault(|| einsum("ij,jk->ik", [&x, &x])),
        fault(|| einsum("ij", [&x, &x])),
        fault(|| einsum("ijk", [&x])),
        fault(|| einsum("i", [&x])),
        fault(|| einsum("ij->k", [&x])),
        fault(|| einsum("ij->ii", [&x])),
        fault(|| einsum("i1", [&x])),
        fault(|| einsum("...j->j", [&x])),
        fault(|| x.squeeze(0)),
        fault(|| x.permute([0, 0])),
        fault(|| x.split(2, 1)[0].clone()),
        fault(|| x.pad([(1, 1)], 0)),
        fault(|| crate::stack([&x, &x.t()], 0)),
        fault(|| crate::concat([&x, &x.t()], 0)),
    ];
    insta::assert_snapshot!(faults.join("\n"), @r#"
    `get` cannot take f32[2,3]: 3 indices are too many for 2 axes
    `get` cannot take f32[2,3]: the index 2 is out of range for axis 0 of size 2
    `get` cannot take f32[2,3]: the index -4 is out of range for axis 1 of size 3
    `get` cannot take f32[2,3]: an index has one `Ellipsis`
    `get` cannot take f32[2,3] and f64[1]: indices are integers, not f64: convert with `.cast(..)`
    `get` cannot take f32[2,3]: a mask has the sizes of the axes that it indexes, from axis 0 on, not [1]
    `get` cannot take f32[2,3]: the index arrays do not fit together: the shapes do not broadcast: 2 and 3 at axis 1 from the end; sizes are equal or 1
    `at(..).set` cannot take f32[2,3] and f32[2]: the values do not broadcast to what is picked, [3]
    `at(..).add` cannot take f32[2,3] and the scalar 1e300: the scalar 1e300 cannot be f32; a scalar takes the dtype of the array beside it, so convert the array with `.cast(..)` first
    `einsum("ij,jk->ik")` cannot take f32[2,3] and f32[2,3]: the axes named `j` have the sizes 3 and 2
    `einsum("ij")` cannot take f32[2,3] and f32[2,3]: the subscripts name 1 operands, not 2
    `einsum("ijk")` cannot take f32[2,3]: `ijk` names 3 axes of an operand that has 2
    `einsum("i")` cannot take f32[2,3]: `i` names 1 axes of an operand that has 2: `...` stands for the others
    `einsum("ij->k")` cannot take f32[2,3]: no operand has the axis `k` of the result
    `einsum("ij->ii")` cannot take f32[2,3]: the result has the axis `i` twice
    `einsum("i1")` cannot take f32[2,3]: `1` is no name of an axis: axes are named by the letters a–z and A–Z
    `einsum("...j->j")` cannot take f32[2,3]: the result lacks the axes of `...`, [2]: write `...` behind `->` too
    `squeeze` cannot take f32[2,3]: axis 0 has size 2, not 1
    `permute` cannot take f32[2,3]: the axis 0 is given twice
    `split` cannot take f32[2,3]: axis 1 of size 3 does not give 2 equal pieces: see `split_sizes`
    `pad` cannot take f32[2,3]: 1 pairs of widths for 2 axes
    `stack` cannot take f32[2,3] and f32[3,2]: the shapes differ: `concat` joins along an axis that is there
    `concat` cannot take f32[2,3] and f32[3,2]: sizes must be equal but along axis 0
    "#);
}
