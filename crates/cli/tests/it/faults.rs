//! What is said about wrong texts, numbers and command lines, and with which exit code.

use crate::{F, file, pullback, pullback_bytes};

#[test]
fn broken_texts_are_shown_with_a_caret() {
    let text = "{ lambda ; a:f32[3]. let\n    b:f32[3] = sqrtt a\n  in (b,) }\n";
    insta::assert_snapshot!(pullback(&["vjp", "-"], text).fault(1), @r"
    error: there is no primitive `sqrtt`; did you mean `sqrt`?
     --> <stdin>:2:16
      |
    2 |     b:f32[3] = sqrtt a
      |                ^
    ");
    let text = "{ lambda ; a:f32[3] b:f32[4]. let\n    c:f32[3] = add a b\n  in (c,) }\n";
    insta::assert_snapshot!(pullback(&["check", "-"], text).fault(1), @r"
    error: `add` cannot take f32[3] and f32[4]: the shapes [3] and [4] differ: operands have equal shapes or rank 0, broadcast one with `.broadcast_to(..)`
     --> <stdin>:2:16
      |
    2 |     c:f32[3] = add a b
      |                ^
    ");
    let path = file("truncated.jaxpr", "{ lambda ; a:f32[3]. let\n");
    let shown = pullback(&["print", path.to_str().unwrap()], "").fault(1);
    assert!(shown.contains("truncated.jaxpr:2:1\n"), "{shown}");
}

#[test]
fn files_that_cannot_be_read() {
    let missing = pullback(&["eval", "no/such/file.jaxpr"], "").fault(1);
    assert!(missing.starts_with("error: cannot read no/such/file.jaxpr: "), "{missing}");
    insta::assert_snapshot!(
        pullback_bytes(&["print", "-"], b"{ lambda \xff").fault(1),
        @"error: <stdin> is not UTF-8 text: byte 9 is wrong"
    );
}

#[test]
fn wrong_arguments() {
    let fault = |args: &str| {
        let path = file("wrong_arguments.jaxpr", F);
        let path = path.to_str().unwrap();
        pullback(&["eval", path, "--args", "-"], args).fault(1)
    };
    let shown = [
        fault("[]"),
        fault("{"),
        fault("3"),
        fault("[3]"),
        fault(r#"[{"dtype":"f64","shape":[3],"data":[1,2]}]"#),
        fault(
            r#"[{"dtype":"f64","shape":[2],"data":[1,2]},{"dtype":"f64","shape":[],"data":[1]}]"#,
        ),
        fault(r#"[{"dtype":"f64","shape":[3],"data":[1,2,"x"]}]"#),
    ];
    insta::assert_snapshot!(shown.concat(), @r#"
    error: the jaxpr has 2 inputs, but 0 arguments were given
    error: <stdin>: EOF while parsing an object at line 1 column 1
    error: <stdin>: args: expected a list, found 3
    error: <stdin>: args 0: an array is {"dtype":"f64","shape":[2,3],"data":[…]}, not 3
    error: <stdin>: args 0: the shape [3] has 3 elements, but `data` has 2
    error: argument 0 is f64[2], but the input is f64[3]
    error: <stdin>: args 0: element 2: "x" is not a value of f64; the strings for floats are "NaN", "Infinity" and "-Infinity"
    "#);
}

#[test]
fn wrong_use() {
    let on_f = |args: &[&str]| {
        let mut all = args.to_vec();
        all.push("-");
        pullback(&all, F).fault(2)
    };
    let shown = [
        on_f(&["jvp", "--wrt", "0,2"]),
        on_f(&["transpose", "--linear", "7"]),
        on_f(&["vmap", "--size", "3", "--in-axes", "0"]),
        on_f(&["eval", "--args", "-"]),
        pullback(&["vjp", "--wrt", "0", "-"], "{ lambda ; a:i32[]. let in (a,) }").fault(2),
    ];
    insta::assert_snapshot!(shown.concat(), @r"
    error: --wrt: there is no input 2; the jaxpr has 2, counted from 0
    error: --linear: there is no input 7; the jaxpr has 2, counted from 0
    error: --in-axes: one for each input is wanted, which is 2, not 1
    error: the jaxpr and the arguments cannot both come from standard input
    error: --wrt: input 0 is i32[], and only floats carry derivatives
    ");
    for args in [
        &["vmap"][..],
        &["vmap", "--size", "3", "--in-axes", "x"],
        &["jvp", "--wrt", "x"],
        &["linearize", "--part", "tangent", "--args", "x.json"],
        &["eval", "--engine", "gpu"],
        &["integrate"],
    ] {
        let shown = on_f(args);
        assert!(shown.starts_with("error: ") && shown.contains("--help"), "{shown}");
    }
    let nothing = pullback(&[], "");
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("Usage: pullback <COMMAND>"), "{}", nothing.stderr);
}

#[test]
fn what_cannot_be_transformed() {
    insta::assert_snapshot!(
        pullback(&["transpose", "-"], F).fault(1),
        @"error: `mul` has no transpose rule: it is not linear; `linear_transpose` takes functions that are linear in their arguments, for others use `vjp`"
    );
    insta::assert_snapshot!(
        pullback(&["vmap", "--size", "3", "--in-axes", "2,null", "-"], F).fault(1),
        @"error: in_axes 0: the axis 2 is out of range for the input f64[3], which has rank 2 with its batch dimension"
    );
}

#[test]
fn programs_that_do_not_fit() {
    let text = "{ lambda ; . let a:f64[1000000000000] = iota[dimension=0 dtype=float64 shape=(1000000000000,)] in (a,) }";
    insta::assert_snapshot!(pullback(&["eval", "-"], text).fault(1), @"error: the arrays of the program need about 7.3 TiB, but the limit is 4.0 GiB (`--memory`)");
    let f = file("does_not_fit.jaxpr", "{ lambda ; a:f64[20]. let b:f64[20] = sin a in (b,) }");
    let zeros = vec!["0"; 20].join(",");
    let args = format!("[{{\"dtype\":\"f64\",\"shape\":[20],\"data\":[{zeros}]}}]");
    let command = ["eval", f.to_str().unwrap(), "--args", "-", "--memory", "2e-7"];
    insta::assert_snapshot!(pullback(&command, &args).fault(1), @"error: the arrays of the program need about 320 bytes, but the limit is 214 bytes (`--memory`)");
}
