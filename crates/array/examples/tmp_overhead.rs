use pullback_array::ir::prim::{binary::Binary, reduce::*, unary::Unary};
use pullback_array::*;
use std::hint::black_box;
use std::time::Instant;
fn arr(xs: &[f64]) -> Array {
    Array::from_value(Value::new(&[xs.len()][..], xs.to_vec()))
}
fn op(prim: impl Into<ir::Prim>, xs: &[&Array]) -> Array {
    Array::apply(prim, xs).unwrap().remove(0)
}
fn time(name: &str, n: u32, f: impl Fn()) {
    for _ in 0..n / 10 + 1 {
        f();
    }
    let mut best = f64::MAX;
    for _ in 0..300 {
        let t = Instant::now();
        for _ in 0..n {
            f();
        }
        best = best.min(t.elapsed().as_nanos() as f64 / n as f64);
    }
    println!("{name:<24} {best:.0} ns");
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}
fn main() {
    println!(
        "Prim {} Eqn {} Type {}",
        size_of::<ir::Prim>(),
        size_of::<ir::Eqn>(),
        size_of::<Type>()
    );
    let x = arr(&[0.1; 8]);
    let y = arr(&[0.2; 8]);
    time("add", 1000, || {
        black_box(op(Binary::Add, &[&x, &y]));
    });
    time("sin", 1000, || {
        black_box(op(Unary::Sin, &[&x]));
    });
    time("sum", 1000, || {
        black_box(op(Reduce { op: ReduceOp::Sum, axes: [0].as_slice().into() }, &[&x]));
    });
    let f = |x: &Array| {
        op(Reduce { op: ReduceOp::Sum, axes: [0].as_slice().into() }, &[&op(Binary::Mul, &[x, x])])
    };
    let g = grad(f);
    time("grad", 100, || {
        black_box(g(&x));
    });
    let h = |x: &Array| op(Unary::Exp, &[&op(Binary::Mul, &[&op(Unary::Sin, &[x]), x])]);
    let j = jit(h);
    time("jit", 1000, || {
        black_box(j(&x));
    });
    for n in [1000usize, 10000, 100000] {
        let f = move |x: &Array| {
            let mut y = x.clone();
            for i in 0..n {
                y = if i % 2 == 0 { op(Unary::Sin, &[&y]) } else { op(Binary::Mul, &[&y, x]) };
            }
            op(Reduce { op: ReduceOp::Sum, axes: [0].as_slice().into() }, &[&y])
        };
        let t = cpu();
        let jaxpr = make_jaxpr(grad(f))(&x);
        let t1 = cpu() - t;
        let e = pullback_cpu::compile(&jaxpr).unwrap();
        println!(
            "chain {n}: trace+grad {:.1} ms, compile {:.1} ms, eqns {}",
            t1,
            cpu() - t - t1,
            jaxpr.eqns().len()
        );
        let v: Vec<Value> = vec![x.value().unwrap()];
        let t = Instant::now();
        e.run(&v).unwrap();
        println!("  run {:?}", t.elapsed());
        let t = Instant::now();
        drop(e);
        drop(jaxpr);
        println!("  drop {:?}", t.elapsed());
    }
}
