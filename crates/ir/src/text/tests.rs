//! The law on parameter values, and values of Python's that have another form here.

use super::parse::parse_param;
use super::print_param;
use crate::dtype::DType;
use crate::param::Param;
use proptest::prelude::*;

fn param() -> impl Strategy<Value = Param> {
    let word = prop_oneof![
        "[ -~]{0,8}",
        "\\PC{0,6}",
        "<?[a-z_]{1,6}>?",
        prop::sample::select(vec![
            "None", "True", "inf", "nan", "f32", "float32", "bool", "", "<>"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Param::None),
        any::<bool>().prop_map(Param::Bool),
        any::<i64>().prop_map(Param::Int),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |x| !x.is_nan())
            .prop_map(Param::Float),
        prop::sample::select(DType::ALL.to_vec()).prop_map(Param::DType),
        word.prop_map(Param::Word),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = "[a-z_]{1,8}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Param::Tuple),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Param::List),
            ("[A-Z][A-Za-z]{0,8}", prop::collection::vec((key, inner), 0..4))
                .prop_map(|(name, fields)| Param::Struct(name, fields)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn values_survive_printing(p in param()) {
        let text = print_param(&p);
        match parse_param(&text) {
            Ok(back) => prop_assert_eq!(back, p, "{}", text),
            Err(e) => prop_assert!(false, "{e} in {text}"),
        }
    }
}

#[test]
fn values_of_python() {
    let cases = [
        ("np.int64(-3)", Param::Int(-3)),
        ("(np.int64(1), np.int32(2))", Param::ints(&[1, 2])),
        ("np.float32(1.5)", Param::Float(1.5)),
        ("frozenset({'h', 'g'})", Param::List(vec![Param::word("h"), Param::word("g")])),
        ("<class 'numpy.float64'>", Param::DType(DType::F64)),
        ("<class 'jax.numpy.bfloat16'>", Param::DType(DType::BF16)),
        ("dtype('float32')", Param::DType(DType::F32)),
        ("bool", Param::DType(DType::Bool)),
        ("AccuracyMode.HIGHEST", Param::word("AccuracyMode.HIGHEST")),
        ("<function f.<locals>.g at 0x7f00>", Param::Func("f.<locals>.g".into(), 0)),
        ("<fn f@7>", Param::Func("f".into(), 7)),
        ("<lambda>", Param::word("<lambda>")),
        ("'it\\'s'", Param::word("it's")),
        ("PartitionSpec('x', None)", Param::word("PartitionSpec('x', None)")),
        ("(<lambda>, 2)", Param::Tuple(vec![Param::word("<lambda>"), Param::Int(2)])),
        ("{'a': 1}", Param::word("{'a': 1}")),
        ("1e3", Param::Float(1000.0)),
        ("0x12", Param::word("0x12")),
    ];
    for (text, value) in cases {
        assert_eq!(parse_param(text).unwrap(), value, "{text}");
        // What stands after a value is not part of it.
        for rest in [" x=1", "] a", "\n"] {
            assert_eq!(parse_param(&format!("{text}{rest}")).unwrap(), value, "{text}");
        }
    }
}
