//! slice, pad, concatenate, split, stack, dynamic_slice, dynamic_update_slice.

use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::prim::concat::Concatenate;
use crate::prim::dynamic_slice::DynamicSlice;
use crate::prim::dynamic_update_slice::DynamicUpdateSlice;
use crate::prim::pad::Pad;
use crate::prim::slice::Slice;
use crate::prim::split::Split;
use crate::prim::stack::Stack;
use smallvec::smallvec;

fn f32s(shape: &[usize]) -> Type {
    Type::of(DType::F32, shape)
}

fn slice(start: usize, limit: usize, stride: usize) -> Slice {
    Slice { start: smallvec![start], limit: smallvec![limit], strides: smallvec![stride] }
}

fn pad(low: i64, high: i64, interior: i64) -> Pad {
    Pad { config: smallvec![(low, high, interior)] }
}

#[test]
fn slice_refusals() {
    assert_eq!(
        refusal(slice(2, 6, 1), &[f32s(&[5])]),
        "`slice` cannot take f32[5]: 2:6 is not a range of axis 0, which has size 5"
    );
    assert!(broken_rule(slice(3, 2, 1), &[f32s(&[5])]).contains("3:2 is not a range"));
    assert_eq!(
        broken_rule(slice(1, 2, 0), &[f32s(&[5])]),
        "the stride of axis 0 is 0; the least is 1"
    );
    assert!(broken_rule(slice(0, 1, 1), &[f32s(&[5, 5])]).contains("operand of rank 2"));
}

#[test]
fn padding_refusals() {
    let scalar = f32s(&[]);
    let refused = |p: Pad, n| broken_rule(p, &[f32s(&[n]), scalar.clone()]);
    assert_eq!(refused(pad(-2, -2, 0), 3), "the padding (-2, -2, 0) takes axis 0 below size 0");
    assert_eq!(refused(pad(0, 0, -1), 3), "the interior padding of axis 0 is negative: -1");
    assert!(refused(pad(i64::MAX, i64::MAX, i64::MAX), 3).contains("overflows"));
    // The result would be small, but what the transpose builds on the way would not be.
    let far = 1 << 62;
    assert!(refused(pad(-far, 1, far), 2).contains("too many elements"));
    assert!(refused(pad(i64::MIN, i64::MAX, 0), 1).contains("overflows"));
    assert_eq!(
        refusal(pad(0, 0, 0), &[f32s(&[3]), Type::scalar(DType::F64)]),
        "`pad` cannot take f32[3] and f64[]: the dtypes f32 and f64 differ: convert one \
         with `.cast(..)`"
    );
    assert!(
        broken_rule(pad(0, 0, 0), &[f32s(&[3]), f32s(&[1])])
            .contains("must be a scalar, not f32[1]")
    );
    let short = vec![("padding_config", Param::Tuple(vec![Param::ints(&[1, 2])]))];
    assert!(parsed("pad", short).unwrap_err().0.contains("an entry with 2 numbers"));
}

#[test]
fn padding_with_infinity_has_a_clean_cotangent() {
    // The whole sum minus the operand's part would be ∞ − ∞ here.
    let jaxpr = crate::text::parse(
        "{ lambda ; a:f64[2] b:f64[]. let
            c:f64[3] = pad[padding_config=((1, 0, 0),)] a b
          in (c,) }",
    )
    .unwrap();
    let vjp = crate::transform::vjp(&jaxpr, &[true, true]).unwrap();
    let ct = vector(&[3.0, f64::INFINITY, 1.0]);
    let got = interp::eval(&vjp, &[vector(&[1.0, 2.0]), Value::scalar(0.0), ct]).unwrap();
    assert_eq!(got[1], vector(&[f64::INFINITY, 1.0]));
    assert_eq!(got[2], Value::scalar(3.0));
}

