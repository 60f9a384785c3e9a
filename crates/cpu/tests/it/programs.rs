//! Whole programs: liveness, long chains, calls.

use crate::draw::Draw;
use pullback_cpu::{Engine, Executable};
use pullback_ir::prim::Domain;
use pullback_ir::{Builder, DType, Jaxpr, Type, Value, interp};

fn check(jaxpr: &Jaxpr) {
    let mut draw = Draw::new(3);
    let domain = Domain::Range(0.5, 2.0);
    let args: Vec<Value> = jaxpr.in_types().iter().map(|ty| draw.value(ty, domain)).collect();
    let want = interp::eval(jaxpr, &args).unwrap();
    let program = Engine::Cpu.compile(jaxpr).unwrap();
    for _ in 0..2 {
        let got = program.run(&args).unwrap();
        assert!(got.len() == want.len() && got.iter().zip(&want).all(|(a, b)| a.bits_eq(b)));
    }
    let got = program.run_owned(args).unwrap();
    assert!(got.iter().zip(&want).all(|(a, b)| a.bits_eq(b)));
}

fn build(
    n_ins: usize,
    shape: &[usize],
    f: impl Fn(&Builder, &[pullback_ir::Atom]) -> Vec<pullback_ir::Atom>,
) -> Jaxpr {
    let types = vec![Type::of(DType::F32, shape); n_ins];
    let (b, ins) = Builder::with_inputs(&types);
    let outs = f(&b, &ins);
    b.finish(outs)
}

#[test]
fn values_live_as_long_as_they_are_read() {
    check(&build(2, &[5], |b, x| {
        let y = b.mul(x[0], x[0]);
        let z = b.add(y, x[1]);
        let unused = b.sin(z);
        let _ = b.neg(unused);
        let w = b.mul(z, b.sub(y, z));
        vec![w, z, w, x[0], b.lit(DType::F32, 2.0), b.neg(w)]
    }));
}

#[test]
fn chains_equal_the_interpreter() {
    for n in [0, 1, 5, 1025, 70_001] {
        check(&build(3, &[n], |b, x| {
            // Scalars, broadcasts of scalars, results in the middle, a comparison, other dtypes.
            let half = b.broadcast_in_dim(b.lit(DType::F32, 0.5), &[n], &[]);
            let y = b.add(b.mul(x[0], half), x[1]);
            let total = b.reduce_sum(x[2], &[0]);
            let scaled = b.mul(b.sqrt(y), total);
            let mask = b.gt(scaled, x[2]);
            let chosen = b.select(mask, y, b.neg(x[2]));
            let wide = b.convert(chosen, DType::F64);
            let wide = b.sub(b.mul(wide, wide), b.lit(DType::F64, 0.25));
            // A second chain of another size in between, which reads the first one's sum.
            let s = b.reduce_max(chosen, &[0]);
            let s = b.exp(b.neg(s));
            let z = b.mul(b.reshape(chosen, &[n, 1]), b.lit(DType::F32, 3.0));
            vec![y, wide, mask, b.add(b.reshape(z, &[n]), s), half]
        }));
    }
}

/// Rows in stages whose results bypass the caches: rows that begin alike on cache lines and rows that do not,
/// blocks that do not come out even, two results of which one is an earlier stage's.
#[test]
fn large_results_of_stages() {
    for [rows, n] in [[2051, 1024], [2100, 1003], [8003, 263]] {
        let jaxpr = build(2, &[rows, n], |b, x| {
            let over = |b: &Builder, r| b.broadcast_in_dim(r, &[rows, n], &[0]);
            let centered = b.sub(x[0], over(b, b.reduce_max(x[0], &[1])));
            let scale = over(b, b.reduce_min(b.mul(centered, x[1]), &[1]));
            vec![b.add(b.mul(centered, scale), x[1]), centered]
        });
        let mut draw = Draw::new(5);
        let domain = Domain::Range(0.5, 2.0);
        let args: Vec<Value> = jaxpr.in_types().iter().map(|ty| draw.value(ty, domain)).collect();
        let want = Engine::Tile.compile(&jaxpr).unwrap().run(&args).unwrap();
        let program = Engine::Native.compile(&jaxpr).unwrap();
        for threads in [1, 3] {
            let got = pullback_cpu::with_threads(threads, || program.run(&args).unwrap()).unwrap();
            let alike = got.iter().zip(&want).all(|(a, b)| a.bits_eq(b));
            assert!(alike, "{rows} x {n}, {threads} threads");
        }
    }
}

