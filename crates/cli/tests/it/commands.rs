//! Every command on a small example.

use crate::{F, file, pullback};
use pullback_cpu::Engine;

/// The output of a command on `F`.
#[track_caller]
fn on_f(args: &[&str]) -> String {
    let mut all = args.to_vec();
    all.push("-");
    pullback(&all, F).out()
}

/// The output of a command on `F` with arguments.
#[track_caller]
fn numbers(name: &str, command: &[&str], args: &str) -> String {
    let args = file(name, args);
    let mut all = command.to_vec();
    all.extend(["--args", args.to_str().unwrap(), "-"]);
    pullback(&all, F).out()
}

const A: &str = r#"{"dtype":"f64","shape":[3],"data":[0.0,-0.0,"Infinity"]}"#;
const B: &str = r#"{"dtype":"f64","shape":[],"data":[2]}"#;
const ONE: &str = r#"{"dtype":"f64","shape":[3],"data":[1,0,0]}"#;

#[test]
fn check() {
    assert_eq!(on_f(&["check"]), "ok: (f64[3], f64[]) -> (f64[3])\n");
    let path = file("check.jaxpr", F);
    assert_eq!(
        pullback(&["check", path.to_str().unwrap()], "").out(),
        "ok: (f64[3], f64[]) -> (f64[3])\n"
    );
}

#[test]
fn print() {
    assert_eq!(on_f(&["print"]), F);
    let loose = "{lambda;x:f64[3] y:f64[].let z:f64[3]=sin x;w:f64[3]=mul z y in(w,)}";
    assert_eq!(pullback(&["print", "-"], loose).out(), F);
}

