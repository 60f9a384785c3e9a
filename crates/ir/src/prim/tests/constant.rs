use super::*;
use crate::dtype::DType;
use crate::prim::constant::Constant;
use crate::prim::iota::Iota;
use crate::text;
use half::{bf16, f16};

/// Through text and back.
fn reread(value: &Value) -> Value {
    let b = Builder::new();
    let out = b.op(Constant(value.clone()), &[]);
    let printed = b.finish([out]).to_string();
    let jaxpr = text::parse(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
    crate::interp::eval(&jaxpr, &[]).unwrap().pop().unwrap()
}

#[test]
fn text_keeps_every_bit() {
    for bits in (0..=u16::MAX).step_by(97).chain([0x7c01, 0xfe00, 0x7fff, 0x8000, 0xffff]) {
        for value in [Value::scalar(f16::from_bits(bits)), Value::scalar(bf16::from_bits(bits))] {
            assert_bits(reread(&value), value);
        }
    }
    let f32s = [0, 1, 0x8000_0000, 0x7f80_0000, 0x7f80_0001, 0xffc0_0000, 0x3dcc_cccd, u32::MAX];
    let value = Value::new(&[2, 4][..], f32s.map(f32::from_bits).to_vec());
    assert_bits(reread(&value), value);
    let f64s =
        [0, 1, 1 << 63, 0x7ff0_0000_0000_0001, 0xfff8 << 48, 0x3fb9_9999_9999_999a, u64::MAX];
    let value = Value::new(&[7][..], f64s.map(f64::from_bits).to_vec());
    assert_bits(reread(&value), value);
    let value = Value::new(&[3][..], vec![u64::MAX, 1 << 63, i64::MAX as u64]);
    assert_bits(reread(&value), value);
    for value in
        [Value::scalar(i64::MIN), Value::scalar(true), Value::zeros(&Type::of(DType::F32, &[2, 0]))]
    {
        assert_bits(reread(&value), value);
    }
}

#[test]
fn equality_is_of_bits() {
    let of = |x: f32| Constant(Value::scalar(x));
    assert_eq!(of(f32::NAN), of(f32::NAN));
    assert_ne!(of(0.0), of(-0.0));
    assert_ne!(of(0.0), Constant(Value::zeros(&Type::of(DType::F32, &[1]))));
    let hash = |c: &Constant| {
        use std::hash::BuildHasher;
        rustc_hash::FxBuildHasher.hash_one(c)
    };
    assert_eq!(hash(&of(f32::NAN)), hash(&of(f32::NAN)));
    assert_ne!(hash(&of(0.0)), hash(&of(-0.0)));
}

#[test]
fn forged_text_is_refused() {
    let wrong = |params: &str, ty: &str, part: &str| {
        let text = format!("{{ lambda ; . let a:{ty} = constant[{params}]  in (a,) }}");
        let message = text::parse(&text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    wrong("data=(1, 2) dtype=int32 shape=(3,)", "i32[3]", "`data` has 2 elements");
    wrong("data=(300,) dtype=uint8 shape=(1,)", "u8[1]", "300 is no u8");
    wrong("data=(-1,) dtype=uint64 shape=(1,)", "u64[1]", "-1 is no u64");
    wrong("data=(1.5,) dtype=int32 shape=(1,)", "i32[1]", "another kind");
    wrong("data=(True,) dtype=float32 shape=(1,)", "f32[1]", "another kind");
    wrong("data=(1,) dtype=bool shape=(1,)", "bool[1]", "another kind");
    let huge = "data=() dtype=float32 shape=(4294967296, 4294967296)";
    wrong(huge, "f32[4294967296,4294967296]", "too many elements");
}

#[test]
fn integers_are_read_as_floats_where_the_dtype_says_so() {
    let text =
        "{ lambda ; . let a:f32[2] = constant[data=(1, -2) dtype=float32 shape=(2,)]  in (a,) }";
    let value = crate::interp::eval(&text::parse(text).unwrap(), &[]).unwrap();
    assert_bits(value[0].clone(), Value::new(&[2][..], vec![1.0f32, -2.0]));
}

#[test]
fn iota_wraps_rounds_and_refuses() {
    let of = |dtype, shape: &[usize], dimension| Iota { dtype, shape: shape.into(), dimension };
    let wrapped = eval(of(DType::I8, &[300], 0), &[]);
    assert_eq!(wrapped.slice::<i8>()[127..130], [127, -128, -127]);
    let rounded = eval(of(DType::F16, &[3000], 0), &[]);
    assert_eq!(rounded.to_f64s()[2998..], [2998.0, 3000.0]);
    assert_eq!(
        eval(of(DType::I32, &[2, 2, 2], 1), &[]).to_f64s(),
        [0., 0., 1., 1., 0., 0., 1., 1.]
    );
    assert_eq!(broken_rule(of(DType::Bool, &[2], 0), &[]), "it counts in numbers, not in bool");
    assert_eq!(broken_rule(of(DType::I32, &[2], 1), &[]), "the dimension 1 is not an axis of [2]");
    assert_eq!(broken_rule(of(DType::I32, &[], 0), &[]), "the dimension 0 is not an axis of []");
    let huge = of(DType::I32, &[usize::MAX, 2], 0);
    assert!(broken_rule(huge, &[]).contains("too many elements"));
}

#[test]
fn stop_gradient_stops_and_name_passes() {
    let text = "{ lambda ; a:f64[1]. let
        b:f64[1] = stop_gradient a
        c:f64[1] = name[name=h] a
        d:f64[1] = copy c
        e:f64[1] = mul b d
      in (e,) }";
    assert_bits(tangent_of_text(text, &[vector(&[3.0]), vector(&[1.0])]), vector(&[3.0]));
}
