//! Sessions of `pullback serve`.

use crate::{pullback, pullback_bytes};
use pullback_cpu::Engine;
use serde_json::{Value, json};

/// The answers to requests, one each.
#[track_caller]
fn session(requests: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    answers(&(lines.join("\n") + "\n"))
}

#[track_caller]
fn answers(lines: &str) -> Vec<Value> {
    let ran = pullback(&["serve"], lines);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The answer to one request.
#[track_caller]
fn ask(request: Value) -> Value {
    session(&[request]).remove(0)
}

/// The message for a wrong request.
#[track_caller]
fn fault(request: Value) -> String {
    let answer = ask(request.clone());
    assert_eq!(answer.get("id"), Some(request.get("id").unwrap_or(&Value::Null)));
    match (answer.as_object().map(serde_json::Map::len), answer["error"].as_str()) {
        (Some(2), Some(message)) => message.to_owned(),
        _ => panic!("{request} gave {answer}"),
    }
}

fn array(dtype: &str, shape: &[usize], data: Value) -> Value {
    json!({"dtype": dtype, "shape": shape, "data": data})
}

fn f64s(data: &[f64]) -> Value {
    array("f64", &[data.len()], json!(data))
}

const SIN: &str = "{ lambda ; a:f64[2]. let b:f64[2] = sin a in (b,) }";
/// (a³·n, n) for a float a and an integer n.
const MIXED: &str = "{ lambda ; a:f64[2] n:i32[] p:bool[]. let
    b:f64[2] = integer_pow[y=3] a
    c:f64[] = convert_element_type[new_dtype=float64] n
    d:f64[2] = mul b c
  in (d, n, p) }";
const CUBES: &str = "{ lambda ; a:f64[2] n:u8[]. let
    b:f64[2] = integer_pow[y=3] a
    c:f64[] = reduce_sum[axes=(0,)] b
  in (c,) }";

fn mixed_args() -> Value {
    json!([f64s(&[1.0, 2.0]), array("i32", &[], json!([5])), array("bool", &[], json!([true]))])
}

#[test]
fn every_op_on_every_engine() {
    for engine in Engine::ALL.map(Engine::name) {
        let int = array("i32", &[], json!([5]));
        let zero = array("i32", &[], json!([0]));
        let truth = array("bool", &[], json!([true]));
        let falsehood = array("bool", &[], json!([false]));
        let got = session(&[
            json!({"id": 1, "op": "eval", "jaxpr": MIXED, "args": mixed_args(), "engine": engine}),
            json!({"id": 2, "op": "jvp", "jaxpr": MIXED, "args": mixed_args(), "engine": engine,
                   "tangents": [f64s(&[1.0, 0.5]), null, null]}),
            json!({"id": 3, "op": "vjp", "jaxpr": MIXED, "args": mixed_args(), "engine": engine,
                   "cotangents": [f64s(&[1.0, 0.5]), null, falsehood]}),
            json!({"id": 4, "op": "hvp", "jaxpr": CUBES, "engine": engine,
                   "args": [f64s(&[1.0, 2.0]), array("u8", &[], json!([255]))],
                   "tangents": [f64s(&[1.0, 0.5]), null]}),
            json!({"id": 5, "op": "vmap", "jaxpr": MIXED, "engine": engine, "in_axes": [1, 0, null],
                   "args": [array("f64", &[2, 3], json!([1, 1, 2, 2, 1, 0])),
                            array("i32", &[3], json!([1, 2, 3])), truth]}),
        ]);
        assert_eq!(got[0], json!({"id": 1, "outs": [f64s(&[5.0, 40.0]), int, truth]}));
        assert_eq!(
            got[1],
            json!({"id": 2, "outs": [f64s(&[5.0, 40.0]), int, truth],
                   "tangents": [f64s(&[15.0, 30.0]), zero, falsehood]})
        );
        assert_eq!(
            got[2],
            json!({"id": 3, "outs": [f64s(&[5.0, 40.0]), int, truth],
                   "cotangents": [f64s(&[15.0, 30.0]), zero, falsehood]})
        );
        assert_eq!(
            got[3],
            json!({"id": 4, "tangents": [f64s(&[6.0, 6.0]), array("u8", &[], json!([0]))]})
        );
        assert_eq!(
            got[4],
            json!({"id": 5, "outs": [
                array("f64", &[3, 2], json!([1.0, 8.0, 2.0, 2.0, 24.0, 0.0])),
                array("i32", &[3], json!([1, 2, 3])),
                array("bool", &[3], json!([true, true, true]))]})
        );
    }
}