/// Groups of rows, of columns and of rows again, which compute the rows before them anew; sizes beside those
/// of vectors and blocks, dtypes that are rounded after each step.
#[test]
fn values_that_groups_compute_again() {
    for (shape, dtype) in [
        ([7, 5], DType::F32),
        ([33, 1], DType::F64),
        ([1, 65], DType::F32),
        ([130, 70], DType::BF16),
        ([700, 513], DType::F32),
    ] {
        let (b, x) = Builder::with_inputs(&[Type::of(dtype, &shape), Type::of(dtype, &shape)]);
        let spread = |row| b.broadcast_in_dim(row, &shape, &[0]);
        let centred = b.sub(x[0], spread(b.reduce_max(x[0], &[1])));
        let deviation =
            b.sqrt(b.add(b.reduce_max(b.mul(centred, centred), &[1]), b.lit(dtype, 0.5)));
        let normal = b.div(centred, spread(deviation));
        let weighted = b.mul(normal, x[1]);
        let columns = b.reduce_max(weighted, &[0]);
        let rows = b.reduce_max(b.sub(x[1], weighted), &[1]);
        let full = b.add(b.mul(normal, spread(rows)), x[1]);
        check(&b.finish([columns, full, deviation]));
    }
}

#[test]
fn chains_may_read_many_arrays() {
    check(&build(40, &[300], |b, x| {
        let y = x.iter().fold(x[0], |y, &x| b.add(b.mul(y, x), x));
        let z = x.iter().fold(y, |z, &x| b.sub(z, x));
        vec![y, z]
    }));
}

#[test]
fn results_may_be_inputs() {
    check(&build(1, &[3], |_, x| vec![x[0], x[0]]));
    check(&build(0, &[3], |_, _| vec![]));
}

#[test]
fn long_chains_need_no_stack() {
    for n in [1_000, 100_000] {
        let jaxpr = build(1, &[], |b, x| {
            let mut y = x[0];
            for i in 0..n {
                y = if i % 2 == 0 { b.sin(y) } else { b.mul(y, x[0]) };
            }
            vec![y]
        });
        check(&jaxpr);
    }
}

#[test]
fn arguments_are_checked() {
    let jaxpr = build(1, &[3], |b, x| vec![b.neg(x[0])]);
    let program = Engine::Cpu.compile(&jaxpr).unwrap();
    for args in [vec![], vec![Value::scalar(1f32)], vec![Value::full(&[3][..], 1f64)]] {
        assert!(program.run(&args).is_err());
    }
}

#[test]
fn engines_have_names() {
    for engine in Engine::ALL {
        assert_eq!(Engine::from_name(engine.name()).unwrap(), engine);
    }
    let error = Engine::from_name("gpu").unwrap_err().to_string();
    assert!(error.contains("`gpu`") && error.contains("`cpu`"), "{error}");
}

/// What the tests of random programs rely on: with every line long, lines compute cheap values of their rows.
#[test]
fn short_lines_can_be_tested_as_long_ones() {
    let jaxpr = build(1, &[5, 8], |b, x| {
        let half = b.mul(b.reduce_max(x[0], &[1]), b.lit(DType::F32, 0.5));
        vec![b.sub(x[0], b.broadcast_in_dim(half, &[5, 8], &[0]))]
    });
    let over_rows = |program: Executable| format!("{program:#}").contains("over 5 rows at a time");
    for engine in [Engine::Tile, Engine::Native] {
        assert!(over_rows(engine.compile(&jaxpr).unwrap()));
        assert!(!over_rows(engine.compile_long_from(&jaxpr, 1).unwrap()));
    }
    check(&jaxpr);
}
