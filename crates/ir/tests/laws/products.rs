//! `fold_products` on random products with random transposes and broadcasts around them: the same
//! terms in the same order, so the same bits.

use crate::support::*;
use pullback_ir::{Atom, Builder, DType, Jaxpr, Prim, Type, Value, check, transform};

fn below(draw: &mut Draw, n: usize) -> usize {
    (draw.bits() % n as u64) as usize
}

fn chance(draw: &mut Draw) -> bool {
    draw.bits() & 1 == 1
}

fn permutation(draw: &mut Draw, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    (1..n).for_each(|i| order.swap(i, below(draw, i + 1)));
    order
}

/// An array of a shape, made of a smaller or differently ordered new input.
fn view(b: &Builder, shape: &[usize], draw: &mut Draw) -> Atom {
    if chance(draw) {
        return b.input(Type::of(DType::F64, shape));
    }
    // result = transpose(broadcast(input)).
    let perm = permutation(draw, shape.len());
    let mut wide = vec![0; shape.len()];
    perm.iter().zip(shape).for_each(|(&p, &n)| wide[p] = n);
    let dims: Vec<usize> = (0..wide.len()).filter(|_| below(draw, 3) > 0).collect();
    let sizes = dims.iter().map(|&d| if below(draw, 4) > 0 { wide[d] } else { 1 });
    let x = b.input(Type::of(DType::F64, &sizes.collect::<Vec<_>>()));
    b.transpose(b.broadcast_in_dim(x, &wide, &dims), &perm)
}

/// A `dot_general` with random axes.
fn dot(b: &Builder, draw: &mut Draw) -> Atom {
    let sizes: Vec<usize> = (0..5).map(|_| [1, 2, 3, 4][below(draw, 4)]).collect();
    // Each index is of the batch, of the sum, of the left or of the right operand.
    let kinds: Vec<usize> = (0..5).map(|_| below(draw, 4)).collect();
    let side = |other: usize, draw: &mut Draw| {
        let of: Vec<usize> = (0..5).filter(|&l| kinds[l] != other).collect();
        let order = permutation(draw, of.len());
        order.into_iter().map(|i| of[i]).collect::<Vec<usize>>()
    };
    let (x, y) = (side(3, draw), side(2, draw));
    let [x_in, y_in] = [&x, &y].map(|labels| {
        let shape: Vec<usize> = labels.iter().map(|&l| sizes[l]).collect();
        view(b, &shape, draw)
    });
    let axes = |labels: &[usize], kind: usize| -> Vec<usize> {
        let of_kind = (0..5).filter(|&l| kinds[l] == kind);
        of_kind.map(|l| labels.iter().position(|k| *k == l).unwrap()).collect()
    };
    let contract = [axes(&x, 1), axes(&y, 1)];
    let batch = [axes(&x, 0), axes(&y, 0)];
    b.dot_general(x_in, y_in, (&contract[0], &contract[1]), (&batch[0], &batch[1]), None)
}

/// Σ x y over random axes.
fn sum(b: &Builder, draw: &mut Draw) -> Atom {
    let rank = 1 + below(draw, 4);
    let shape: Vec<usize> = (0..rank).map(|_| [1, 2, 3, 4][below(draw, 4)]).collect();
    let x = view(b, &shape, draw);
    let product = match below(draw, 4) {
        0 => b.square(x),
        _ => b.mul(x, view(b, &shape, draw)),
    };
    let axes: Vec<usize> = (0..rank).filter(|_| chance(draw)).collect();
    b.reduce_sum(product, &axes)
}

#[test]
fn products_keep_their_terms() {
    let mut draw = Draw::new(13);
    let (mut fewer, mut made) = (0, 0);
    let dots =
        |j: &Jaxpr| j.eqns().iter().filter(|e| matches!(e.prim, Prim::DotGeneral(_))).count();
    for _ in 0..2000 {
        let b = Builder::new();
        let product = if chance(&mut draw) { dot(&b, &mut draw) } else { sum(&b, &mut draw) };
        let perm = permutation(&mut draw, b.ty(product).rank());
        let mut outs = vec![b.transpose(product, &perm)];
        if below(&mut draw, 5) == 0 {
            outs.push(product);
        }
        let before = b.finish(outs);
        let after = transform::fold_products(&before);
        check::check(&after).unwrap();
        fewer += usize::from(after.eqns().len() < before.eqns().len());
        made += usize::from(dots(&after) > dots(&before));
        assert!(dots(&after) <= dots(&before).max(1), "{before}\nbecame\n{after}");
        let args: Vec<Value> = before.in_types().iter().map(|t| draw.tangent(t)).collect();
        for (got, want) in run(&after, &args).iter().zip(run(&before, &args)) {
            assert!(got.bits_eq(&want), "{before}\nbecame\n{after}\n got {got:?}\nwant {want:?}");
        }
    }
    assert!(fewer > 250 && made > 50, "{fewer} became shorter, {made} sums became products");
}

#[test]
fn passes_take_long_programs() {
    let (b, ins) = Builder::with_inputs(&[Type::of(DType::F32, &[2, 2])]);
    let mut x = ins[0];
    for _ in 0..5_000 {
        let y = b.transpose(b.neg(b.transpose(x, &[1, 0])), &[1, 0]);
        let z = b.dot_general(y, x, (&[1], &[0]), (&[], &[]), None);
        x = b.add(b.neg(z), b.reduce_sum(b.mul(x, x), &[0, 1]));
    }
    let jaxpr = b.finish([x]);
    for pass in [transform::simplify, transform::fold_products] {
        check::check(&pass(&jaxpr)).unwrap();
    }
}