#[test]
fn ids_and_order() {
    let sin =
        |id: Value| json!({"id": id, "op": "eval", "jaxpr": SIN, "args": [f64s(&[0.0, 0.0])]});
    let ids =
        [json!(3), json!("three"), json!([3, {"x": null}]), json!(1.5), json!(-7), Value::Null];
    let got = session(&ids.clone().map(sin));
    let got: Vec<&Value> = got.iter().map(|a| a.get("id").unwrap()).collect();
    assert_eq!(got, ids.iter().collect::<Vec<_>>());
    // As they were written, even where a number type would not hold them.
    let line = r#"{"op":"what","id":123456789012345678901234567890.10}"#;
    let ran = pullback(&["serve"], line).out();
    assert!(ran.starts_with(r#"{"id":123456789012345678901234567890.10,"error":"#), "{ran}");
}

#[test]
fn answers_come_at_once() {
    use std::io::{BufRead, BufReader, Write};
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pullback"))
        .arg("serve")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for id in 0..3 {
        writeln!(
            stdin,
            "{}",
            json!({"id": id, "op": "eval", "jaxpr": SIN, "args": [f64s(&[0.0, 0.0])]})
        )
        .unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{{\"id\":{id},\"outs\"")), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_dtype_comes_back() {
    let cases = [
        ("bool", json!([true, false]), json!([1, 0])),
        ("u8", json!([0, 255]), json!([0, 255])),
        ("i8", json!([-128, 127]), json!([-128.0, 127])),
        ("i32", json!([i32::MIN, i32::MAX]), json!([i32::MIN, i32::MAX])),
        ("u32", json!([0, u32::MAX]), json!([0, u32::MAX])),
        ("i64", json!([i64::MIN, i64::MAX]), json!([i64::MIN, i64::MAX])),
        ("u64", json!([u64::MAX, 9007199254740993u64]), json!([u64::MAX, 9007199254740993u64])),
        ("f16", json!([0.099975586, 65504.0]), json!([0.1, 65504])),
        ("bf16", json!([0.100097656, "NaN"]), json!([0.1, "NaN"])),
        ("f32", json!([0.1, "-Infinity"]), json!([0.1, "-Infinity"])),
        ("f64", json!([0.1, "Infinity"]), json!([0.1, "Infinity"])),
    ];
    for (dtype, shown, given) in cases {
        let identity = format!("{{ lambda ; a:{dtype}[2]. let in (a,) }}");
        let given = array(dtype, &[2], given);
        for op in ["eval", "vmap"] {
            let jaxpr = if op == "vmap" { identity.replace("[2]", "[]") } else { identity.clone() };
            let got = ask(json!({"id": 1, "op": op, "jaxpr": jaxpr, "args": [given]}));
            assert_eq!(got, json!({"id": 1, "outs": [array(dtype, &[2], shown.clone())]}));
        }
    }
    // The digits themselves: 0.1 as an f32 is not written as the f64 next to it.
    let line = r#"{"id":1,"op":"eval","jaxpr":"{ lambda ; a:f32[2]. let in (a,) }","args":[{"dtype":"f32","shape":[2],"data":[0.1,-0.0]}]}"#;
    assert_eq!(
        pullback(&["serve"], line).out(),
        "{\"id\":1,\"outs\":[{\"dtype\":\"f32\",\"shape\":[2],\"data\":[0.1,-0.0]}]}\n"
    );
}

#[test]
fn zeros() {
    // A result without a tangent, an unused input, an integer result.
    let jaxpr = "{ lambda ; a:f64[] b:f32[2]. let c:f64[] = sign 2.0:f64[]; d:i32[] = neg 1:i32[] in (c, d, a) }";
    let args = json!([array("f64", &[], json!([3])), array("f32", &[2], json!([1, 1]))]);
    let one = array("f64", &[], json!([1]));
    let got = ask(json!({"op": "jvp", "jaxpr": jaxpr, "args": args, "tangents": [one, null]}));
    assert_eq!(
        got["tangents"],
        json!([
            array("f64", &[], json!([0.0])),
            array("i32", &[], json!([0])),
            array("f64", &[], json!([1.0]))
        ])
    );
    let got =
        ask(json!({"op": "vjp", "jaxpr": jaxpr, "args": args, "cotangents": [null, null, one]}));
    assert_eq!(
        got["cotangents"],
        json!([array("f64", &[], json!([1.0])), array("f32", &[2], json!([0.0, 0.0]))])
    );
    let got =
        ask(json!({"op": "vjp", "jaxpr": jaxpr, "args": args, "cotangents": [null, null, null]}));
    assert_eq!(got["cotangents"][0], array("f64", &[], json!([0.0])));
}

#[test]
fn vmap_sizes() {
    let pair = "{ lambda ; a:f64[] b:f64[2]. let in (a, b) }";
    let a = f64s(&[1.0, 2.0, 3.0]);
    let b = array("f64", &[2, 3], json!([1, 2, 3, 4, 5, 6]));
    let transposed = array("f64", &[3, 2], json!([1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    for axes in [json!([0, 1]), json!([-1, -1])] {
        let got = ask(json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": axes}));
        assert_eq!(got["outs"], json!([a, transposed]));
    }
    let got = ask(
        json!({"op": "vmap", "jaxpr": pair, "args": [f64s(&[]), array("f64", &[0, 2], json!([]))]}),
    );
    assert_eq!(got["outs"], json!([f64s(&[]), array("f64", &[0, 2], json!([]))]));
    let constant =
        json!({"op": "vmap", "jaxpr": SIN, "args": [f64s(&[0.0, 0.0])], "in_axes": [null]});
    insta::assert_snapshot!(fault(constant.clone()), @"no input is batched, so the size of the batch must be given: `size`");
    let mut sized = constant;
    sized["size"] = json!(2);
    assert_eq!(ask(sized)["outs"], json!([array("f64", &[2, 2], json!([0.0, 0.0, 0.0, 0.0]))]));
    let wrong = [
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [0, 2]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [0, -3]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [0]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": 0}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [0, 0.5]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [null, 0]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a], "in_axes": [0, 0]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [array("f64", &[], json!([1])), b]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [array("f32", &[3], json!([1, 2, 3])), b], "in_axes": [0, 1]}),
        json!({"op": "vmap", "jaxpr": pair, "args": [a, b], "in_axes": [null, null], "size": -1}),
        json!({"op": "vmap", "jaxpr": SIN, "args": [f64s(&[0.0, 0.0])], "in_axes": [null], "size": 1u64 << 60}),
    ];
    insta::assert_snapshot!(wrong.map(fault).join("\n"), @r"
    argument 1 is f64[2,3], so its axis 0 has size 2, but the batch has size 3
    in_axes 1: the axis 2 is out of range for the input f64[2], which has rank 2 with its batch dimension
    in_axes 1: the axis -3 is out of range for the input f64[2], which has rank 2 with its batch dimension
    in_axes: one for each input is wanted, which is 2, not 1
    in_axes: expected a list of axis numbers and nulls, one an input
    in_axes: expected a list of axis numbers and nulls, one an input
    argument 1 is f64[2,3], but the input f64[2] mapped over axis 0 needs f64[2,2]
    the jaxpr has 2 inputs, but 1 arguments were given
    argument 0 is f64[], which has no axis 0 to be mapped over the input f64[]
    argument 0 is f32[3], but the input f64[] mapped over axis 0 needs f64[3]
    the field `size` is not a size
    the shape [1152921504606846976,2] has too many elements
    ");
}

#[test]
fn wrong_requests() {
    let x = f64s(&[1.0, 2.0]);
    let wrong = [
        json!({}),
        json!({"id": 1, "op": "grad", "jaxpr": SIN, "args": [x]}),
        json!({"id": 2, "op": 7, "jaxpr": SIN, "args": [x]}),
        json!({"id": 3, "op": "eval", "args": [x]}),
        json!({"id": 4, "op": "eval", "jaxpr": SIN}),
        json!({"id": 5, "op": "eval", "jaxpr": SIN, "args": x}),
        json!({"id": 6, "op": "eval", "jaxpr": SIN, "args": []}),
        json!({"id": 7, "op": "eval", "jaxpr": SIN, "args": [array("f32", &[2], json!([1, 2]))]}),
        json!({"id": 8, "op": "eval", "jaxpr": SIN, "args": [array("f64", &[3], json!([1, 2]))]}),
        json!({"id": 9, "op": "eval", "jaxpr": SIN, "args": [null]}),
        json!({"id": 10, "op": "eval", "jaxpr": SIN, "args": [x], "engine": "gpu"}),
        json!({"id": 11, "op": "eval", "jaxpr": SIN, "args": [x], "axes": [0]}),
        json!({"id": 12, "op": "jvp", "jaxpr": SIN, "args": [x]}),
        json!({"id": 13, "op": "jvp", "jaxpr": SIN, "args": [x], "tangents": []}),
        json!({"id": 14, "op": "jvp", "jaxpr": SIN, "args": [x], "tangents": [f64s(&[1.0])]}),
        json!({"id": 15, "op": "vjp", "jaxpr": SIN, "args": [x], "tangents": [x]}),
        json!({"id": 16, "op": "vjp", "jaxpr": SIN, "args": [x], "cotangents": [x, x]}),
        json!({"id": 17, "op": "hvp", "jaxpr": SIN, "args": [x], "tangents": [x]}),
        json!({"id": 18, "op": "hvp", "jaxpr": MIXED, "args": mixed_args(), "tangents": [x, null, null]}),
        json!({"id": 19, "op": "eval", "jaxpr": "{ lambda ; a:f64[2]. let\n  b:f64[2] = sin c\n in (b,) }", "args": [x]}),
    ];
    insta::assert_snapshot!(wrong.map(fault).join("\n"), @r#"
    the field `op` is missing
    there is no op `grad`; the ops are eval, jvp, vjp, vmap and hvp
    the field `op` is not a string
    the field `jaxpr` is missing
    the field `args` is missing
    args: expected a list, found {"data":[1.0,2.0],"dtype":"f64","shape":[2]}
    the jaxpr has 1 inputs, but 0 arguments were given
    argument 0 is f32[2], but the input is f64[2]
    args 0: the shape [3] has 3 elements, but `data` has 2
    args 0: an array is {"dtype":"f64","shape":[2,3],"data":[…]}, not null
    there is no engine `gpu`: the engines are `reference`, `tile`, `native`, `cpu`
    there is no field `axes`; the fields are id op jaxpr args tangents cotangents in_axes size engine
    the field `tangents` is missing
    tangents: one for each input is wanted, which is 1, not 0
    tangents 0: this is f64[1], but the input is f64[2]
    the field `cotangents` is missing
    cotangents: one for each result is wanted, which is 1, not 2
    `hvp` needs a function with one result, a float scalar; this one gives (f64[2])
    `hvp` needs a function with one result, a float scalar; this one gives (f64[2], i32[], bool[])
    the variable `c` is not defined
     --> jaxpr:2:18
      |
    2 |   b:f64[2] = sin c
      |                  ^
    "#);
}

#[test]
fn broken_lines() {
    let lines = concat!(
        "what\n",
        "[1]\n",
        "{\"id\":1,\"op\":\"eval\"\n",
        "{\"op\":{\"id\":2},\"id\" : \"two\" , x\n",
        "{\"id\":3,\"args\":[{\"dtype\":\"f64\",\"shape\":[1],\"data\":[NaN]}]}\n",
        "{\"id\":4,\"args\":[{\"dtype\":\"f64\",\"shape\":[1],\"data\":[-Infinity]}]}\n",
        "\n",
        "   \r\n",
        "{\"id\":5,\"op\":\"eval\",\"jaxpr\":\"{ lambda ; . let in () }\",\"args\":[]}\r\n",
        "{\"id\":6,\"op\":\"eval\",\"jaxpr\":\"{ lambda ; . let in () }\",\"args\":[]}",
    );
    insta::assert_snapshot!(pullback(&["serve"], lines).out(), @r#"
    {"id":null,"error":"the line is not a JSON object: expected value at line 1 column 1"}
    {"id":null,"error":"the line is not a JSON object: invalid type: sequence, expected a map at line 1 column 0"}
    {"id":1,"error":"the line is not a JSON object: EOF while parsing an object at line 1 column 19"}
    {"id":"two","error":"the line is not a JSON object: key must be a string at line 1 column 31"}
    {"id":3,"error":"the line is not a JSON object: expected value at line 1 column 52; non-finite values are the strings \"NaN\", \"Infinity\" and \"-Infinity\""}
    {"id":4,"error":"the line is not a JSON object: invalid number at line 1 column 53; non-finite values are the strings \"NaN\", \"Infinity\" and \"-Infinity\""}
    {"id":5,"outs":[]}
    {"id":6,"outs":[]}
    "#);
    let ran = pullback_bytes(&["serve"], b"{\"id\":1,\"op\":\"\xff\"}\n").out();
    assert!(ran.starts_with("{\"id\":null,\"error\":\"the line is not UTF-8"), "{ran}");
}

#[test]
fn large_and_deep_requests() {
    let nested = |depth: usize| {
        let mut text = "{ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }".to_owned();
        for _ in 0..depth {
            text =
                format!("{{ lambda ; a:f64[]. let b:f64[] = jit[name=f jaxpr={text}] a in (b,) }}");
        }
        text
    };
    let zero = array("f64", &[], json!([0.0]));
    let one = array("f64", &[], json!([1.0]));
    for op in ["eval", "jvp", "vjp", "hvp"] {
        let request = |depth| json!({"op": op, "jaxpr": nested(depth), "args": [zero], "tangents": [one], "cotangents": [one]});
        let answer = ask(request(50));
        assert!(answer.get("error").is_none(), "{answer}");
        assert!(fault(request(1000)).contains("levels deep"));
    }
    // Each of these stands for two of the one before.
    let mut text = "let f0 = { lambda ; a:f64[]. let b:f64[] = sin a in (b,) } in ".to_owned();
    for i in 1..20 {
        text += &format!(
            "let f{i} = {{ lambda ; a:f64[]. let b:f64[] = jit[name=f jaxpr=f{0}] a; c:f64[] = jit[name=f jaxpr=f{0}] b in (c,) }} in ",
            i - 1
        );
    }
    text += "{ lambda ; a:f64[]. let b:f64[] = jit[name=f jaxpr=f19] a in (b,) }";
    let message = fault(json!({"op": "vjp", "jaxpr": text, "args": [zero], "cotangents": [zero]}));
    assert!(message.contains("equations when its calls are written out"), "{message}");

    let huge = "{ lambda ; a:f64[]. let b:f64[1000000000000] = broadcast_in_dim[shape=(1000000000000,) broadcast_dimensions=()] a; c:f64[] = reduce_sum[axes=(0,)] b in (c,) }";
    for (op, engine) in [("eval", "cpu"), ("jvp", "reference"), ("vjp", "cpu"), ("vmap", "cpu")] {
        let args = if op == "vmap" { f64s(&[0.0; 2]) } else { zero.clone() };
        let request = json!({"op": op, "jaxpr": huge, "args": [args], "tangents": [one], "cotangents": [one], "engine": engine});
        let message = fault(request);
        assert!(message.contains("TiB, but the limit is 4.0 GiB"), "{op}: {message}");
    }

    let brackets = format!("{{\"id\":1,\"args\":{}", "[".repeat(200_000));
    let lists = format!(
        "{{\"id\":2,\"op\":\"eval\",\"jaxpr\":{},\"args\":{}{}}}",
        json!(SIN),
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let objects =
        format!("{{\"id\":3,\"args\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let got = answers(&[brackets, lists, objects].join("\n"));
    for (i, answer) in got.iter().enumerate() {
        assert_eq!(answer["id"], json!(i + 1));
        assert!(answer["error"].is_string(), "{answer}");
    }
}
