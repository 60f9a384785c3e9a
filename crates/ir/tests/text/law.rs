//! `parse(print(j)) == j`, and what the printer's layout is.

use crate::{assert_law, read};
use pullback_ir::{Atom, Builder, DType, Lit, Loc, Prim, Type};

#[test]
fn samples_of_every_primitive() {
    for sample in Prim::all_samples() {
        if !Prim::all_names().contains(&sample.prim.name()) {
            // Users' closures have no text form.
            continue;
        }
        let types: Vec<Type> = sample.args.iter().map(|(t, _)| t.clone()).collect();
        let (b, ins) = Builder::with_inputs(&types);
        let outs = b.bind(sample.prim, &ins).unwrap();
        assert_law(&b.finish(outs));
    }
}

/// The printer's own layout: each text here prints as itself.
#[track_caller]
fn prints_as_itself(source: &str) {
    let jaxpr = read(source);
    assert_eq!(jaxpr.to_string(), source);
    assert_law(&jaxpr);
}

#[test]
fn one_equation_a_line() {
    prints_as_itself(
        "\
{ lambda ; a:f32[3] b:f32[]. let
    c:f32[3] = sin a
    d:f32[3] = mul c b
    e:f32[] = reduce_sum[axes=(0,)] d
  in (e,) }",
    );
}

#[test]
fn without_equations_inputs_or_results() {
    prints_as_itself("{ lambda ; . let in () }");
    prints_as_itself("{ lambda ; a:f32[] b:f32[2,0,1]. let in (b, a, a, 1.0:f32[]) }");
    prints_as_itself(
        "{ lambda ; . let\n    a:i32[5] = iota[dimension=0 dtype=int32 shape=(5,)]\n  in (a,) }",
    );
}

#[test]
fn unused_results_have_no_name() {
    prints_as_itself(
        "\
{ lambda ; a:f32[4] b:f32[]. let
    _:f32[4] = sin a
    _:f32[2] c:i32[2] = top_k[axis=0 k=2] a
    d:i32[2] = neg c
  in (d,) }",
    );
}

#[test]
fn literals() {
    prints_as_itself(
        "\
{ lambda ; . let
    a:f32[] = add -0.0:f32[] 0.10000000149011612:f32[]
    b:f64[] = add 1e+300:f64[] 5e-324:f64[]
    c:f64[] = add inf:f64[] -inf:f64[]
    d:bf16[] = add nan:bf16[] 1.0:bf16[]
    e:bool[] = and True:bool[] False:bool[]
    f:i8[] = add -128:i8[] 127:i8[]
    g:i64[] = add -9223372036854775808:i64[] 9223372036854775807:i64[]
    h:u64[] = add 18446744073709551615:u64[] 9007199254740993:u64[]
    i:f64[] = add nan(0x7ff8000000000001):f64[] nan(0xfff8000000000000):f64[]
  in (a, b, c, d, e, f, g, h, i) }",
    );
}

#[test]
fn every_bit_pattern_of_a_half_is_a_literal() {
    for dtype in [DType::F16, DType::BF16] {
        let outs: Vec<Atom> =
            (0..=u16::MAX as u64).map(|b| Atom::Lit(Lit::from_bits(dtype, b))).collect();
        let jaxpr = Builder::new().finish(outs);
        assert!(read(&jaxpr.to_string()) == jaxpr);
    }
}

#[test]
fn random_floats_are_literals() {
    let mut bits = 1u64;
    let mut outs = Vec::new();
    for _ in 0..20_000 {
        bits = bits.wrapping_mul(0xD128_2A94_1D3F_1BB5).wrapping_add(0x9E37_79B9_7F4A_7C15);
        outs.push(Atom::Lit(Lit::from_bits(DType::F64, bits)));
        outs.push(Atom::Lit(Lit::from_bits(DType::F32, bits >> 17)));
    }
    let jaxpr = Builder::new().finish(outs);
    assert!(read(&jaxpr.to_string()) == jaxpr);
}

#[test]
fn long_lists_wrap() {
    prints_as_itself(
        "\
{ lambda ; a:f32[100,100] b:f32[100,100] c:f32[100,100] d:f32[100,100] e:f32[100,100] f:f32[100,100]
    g:f32[100,100] h:f32[100,100]. let
    i:f32[800,100] = concatenate[dimension=0] a b c d e f g h
    j:f32[100,100] k:f32[100,100] l:f32[100,100] m:f32[100,100] n:f32[100,100] o:f32[100,100]
      p:f32[100,100] q:f32[100,100] = split[axis=0 sizes=(100, 100, 100, 100, 100, 100, 100, 100)] i
  in (j, k, l, m, n, o, p, q, a, b, c, d, e, f, g, h, i, 0.3333333432674408:f32[],
      0.3333333432674408:f32[]) }",
    );
}

#[test]
fn names_skip_the_words_of_the_grammar() {
    let (b, ins) = Builder::with_inputs(&[Type::scalar(DType::F32)]);
    let mut x = ins[0];
    let mut all = vec![x];
    for _ in 0..9_000 {
        x = b.sin(x);
        all.push(x);
    }
    let jaxpr = b.finish(all);
    let printed = jaxpr.to_string();
    assert!(printed.contains("\n    im:f32[] = sin il\n    io:f32[] = sin im\n"));
    assert!(printed.contains("nam:f32[]") && !printed.contains("nan:f32[]"));
    assert_law(&jaxpr);
}

#[test]
fn a_hundred_thousand_equations() {
    let (b, ins) = Builder::with_inputs(&[Type::scalar(DType::F32)]);
    let mut x = ins[0];
    for _ in 0..100_000 {
        x = b.sin(x);
    }
    let jaxpr = b.finish([x]);
    assert!(read(&jaxpr.to_string()) == jaxpr);
}

#[test]
fn source_lines_on_request() {
    let (b, ins) = Builder::with_inputs(&[Type::scalar(DType::F32)]);
    b.set_loc(Loc::at(std::panic::Location::caller()));
    let x = b.sin(ins[0]);
    let jaxpr = b.finish([x]);
    let printed = jaxpr.display().with_locs().to_string();
    let line = printed.lines().nth(1).unwrap();
    assert!(line.starts_with("    b:f32[] = sin a  # ") && line.contains("law.rs:"), "{printed}");
    assert_eq!(read(&printed), jaxpr);
}
