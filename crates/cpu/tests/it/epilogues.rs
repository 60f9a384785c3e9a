//! Products with the elementwise equations behind them in one step: the bits of each equation alone, for every
//! engine and number of threads; and when it is done.

use crate::draw::{Draw, execute};
use pullback_cpu::{Engine, Executable, optimised, with_threads};
use pullback_ir::prim::Domain;
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::{Atom, Builder, DType, Jaxpr, Loc, Role, Type, Value};
use std::panic::Location;

/// The product over the last axis of the left operand and the first one behind the batch of the right one.
fn product(batch: usize, preferred: Option<DType>) -> DotGeneral {
    let axes = |range: std::ops::Range<usize>| range.collect::<Vec<_>>().as_slice().into();
    DotGeneral {
        lhs_contract: axes(batch + 1..batch + 2),
        rhs_contract: axes(batch..batch + 1),
        lhs_batch: axes(0..batch),
        rhs_batch: axes(0..batch),
        preferred,
    }
}

fn dot(b: &Builder, x: Atom, y: Atom, preferred: Option<DType>) -> Atom {
    b.op(product(b.ty(x).rank() - 2, preferred), &[x, y])
}

/// Whether products are computed in parts here: on x86-64 with AVX2, unless a variable says otherwise.
fn in_parts() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("fma")
        && std::env::var("PULLBACK_ISA").as_deref() != Ok("none");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

fn has_epilogue(program: &Executable) -> bool {
    program.to_string().contains("dot_general + kernel<")
}

/// The values of a jaxpr, one equation after the other.
fn by_equation(jaxpr: &Jaxpr, args: &[Value]) -> Vec<Value> {
    let jaxpr = optimised(jaxpr);
    let mut values: Vec<Option<Value>> = vec![None; jaxpr.n_vars()];
    for (v, x) in jaxpr.ins().zip(args) {
        values[v.index()] = Some(x.clone());
    }
    let value = |values: &[Option<Value>], a: Atom| match a {
        Atom::Lit(lit) => lit.value(),
        Atom::Var(v) => values[v.index()].clone().unwrap(),
    };
    for eqn in jaxpr.eqns() {
        let ins: Vec<Value> = eqn.inputs.iter().map(|&a| value(&values, a)).collect();
        for (v, x) in eqn.outs().zip(execute(&eqn.prim, &ins, false)) {
            values[v.index()] = Some(x);
        }
    }
    jaxpr.outs().iter().map(|&a| value(&values, a)).collect()
}

fn check(jaxpr: &Jaxpr, what: &str) {
    let mut draw = Draw::new(11);
    let domain = Domain::Range(-1.0, 1.0);
    let args: Vec<Value> = jaxpr.in_types().iter().map(|ty| draw.value(ty, domain)).collect();
    let want = by_equation(jaxpr, &args);
    for engine in [Engine::Tile, Engine::Native, Engine::Cpu] {
        let program = engine.compile(jaxpr).unwrap();
        assert_eq!(has_epilogue(&program), in_parts(), "{what}\n{program}");
        for threads in [1, 3] {
            let got = with_threads(threads, || program.run(&args).unwrap()).unwrap();
            let alike = got.iter().zip(&want).all(|(a, b)| a.bits_eq(b));
            assert!(alike, "{what}, {engine:?}, {threads} threads\n{program:#}");
        }
    }
    // Arguments that are given away and not held here, so that results may take their places.
    let program = Engine::Cpu.compile(jaxpr).unwrap();
    let mut draw = Draw::new(11);
    let given: Vec<Value> = jaxpr.in_types().iter().map(|ty| draw.value(ty, domain)).collect();
    let got = program.run_owned(given).unwrap();
    assert!(got.iter().zip(&want).all(|(a, b)| a.bits_eq(b)), "{what}, given away\n{program:#}");
}

/// Sizes beside those of tiles (14 rows or 6, 32 columns or 16), blocks (256 columns, 1792 rows, 256 steps) and
/// parts, with results of 2¹⁵ elements and more.
const SIZES: [[usize; 3]; 7] = [
    [257, 7, 131],
    [2, 5, 16411],
    [1031, 2, 32],
    [1801, 9, 37],
    [131, 257, 257],
    [45, 520, 740],
    [28, 40, 1280],
];

