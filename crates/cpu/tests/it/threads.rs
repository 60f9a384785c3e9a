//! The same bits for every number of threads.

use crate::draw::{Draw, execute};
use pullback_cpu::with_threads;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::prim::unary::Unary;
use pullback_ir::prim::{Domain, Prim};
use pullback_ir::{DType, Type};

fn check(prim: impl Into<Prim>, types: &[Type]) {
    let prim = prim.into();
    let mut draw = Draw::new(7);
    let args: Vec<_> = types.iter().map(|ty| draw.value(ty, Domain::Range(-3.0, 3.0))).collect();
    let results: Vec<_> =
        [1, 2, 3, 8].map(|n| with_threads(n, || execute(&prim, &args, false)).unwrap()).into();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let in_pool = pool.install(|| execute(&prim, &args, false));
    let others =
        [("2", &results[1]), ("3", &results[2]), ("8", &results[3]), ("rayon's", &in_pool)];
    for (n, result) in others {
        let same = result.iter().zip(&results[0]).all(|(a, b)| a.bits_eq(b));
        assert!(same, "{} {types:?} with {n} threads", prim.name());
    }
}

#[test]
fn elementwise_and_movements() {
    let big = Type::of(DType::F32, &[1500, 1001]);
    check(Unary::Exp, std::slice::from_ref(&big));
    check(Binary::Mul, &[big.clone(), big.clone()]);
    check(Transpose { permutation: [1, 0].as_slice().into() }, &[big]);
}

#[test]
fn reductions() {
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        for shape in [[1, 2_000_003], [1500, 1001], [500_009, 3]] {
            for axes in [&[0][..], &[1], &[0, 1]] {
                let sum = Reduce { op: ReduceOp::Sum, axes: axes.into() };
                check(sum, &[Type::of(dtype, &shape)]);
            }
        }
    }
}

#[test]
fn products() {
    let sizes = [
        [64, 784, 128],
        [784, 64, 128],
        [300, 301, 302],
        [1000, 700, 3],
        [17, 2000, 1000],
        [1, 3000, 1000],
        [2000, 1500, 1],
        [513, 1025, 259],
    ];
    for dtype in [DType::F32, DType::F64] {
        for [m, k, n] in sizes {
            for (x, lhs) in [([m, k], 1), ([k, m], 0)] {
                for (y, rhs) in [([k, n], 0), ([n, k], 1)] {
                    let prim = DotGeneral {
                        lhs_contract: [lhs].as_slice().into(),
                        rhs_contract: [rhs].as_slice().into(),
                        lhs_batch: Default::default(),
                        rhs_batch: Default::default(),
                        preferred: None,
                    };
                    check(prim, &[Type::of(dtype, &x), Type::of(dtype, &y)]);
                }
            }
        }
    }
}

/// Threads that operations on large arrays start, besides that which asks for them, and what variables say, in processes of their own.
#[cfg(target_os = "linux")]
mod started {
    use super::*;
    use pullback_cpu::Engine;
    use std::process::Command;

    /// Says to a process what it is for.
    const MARK: &str = "PULLBACK_TEST_COUNTS_THREADS";

    fn tasks() -> usize {
        std::fs::read_dir("/proc/self/task").unwrap().count()
    }

    /// Everything that shares work: loops, products, sorting, selection, running sums.
    fn work() {
        let mut draw = Draw::new(3);
        let x = &[draw.value(&Type::of(DType::F32, &[1 << 19]), Domain::Range(-3.0, 3.0))];
        let vector = draw.value(&Type::of(DType::F32, &[512]), Domain::Range(-3.0, 3.0));
        let square = draw.value(&Type::of(DType::F32, &[512, 512]), Domain::Range(-3.0, 3.0));
        let product = DotGeneral {
            lhs_contract: [1].as_slice().into(),
            rhs_contract: [0].as_slice().into(),
            lhs_batch: Default::default(),
            rhs_batch: Default::default(),
            preferred: None,
        };
        let sort = Sort { dimension: 0, num_keys: 1, is_stable: true };
        let sum = Cumulative { op: CumulativeOp::Sum, axis: 0, reverse: false };
        execute(&Unary::Exp.into(), x, false);
        let product = Prim::from(product);
        execute(&product, &[square.clone(), square.clone()], false);
        execute(&product, &[square, vector], false);
        execute(&sort.into(), x, false);
        execute(&TopK { k: 10, axis: 0 }.into(), x, false);
        execute(&sum.into(), x, false);
    }

