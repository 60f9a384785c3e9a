//! Random bits in kernels: drawn by the lines that read them, with the bits of the definition.

use pullback_cpu::{Engine, with_threads};
use pullback_ir::text::parse;
use pullback_ir::{DType, Jaxpr, Value, interp};

/// Engines with kernels.
const FUSED: [Engine; 3] = [Engine::Tile, Engine::Native, Engine::Cpu];

fn keys(n: usize) -> Vec<Value> {
    let key = |k: u32| Value::new([8].as_slice(), (0..8).map(|i| k * 77 + i).collect::<Vec<u32>>());
    (0..n as u32).map(key).collect()
}

/// Runs a program of keys on all engines and numbers of threads.
fn check(jaxpr: &Jaxpr) {
    let args = keys(jaxpr.n_ins());
    let want = interp::eval(jaxpr, &args).unwrap();
    for engine in FUSED {
        let program = engine.compile(jaxpr).unwrap();
        for threads in [1, 2, 3, 8] {
            // Given away, the keys' own memory may take results.
            let own = keys(jaxpr.n_ins());
            for got in [
                with_threads(threads, || program.run(&args)),
                with_threads(threads, || program.run_owned(own)),
            ] {
                let same = got.unwrap().unwrap().iter().zip(&want).all(|(a, b)| a.bits_eq(b));
                assert!(same, "{engine:?}, {threads} threads:\n{jaxpr}\n{program:#}");
            }
        }
    }
}

fn drawn(jaxpr: &Jaxpr) -> usize {
    let plan = format!("{:#}", Engine::Tile.compile(jaxpr).unwrap());
    plan.matches(" is drawn").count()
}

fn program(text: &str) -> Jaxpr {
    parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// One line over all elements, of all lengths: below and above what is drawn at once.
#[test]
fn chains_draw_their_bits() {
    for dtype in [DType::U8, DType::U32, DType::U64] {
        for n in [1, 3, 63, 64, 1000, 4095, 4096, 4097, 20_001, 70_003] {
            let jaxpr = program(&format!(
                "{{ lambda ; a:u32[8] b:u32[8]. let
                    c:{dtype}[{n}] = random_bits[dtype={0} shape=({n},)] a
                    d:{dtype}[{n}] = random_bits[dtype={0} shape=({n},)] b
                    e:{dtype}[{n}] = xor c 85:{dtype}[]
                    f:{dtype}[{n}] = add e d
                    g:bool[{n}] = lt c d
                  in (f, g) }}",
                name(dtype)
            ));
            assert_eq!(drawn(&jaxpr), 2, "{jaxpr}");
            assert_eq!(jaxpr.eqns().len(), 5);
            let plan = Engine::Tile.compile(&jaxpr).unwrap().to_string();
            assert!(
                plan.starts_with("1 step,") && plan.contains("random_bits random_bits xor"),
                "{plan}"
            );
            check(&jaxpr);
        }
    }
}

fn name(dtype: DType) -> &'static str {
    match dtype {
        DType::U8 => "uint8",
        DType::U32 => "uint32",
        _ => "uint64",
    }
}