#[test]
fn pieces_are_checked() {
    let split = |sizes: &[usize]| Split { axis: 0, sizes: sizes.into() };
    assert_eq!(
        refusal(split(&[1, 3]), &[f32s(&[5])]),
        "`split` cannot take f32[5]: the sizes [1,3] add up to 4, but axis 0 has size 5"
    );
    assert!(broken_rule(split(&[usize::MAX, 6]), &[f32s(&[5])]).contains("too much"));
    assert!(broken_rule(split(&[]), &[f32s(&[0])]).contains("at least one piece"));
    let concatenate = Concatenate { dimension: 0 };
    assert_eq!(
        broken_rule(concatenate, &[f32s(&[2, 3]), f32s(&[2, 4])]),
        "f32[2,3] and f32[2,4] differ in other axes than 0, the one that they are joined along"
    );
    assert!(broken_rule(concatenate, &[f32s(&[])]).contains("scalars have no axis"));
    assert!(broken_rule(concatenate, &[]).contains("at least one operand"));
    assert_eq!(
        broken_rule(Stack { axis: 0 }, &[f32s(&[2]), f32s(&[3])]),
        "the shapes of f32[2] and f32[3] differ"
    );
    assert!(broken_rule(Stack { axis: 2 }, &[f32s(&[2])]).contains("out of range for rank 2"));
}

#[test]
fn unused_pieces_have_zero_cotangents() {
    let jaxpr = crate::text::parse(
        "{ lambda ; a:f64[3]. let b:f64[1] c:f64[2] = split[axis=0 sizes=(1, 2)] a in (c,) }",
    )
    .unwrap();
    let vjp = crate::transform::vjp(&jaxpr, &[true]).unwrap();
    let args = [vector(&[1.0, 2.0, 3.0]), vector(&[5.0, 7.0])];
    assert_eq!(interp::eval(&vjp, &args).unwrap()[1], vector(&[0.0, 5.0, 7.0]));
}

#[test]
fn starts_are_clamped() {
    let x = vector(&[0, 1, 2, 3, 4i32]);
    let at = |start: Value| eval(DynamicSlice { slice_sizes: smallvec![2] }, &[x.clone(), start]);
    assert_eq!(at(Value::scalar(-7i8)), vector(&[0, 1i32]));
    assert_eq!(at(Value::scalar(9u8)), vector(&[3, 4i32]));
    assert_eq!(at(Value::scalar(u64::MAX)), vector(&[3, 4i32]));
    assert_eq!(at(Value::scalar(i64::MIN)), vector(&[0, 1i32]));
    let update = vector(&[8, 9i32]);
    let written = eval(DynamicUpdateSlice, &[x, update, Value::scalar(100i64)]);
    assert_eq!(written, vector(&[0, 1, 2, 8, 9i32]));
}

#[test]
fn starts_are_checked() {
    let i32s = Type::scalar(DType::I32);
    let prim = DynamicSlice { slice_sizes: smallvec![2] };
    assert_eq!(
        refusal(prim.clone(), &[f32s(&[5])]),
        "`dynamic_slice` cannot take f32[5]: an operand of rank 1 takes one index an axis, not 0"
    );
    assert_eq!(
        broken_rule(prim.clone(), &[f32s(&[5]), f32s(&[])]),
        "the indices must be integer scalars, not f32[]"
    );
    assert_eq!(
        broken_rule(prim, &[f32s(&[1]), i32s.clone()]),
        "the slice sizes [2] do not fit f32[1]: 2 is more than 1 along axis 0"
    );
    assert!(broken_rule(DynamicUpdateSlice, &[f32s(&[1])]).contains("an operand, an update"));
    assert!(
        broken_rule(DynamicUpdateSlice, &[f32s(&[1]), f32s(&[]), i32s]).contains("ranks 1 and 0")
    );
}

#[test]
fn a_batch_of_one_place_stays_a_slice() {
    let types = [f32s(&[3, 5]), Type::scalar(DType::I32), Type::of(DType::I32, &[3])];
    let (b, ins) = Builder::with_inputs(&types);
    let prim = Prim::from(DynamicSlice { slice_sizes: smallvec![2] });
    let batch = |ins: &[Atom], dims: &[Option<usize>]| {
        prim.batch(&b, Batch { size: 3, axis: None, ins, dims }).unwrap();
    };
    batch(&[ins[0], ins[1]], &[Some(0), None]);
    batch(&[ins[0], ins[2]], &[Some(0), Some(0)]);
    let jaxpr = b.finish([]);
    let names: Vec<&str> = jaxpr.eqns().iter().map(|e| e.prim.name()).collect();
    assert_eq!(names[0], "dynamic_slice");
    assert_eq!(names.last(), Some(&"gather"));
}
