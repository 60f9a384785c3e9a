//! Every evaluation against GradBench's goldens, and the protocol as GradBench speaks it.

use crate::evals;
use crate::protocol::Session;
use crate::workloads::{self, Workload, difference};
use serde_json::{Value, json};
use std::path::Path;

fn ask(session: &mut Session, message: &Value) -> Value {
    serde_json::from_str(&session.answer(&message.to_string())).expect("answers are JSON")
}

fn evaluate(module: &str, function: &str, input: &Value) -> Value {
    let message = json!({
        "id": 7, "kind": "evaluate", "module": module, "function": function, "input": input,
    });
    ask(&mut Session::default(), &message)
}

fn committed() -> Vec<Workload> {
    workloads::list(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data"))).expect("data is there")
}

fn workload(eval: &str) -> Value {
    let all = committed();
    let found = all.iter().find(|w| w.eval == eval).expect("each evaluation has a workload");
    found.input().expect("inputs are JSON")
}

/// Whether some number in a value is not zero.
fn has_nonzero(value: &Value) -> bool {
    match value {
        Value::Number(x) => x.as_f64() != Some(0.0),
        Value::Array(list) => list.iter().any(has_nonzero),
        Value::Object(fields) => fields.values().any(has_nonzero),
        _ => false,
    }
}

#[track_caller]
fn check(what: &str, got: &Value, golden: &Value) {
    let error = difference(got, golden).unwrap_or_else(|e| panic!("{what}: the output {e}"));
    assert!(error <= 1e-9, "{what}: the largest relative difference is {error:e}");
    assert!(has_nonzero(got), "{what}: all zeros say nothing");
}

/// All workloads of an evaluation: both functions, and the primals by hand.
fn goldens(eval: &str) {
    let entry = evals::ALL.iter().find(|e| e.module == eval).expect("the evaluation is there");
    let mut session = Session::default();
    let mut count = 0;
    for w in committed().iter().filter(|w| w.eval == eval) {
        let input = w.input().expect("inputs are JSON");
        let made = (entry.make)();
        for function in [&made.primal, &made.derivative].map(|f| f.name) {
            let golden = w.golden(function).expect("goldens are JSON").expect("there is a golden");
            let message = json!({
                "id": 1, "kind": "evaluate", "module": eval, "function": function, "input": input,
            });
            let answer = ask(&mut session, &message);
            assert_eq!(answer["success"], true, "{}: {}", w.name, answer["error"]);
            check(&format!("{eval} {} {function}", w.name), &answer["output"], &golden);
        }
        let golden = w.golden(made.primal.name).expect("goldens are JSON").expect("it is there");
        for by_hand in [&made.by_hand].into_iter().chain(&made.also_by_hand) {
            let mut ready = by_hand.prepare(&input).expect("the input can be read");
            ready.run();
            check(&format!("{eval} {} by hand", w.name), &ready.output(), &golden);
        }
        count += 1;
    }
    assert!(count > 0, "{eval} has a workload");
}

#[test]
fn gmm() {
    goldens("gmm");
}

#[test]
fn ba() {
    goldens("ba");
}

#[test]
fn ht() {
    goldens("ht");
}

#[test]
fn kmeans() {
    goldens("kmeans");
}

#[test]
fn det() {
    goldens("det");
}

#[test]
fn llsq() {
    goldens("llsq");
}

#[test]
fn lse() {
    goldens("lse");
}

#[test]
fn a_session_in_gradbenchs_words() {
    let mut session = Session::default();
    let mut ask = |message: Value| ask(&mut session, &message);
    assert_eq!(
        ask(json!({ "id": 0, "kind": "start", "eval": "hello" })),
        json!({ "id": 0, "tool": "pullback" })
    );
    assert_eq!(
        ask(json!({ "id": 1, "kind": "define", "module": "hello" })),
        json!({ "id": 1, "success": true })
    );
    for (id, function, output) in [(2, "square", 9.0), (3, "double", 6.0)] {
        let answer = ask(json!({
            "id": id, "kind": "evaluate", "module": "hello", "function": function, "input": 3.0,
        }));
        assert_eq!((&answer["id"], &answer["success"]), (&json!(id), &json!(true)));
        assert_eq!(answer["output"], output);
        let timings = answer["timings"].as_array().expect("there are timings");
        assert_eq!(timings.len(), 1);
        assert_eq!(timings[0]["name"], "evaluate");
        assert!(timings[0]["nanoseconds"].as_u64() > Some(0), "{answer}");
    }
    let analysis = json!({ "id": 4, "kind": "analysis", "of": 3, "valid": true });
    assert_eq!(ask(analysis), json!({ "id": 4 }));
    assert_eq!(ask(json!({ "id": "five", "kind": "end" })), json!({ "id": "five" }));
}

#[test]
fn a_function_runs_as_often_and_as_long_as_the_input_says() {
    let timings = |runs: u64, seconds: f64| {
        let input = json!({ "x": [1.0, 2.0], "min_runs": runs, "min_seconds": seconds });
        let answer = evaluate("lse", "gradient", &input);
        let timings = answer["timings"].as_array().expect("there are timings").clone();
        timings.iter().map(|t| t["nanoseconds"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    assert_eq!(timings(5, 0.0).len(), 5);
    assert!(
        timings(1, 0.01).iter().sum::<u64>() >= 9_900_000,
        "ten milliseconds, but for the ends"
    );
}

#[test]
fn what_is_not_supported_is_not_defined() {
    for module in ["lstm", "ode", "particle", "saddle", "no_such"] {
        let mut session = Session::default();
        let answer = ask(&mut session, &json!({ "id": 1, "kind": "define", "module": module }));
        assert_eq!((&answer["id"], &answer["success"]), (&json!(1), &json!(false)));
        assert_eq!(answer["error"], format!("the module `{module}` is not supported"));
    }
}

#[test]
fn messages_with_faults_are_answered() {
    let cases = [
        ("no JSON", "the line is not JSON"),
        ("{\"id\": 1", "the line is not JSON"),
        ("[1, 2]", "the line is not a JSON object"),
        (r#"{"id":1,"kind":"define"}"#, "the message lacks the text `module`"),
        (r#"{"id":1,"kind":"evaluate","module":"hello"}"#, "the message lacks the text `function`"),
        (
            r#"{"id":1,"kind":"evaluate","module":"hello","function":"square"}"#,
            "the message lacks `input`",
        ),
        (
            r#"{"id":1,"kind":"evaluate","module":"hello","function":"half","input":1}"#,
            "there is no function `half`; there are `square` and `double`",
        ),
        (
            r#"{"id":1,"kind":"evaluate","module":"hello","function":"square","input":"1"}"#,
            "the input is no number",
        ),
        (
            r#"{"id":1,"kind":"evaluate","module":"nothing","function":"f","input":1}"#,
            "the module `nothing` is not supported",
        ),
    ];
    let mut session = Session::default();
    for (line, expected) in cases {
        let answer: Value = serde_json::from_str(&session.answer(line)).expect("answers are JSON");
        assert_eq!(answer["success"], false, "{line}");
        let error = answer["error"].as_str().expect("there is a reason");
        assert!(error.starts_with(expected), "{line}: {error}");
    }
    let double = json!({
        "id": 2, "kind": "evaluate", "module": "hello", "function": "double", "input": 4,
    });
    assert_eq!(ask(&mut session, &double)["output"], 8.0, "the session goes on");
}

/// An input with one field replaced, at a path of keys.
fn with(eval: &str, path: &[&str], value: Value) -> Value {
    let mut input = workload(eval);
    let mut at = &mut input;
    for key in path {
        at = &mut at[*key];
    }
    *at = value;
    input
}

#[test]
fn inputs_of_a_wrong_form_are_refused() {
    let cases: [(&str, &[&str], Value, &str); 19] = [
        ("gmm", &["alpha"], json!([1.0]), "`mu` has the shape [5, 2], but must have [1, 2]"),
        ("gmm", &["x"], json!([[1.0, 2.0], [3.0]]), "`x` has lists of different lengths, 2 and 1"),
        ("gmm", &["x"], json!([]), "`x` is empty"),
        ("gmm", &["x"], json!("x"), "`x` is no array of 2 dimensions"),
        ("gmm", &["m"], json!(-1), "`m` is no whole number from 0 to 1073741824"),
        ("gmm", &["gamma"], json!(null), "`gamma` is no number"),
        ("kmeans", &["centroids"], json!([[1.0]]), "`centroids` has the shape [1, 1]"),
        ("kmeans", &["points"], json!([[[1.0]]]), "`points` has a list in place of a number"),
        ("llsq", &["n"], json!(1), "`n` is no whole number from 2"),
        ("llsq", &["n"], json!(1e300), "`n` is no whole number from 2"),
        ("lse", &["x"], json!({}), "`x` is no array of 1 dimensions"),
        ("lse", &["min_runs"], json!("often"), "`min_runs` is no whole number"),
        ("lse", &["min_seconds"], json!(-1.0), "`min_seconds`:"),
        ("det", &["ell"], json!(6), "`A` has the shape [25], but must have [36]"),
        ("ba", &["cam"], json!([1.0]), "`cam` has the shape [1], but must have [11]"),
        ("ba", &["p"], json!(0), "`p` is no whole number from 1"),
        ("ht", &["theta"], json!([1.0]), "`theta` has the shape [1], but must have [26]"),
        ("ht", &["data", "correspondences"], json!([9999]), "`correspondences` has the shape [1]"),
        ("ht", &["data", "model", "parents"], json!(vec![3; 22]), "`parents` has 3 for bone 0"),
    ];
    for (eval, path, value, expected) in cases {
        let entry = evals::ALL.iter().find(|e| e.module == eval).expect("it is there");
        let function = (entry.make)().derivative.name;
        let answer = evaluate(eval, function, &with(eval, path, value));
        assert_eq!(answer["success"], false, "{eval} {path:?}");
        let error = answer["error"].as_str().expect("there is a reason");
        assert!(error.starts_with(expected), "{eval} {path:?}: {error}");
    }
    for entry in evals::ALL.iter().filter(|entry| entry.module != "hello") {
        let eval = (entry.make)();
        for function in [&eval.primal, &eval.derivative, &eval.by_hand] {
            let fault = function.prepare(&json!({})).err().expect("an empty input is refused");
            assert!(fault.starts_with("the input lacks `"), "{}: {fault}", entry.module);
            let fault = function.prepare(&json!([1])).err().expect("a list is refused");
            assert_eq!(fault, "the input is a list, not an object", "{}", entry.module);
        }
    }
}

#[test]
fn differences_are_found() {
    let golden = json!({ "a": [[1.0, -4.0]], "b": 0.5 });
    let error = |got| difference(&got, &golden);
    assert_eq!(error(golden.clone()), Ok(0.0));
    assert_eq!(error(json!({ "a": [[1.0, -4.2]], "b": 0.5 })), Ok((4.2 - 4.0) / 4.0));
    assert_eq!(error(json!({ "a": [[1.0, -4.0]], "b": 0.75 })), Ok(0.5));
    assert_eq!(error(json!({ "a": [[1.0]], "b": 0.5 })), Err("`a` has 1 entries, not 2".into()));
    assert_eq!(
        error(json!({ "a": [[1.0, null]], "b": 0.5 })),
        Err("`a` has null in place of -4.0".into())
    );
    assert!(error(json!({ "a": [[1.0, -4.0]] })).is_err());
}
