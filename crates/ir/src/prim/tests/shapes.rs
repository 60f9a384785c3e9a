//! broadcast_in_dim, reshape and kin, transpose, rev, tile.

use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::permute::Transpose;
use crate::prim::reshape::Reshape;
use crate::prim::rev::Rev;
use crate::prim::tile::Tile;

fn f32s(shape: &[usize]) -> Type {
    Type::of(DType::F32, shape)
}

fn broadcast(shape: &[usize], dims: &[usize]) -> BroadcastInDim {
    BroadcastInDim { shape: shape.into(), broadcast_dimensions: dims.into() }
}

fn reshape(shape: &[usize]) -> Reshape {
    Reshape::Reshape { new_sizes: shape.into() }
}

#[test]
fn broadcast_refusals() {
    assert_eq!(
        refusal(broadcast(&[2, 3], &[0]), &[f32s(&[3])]),
        "`broadcast_in_dim` cannot take f32[3]: axis 0 of size 3 cannot become axis 0 of [2,3]: \
         only axes of size 1 expand"
    );
    assert_eq!(
        broken_rule(broadcast(&[2, 3], &[]), &[f32s(&[3])]),
        "`broadcast_dimensions` has 0 entries for an operand of rank 1: one an axis"
    );
    assert!(broken_rule(broadcast(&[3, 3], &[1, 0]), &[f32s(&[3, 3])]).contains("ascending"));
    assert!(broken_rule(broadcast(&[3], &[1]), &[f32s(&[3])]).contains("out of range"));
    assert!(refusal(broadcast(&[1 << 40, 1 << 40], &[]), &[f32s(&[])]).contains("too many"));
}

#[test]
fn broadcast_expands_and_sums_back() {
    let x = matrix(2, 1, &[1.0f64, 2.0]);
    let y = eval(broadcast(&[2, 2, 2], &[0, 2]), std::slice::from_ref(&x));
    assert_eq!(y.to_f64s(), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    let jaxpr = crate::text::parse(
        "{ lambda ; a:f64[2,1]. let
            b:f64[2,2,2] = broadcast_in_dim[broadcast_dimensions=(0, 2)] a
          in (b,) }",
    )
    .unwrap();
    let vjp = crate::transform::vjp(&jaxpr, &[true]).unwrap();
    let ct = Value::new([2, 2, 2].as_slice(), (1..=8).map(f64::from).collect());
    assert_eq!(interp::eval(&vjp, &[x, ct]).unwrap()[1], matrix(2, 1, &[10.0f64, 26.0]));
}

#[test]
fn reshape_refusals() {
    assert_eq!(
        refusal(reshape(&[4, 2]), &[f32s(&[2, 3])]),
        "`reshape` cannot take f32[2,3]: 6 elements do not fill the shape [4,2] of 8"
    );
    assert!(broken_rule(reshape(&[1 << 62, 1 << 62]), &[f32s(&[2])]).contains("too many elements"));
    let squeeze = Reshape::Squeeze { dimensions: smallvec::smallvec![1] };
    assert_eq!(
        broken_rule(squeeze, &[f32s(&[1, 3])]),
        "axis 1 has size 3; only axes of size 1 are removed"
    );
    let expand = Reshape::ExpandDims { dimensions: smallvec::smallvec![3] };
    assert!(broken_rule(expand, &[f32s(&[1, 3])]).contains("out of range for rank 3"));
    let permuting =
        vec![("dimensions", Param::usizes(&[1, 0])), ("new_sizes", Param::usizes(&[6]))];
    assert_eq!(
        parsed("reshape", permuting).unwrap_err().0,
        "a reshape that permutes its operand first is not read: write \
         `transpose[permutation=(1, 0)]` before it and `dimensions=None` here"
    );
}

#[test]
fn reshape_leaves_the_batch_dimension_where_it_can() {
    let count = |shape: &[usize], dim, new: &[usize]| {
        let (b, ins) = Builder::with_inputs(&[f32s(shape)]);
        let batch = Batch { size: shape[dim], axis: None, ins: &ins, dims: &[Some(dim)] };
        let (_, dims) = Prim::from(reshape(new)).batch(&b, batch).unwrap();
        (b.n_eqns(), dims[0])
    };
    // [2,b,6] -> [2,b,3,2] moves nothing; [2,b,3] -> [3,2] has to.
    assert_eq!(count(&[2, 5, 6], 1, &[2, 3, 2]), (1, Some(1)));
    assert_eq!(count(&[6, 5], 1, &[2, 3]), (1, Some(2)));
    assert_eq!(count(&[2, 5, 3], 1, &[3, 2]), (2, Some(0)));
}

#[test]
fn permutations_are_checked() {
    let transpose = |p: &[usize]| Transpose { permutation: p.into() };
    assert_eq!(
        broken_rule(transpose(&[0]), &[f32s(&[2, 3])]),
        "`permutation` has 1 entries for an operand of rank 2"
    );
    assert_eq!(
        broken_rule(transpose(&[1, 1]), &[f32s(&[2, 3])]),
        "the `permutation` axis 1 is given twice"
    );
    let x = matrix(2, 3, &[1, 2, 3, 4, 5, 6i32]);
    assert_eq!(eval(transpose(&[1, 0]), &[x]), matrix(3, 2, &[1, 4, 2, 5, 3, 6]));
}

#[test]
fn rev_and_tile() {
    let rev = |d: &[usize]| Rev { dimensions: d.into() };
    assert_eq!(eval(rev(&[0]), &[vector(&[1u8, 2, 3])]), vector(&[3u8, 2, 1]));
    assert!(broken_rule(rev(&[0, 0]), &[f32s(&[2])]).contains("given twice"));
    let tile = |r: &[usize]| Tile { reps: r.into() };
    assert_eq!(eval(tile(&[2]), &[vector(&[1i8, 2])]), vector(&[1i8, 2, 1, 2]));
    assert_eq!(
        broken_rule(tile(&[2]), &[f32s(&[2, 2])]),
        "`reps` has 1 entries for an operand of rank 2"
    );
    assert!(broken_rule(tile(&[usize::MAX]), &[f32s(&[2])]).contains("overflow"));
}