#[test]
fn jvp() {
    insta::assert_snapshot!(on_f(&["jvp"]), @r"
    { lambda ; a:f64[3] b:f64[] c:f64[3] d:f64[]. let
        e:f64[3] = sin a
        f:f64[3] = cos a
        g:f64[3] = mul c f
        h:f64[3] = mul e b
        i:f64[3] = mul g b
        j:f64[3] = mul e d
        k:f64[3] = add i j
      in (h, k) }
    ");
    insta::assert_snapshot!(on_f(&["jvp", "--wrt", "1"]), @r"
    { lambda ; a:f64[3] b:f64[] c:f64[]. let
        d:f64[3] = sin a
        e:f64[3] = mul d b
        f:f64[3] = mul d c
      in (e, f) }
    ");
    let args = format!("[{A}, {B}, {ONE}, {B}]");
    insta::assert_snapshot!(numbers("jvp.json", &["jvp"], &args), @r#"
    [
      {"dtype":"f64","shape":[3],"data":[0.0,-0.0,"NaN"]},
      {"dtype":"f64","shape":[3],"data":[2.0,0.0,"NaN"]}
    ]
    "#);
}

#[test]
fn vjp() {
    insta::assert_snapshot!(on_f(&["vjp"]), @r"
    { lambda ; a:f64[3] b:f64[] c:f64[3]. let
        d:f64[3] = sin a
        e:f64[3] = cos a
        f:f64[3] = mul d b
        g:f64[3] = mul d c
        h:f64[] = reduce_sum[axes=(0,)] g
        i:f64[3] = mul c b
        j:f64[3] = mul i e
      in (f, j, h) }
    ");
    insta::assert_snapshot!(on_f(&["vjp", "--wrt", "1"]), @r"
    { lambda ; a:f64[3] b:f64[] c:f64[3]. let
        d:f64[3] = sin a
        e:f64[3] = mul d b
        f:f64[3] = mul d c
        g:f64[] = reduce_sum[axes=(0,)] f
      in (e, g) }
    ");
    let args = format!("[{ONE}, {B}, {ONE}]");
    for engine in Engine::ALL.map(Engine::name) {
        insta::allow_duplicates!(insta::assert_snapshot!(
            numbers("vjp.json", &["vjp", "--wrt", "0", "--engine", engine], &args), @r#"
        [
          {"dtype":"f64","shape":[3],"data":[1.682941969615793,0.0,0.0]},
          {"dtype":"f64","shape":[3],"data":[1.0806046117362795,0.0,0.0]}
        ]
        "#));
    }
}

#[test]
fn linearize() {
    insta::assert_snapshot!(on_f(&["linearize", "--wrt", "0"]), @r"
    # inputs -> results, then residuals
    { lambda ; a:f64[3] b:f64[]. let
        c:f64[3] = sin a
        d:f64[3] = cos a
        e:f64[3] = mul c b
      in (e, d, b) }

    # tangents of inputs, then residuals -> tangents of results
    { lambda ; a:f64[3] b:f64[3] c:f64[]. let
        d:f64[3] = mul a b
        e:f64[3] = mul d c
      in (e,) }
    ");
    let args = format!("[{ONE}, {B}, {ONE}]");
    insta::assert_snapshot!(numbers("linearize.json", &["linearize", "--wrt", "0"], &args), @r#"
    [
      {"dtype":"f64","shape":[3],"data":[1.682941969615793,0.0,0.0]},
      {"dtype":"f64","shape":[3],"data":[1.0806046117362795,0.0,0.0]}
    ]
    "#);
}

#[test]
fn the_tangent_part_is_linear() {
    let tangent = on_f(&["linearize", "--part", "tangent", "--wrt", "0"]);
    insta::assert_snapshot!(pullback(&["transpose", "--linear", "0", "-"], &tangent).out(), @r"
    { lambda ; a:f64[3] b:f64[] c:f64[3]. let
        d:f64[3] = mul c b
        e:f64[3] = mul d a
      in (e,) }
    ");
    let primal = on_f(&["linearize", "--part", "primal"]);
    assert!(primal.starts_with("{ lambda ; a:f64[3] b:f64[]. let"), "{primal}");
}

#[test]
fn transpose() {
    let linear = "{ lambda ; a:f64[3] b:i32[]. let c:f64[] = reduce_sum[axes=(0,)] a in (c,) }";
    insta::assert_snapshot!(pullback(&["transpose", "-"], linear).out(), @r"
    { lambda ; a:i32[] b:f64[]. let
        c:f64[3] = broadcast_in_dim[shape=(3,)] b
      in (c,) }
    ");
    let args = r#"[{"dtype":"i32","shape":[],"data":[7]},{"dtype":"f64","shape":[],"data":[0.5]}]"#;
    let args = file("transpose.json", args);
    let ran = pullback(&["transpose", "-", "--args", args.to_str().unwrap()], linear);
    insta::assert_snapshot!(ran.out(), @r#"
    [
      {"dtype":"f64","shape":[3],"data":[0.5,0.5,0.5]}
    ]
    "#);
}

#[test]
fn vmap() {
    insta::assert_snapshot!(on_f(&["vmap", "--size", "4"]), @r"
    { lambda ; a:f64[4,3] b:f64[4]. let
        c:f64[4,3] = sin a
        d:f64[4,3] = broadcast_in_dim[broadcast_dimensions=(0,) shape=(4, 3)] b
        e:f64[4,3] = mul c d
      in (e,) }
    ");
    insta::assert_snapshot!(on_f(&["vmap", "--size", "4", "--in-axes", "-1,null"]), @r"
    { lambda ; a:f64[3,4] b:f64[]. let
        c:f64[3,4] = sin a
        d:f64[3,4] = mul c b
        e:f64[4,3] = transpose[permutation=(1, 0)] d
      in (e,) }
    ");
    let args =
        r#"[{"dtype":"f64","shape":[3,1],"data":[0,0,0]},{"dtype":"f64","shape":[],"data":[2]}]"#;
    insta::assert_snapshot!(numbers("vmap.json", &["vmap", "--in-axes=1,null"], args), @r#"
    [
      {"dtype":"f64","shape":[1,3],"data":[0.0,0.0,0.0]}
    ]
    "#);
}

#[test]
fn passes() {
    let text = "\
{ lambda ; a:f64[]. let
    b:f64[] = sin a
    c:f64[] = sin a
    d:f64[] = mul c 1.0:f64[]
    e:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = neg a in (b,) }] d
    f:f64[] = cos a
  in (b, e) }
";
    insta::assert_snapshot!(pullback(&["dce", "-"], text).out(), @r"
    { lambda ; a:f64[]. let
        b:f64[] = sin a
        c:f64[] = sin a
        d:f64[] = mul c 1.0:f64[]
        e:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = neg a in (b,) }] d
      in (b, e) }
    ");
    insta::assert_snapshot!(pullback(&["cse", "-"], text).out(), @r"
    { lambda ; a:f64[]. let
        b:f64[] = sin a
        c:f64[] = mul b 1.0:f64[]
        d:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = neg a in (b,) }] c
        _:f64[] = cos a
      in (b, d) }
    ");
    insta::assert_snapshot!(pullback(&["simplify", "-"], text).out(), @r"
    { lambda ; a:f64[]. let
        b:f64[] = sin a
        c:f64[] = sin a
        d:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = neg a in (b,) }] c
      in (b, d) }
    ");
    insta::assert_snapshot!(pullback(&["inline", "-"], text).out(), @r"
    { lambda ; a:f64[]. let
        b:f64[] = sin a
        c:f64[] = sin a
        d:f64[] = mul c 1.0:f64[]
        e:f64[] = neg d
        _:f64[] = cos a
      in (b, e) }
    ");
    let args = file("passes.json", r#"[{"dtype":"f64","shape":[],"data":[1]}]"#);
    for pass in ["dce", "cse", "simplify", "fold-products", "inline", "eval"] {
        let ran = pullback(&[pass, "--args", args.to_str().unwrap(), "-"], text);
        insta::allow_duplicates!(insta::assert_snapshot!(ran.out(), @r#"
        [
          {"dtype":"f64","shape":[],"data":[0.8414709848078965]},
          {"dtype":"f64","shape":[],"data":[-0.8414709848078965]}
        ]
        "#));
    }
}

#[test]
fn eval() {
    insta::assert_snapshot!(numbers("eval.json", &["eval"], &format!("[{A},{B}]")), @r#"
    [
      {"dtype":"f64","shape":[3],"data":[0.0,-0.0,"NaN"]}
    ]
    "#);
    assert_eq!(pullback(&["eval", "-"], "{ lambda ; . let in () }").out(), "[]\n");
}

#[test]
fn numbers_go_in_again() {
    let text = "{ lambda ; a:bf16[2] b:u64[] c:bool[0,3]. let in (a, b, c) }";
    let program = file("again.jaxpr", text);
    let numbers = r#"[
  {"dtype":"bf16","shape":[2],"data":[0.100097656,"-Infinity"]},
  {"dtype":"u64","shape":[],"data":[18446744073709551615]},
  {"dtype":"bool","shape":[0,3],"data":[]}
]
"#;
    let args = ["eval", program.to_str().unwrap(), "--args", "-"];
    assert_eq!(pullback(&args, numbers).out(), numbers);
}