#[test]
fn bias_and_activation() {
    for dtype in [DType::F32, DType::F64] {
        for [m, k, n] in SIZES {
            let types = [&[m, k][..], &[k, n], &[n], &[m], &[]];
            let types: Vec<Type> = types.iter().map(|shape| Type::of(dtype, shape)).collect();
            let (b, ins) = Builder::with_inputs(&types);
            let &[x, w, bias, col, scalar] = ins.as_slice() else { unreachable!() };
            let z = b.add(dot(&b, x, w, None), b.broadcast_in_dim(bias, &[m, n], &[1]));
            let z = b.mul(z, b.broadcast_in_dim(col, &[m, n], &[0]));
            let z = b.tanh(z);
            let positive = b.gt(z, b.lit(dtype, 0.0));
            let scaled = b.mul(z, b.broadcast_in_dim(scalar, &[m, n], &[]));
            let y = b.select(positive, z, scaled);
            check(&b.finish([y]), &format!("{dtype:?} {m} {k} {n}, one result"));
            let (b, ins) = Builder::with_inputs(&types);
            let &[x, w, bias, ..] = ins.as_slice() else { unreachable!() };
            let z = b.add(dot(&b, x, w, None), b.broadcast_in_dim(bias, &[m, n], &[1]));
            let mask = b.gt(z, b.lit(dtype, 0.25));
            let other = b.convert(b.exp(z), DType::BF16);
            let outs = [mask, other, b.neg(z)];
            check(&b.finish(outs), &format!("{dtype:?} {m} {k} {n}, three"));
        }
    }
}

#[test]
fn no_result_has_the_dtype_of_the_product() {
    for [m, k, n] in [[257, 7, 131], [70, 300, 513]] {
        let (b, ins) =
            Builder::with_inputs([&Type::of(DType::F32, &[m, k]), &Type::of(DType::F32, &[k, n])]);
        let z = dot(&b, ins[0], ins[1], None);
        let outs = [b.gt(z, b.lit(DType::F32, 0.0)), b.convert(z, DType::F64)];
        let jaxpr = b.finish(outs);
        check(&jaxpr, "a mask and a wider number");
        // The product has memory of its own then.
        let bytes = |size: usize| size * m * n;
        let memory = Engine::Cpu.compile(&jaxpr).unwrap().memory();
        if in_parts() {
            assert_eq!(memory.peak, memory.arguments + bytes(1) + bytes(8) + bytes(4));
        }
    }
}

#[test]
fn narrow_operands_with_wide_sums() {
    for dtype in [DType::BF16, DType::F16] {
        for [m, k, n] in [[257, 7, 131], [120, 515, 300]] {
            let types = [&[m, k][..], &[k, n], &[n]].map(|shape| Type::of(dtype, shape));
            let (b, ins) = Builder::with_inputs(&types);
            let bias = b.convert(b.broadcast_in_dim(ins[2], &[m, n], &[1]), DType::F32);
            let z = b.add(dot(&b, ins[0], ins[1], Some(DType::F32)), bias);
            let outs = [b.convert(b.logistic(z), dtype), z];
            check(&b.finish(outs), &format!("{dtype:?}"));
        }
    }
}

#[test]
fn batches() {
    for [batch, m, k, n] in [[3, 101, 5, 131], [80, 13, 3, 37], [2, 200, 129, 290]] {
        let shapes = [&[batch, m, k][..], &[batch, k, n], &[batch, n], &[m, n]];
        let types = shapes.map(|shape| Type::of(DType::F32, shape));
        let (b, ins) = Builder::with_inputs(&types);
        let shape = [batch, m, n];
        let z = b.mul(dot(&b, ins[0], ins[1], None), b.broadcast_in_dim(ins[2], &shape, &[0, 2]));
        let z = b.add(z, b.broadcast_in_dim(ins[3], &shape, &[1, 2]));
        let outs = [b.neg(z)];
        check(&b.finish(outs), &format!("{batch} {m} {k} {n}"));
    }
}

