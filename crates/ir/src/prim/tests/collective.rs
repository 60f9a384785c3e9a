//! Collectives have a value only under the `vmap` of their axis, so they are tested through it.

use super::*;
use crate::dtype::DType;
use crate::prim::collective::{Collective, CollectiveOp};
use crate::transform;

const AXIS: AxisId = AxisId(7);

fn collective(op: CollectiveOp, size: usize) -> Collective {
    Collective { op, axis: AXIS, size }
}

/// The result over a batch of 3, and where its batch dimension is.
fn over(
    op: CollectiveOp,
    axis: AxisId,
    x: &Value,
    dim: Option<usize>,
) -> (Jaxpr, Option<usize>, Result<Value, Error>) {
    let (b, ins) = Builder::with_inputs([x.ty()]);
    let batch = Batch { size: 3, axis: Some(axis), ins: &ins, dims: &[dim] };
    let (outs, dims) = collective(op, 3).batch(&b, batch).unwrap();
    let jaxpr = b.finish(outs);
    let value = interp::eval(&jaxpr, std::slice::from_ref(x)).map(|mut v| v.remove(0));
    (jaxpr, dims[0], value)
}

#[test]
fn bound_collectives_reduce_the_batch() {
    let x = matrix(2, 3, &[1.0, 2.0, 3.0, 40.0, 50.0, 60.0]);
    let of = |op, x: &Value, dim| {
        let (_, out_dim, value) = over(op, AXIS, x, dim);
        assert_eq!(out_dim, None);
        value.unwrap()
    };
    assert_eq!(of(CollectiveOp::Sum, &x, Some(1)), vector(&[6.0, 150.0]));
    assert_eq!(of(CollectiveOp::Max, &x, Some(1)), vector(&[3.0, 60.0]));
    assert_eq!(of(CollectiveOp::Min, &x, Some(1)), vector(&[1.0, 40.0]));
    let gathered = of(CollectiveOp::AllGather, &x, Some(1));
    assert_eq!(gathered, matrix(3, 2, &[1.0, 40.0, 2.0, 50.0, 3.0, 60.0]));
    // Of what all members share.
    let same = vector(&[1.0, 2.0]);
    assert_eq!(of(CollectiveOp::Sum, &same, None), vector(&[3.0, 6.0]));
    assert_eq!(of(CollectiveOp::Max, &same, None), same);
    let gathered = of(CollectiveOp::AllGather, &same, None);
    assert_eq!(gathered, matrix(3, 2, &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]));
}

#[test]
fn index_counts_the_members() {
    let b = Builder::new();
    let batch = |axis| Batch { size: 3, axis: Some(axis), ins: &[], dims: &[] };
    let index = collective(CollectiveOp::Index, 3);
    let (own, dims) = index.batch(&b, batch(AXIS)).unwrap();
    assert_eq!(dims[0], Some(0));
    let (other, dims) = index.batch(&b, batch(AxisId(8))).unwrap();
    assert_eq!(dims[0], None);
    assert_eq!(b.ty(other[0]), Type::scalar(DType::I32));
    let jaxpr = b.finish([own[0]]);
    assert_eq!(jaxpr.eqns().len(), 2);
}

#[test]
fn other_axes_pass_by() {
    let x = matrix(2, 3, &[0.0; 6]);
    let (jaxpr, dim, value) = over(CollectiveOp::Sum, AxisId(8), &x, Some(1));
    assert_eq!((dim, jaxpr.out_types()[0].shape()), (Some(1), [2, 3].as_slice()));
    assert_eq!(
        value.unwrap_err().to_string(),
        "`psum` failed: the axis is not bound: use it inside its `vmap_named`"
    );
    let (jaxpr, dim, _) = over(CollectiveOp::AllGather, AxisId(8), &x, Some(1));
    assert_eq!((dim, jaxpr.out_types()[0].shape()), (Some(2), [3, 2, 3].as_slice()));
}

#[test]
fn sizes_must_agree() {
    let (b, ins) = Builder::with_inputs(&[Type::of(DType::F32, &[4])]);
    let batch = Batch { size: 4, axis: Some(AXIS), ins: &ins, dims: &[Some(0)] };
    let error = collective(CollectiveOp::Sum, 3).batch(&b, batch).unwrap_err();
    assert_eq!(error.to_string(), "`psum` over an axis of size 3 in a batch of 4");
    let flags = Type::of(DType::Bool, &[2]);
    assert!(refusal(collective(CollectiveOp::Sum, 3), &[flags]).contains("numbers, not bool"));
}

/// A rule's equations for an operand and its (co)tangent, batched over the axis.
fn batched(
    x: &Value,
    t: &Value,
    rule: impl FnOnce(&Builder, Atom, Atom) -> Atom,
) -> (Value, Option<usize>) {
    let (b, ins) = Builder::with_inputs(&[x.ty().without_axis(0), t.ty().without_axis(0)]);
    let out = rule(&b, ins[0], ins[1]);
    let dims = [Some(0); 2];
    let vmapped =
        transform::vmap(&b.finish([out]), 3, &dims, Some(AXIS), transform::OutDims::Any).unwrap();
    let value = interp::eval(&vmapped.jaxpr, &[x.clone(), t.clone()]).unwrap().remove(0);
    (value, vmapped.out_dims[0])
}

#[test]
fn derivatives() {
    let x = vector(&[1.0, 4.0, 4.0]);
    let t = vector(&[1.0, 10.0, 100.0]);
    let jvp = |op| {
        move |b: &Builder, x: Atom, t: Atom| {
            collective(op, 3).jvp(b, &[x], &[Some(t)]).unwrap().1[0].unwrap()
        }
    };
    assert_eq!(batched(&x, &t, jvp(CollectiveOp::Sum)), (Value::scalar(111.0), None));
    assert_eq!(batched(&x, &t, jvp(CollectiveOp::Max)), (Value::scalar(55.0), None));
    assert_eq!(batched(&x, &t, jvp(CollectiveOp::Min)), (Value::scalar(1.0), None));
    // Each member has the cotangent of psum, so each operand gets the sum of all.
    let transposed = |op| {
        move |b: &Builder, x: Atom, ct: Atom| {
            let operand = Operand::Linear(b.ty(x));
            collective(op, 3).transpose(b, &[Some(ct)], &[operand]).unwrap()[0].unwrap()
        }
    };
    assert_eq!(batched(&x, &t, transposed(CollectiveOp::Sum)), (Value::scalar(111.0), None));
    // Member i's cotangents of all_gather are row i, so operand j gets the sum of column j.
    let cts = matrix(3, 3, &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0, 100.0, 200.0, 300.0]);
    let (own, dim) = batched(&x, &cts, transposed(CollectiveOp::AllGather));
    assert_eq!((own, dim), (vector(&[111.0, 222.0, 333.0]), Some(0)));
}
