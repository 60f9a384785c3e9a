use super::*;
use crate::dtype::DType;
use crate::prim::convert::Convert;

fn bitcast(new_dtype: DType) -> Convert {
    Convert::Bitcast { new_dtype }
}

#[test]
fn bits_move_between_elements_and_the_last_axis() {
    let x = Value::new(&[2][..], vec![0x0403_0201u32, 0x8000_0000]);
    let bytes = apply(bitcast(DType::U8), &x);
    assert_bits(bytes.clone(), Value::new(&[2, 4][..], vec![1u8, 2, 3, 4, 0, 0, 0, 0x80]));
    assert_bits(eval(bitcast(DType::U32), &[bytes]), x.clone());
    let floats = apply(bitcast(DType::F32), &x);
    assert_eq!(floats.slice::<f32>()[1].to_bits(), 0x8000_0000);
    assert_bits(eval(bitcast(DType::U32), &[floats]), x);
    let nan = Value::scalar(f64::from_bits(0xfff0_0000_0000_0001));
    let ints = Value::scalar(0xfff0_0000_0000_0001u64);
    assert_bits(eval(bitcast(DType::U64), &[nan]), ints);
}

#[test]
fn bitcasts_need_the_parts_of_whole_elements() {
    assert_eq!(
        broken_rule(bitcast(DType::U32), &[Type::of(DType::U8, &[4, 3])]),
        "4 elements of u8 make one of u32, so the last axis of [4,3] must have size 4"
    );
    broken_rule(bitcast(DType::U32), &[Type::scalar(DType::U8)]);
    let bools = [Type::of(DType::Bool, &[2])];
    assert_eq!(
        broken_rule(bitcast(DType::U8), &bools),
        "bool has no bit pattern of its own: convert it with `.cast(..)`"
    );
    assert!(bitcast(DType::Bool).type_of(&bools).is_ok());
    let empty = Value::new(&[0, 4][..], Vec::<u8>::new());
    assert_eq!(*eval(bitcast(DType::I32), &[empty]).ty(), Type::of(DType::I32, &[0]));
}

#[test]
fn numbers_truncate_saturate_and_wrap() {
    let to = |new_dtype| Convert::ElementType { new_dtype };
    let x = vector(&[-1.9, 1e10, f64::NAN, -0.0]);
    assert_bits(apply(to(DType::I32), &x), vector(&[-1, i32::MAX, 0, 0]));
    assert_bits(eval(to(DType::Bool), &[x]), vector(&[true, true, true, false]));
    let wrapped = eval(to(DType::U8), &[vector(&[-1, 256])]);
    assert_bits(wrapped, Value::new(&[2][..], vec![255u8, 0]));
}

#[test]
fn precision_needs_an_exponent() {
    let prim =
        |exponent_bits, mantissa_bits| Convert::ReducePrecision { exponent_bits, mantissa_bits };
    assert_eq!(
        broken_rule(prim(0, 3), &[Type::scalar(DType::F32)]),
        "`exponent_bits` is at least 1"
    );
    broken_rule(prim(5, 10), &[Type::scalar(DType::I32)]);
    let x = vector(&[1.1, 1e6, f64::NAN]);
    let y = apply(prim(5, 10), &x).to_f64s();
    assert_eq!((y[0], y[1], y[2].is_nan()), (1.099609375, f64::INFINITY, true));
    assert_bits(apply(prim(u32::MAX, u32::MAX), &x), x);
}

#[test]
fn tangents_convert_back() {
    let text = "{ lambda ; a:f32[2]. let
        b:f64[2] = convert_element_type[new_dtype=float64 weak_type=False] a
        c:i32[2] = convert_element_type[new_dtype=int32 weak_type=False] b
        d:f64[2] = convert_element_type[new_dtype=float64 weak_type=False] c
        e:f64[2] = mul b d
      in (e,) }";
    let vjp = crate::transform::vjp(&crate::text::parse(text).unwrap(), &[true]).unwrap();
    let outs =
        crate::interp::eval(&vjp, &[Value::new(&[2][..], vec![2.5f32, 3.5]), vector(&[1.0, 10.0])]);
    let want = Value::new(&[2][..], vec![2.0f32, 30.0]);
    assert_bits(outs.unwrap().pop().unwrap(), want);
}
