use super::*;
use crate::dtype::DType;
use crate::prim::dot::DotGeneral;
use half::{bf16, f16};

fn dot(contract: (&[usize], &[usize]), batch: (&[usize], &[usize])) -> DotGeneral {
    DotGeneral {
        lhs_contract: contract.0.into(),
        rhs_contract: contract.1.into(),
        lhs_batch: batch.0.into(),
        rhs_batch: batch.1.into(),
        preferred: None,
    }
}

fn matmul(preferred: Option<DType>) -> DotGeneral {
    DotGeneral { preferred, ..dot((&[1], &[0]), (&[], &[])) }
}

#[test]
fn operands_are_checked() {
    let f32s = |shape: &[usize]| Type::of(DType::F32, shape);
    let of = |p: DotGeneral, x: &[usize], y: &[usize]| refusal(p, &[f32s(x), f32s(y)]);
    assert_eq!(
        of(matmul(None), &[2, 3], &[4, 5]),
        "`dot_general` cannot take f32[2,3] and f32[4,5]: axis 1 of the left operand has size 3, \
         its partner, axis 0 of the right one, 4"
    );
    assert!(of(matmul(None), &[2], &[2]).contains("of the left operand, 1 is out of range"));
    assert!(
        of(dot((&[0], &[0]), (&[0], &[0])), &[2], &[2]).contains("0 is given twice"),
        "an axis both contracted and batched"
    );
    assert!(of(dot((&[0], &[]), (&[], &[])), &[2], &[2]).contains("1 contracting axes"));
    let mixed = refusal(matmul(None), &[f32s(&[2, 2]), Type::of(DType::F64, &[2, 2])]);
    assert!(mixed.contains("the dtypes f32 and f64 differ"), "{mixed}");
    let narrow = refusal(matmul(Some(DType::I32)), &[f32s(&[2, 2]), f32s(&[2, 2])]);
    assert!(narrow.contains("products of f32 cannot have the element type i32"), "{narrow}");
    let huge = [1 << 40, 1 << 10];
    assert!(of(dot((&[1], &[1]), (&[], &[])), &huge, &huge).contains("too many elements"));
}

#[test]
fn axes_of_the_result_are_batch_left_right() {
    let x = Value::new([2, 3, 2].as_slice(), (0..12).map(f64::from).collect());
    let y = Value::new([2, 4, 3].as_slice(), (0..24).map(f64::from).collect());
    let prim = dot((&[1], &[2]), (&[0], &[0]));
    let z = call(prim, &[x.clone(), y.clone()]).remove(0);
    assert_eq!(z.shape(), [2, 2, 4]);
    let (x, y, z) = (x.to_f64s(), y.to_f64s(), z.to_f64s());
    for i in 0..2 {
        for j in 0..2 {
            for k in 0..4 {
                let want: f64 = (0..3).map(|c| x[i * 6 + c * 2 + j] * y[i * 12 + k * 3 + c]).sum();
                assert_eq!(z[i * 8 + j * 4 + k], want);
            }
        }
    }
}

#[test]
fn dtypes_and_accumulation() {
    let bools = |xs: &[bool]| matrix(2, 2, xs);
    let any = call(
        matmul(None),
        &[bools(&[true, false, false, false]), bools(&[true, true, true, false])],
    );
    assert_eq!(any[0], bools(&[true, true, false, false]));
    let bytes = matrix(1, 2, &[100i8, 100]);
    let column = matrix(2, 1, &[2i8, 2]);
    assert_eq!(call(matmul(None), &[bytes.clone(), column.clone()])[0].to_f64s(), [-112.0]);
    let wide = call(matmul(Some(DType::I32)), &[bytes, column]);
    assert_eq!(wide[0], matrix(1, 1, &[400i32]));
    let ones = [f16::ONE; 4096];
    let long = call(matmul(None), &[matrix(1, 4096, &ones), matrix(4096, 1, &ones)]);
    assert_eq!(long[0], matrix(1, 1, &[f16::from_f32(4096.0)]));
    let x = matrix(1, 1, &[bf16::from_f32(1.0078125)]);
    let exact = call(matmul(Some(DType::F32)), &[x.clone(), x]);
    assert_eq!(exact[0], matrix(1, 1, &[1.0078125f32 * 1.0078125]));
}

#[test]
fn cotangents_have_the_operands_types() {
    for sample in DotGeneral::samples() {
        let types: Vec<Type> = sample.args.iter().map(|(t, _)| t.clone()).collect();
        if !types[0].is_float() {
            continue;
        }
        let out = sample.prim.check_types(&types).unwrap().remove(0);
        for linear in 0..2 {
            let b = Builder::new();
            let ct = b.input(out.clone());
            let known = b.input(types[1 - linear].clone());
            let mut operands = vec![Operand::Known(known), Operand::Known(known)];
            operands[linear] = Operand::Linear(types[linear].clone());
            let cts = sample.prim.transpose(&b, &[Some(ct)], &operands).unwrap();
            assert_eq!(b.ty(cts[linear].unwrap()), types[linear]);
            assert!(cts[1 - linear].is_none());
        }
    }
}
