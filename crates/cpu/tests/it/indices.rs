//! Indices that gathers and scatters compute by a kernel, piece by piece: what the definition gives, for every
//! engine and number of threads; and when there is one step.

use pullback_cpu::{Engine, with_threads};
use pullback_ir::text::parse;
use pullback_ir::{DType, Jaxpr, Type, Value, interp};

/// Engines with kernels.
const FUSED: [Engine; 3] = [Engine::Tile, Engine::Native, Engine::Cpu];

/// Numbers in no order, those of indices from below `-n` to above `n`.
fn args(jaxpr: &Jaxpr, n: i64) -> Vec<Value> {
    let arg = |(k, ty): (usize, &Type)| {
        let mut state = 0x9e37_79b9_u64.wrapping_mul(k as u64 + 1);
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64
        };
        let low = if ty.dtype().is_unsigned() { 0 } else { -n - n / 8 - 1 };
        let number = |_| (low + next() % (n + n / 8 + 2 - low)) as f64;
        let data: Vec<f64> = (0..ty.numel()).map(number).collect();
        Value::from_f64s(ty.dtype(), ty.shape(), &data)
    };
    jaxpr.in_types().iter().enumerate().map(arg).collect()
}

/// Runs a program on all engines and numbers of threads. `within` says how many kernels compute indices.
fn check(text: &str, n: i64, within: usize) {
    let jaxpr = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let args = args(&jaxpr, n);
    let want = interp::eval(&jaxpr, &args).unwrap();
    for engine in FUSED {
        let program = engine.compile(&jaxpr).unwrap();
        let plan = program.to_string();
        let found = plan.matches("gather + kernel").count()
            + plan.matches("scatter + kernel").count()
            + plan.matches("scatter-add + kernel").count();
        assert_eq!(found, within, "{jaxpr}\n{plan}");
        for threads in [1, 3] {
            let got = with_threads(threads, || program.run(&args)).unwrap().unwrap();
            let same = got.iter().zip(&want).all(|(a, b)| a.bits_eq(b));
            assert!(same, "{engine:?}, {threads} threads:\n{jaxpr}\n{program:#}");
        }
        // Given away, and not held here.
        let got = program.run_owned(self::args(&jaxpr, n)).unwrap();
        assert!(
            got.iter().zip(&want).all(|(a, b)| a.bits_eq(b)),
            "{engine:?}, given away:\n{jaxpr}"
        );
    }
}

fn gather(offset: &str, collapsed: &str, map: &str, mode: &str, sizes: &str) -> String {
    format!(
        "gather[dimension_numbers=GatherDimensionNumbers(offset_dims={offset}, \
         collapsed_slice_dims={collapsed}, start_index_map={map}, operand_batching_dims=(), \
         start_indices_batching_dims=()) fill_value=None mode=GatherScatterMode.{mode} slice_sizes={sizes}]"
    )
}

fn scatter(op: &str, window: &str, inserted: &str, map: &str) -> String {
    format!(
        "{op}[dimension_numbers=ScatterDimensionNumbers(update_window_dims={window}, \
         inserted_window_dims={inserted}, scatter_dims_to_operand_dims={map}, operand_batching_dims=(), \
         scatter_indices_batching_dims=()) mode=GatherScatterMode.FILL_OR_DROP unique_indices=False]"
    )
}

/// Single elements: indices from the end, below and above what is computed at once.
#[test]
fn elements() {
    for mode in ["FILL_OR_DROP", "CLIP"] {
        for n in [1, 511, 512, 513, 2047, 2048, 2049, 4097, 70_003] {
            let gather = gather("()", "(0,)", "(0,)", mode, "(1,)");
            check(
                &format!(
                    "{{ lambda ; a:f32[1000] b:i32[{n}]. let
                        c:i32[{n}] = add b 1000:i32[]
                        d:bool[{n}] = lt b 0:i32[]
                        e:i32[{n}] = select_n d b c
                        f:i32[{n},1] = expand_dims[dimensions=(1,)] e
                        g:f32[{n}] = {gather} a f
                      in (g,) }}"
                ),
                1000,
                1,
            );
        }
    }
}

/// Every dtype of indices and widths of elements.
#[test]
fn dtypes() {
    use DType::{Bool, F16, F64, I8, I32, I64, U8, U32, U64};
    for index in [U8, I8, I32, U32, I64, U64] {
        for element in [Bool, F16, I32, F64] {
            let gather = gather("()", "(0,)", "(0,)", "FILL_OR_DROP", "(1,)");
            check(
                &format!(
                    "{{ lambda ; a:{element}[60] b:{index}[3000]. let
                        c:{index}[3000] = add b 1:{index}[]
                        d:{index}[3000,1] = expand_dims[dimensions=(1,)] c
                        e:{element}[3000] = {gather} a d
                      in (e,) }}"
                ),
                60,
                1,
            );
        }
    }
}

