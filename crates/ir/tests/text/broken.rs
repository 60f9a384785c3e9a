//! Faults in texts: what the messages say.

use pullback_ir::text;

/// The message for a broken text, as it is shown.
#[track_caller]
fn fault(source: &str) -> String {
    match text::parse(source) {
        Ok(jaxpr) => panic!("this was read:\n{jaxpr}"),
        Err(e) => {
            assert!(e.is_text_error());
            text::explain(source, &e, None)
        }
    }
}

/// The message for a broken equation of `a:f32[3] b:f32[3] n:i32[]`.
#[track_caller]
fn in_eqn(eqn: &str) -> String {
    fault(&format!("{{ lambda ; a:f32[3] b:f32[3] n:i32[]. let\n    {eqn}\n  in () }}"))
}

/// The message for a broken type.
#[track_caller]
fn in_type(ty: &str) -> String {
    fault(&format!("{{ lambda ; a:{ty}. let in () }}"))
}

macro_rules! faults {
    ($($name:ident: $($shown:expr),+ => @$text:literal;)*) => {
        $(#[test] fn $name() {
            let shown = [$($shown),+].join("");
            insta::assert_snapshot!(shown, @$text);
        })*
    };
}

faults! {
    unknown_primitives:
        in_eqn("c:f32[3] = reduce_summ[axes=(0,)] a"),
        in_eqn("c:f32[3] = cosin a"),
        in_eqn("c:f32[3] = frobnicate a")
        => @"";
    variables:
        in_eqn("c:f32[3] = add a d"),
        in_eqn("c:f32[3] = add a c"),
        in_eqn("a:f32[3] = sin b"),
        in_eqn("_:f32[3] = sin _"),
        fault("{ lambda ; a:f32[] a:f32[]. let in (a,) }"),
        fault("{ lambda ; a:f32[]. let in (b,) }")
        => @"";
    types_of_results:
        in_eqn("c:f32[4] = sin a"),
        in_eqn("c:f64[3] = sin a"),
        in_eqn("c:f32[3] d:f32[3] = sin a"),
        in_eqn("sin a"),
        in_eqn("c = sin a"),
        in_eqn("d:f32[3] = neg a\n    c = sin a")
        => @"";
    operands:
        in_eqn("c:f32[3] = sin a b"),
        in_eqn("c:f32[3] = add a"),
        in_eqn("c:f32[3] = add a n"),
        in_eqn("c:f32[3] = sin n")
        => @"";
    parameters:
        in_eqn("c:f32[3] = sin[speed=3] a"),
        in_eqn("c:f32[] = reduce_sum a"),
        in_eqn("c:f32[] = reduce_sum[axes=(1,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=0] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,) axes=(0,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(99999999999999999999,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(-1,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,] a"),
        in_eqn("c:f32[] = reduce_sum[axes] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,) a")
        => @"";
    literals:
        in_eqn("c:f32[3] = mul a 2.0"),
        in_eqn("c:f32[3] = mul a 1e99:f32[]"),
        in_eqn("c:f32[3] = mul a 2.0:f32[3]"),
        in_eqn("c:i32[] = mul n 2.5:i32[]"),
        in_eqn("c:i32[] = mul n 3000000000:i32[]"),
        in_eqn("c:i32[] = mul n inf:i32[]"),
        in_eqn("c:u8[] = neg -1:u8[]"),
        in_eqn("c:bool[] = not 1:bool[]"),
        in_eqn("c:f32[] = neg nan(0x7f800000):f32[]"),
        in_eqn("c:f32[] = neg nan(12):f32[]")
        => @"";
    types:
        in_type("f31[3]"),
        in_type("float32[3]"),
        in_type("c64[3]"),
        in_type("i16[]"),
        in_type("key<fry>[2]"),
        in_type("f32[n,3]"),
        in_type("f32[-3]"),
        in_type("f32[99999999999999999999]"),
        in_type("f32[4000000000,4000000000]"),
        in_type("f32[3"),
        in_type("f32"),
        in_type(&format!("f32[1{}]", ",1".repeat(64)))
        => @"";
    syntax:
        fault(""),
        fault("sin(x)"),
        fault("{ a:f32[]. let in (a,) }"),
        fault("{ lambda ; a:f32[] let in (a,) }"),
        fault("{ lambda ; a. let in (a,) }"),
        fault("{ lambda ; a:f32[]. let in (a) "),
        fault("{ lambda ; a:f32[]. let in (a a) }"),
        fault("{ lambda ; a:f32[]. let in (a,) } in"),
        fault("{ lambda ; a:f32[]. let b:f32[] sin a in (a,) }"),
        fault("{ lambda ; a:f32[]. let b:f32[] = in (a,) }"),
        fault("{ lambda ; a:f32[]. let b:f32[] = sin a"),
        fault("{ lambda ; a:f32[]. let b:f32[] = jit[name='f] a in (b,) }"),
        fault("{ lambda ; ä:f32[]. let in () }")
        => @"";
    nested_jaxprs:
        in_eqn("c:f32[3] = jit[name=f jaxpr={ lambda ; x:f32[3]. let\n        y:f32[3] = sin a\n      in (y,) }] a"),
        in_eqn("c:f32[3] = jit[name=f jaxpr={ lambda k:f32[3]; x:f32[3]. let y:f32[3] = mul k x in (y,) }] a"),
        in_eqn("c:f32[3] = jit[name=f jaxpr=g] a"),
        in_eqn("c:f32[3] = jit[name=f jaxpr={ lambda ; x:f32[4]. let in (x,) }] a"),
        fault("let f = { lambda ; a:f32[]. let in (a,) } in\nlet f = { lambda ; a:f32[]. let in (a,) } in\n{ lambda ; a:f32[]. let in (a,) }"),
        fault("let f = { lambda ; a:f32[]. let in (b,) } in\n{ lambda ; a:f32[]. let in (a,) }"),
        fault("let f = { lambda ; a:f32[]. let in (a,) in\n{ lambda ; a:f32[]. let in (a,) }")
        => @"";
    broadcasting:
        fault("{ lambda ; a:f32[2,3] b:f32[3]. let\n    c:f32[2,3] = add a b\n  in (c,) }"),
        fault("{ lambda ; a:f32[2,3] b:f32[2,2]. let\n    c:f32[2,3] = add a b\n  in (c,) }"),
        fault("{ lambda p:bool[2,1]; a:f32[2,3]. let\n    c:f32[2,3] = select_n p a a\n  in (c,) }")
        => @"";
}

#[test]
fn a_long_line_is_cut() {
    let text = format!("{{ lambda ; a:f32[]. let {} in (c,) }}", "_:f32[] = sin a; ".repeat(50));
    insta::assert_snapshot!(fault(&text), @"");
}

#[test]
fn messages_name_line_and_column() {
    let error = text::parse("{ lambda ; a:f32[]. let\n  b:f32[] = sin c\n  in () }").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 17: the variable `c` is not defined");
    assert_eq!(error.offset(), Some(40));
}