    /// The test in which the process counts, run alone with these variables.
    fn in_process(mark: &str, variables: &[(&str, &str)]) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "threads::started::in_this_process", "--test-threads=1"]);
        for variable in ["PULLBACK_THREADS", "RAYON_NUM_THREADS", "PULLBACK_ENGINE", "PULLBACK_ISA"]
        {
            command.env_remove(variable);
        }
        command.env(MARK, mark);
        let out = command.envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success() && text.contains("1 passed"), "{mark} {variables:?}:\n{text}");
    }

    /// What the processes run; by itself it has nothing to do.
    #[test]
    fn in_this_process() {
        let Ok(mark) = std::env::var(MARK) else { return };
        let before = tasks();
        match mark.as_str() {
            "alone" => with_threads(1, work).unwrap(),
            "engine" => {
                let want = std::env::var("PULLBACK_ENGINE").unwrap();
                assert_eq!(Engine::current().unwrap().name(), want);
            }
            "wrong" => {
                let text = Engine::current().unwrap_err().to_string();
                let known = [
                    "`gpu`: the engines are `reference`, `tile`",
                    "`0` is no number of threads",
                    "no instructions `sse`, but `avx512`, `avx2` and `none`",
                ];
                assert!(known.iter().any(|part| text.contains(part)), "{text}");
            }
            mark if mark.starts_with("machine code: ") => {
                let found = pullback_cpu::info().machine_code.to_string();
                let known = mark["machine code: ".len()..].split('|').any(|k| found.starts_with(k));
                assert!(known, "{found}");
                return;
            }
            "alone within" => with_threads(1, || with_threads(1, work)).unwrap().unwrap(),
            _ => work(),
        }
        let started = tasks() - before;
        let expected = mark.parse().unwrap_or(0);
        assert_eq!(started, expected, "{mark}");
    }

    #[test]
    fn one_thread_starts_none() {
        in_process("0", &[("PULLBACK_THREADS", "1")]);
        in_process("0", &[("RAYON_NUM_THREADS", "1")]);
        in_process("0", &[("RAYON_NUM_THREADS", "4"), ("PULLBACK_THREADS", "1")]);
        in_process("alone", &[("PULLBACK_THREADS", "3")]);
        in_process("alone within", &[("RAYON_NUM_THREADS", "3")]);
    }

    #[test]
    fn variables_are_read() {
        for engine in Engine::ALL {
            in_process("engine", &[("PULLBACK_ENGINE", engine.name()), ("PULLBACK_THREADS", "1")]);
        }
        in_process("wrong", &[("PULLBACK_ENGINE", "gpu")]);
        in_process("wrong", &[("PULLBACK_THREADS", "0")]);
        in_process("wrong", &[("PULLBACK_ISA", "sse")]);
        for (isa, runs) in
            [("none", "none for this"), ("avx2", "runs (AVX2 and FMA)|none for this")]
        {
            in_process(&format!("machine code: {runs}"), &[("PULLBACK_ISA", isa)]);
        }
    }

    #[test]
    fn the_variable_says_how_many() {
        // Else the test above could not fail.
        in_process("2", &[("PULLBACK_THREADS", "3")]);
        in_process("1", &[("RAYON_NUM_THREADS", "3"), ("PULLBACK_THREADS", "2")]);
    }

    #[test]
    fn more_threads_inside_of_one() {
        let threads = || pullback_cpu::info().threads;
        let n = with_threads(2, || {
            with_threads(1, || (with_threads(3, threads).unwrap(), threads())).unwrap()
        });
        assert_eq!(n.unwrap(), (3, 1));
        assert!(with_threads(0, || ()).is_err());
    }
}