/// Rows, windows inside of axes, index vectors of two components that are no array of another shape before.
#[test]
fn windows() {
    let rows = gather("(1,)", "(0,)", "(0,)", "FILL_OR_DROP", "(1, 7)");
    let corners = gather("(1, 2)", "()", "(0, 1)", "CLIP", "(2, 3)");
    for n in [1, 600, 5000] {
        check(
            &format!(
                "{{ lambda ; a:f32[50,7] b:i32[{n}]. let
                    c:i32[{n}] = mul b 2:i32[]
                    d:i32[{n},1] = expand_dims[dimensions=(1,)] c
                    e:f32[{n},7] = {rows} a d
                  in (e,) }}"
            ),
            25,
            1,
        );
        check(
            &format!(
                "{{ lambda ; a:f32[50,7] b:i32[{n},2]. let
                    c:i32[{n},2] = neg b
                    d:f32[{n},2,3] = {corners} a c
                  in (d,) }}"
            ),
            50,
            1,
        );
    }
}

/// Updates of elements and of rows, the latter by several threads, and in the place of what is given away.
#[test]
fn scatters() {
    let elements = scatter("scatter-add", "()", "(0,)", "(0,)");
    let rows = scatter("scatter", "(1,)", "(0,)", "(0,)");
    for n in [1, 513, 5000] {
        check(
            &format!(
                "{{ lambda ; a:i32[300] b:i32[{n}] c:i32[{n}]. let
                    d:i32[{n}] = add b 300:i32[]
                    e:bool[{n}] = lt b 0:i32[]
                    f:i32[{n}] = select_n e b d
                    g:i32[{n},1] = expand_dims[dimensions=(1,)] f
                    h:i32[300] = {elements} a g c
                  in (h,) }}"
            ),
            300,
            1,
        );
        check(
            &format!(
                "{{ lambda ; a:f32[90,40] b:i32[{n}] c:f32[{n},40]. let
                    d:i32[{n}] = sub b 1:i32[]
                    e:i32[{n},1] = expand_dims[dimensions=(1,)] d
                    f:f32[90,40] = {rows} a e c
                  in (f,) }}"
            ),
            90,
            1,
        );
    }
    // Windows that come first and are smaller than their axis are left to the interpreter.
    let parts = scatter("scatter-add", "(0,)", "()", "(0,)");
    check(
        &format!(
            "{{ lambda ; a:i32[30] b:i32[400] c:i32[4,400]. let
                d:i32[400] = sub b 1:i32[]
                e:i32[400,1] = expand_dims[dimensions=(1,)] d
                f:i32[30] = {parts} a e c
              in (f,) }}"
        ),
        30,
        1,
    );
}

/// What somebody else reads too is an array, and so is a constant, and what is spread over windows of several
/// lines.
#[test]
fn arrays_stay() {
    let gather = gather("()", "(0,)", "(0,)", "FILL_OR_DROP", "(1,)");
    let program = |result: &str, last: &str| {
        format!(
            "{{ lambda ; a:i32[100] b:i32[100]. let
                c:i32[100] = add b 1:i32[]
                d:i32[100,1] = expand_dims[dimensions=(1,)] c
                e:i32[100] = {gather} {result} d{last} }}"
        )
    };
    check(&program("a", "\nin (e,)"), 100, 1);
    check(&program("a", "\nin (e, c)"), 100, 0);
    check(&program("a", "\nin (e, d)"), 100, 0);
    check(&program("c", "\nin (e,)"), 100, 0);
    check(&program("a", &format!("\nf:i32[100] = {gather} e d in (f,)")), 100, 0);
    let constant = "c:i32[4,1] = constant[data=(7, -1, 100, 99) dtype=int32 shape=(4, 1)]";
    let text =
        format!("{{ lambda ; a:i32[100]. let\n{constant}\nd:i32[4] = {gather} a c in (d,) }}");
    check(&text, 100, 0);
    check(
        &format!(
            "{{ lambda ; a:i32[100] b:i32[20] c:i32[30]. let
                d:i32[20,30] = broadcast_in_dim[broadcast_dimensions=(0,) shape=(20, 30)] b
                e:i32[20,30] = broadcast_in_dim[broadcast_dimensions=(1,) shape=(20, 30)] c
                f:i32[20,30] = add d e
                g:i32[20,30,1] = expand_dims[dimensions=(2,)] f
                h:i32[20,30] = {gather} a g
              in (h,) }}"
        ),
        50,
        0,
    );
}
