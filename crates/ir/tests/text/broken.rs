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

#[test]
fn unknown_primitives() {
    let shown = [
        in_eqn("c:f32[3] = reduce_summ[axes=(0,)] a"),
        in_eqn("c:f32[3] = cosin a"),
        in_eqn("c:f32[3] = frobnicate a"),
        in_eqn("c:f32[3] = random_wrap[impl=fry] a"),
        in_eqn("c:f32[3] = custom_lin[bwd=<lambda> in_zeros=[False] num_res=1] a b"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: there is no primitive `reduce_summ`; did you mean `reduce_sum`?
     --> 2:16
      |
    2 |     c:f32[3] = reduce_summ[axes=(0,)] a
      |                ^

    error: there is no primitive `cosin`; did you mean `asin` or `cos` or `cosh`?
     --> 2:16
      |
    2 |     c:f32[3] = cosin a
      |                ^

    error: there is no primitive `frobnicate`
     --> 2:16
      |
    2 |     c:f32[3] = frobnicate a
      |                ^

    error: there is no primitive `random_wrap`: JAX's random bits come from another cipher; draw the numbers outside and pass them as inputs
     --> 2:16
      |
    2 |     c:f32[3] = random_wrap[impl=fry] a
      |                ^

    error: there is no primitive `custom_lin`: its transpose is a function of Python's, which the text does not hold
     --> 2:16
      |
    2 |     c:f32[3] = custom_lin[bwd=<lambda> in_zeros=[False] num_res=1] a b
      |                ^
    ");
}

#[test]
fn variables() {
    let shown = [
        in_eqn("c:f32[3] = add a d"),
        in_eqn("c:f32[3] = add a c"),
        in_eqn("a:f32[3] = sin b"),
        in_eqn("_:f32[3] = sin _"),
        fault("{ lambda ; a:f32[] a:f32[]. let in (a,) }"),
        fault("{ lambda ; a:f32[]. let in (b,) }"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: the variable `d` is not defined
     --> 2:22
      |
    2 |     c:f32[3] = add a d
      |                      ^

    error: the variable `c` is not defined
     --> 2:22
      |
    2 |     c:f32[3] = add a c
      |                      ^

    error: the variable `a` is defined twice
     --> 2:5
      |
    2 |     a:f32[3] = sin b
      |     ^

    error: the variable `_` is not defined
     --> 2:20
      |
    2 |     _:f32[3] = sin _
      |                    ^

    error: the variable `a` is defined twice
     --> 1:20
      |
    1 | { lambda ; a:f32[] a:f32[]. let in (a,) }
      |                    ^

    error: the variable `b` is not defined
     --> 1:29
      |
    1 | { lambda ; a:f32[]. let in (b,) }
      |                             ^
    ");
}

#[test]
fn types_of_results() {
    let shown = [
        in_eqn("c:f32[4] = sin a"),
        in_eqn("c:f64[3] = sin a"),
        in_eqn("c:f32[3] d:f32[3] = sin a"),
        in_eqn("sin a"),
        in_eqn("c = sin a"),
        in_eqn("d:f32[3] = neg a\n    c = sin a"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: the result of `sin` is f32[3], not f32[4]
     --> 2:7
      |
    2 |     c:f32[4] = sin a
      |       ^

    error: the result of `sin` is f32[3], not f64[3]
     --> 2:7
      |
    2 |     c:f64[3] = sin a
      |       ^

    error: `sin` has 1 result, not 2
     --> 2:25
      |
    2 |     c:f32[3] d:f32[3] = sin a
      |                         ^

    error: `sin` has 1 result, not 0
     --> 2:5
      |
    2 |     sin a
      |     ^

    error: `c` needs a type: `c:f32[]`
     --> 2:5
      |
    2 |     c = sin a
      |     ^

    error: `c` needs a type: `c:f32[]`
     --> 3:5
      |
    3 |     c = sin a
      |     ^
    ");
}

#[test]
fn operands() {
    let shown = [
        in_eqn("c:f32[3] = sin a b"),
        in_eqn("c:f32[3] = add a"),
        in_eqn("c:f32[3] = add a n"),
        in_eqn("c:f32[3] = sin n"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: `sin` cannot take f32[3] and f32[3]: it takes 1 operand, not 2
     --> 2:16
      |
    2 |     c:f32[3] = sin a b
      |                ^

    error: `add` cannot take f32[3]: it takes 2 operands, not 1
     --> 2:16
      |
    2 |     c:f32[3] = add a
      |                ^

    error: `add` cannot take f32[3] and i32[]: the dtypes f32 and i32 differ: convert one with `.cast(..)`
     --> 2:16
      |
    2 |     c:f32[3] = add a n
      |                ^

    error: `sin` cannot take i32[]: it takes floats, not i32: convert with `.cast(..)`
     --> 2:16
      |
    2 |     c:f32[3] = sin n
      |                ^
    ");
}

#[test]
fn parameters() {
    let shown = [
        in_eqn("c:f32[3] = sin[speed=3] a"),
        in_eqn("c:f32[] = reduce_sum a"),
        in_eqn("c:f32[] = reduce_sum[axes=(1,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=0] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,) axes=(0,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(99999999999999999999,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(-1,)] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,] a"),
        in_eqn("c:f32[] = reduce_sum[axes] a"),
        in_eqn("c:f32[] = reduce_sum[axes=(0,) a"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: `sin` has no parameter `speed`
     --> 2:20
      |
    2 |     c:f32[3] = sin[speed=3] a
      |                    ^

    error: `reduce_sum`: the parameter `axes` is missing
     --> 2:15
      |
    2 |     c:f32[] = reduce_sum a
      |               ^

    error: `reduce_sum` cannot take f32[3]: the axis 1 is out of range for rank 1
     --> 2:15
      |
    2 |     c:f32[] = reduce_sum[axes=(1,)] a
      |               ^

    error: `reduce_sum`: the parameter `axes` must be a tuple, not `0`
     --> 2:15
      |
    2 |     c:f32[] = reduce_sum[axes=0] a
      |               ^

    error: the parameter `axes` stands twice
     --> 2:36
      |
    2 |     c:f32[] = reduce_sum[axes=(0,) axes=(0,)] a
      |                                    ^

    error: the number `99999999999999999999` is too large
     --> 2:32
      |
    2 |     c:f32[] = reduce_sum[axes=(99999999999999999999,)] a
      |                                ^

    error: `reduce_sum`: the parameter `axes` must be a non-negative integer, not `-1`
     --> 2:15
      |
    2 |     c:f32[] = reduce_sum[axes=(-1,)] a
      |               ^

    error: this `(` is not closed
     --> 2:31
      |
    2 |     c:f32[] = reduce_sum[axes=(0,] a
      |                               ^

    error: expected a parameter `name=value` or `]`, found `axes`
     --> 2:26
      |
    2 |     c:f32[] = reduce_sum[axes] a
      |                          ^

    error: expected a parameter `name=value` or `]`, found `a`
     --> 2:36
      |
    2 |     c:f32[] = reduce_sum[axes=(0,) a
      |                                    ^
    ");
}

#[test]
fn literals() {
    let shown = [
        in_eqn("c:f32[3] = mul a 2.0"),
        in_eqn("c:f32[3] = mul a 1e99:f32[]"),
        in_eqn("c:f32[3] = mul a 2.0:f32[3]"),
        in_eqn("c:i32[] = mul n 2.5:i32[]"),
        in_eqn("c:i32[] = mul n 3000000000:i32[]"),
        in_eqn("c:i32[] = mul n inf:i32[]"),
        in_eqn("c:u8[] = neg -1:u8[]"),
        in_eqn("c:bool[] = not 1:bool[]"),
        in_eqn("c:f32[] = neg nan(0x7f800000):f32[]"),
        in_eqn("c:f32[] = neg nan(12):f32[]"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: `2.0` needs a type: `2.0:f32[]`
     --> 2:22
      |
    2 |     c:f32[3] = mul a 2.0
      |                      ^

    error: `1e99` is not a value of f32
     --> 2:22
      |
    2 |     c:f32[3] = mul a 1e99:f32[]
      |                      ^

    error: a literal has a scalar type, not f32[3]
     --> 2:26
      |
    2 |     c:f32[3] = mul a 2.0:f32[3]
      |                          ^

    error: `2.5` is not a value of i32
     --> 2:21
      |
    2 |     c:i32[] = mul n 2.5:i32[]
      |                     ^

    error: `3000000000` is not a value of i32
     --> 2:21
      |
    2 |     c:i32[] = mul n 3000000000:i32[]
      |                     ^

    error: `inf` is not a value of i32
     --> 2:21
      |
    2 |     c:i32[] = mul n inf:i32[]
      |                     ^

    error: `-1` is not a value of u8
     --> 2:18
      |
    2 |     c:u8[] = neg -1:u8[]
      |                  ^

    error: `1` is not a value of bool
     --> 2:20
      |
    2 |     c:bool[] = not 1:bool[]
      |                    ^

    error: `nan(0x7f800000)` is not a value of f32
     --> 2:19
      |
    2 |     c:f32[] = neg nan(0x7f800000):f32[]
      |                   ^

    error: expected the bits of a NaN, such as `(0x7fc00001)`
     --> 2:22
      |
    2 |     c:f32[] = neg nan(12):f32[]
      |                      ^
    ");
}

#[test]
fn types() {
    let shown = [
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
        in_type(&format!("f32[1{}]", ",1".repeat(64))),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: there is no dtype `f31`; the dtypes are bool u8 i8 i32 u32 i64 u64 f16 bf16 f32 f64
     --> 1:14
      |
    1 | { lambda ; a:f31[3]. let in () }
      |              ^

    error: in types the dtype `float32` is written `f32`
     --> 1:14
      |
    1 | { lambda ; a:float32[3]. let in () }
      |              ^

    error: complex numbers (`c64`) are not read; the dtypes are bool u8 i8 i32 u32 i64 u64 f16 bf16 f32 f64
     --> 1:14
      |
    1 | { lambda ; a:c64[3]. let in () }
      |              ^

    error: there is no dtype `i16`; the dtypes are bool u8 i8 i32 u32 i64 u64 f16 bf16 f32 f64
     --> 1:14
      |
    1 | { lambda ; a:i16[]. let in () }
      |              ^

    error: the key types of JAX are not read: its random bits come from another cipher; draw the numbers outside and pass them as inputs
     --> 1:14
      |
    1 | { lambda ; a:key<fry>[2]. let in () }
      |              ^

    error: the size `n` is not a number
     --> 1:18
      |
    1 | { lambda ; a:f32[n,3]. let in () }
      |                  ^

    error: `-3` is not a size of an array
     --> 1:18
      |
    1 | { lambda ; a:f32[-3]. let in () }
      |                  ^

    error: `99999999999999999999` is not a size of an array
     --> 1:18
      |
    1 | { lambda ; a:f32[99999999999999999999]. let in () }
      |                  ^

    error: the shape [4000000000,4000000000] has too many elements
     --> 1:14
      |
    1 | { lambda ; a:f32[4000000000,4000000000]. let in () }
      |              ^

    error: expected `,` or `]` after a size, found `.`
     --> 1:19
      |
    1 | { lambda ; a:f32[3. let in () }
      |                   ^

    error: expected `[` after a dtype, found `.`
     --> 1:17
      |
    1 | { lambda ; a:f32. let in () }
      |                 ^

    error: a type has at most 64 dimensions
     --> 1:146
      |
    1 | …,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]. let in () }
      |                                                                         ^
    ");
}

#[test]
fn syntax() {
    let shown = [
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
        fault("{ lambda ; ä:f32[]. let in () }"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: expected `{` at the beginning of a jaxpr, found the end of the text
     --> 1:1
      |
    1 | 
      | ^

    error: expected `{` at the beginning of a jaxpr, found `sin`
     --> 1:1
      |
    1 | sin(x)
      | ^

    error: expected `lambda` after `{`, found `a`
     --> 1:3
      |
    1 | { a:f32[]. let in (a,) }
      |   ^

    error: expected an input `name:type` or `.`, found `let`
     --> 1:20
      |
    1 | { lambda ; a:f32[] let in (a,) }
      |                    ^

    error: `a` needs a type: `a:f32[]`
     --> 1:12
      |
    1 | { lambda ; a. let in (a,) }
      |            ^

    error: expected `}` at the end of a jaxpr, found the end of the text
     --> 1:32
      |
    1 | { lambda ; a:f32[]. let in (a) 
      |                                ^

    error: expected `,` or `)` after a result, found `a`
     --> 1:31
      |
    1 | { lambda ; a:f32[]. let in (a a) }
      |                               ^

    error: expected the end of the text after the jaxpr, found `in`
     --> 1:35
      |
    1 | { lambda ; a:f32[]. let in (a,) } in
      |                                   ^

    error: expected `=` after the results of an equation, found `sin`
     --> 1:33
      |
    1 | { lambda ; a:f32[]. let b:f32[] sin a in (a,) }
      |                                 ^

    error: expected the name of a primitive, found `in`
     --> 1:35
      |
    1 | { lambda ; a:f32[]. let b:f32[] = in (a,) }
      |                                   ^

    error: expected an equation or `in (`, found the end of the text
     --> 1:40
      |
    1 | { lambda ; a:f32[]. let b:f32[] = sin a
      |                                        ^

    error: `jit`: the parameter `jaxpr` is missing
     --> 1:35
      |
    1 | { lambda ; a:f32[]. let b:f32[] = jit[name='f] a in (b,) }
      |                                   ^

    error: expected an input `name:type` or `.`, found `ä`
     --> 1:12
      |
    1 | { lambda ; ä:f32[]. let in () }
      |            ^
    ");
}

#[test]
fn nested_jaxprs() {
    let shown = [
        in_eqn(
            "c:f32[3] = jit[name=f jaxpr={ lambda ; x:f32[3]. let\n        y:f32[3] = sin a\n      in (y,) }] a",
        ),
        in_eqn(
            "c:f32[3] = jit[name=f jaxpr={ lambda k:f32[3]; x:f32[3]. let y:f32[3] = mul k x in (y,) }] a",
        ),
        in_eqn("c:f32[3] = jit[name=f jaxpr=g] a"),
        in_eqn("c:f32[3] = jit[name=f jaxpr={ lambda ; x:f32[4]. let in (x,) }] a"),
        fault(
            "let f = { lambda ; a:f32[]. let in (a,) } in\nlet f = { lambda ; a:f32[]. let in (a,) } in\n{ lambda ; a:f32[]. let in (a,) }",
        ),
        fault("let f = { lambda ; a:f32[]. let in (b,) } in\n{ lambda ; a:f32[]. let in (a,) }"),
        fault("let f = { lambda ; a:f32[]. let in (a,) in\n{ lambda ; a:f32[]. let in (a,) }"),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: the variable `a` is not defined
     --> 3:24
      |
    3 |         y:f32[3] = sin a
      |                        ^

    error: a nested jaxpr with constants: their values are not in the text, pass them as arguments of the nested function
     --> 2:42
      |
    2 |     c:f32[3] = jit[name=f jaxpr={ lambda k:f32[3]; x:f32[3]. let y:f32[3] = mul k x in (y,) }] a
      |                                          ^

    error: there is no jaxpr `g` in front of this one
     --> 2:33
      |
    2 |     c:f32[3] = jit[name=f jaxpr=g] a
      |                                 ^

    error: `jit` cannot take f32[3]: operand 0 of the callee is f32[4], not f32[3]
     --> 2:16
      |
    2 |     c:f32[3] = jit[name=f jaxpr={ lambda ; x:f32[4]. let in (x,) }] a
      |                ^

    error: `f` is defined twice
     --> 2:5
      |
    2 | let f = { lambda ; a:f32[]. let in (a,) } in
      |     ^

    error: the variable `b` is not defined
     --> 1:37
      |
    1 | let f = { lambda ; a:f32[]. let in (b,) } in
      |                                     ^

    error: this `{` is not closed
     --> 1:9
      |
    1 | let f = { lambda ; a:f32[]. let in (a,) in
      |         ^
    ");
}

#[test]
fn broadcasting() {
    let shown = [
        fault("{ lambda ; a:f32[2,3] b:f32[3]. let\n    c:f32[2,3] = add a b\n  in (c,) }"),
        fault("{ lambda ; a:f32[2,3] b:f32[2,2]. let\n    c:f32[2,3] = add a b\n  in (c,) }"),
        fault(
            "{ lambda p:bool[2,1]; a:f32[2,3]. let\n    c:f32[2,3] = select_n p a a\n  in (c,) }",
        ),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: `add` cannot take f32[2,3] and f32[3]: the shapes [2,3] and [3] differ: operands have equal shapes or rank 0, broadcast one with `.broadcast_to(..)`
     --> 2:18
      |
    2 |     c:f32[2,3] = add a b
      |                  ^

    error: `add` cannot take f32[2,3] and f32[2,2]: the shapes [2,3] and [2,2] differ: operands have equal shapes or rank 0, broadcast one with `.broadcast_to(..)`
     --> 2:18
      |
    2 |     c:f32[2,3] = add a b
      |                  ^

    error: `select_n` cannot take bool[2,1], f32[2,3] and f32[2,3]: the predicate has the shape of the cases or rank 0
     --> 2:18
      |
    2 |     c:f32[2,3] = select_n p a a
      |                  ^
    ");
}

#[test]
fn a_long_line_is_cut() {
    let text = format!("{{ lambda ; a:f32[]. let {} in (c,) }}", "_:f32[] = sin a; ".repeat(50));
    insta::assert_snapshot!(fault(&text), @r"
    error: the variable `c` is not defined
     --> 1:880
      |
    1 | …f32[] = sin a; _:f32[] = sin a; _:f32[] = sin a; _:f32[] = sin a;  in (c,) }
      |                                                                         ^
    ");
}

#[test]
fn messages_name_line_and_column() {
    let error = text::parse("{ lambda ; a:f32[]. let\n  b:f32[] = sin c\n  in () }").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 17: the variable `c` is not defined");
    assert_eq!(error.offset(), Some(40));
}
