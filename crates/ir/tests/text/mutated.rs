//! No text makes the parser panic, and what it accepts is well-formed.

use crate::assert_law;
use proptest::prelude::*;
use pullback_ir::text::{explain, parse};

const TEXTS: &[&str] = &[
    "\
# A comment.
let f = { lambda ; a:f64[3]. let b:f64[3] = sin a; c:f64[3] = mul b 2.5e-1:f64[] in (c,) } in
{ lambda k:f64[3] ; a:f64[3] n:i32[2,1]. let
    b:f64[3] = jit[name=<lambda> jaxpr=f] a
    _:f64[] = reduce_sum[axes=(np.int64(0),) out_sharding=None] b
    c:f64[2,3] = broadcast_in_dim[broadcast_dimensions=(1,)] b
    d:f64[2,3] = dot_general[
      dimension_numbers=(([1], [0]), ([], []))
      preferred_element_type=float64
    ] c k:
  in (d, True:bool[], nan:f32[]) }",
    "\
{ lambda ; a:f64[2,3] b:i64[2,1] c:f64[2,1]. let
    d:f64[2,3] = add a c
    e:f64[2,3] f:f64[2,3] = sort[dimension=1 is_stable=True num_keys=1] a d
    g:f64[2,4] = pad[padding_config=((0, 0, 0), (-1, 2, 0))] e 0.0:f64[]
    h:f64[2,3] = custom_jvp_call[
      name=relu
      call_jaxpr={ lambda ; i:f64[2,3]. let j:f64[2,3] = max i 0.0:f64[] in (j,) }
      jvp=<function f at 0x7f>
      symbolic_zeros=False
    ] f
    k:i32[2] = argmax[axes=(1,) index_dtype=int32] h
    l:f32[2,3] = convert_element_type[new_dtype=float32 weak_type=False] a
    m:f64[3,2] = reshape[dimensions=(1, 0) new_sizes=(3, 2) sharding=None] a
    n:u32[4] = iota[dimension=0 dtype=uint32 shape=(4,) sharding=None] 
    o:f64[2,1] p:f64[2,2] = split[axis=1 sizes=(1, 2)] h
  in (g, k, l, m, n, o, p) }",
];

/// Reads a text that may be broken, and shows what is wrong.
fn try_read(source: &str) {
    match parse(source) {
        Ok(jaxpr) => assert_law(&jaxpr),
        Err(e) => {
            let offset = e.offset().expect("an error in a text has an offset");
            assert!(offset <= source.len());
            explain(source, &e, Some("f"));
        }
    }
}

#[test]
fn truncated_at_every_byte() {
    for text in TEXTS {
        for end in 0..text.len() {
            try_read(&text[..end]);
            try_read(&text[end..]);
        }
    }
}

#[test]
fn a_byte_deleted_or_replaced() {
    for text in TEXTS {
        for i in 0..text.len() {
            try_read(&format!("{}{}", &text[..i], &text[i + 1..]));
            for c in "{}()[]<>;:,.=-_'\"#\\ \n0a9é".chars() {
                try_read(&format!("{}{c}{}", &text[..i], &text[i + 1..]));
            }
        }
    }
}

#[test]
fn a_line_or_word_repeated_or_deleted() {
    for text in TEXTS {
        let lines: Vec<&str> = text.lines().collect();
        for i in 0..lines.len() {
            let without: Vec<&str> = [&lines[..i], &lines[i + 1..]].concat();
            try_read(&without.join("\n"));
            let twice: Vec<&str> = [&lines[..=i], &lines[i..]].concat();
            try_read(&twice.join("\n"));
        }
        let words: Vec<&str> = text.split(' ').collect();
        for i in 0..words.len() {
            for (j, k) in [(i, i + 1), (i + 1, i), (0, i), (i, words.len())] {
                try_read(&[&words[..j.max(i)], &words[k..]].concat().join(" "));
            }
        }
    }
}

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ";",
            ":",
            ",",
            ".",
            "=",
            "<",
            ">",
            "lambda",
            "let",
            "in",
            "a",
            "b",
            "_",
            "f32[]",
            "f32[2]",
            "i64[3,1]",
            "sin",
            "add",
            "jit",
            "name=f",
            "jaxpr=",
            "{ lambda ; a:f32[]. let",
            "in (a,) }",
            "b:f32[] = sin a",
            "1.0:f32[]",
            "nan",
            "inf",
            "True",
            "np.int64(1)",
            "99999999999999999999",
            "'",
            "\"",
            "#",
            "\n",
            "shape=(2,)",
            "iota",
            "dimension=0",
            "dtype=float32",
            "broadcast_in_dim",
            "split",
            "reshape",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn fragments_in_any_order(parts in prop::collection::vec(fragment(), 0..30), blanks in any::<bool>()) {
        let text = parts.join(if blanks { " " } else { "" });
        try_read(&text);
        try_read(&format!("{{ lambda ; a:f32[2]. let {text} in (a,) }}"));
        try_read(&format!("{{ lambda ; a:f32[2]. let b:f32[2] = sin[{text}] a in (a,) }}"));
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = |open: &str, close: &str, n: usize| open.repeat(n) + &close.repeat(n);
    let head = "{ lambda ; a:f32[]. let b:f32[] = ";
    let jits = |n| deep(&format!("{head}jit[name=f jaxpr="), "] a in (b,) }", n);
    for n in [10, 60, 100, 10_000, 100_000] {
        try_read(&format!("{head}sin[x={}] a in (b,) }}", deep("(", ")", n)));
        try_read(&format!("{head}sin[x={}] a in (b,) }}", deep("[", "]", n)));
        try_read(&format!("{head}sin[x={}] a in (b,) }}", deep("f(", ")", n)));
        try_read(&format!("{head}sin[x={}] a in (b,) }}", deep("<", ">", n)));
        try_read(&format!("{{ lambda ; a:{}. let in () }}", deep("stack<", ">", n)));
        try_read(&jits(n));
    }
    let error = parse(&jits(100)).unwrap_err().to_string();
    assert!(error.contains("nested more than 64 levels deep"), "{error}");
}

#[test]
fn hoisted_jaxprs_that_refer_to_each_other() {
    let hoisted = |name: &str, callee: &str| {
        format!(
            "let {name} = {{ lambda ; a:f32[]. let b:f32[] = jit[name=f jaxpr={callee}] a; \
             c:f32[] = jit[name=f jaxpr={callee}] b in (c,) }} in\n"
        )
    };
    let main = "{ lambda ; a:f32[]. let b:f32[] = jit[name=f jaxpr=f0] a in (b,) }";
    let cycle = format!("{}{}{main}", hoisted("f0", "f1"), hoisted("f1", "f0"));
    let error = parse(&cycle).unwrap_err().to_string();
    assert!(error.contains("the jaxpr `f0` refers to itself"), "{error}");
    // Each doubles the number of equations; the text is short, what it stands for is not.
    let chain: String =
        (0..60).map(|i| hoisted(&format!("f{i}"), &format!("f{}", i + 1))).collect();
    let last = "let f60 = { lambda ; a:f32[]. let b:f32[] = sin a in (b,) } in\n";
    let error = parse(&format!("{chain}{last}{main}")).unwrap_err().to_string();
    assert!(error.contains("too many equations"), "{error}");
}
