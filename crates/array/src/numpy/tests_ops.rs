use crate::{Array, DType, array, error::catching, full, grad, keep, select, zeros};

/// The text of the panic of an ill-typed operation.
fn fault(f: impl FnOnce() -> Array) -> String {
    catching(f).err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn every_combination_of_operands() {
    let (x, y) = (array![6.0f32, 8.0], array![2.0f32, 4.0]);
    for z in [&x * &y, x.clone() * &y, &x * y.clone(), x.clone() * y.clone()] {
        assert_eq!(z.to_vec::<f32>(), [12.0, 32.0]);
    }
    for z in [&x / 2.0, x.clone() / 2.0, &x / 2, &x / 2u8, &x / 2.0f32] {
        assert_eq!(z.to_vec::<f32>(), [3.0, 4.0]);
    }
    for z in [2.0 - &y, 2.0 - y.clone(), 2 - &y, 2 - y.clone()] {
        assert_eq!(z.to_vec::<f32>(), [0.0, -2.0]);
    }
    let sum = (&x * 2.0).sum();
    assert_eq!(sum.item::<f32>(), 28.0);
    assert_eq!((1.0 + (2.0 * &x)).mean().item::<f32>(), 15.0);
    let mut z = x.clone();
    z += 1.0;
    z -= &y;
    z *= y.clone();
    z %= 7;
    assert_eq!(z.to_vec::<f32>(), [3.0, 6.0]);
    assert_eq!((-&z).to_vec::<f32>(), (-z).to_vec::<f32>());
    let arrays = vec![x.clone(), y.clone(), array![1.0f32]];
    assert_eq!(arrays.into_iter().sum::<Array>().to_vec::<f32>(), [9.0, 13.0]);
}

#[test]
fn operators_of_integers_and_truth_values() {
    let n = array![-7, 7, 5];
    assert_eq!((&n % 3).to_vec::<i32>(), [-1, 1, 2]);
    assert_eq!(n.remainder(3).to_vec::<i32>(), [2, 1, 2]);
    assert_eq!(n.remainder(-3).to_vec::<i32>(), [-1, -2, -1]);
    assert_eq!((&n / 2).to_vec::<i32>(), [-3, 3, 2]);
    assert_eq!(n.floor_divide(2).to_vec::<i32>(), [-4, 3, 2]);
    assert_eq!(n.floor_divide(array![-2]).to_vec::<i32>(), [3, -4, -3]);
    assert_eq!((&n >> 1).to_vec::<i32>(), [-4, 3, 2]);
    assert_eq!((array![200u8] >> 3).to_vec::<u8>(), [25]);
    assert_eq!((&n << 2 & 15).to_vec::<i32>(), [4, 12, 4]);
    assert_eq!((!(&n ^ -1)).to_vec::<i32>(), [-7, 7, 5]);
    assert_eq!((array![i32::MAX] + 1).to_vec::<i32>(), [i32::MIN]);
    let (p, q) = (array![true, true, false], array![true, false, false]);
    assert_eq!((&p & &q | !&p).to_vec::<bool>(), [true, false, true]);
    assert_eq!((p ^ true).to_vec::<bool>(), [false, false, true]);
}

#[test]
fn remainders_of_floats_have_the_sign_of_the_divisor() {
    let x = array![-7.5, 7.5, 6.0];
    assert_eq!(x.remainder(2).to_vec::<f64>(), [0.5, 1.5, 0.0]);
    assert_eq!(x.remainder(-2.0).to_vec::<f64>(), [-1.5, -0.5, 0.0]);
    assert_eq!(x.floor_divide(2).to_vec::<f64>(), [-4.0, 3.0, 3.0]);
}

#[test]
fn operands_broadcast() {
    let (row, column) = (array![1.0, 2.0, 3.0], array![[10.0], [20.0]]);
    let z = &row + &column;
    assert_eq!(z.shape(), [2, 3]);
    assert_eq!(z.to_vec::<f64>(), [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
    assert_eq!((&row + Array::from(1.0)).to_vec::<f64>(), [2.0, 3.0, 4.0]);
    assert_eq!((zeros::<f32>([0, 3]) + array![[1.0f32]]).shape(), [0, 3]);
    assert_eq!((zeros::<f32>([2, 1, 1]) * zeros::<f32>([5, 1])).shape(), [2, 5, 1]);
    assert_eq!(array![2.0, 3.0].pow(array![[1], [2]]).to_vec::<f64>(), [2.0, 3.0, 4.0, 9.0]);
    let chosen = select(array![true, false], &column, array![0.5]);
    assert_eq!(chosen.to_vec::<f64>(), [10.0, 0.5, 20.0, 0.5]);
    assert_eq!(select(array![true, false], 1.0, 0.0).dtype(), DType::F64);
}

#[test]
fn ill_typed_operands_are_refused_as_they_are_written() {
    let (x, y) = (zeros::<f32>([2, 3]), zeros::<f32>([4]));
    let faults = [
        fault(|| &x + &y),
        fault(|| &x * zeros::<f64>([2, 1])),
        fault(|| &x * zeros::<f64>([2, 3])),
        fault(|| array![1, 2] * 2.5),
        fault(|| array![1u8] + 300),
        fault(|| &x + true),
        fault(|| array![true] & 1),
        fault(|| &x + 1e300),
        fault(|| x.max_over(2)),
        fault(|| x.sum_over([0, 0])),
        fault(|| zeros::<f32>([0]).max()),
        fault(|| array![1, 2].mean()),
        fault(|| array![true].sum()),
        fault(|| x.matmul(&x)),
        fault(|| x.reshape([4, -1])),
        fault(|| zeros::<f32>([usize::MAX, 3])),
        fault(|| Array::from(vec![vec![1], vec![2, 3]])),
        fault(|| Array::from_vec(vec![1, 2, 3], [2, 2])),
        fault(|| select(&x, &x, 0.0)),
    ];
    insta::assert_snapshot!(faults.join("\n"), @r#"
    `+` cannot take f32[2,3] and f32[4]: the shapes do not broadcast: 3 and 4 at axis 1 from the end; sizes are equal or 1
    `*` cannot take f32[2,3] and f64[2,1]: the dtypes f32 and f64 differ: convert one with `.cast(..)`
    `*` cannot take f32[2,3] and f64[2,3]: the dtypes f32 and f64 differ: convert one with `.cast(..)`
    `*` cannot take i32[2] and the scalar 2.5: the scalar 2.5 cannot be i32; a scalar takes the dtype of the array beside it, so convert the array with `.cast(..)` first
    `+` cannot take u8[1] and the scalar 300: the scalar 300 cannot be u8; a scalar takes the dtype of the array beside it, so convert the array with `.cast(..)` first
    `+` cannot take f32[2,3] and the scalar true: a truth value beside f32: write a number, or convert the array with `.cast(DType::Bool)`
    `&` cannot take bool[1] and the scalar 1: a number beside bool: write `true` or `false`, or convert the array with `.cast(..)`
    `+` cannot take f32[2,3] and the scalar 1e300: the scalar 1e300 cannot be f32; a scalar takes the dtype of the array beside it, so convert the array with `.cast(..)` first
    `max_over` cannot take f32[2,3]: the axis 2 is out of range for rank 2
    `sum_over` cannot take f32[2,3]: the axis 0 is given twice
    `max` cannot take f32[0]: axis 0 is empty, and no elements have no max
    `mean` cannot take i32[2]: it takes floats, not i32: convert with `.cast(DType::F32)` (or another float) first, or divide the sum as integers
    `sum` cannot take bool[1]: it takes numbers, not bool: convert with `.cast(..)` to count, or use `all` or `any`
    `matmul` cannot take f32[2,3] and f32[2,3]: axis 1 of the left operand has size 3 and axis 0 of the right one has size 2, but they are summed together
    `reshape` cannot take f32[2,3]: 6 elements are no multiple of 4
    `zeros` failed: the shape [9223372036854775807,3] has too many elements
    nested data is ragged: one row has 1 entries, another one 2
    `from_vec` cannot make i32[2,2] of 3 elements: the shape [2,2] has 4 elements, not 3
    `select` cannot take f32[2,3], f32[2,3] and the scalar 0.0: the condition is bool, not f32: compare first
    "#);
}

#[test]
fn reductions_have_one_scheme() {
    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]];
    assert_eq!(x.sum_over(keep([0, 1])).shape(), [1, 1]);
    assert_eq!(x.sum_over(keep(..)).item::<f64>(), 24.0);
    assert_eq!(x.prod_over(-1).to_vec::<f64>(), [6.0, 180.0]);
    assert_eq!(x.var_over(1, 1).to_vec::<f64>(), [1.0, 7.0]);
    assert_eq!(x.var().item::<f64>(), 20.0 / 3.0);
    assert_eq!(x.argmax().item::<i32>(), 5);
    assert_eq!(x.argmin_over(0).to_vec::<i32>(), [0, 0, 0]);
    assert_eq!(x.any_over(0).to_vec::<bool>(), [true; 3]);
    assert_eq!(x.gt(4.0).count_nonzero().item::<i32>(), 2);
    assert_eq!(array![3.0, -4.0].norm().item::<f64>(), 5.0);
    assert_eq!(array![3.0, -4.0].norm_over(0, 1.0).item::<f64>(), 7.0);
    assert_eq!(array![3.0, -4.0].norm_over(0, f64::INFINITY).item::<f64>(), 4.0);
    assert!(zeros::<f32>([0]).mean().item::<f32>().is_nan());
    assert!(array![1.0].var_over(0, 1).item::<f64>().is_nan());
    // 70000 ones overflow f16, and stall bf16 at 256, unless the sum is wider.
    let many = full([70_000], pullback_ir::half::f16::ONE);
    assert_eq!(many.mean().item::<pullback_ir::half::f16>().to_f64(), 1.0);
    let many = full([70_000], pullback_ir::half::bf16::ONE);
    assert_eq!(many.mean().item::<pullback_ir::half::bf16>().to_f64(), 1.0);
}

/// Slices of rows share the buffer of their array; nothing that is done to one shows in the other.
#[test]
fn slices_are_parts_of_a_buffer() {
    let at = |x: &Array| x.value().unwrap().slice::<f32>().as_ptr() as usize;
    let x = Array::from_vec((0..12).map(|i| i as f32).collect(), [3, 4]);
    let (row, rows, column) = (x.get(1), x.get(1..), x.get((.., 1)));
    // The interpreter makes every value anew.
    let shares = std::env::var("PULLBACK_ENGINE").map_or(true, |engine| engine != "reference");
    assert!(!shares || [at(&row), at(&rows)] == [at(&x) + 16; 2]);
    assert_eq!(column.to_vec::<f32>(), [1.0, 5.0, 9.0]);
    let mut changed = x.get(1);
    changed += 10.0;
    let mut of_own = row.clone() * 2.0;
    of_own -= 1.0;
    assert_eq!(x.get(1).to_vec::<f32>(), [4.0, 5.0, 6.0, 7.0]);
    assert_eq!(changed.to_vec::<f32>(), [14.0, 15.0, 16.0, 17.0]);
    let mut y = x.clone();
    y = y.at(1).set(0.0);
    drop(x);
    assert_eq!(
        (row.to_vec::<f32>(), y.get(1).sum().item::<f32>()),
        (vec![4.0, 5.0, 6.0, 7.0], 0.0)
    );
    // Alone with its buffer, a part is written in place like any array.
    let last = rows.get(1);
    drop((row, rows));
    assert_eq!((last + 1.0).to_vec::<f32>(), [9.0, 10.0, 11.0, 12.0]);
    // Parts at several places are several inputs of a trace.
    let z = array![1.0f64, 2.0, 3.0];
    let (a, b) = (z.get(0..2), z.get(1..3));
    let g = grad(|s: &Array| (s * &a * &b).sum())(&Array::from(1.0f64));
    assert_eq!(g.item::<f64>(), 8.0);
    // A small piece of a large array is copied, so that it does not keep the array's memory.
    let large = full([1000, 1000], 0.5f32);
    let _ = large.value();
    assert_eq!(large.get(7).value().unwrap().buffer_bytes(), 4000);
    let half = large.get(500..).value().unwrap().buffer_bytes();
    // Before the first element are as many bytes as a line lacks.
    assert_eq!(half / 64, if shares { 4_000_000 } else { 2_000_000 } / 64);
}