/// Heads that are views of the product's result: another shape of the same rows.
#[test]
fn other_shapes_of_the_product() {
    let (b, ins) = Builder::with_inputs(&[
        Type::of(DType::F32, &[211, 9]),
        Type::of(DType::F32, &[9, 160]),
        Type::of(DType::F32, &[4, 40]),
    ]);
    let z = b.reshape(dot(&b, ins[0], ins[1], None), &[211, 4, 40]);
    let z = b.add(z, b.broadcast_in_dim(ins[2], &[211, 4, 40], &[1, 2]));
    let outs = [b.tanh(z)];
    check(&b.finish(outs), "rows of heads");
}

#[test]
fn when_it_is_not_done() {
    let not = |what: &str, [m, k, n]: [usize; 3], f: &dyn Fn(&Builder, Atom) -> Vec<Atom>| {
        let (b, ins) =
            Builder::with_inputs(&[Type::of(DType::F32, &[m, k]), Type::of(DType::F32, &[k, n])]);
        let outs = f(&b, dot(&b, ins[0], ins[1], None));
        let program = Engine::Cpu.compile(&b.finish(outs)).unwrap();
        assert!(!has_epilogue(&program), "{what}\n{program}");
    };
    let large = [200, 200, 200];
    not("the product is a result", large, &|b, z| vec![z, b.tanh(z)]);
    not("another product reads it", large, &|b, z| {
        vec![b.tanh(z), dot(b, z, b.transpose(z, &[1, 0]), None)]
    });
    not("it is read the other way round, too", large, &|b, z| {
        vec![b.add(z, b.transpose(z, &[1, 0]))]
    });
    not("parts of it are read", large, &|b, z| {
        vec![b.add(b.slice_axis(z, 0, 0, 150), b.slice_axis(z, 0, 50, 200))]
    });
    not("rows are reduced", large, &|b, z| vec![b.reduce_max(b.tanh(z), &[1])]);
    not("columns are reduced", large, &|b, z| vec![b.tanh(z), b.reduce_sum(z, &[0])]);
    not("a small product", [30, 30, 30], &|b, z| vec![b.tanh(z)]);
    not("short rows", [9000, 20, 8], &|b, z| vec![b.tanh(z)]);
    not("a vector", [1, 20, 20_000], &|b, z| vec![b.tanh(z)]);
}

/// An optimiser's update and a residual read another array of the product's size.
#[test]
fn another_array_of_the_size_of_the_product() {
    let square = Type::of(DType::F32, &[200, 200]);
    for update in [false, true] {
        let (b, ins) = Builder::with_inputs([&square, &square, &square]);
        let z = dot(&b, ins[0], ins[1], None);
        let z = if update { b.sub(ins[2], b.scale(0.01, z)) } else { b.add(ins[0], z) };
        let program = Engine::Cpu.compile(&b.finish([z])).unwrap();
        assert!(!has_epilogue(&program), "{program}");
    }
}

/// The plan names both, nothing moves in between, and the profile has the source lines of both.
#[test]
fn the_plan_and_the_profile_show_it() {
    let shapes = [&[200, 100][..], &[100, 300], &[300]];
    let types = shapes.map(|shape| Type::of(DType::F32, shape));
    let (b, ins) = Builder::with_inputs(&types);
    b.set_loc(Loc::at(Location::caller()));
    let z = dot(&b, ins[0], ins[1], None);
    b.set_loc(Loc::at(Location::caller()).with_role(Role::Tangent));
    let outs = [b.tanh(b.add(z, b.broadcast_in_dim(ins[2], &[200, 300], &[1])))];
    let program = Engine::Native.compile(&b.finish(outs)).unwrap();
    let memory = program.memory();
    let args = types.map(|ty| Value::full(ty.shape(), 0.5f32));
    let profile = program.profile(&args).unwrap();
    let (text, steps) = (program.to_string(), profile.steps());
    if in_parts() {
        assert_eq!(memory.peak, memory.arguments + memory.results);
        assert!(text.starts_with("1 step, "), "{text}");
        assert!(text.contains("b0:f32[200,100] b1:f32[100,300] b2:f32[300]\n"), "{text}");
        assert!(text.contains("moves 441 kB"), "{text}");
        assert!(text.contains("dot_general add tanh\n"), "{text}");
        let roles: Vec<Role> = steps[0].lines.iter().map(|loc| loc.role).collect();
        assert_eq!(roles, [Role::Primal, Role::Tangent], "{profile}");
        assert_eq!(steps[0].equations, ["dot_general", "add", "tanh"]);
    }
}