/// Rows that are reduced, whole and in pieces, with what is computed from them in a second stage; columns.
#[test]
fn reductions_draw_their_bits() {
    for [rows, n] in
        [[1, 5], [300, 77], [77, 300], [5, 4097], [3, 16_384], [3, 20_003], [1, 200_003]]
    {
        for axis in [0, 1] {
            let kept = [n, rows][axis];
            let jaxpr = program(&format!(
                "{{ lambda ; a:u32[8] b:u32[8]. let
                    c:u32[{rows},{n}] = random_bits[dtype=uint32 shape=({rows}, {n})] a
                    d:u32[{rows},{n}] = xor c 85:u32[]
                    e:u32[{kept}] = reduce_sum[axes=({axis},)] d
                    f:u32[{kept}] = reduce_max[axes=({axis},)] d
                  in (e, f) }}"
            ));
            assert_eq!(drawn(&jaxpr), 1, "{jaxpr}");
            check(&jaxpr);
        }
        let jaxpr = program(&format!(
            "{{ lambda ; a:u32[8]. let
                b:u32[{rows},{n}] = random_bits[dtype=uint32 shape=({rows}, {n})] a
                c:u32[{rows}] = reduce_max[axes=(1,)] b
                d:u32[{rows},{n}] = broadcast_in_dim[broadcast_dimensions=(0,) shape=({rows}, {n})] c
                e:u32[{rows},{n}] = sub d b
                f:u32[{rows}] = reduce_sum[axes=(1,)] e
              in (e, f) }}"
        ));
        assert!(drawn(&jaxpr) > 0, "{jaxpr}");
        check(&jaxpr);
    }
}

/// A kernel that reads a key as an array, too, whose memory a result could take.
#[test]
fn keys_outlive_what_is_drawn() {
    let jaxpr = program(
        "{ lambda ; a:u32[8]. let
            b:u32[8] = random_bits[dtype=uint32 shape=(8,)] a
            c:u8[8] = random_bits[dtype=uint8 shape=(8,)] a
            d:u32[8] = convert_element_type[new_dtype=uint32 weak_type=False] c
            e:u32[8] = xor a b
            f:u32[8] = xor e d
          in (f,) }",
    );
    assert_eq!(drawn(&jaxpr), 2);
    check(&jaxpr);
}

/// Bits that are a result, read by two kernels, in part, or of a batch of keys are an array.
#[test]
fn what_is_needed_as_an_array_is_one() {
    let result = "c:u32[100] = random_bits[dtype=uint32 shape=(100,)] a
            d:u32[100] = not c
          in (c, d) }";
    let kernels = "c:u32[100] = random_bits[dtype=uint32 shape=(100,)] a
            d:u32[20,5] = reshape[dimensions=None new_sizes=(20, 5) sharding=None] c
            e:u32[20] = reduce_max[axes=(1,)] d
            f:u32[5] = reduce_max[axes=(0,)] d
          in (e, f) }";
    let part = "c:u32[100] = random_bits[dtype=uint32 shape=(100,)] a
            d:u32[50] = slice[limit_indices=(100,) start_indices=(50,) strides=None] c
            e:u32[50] = not d
          in (e,) }";
    let turned = "c:u32[10,10] = random_bits[dtype=uint32 shape=(10, 10)] a
            d:u32[10,10] = transpose[permutation=(1, 0)] c
            e:u32[10,10] = not d
          in (e,) }";
    for text in [result, kernels, part, turned] {
        let jaxpr = program(&format!("{{ lambda ; a:u32[8]. let\n{text}"));
        assert_eq!(drawn(&jaxpr), 0, "{jaxpr}");
        check(&jaxpr);
    }
    let batch = program(
        "{ lambda ; a:u32[8]. let
            b:u32[3,8] = broadcast_in_dim[broadcast_dimensions=(1,) shape=(3, 8)] a
            c:u32[3,5] = random_bits[dtype=uint32 shape=(5,)] b
            d:u32[3,5] = not c
          in (d,) }",
    );
    assert_eq!(drawn(&batch), 0);
    check(&batch);
}

/// There is no array, and the plan knows.
#[test]
fn drawn_bits_take_no_memory() {
    let n = 1_000_000;
    let jaxpr = program(&format!(
        "{{ lambda ; a:u32[8]. let
            b:u32[{n}] = random_bits[dtype=uint32 shape=({n},)] a
            c:bool[{n}] = lt b 1000:u32[]
          in (c,) }}"
    ));
    let memory = Engine::Cpu.compile(&jaxpr).unwrap().memory();
    assert_eq!(memory.results, n);
    assert!((n + 32..n + 32 + (64 << 10)).contains(&memory.peak), "{memory}");
}
