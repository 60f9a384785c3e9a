use super::*;
use crate::dtype::DType;
use crate::prim::random::Random;

fn bits(dtype: DType, shape: &[usize]) -> Random {
    Random::Bits { dtype, shape: shape.into() }
}

#[test]
fn operands_are_checked() {
    let key = Type::of(DType::U32, &[8]);
    let wrong = refusal(bits(DType::U32, &[2]), &[Type::of(DType::U32, &[4])]);
    assert_eq!(
        wrong,
        "`random_bits` cannot take u32[4]: the first operand must be a key, u32[8], or a batch of \
         keys, u32[…,8]"
    );
    let wrong = refusal(bits(DType::F32, &[2]), std::slice::from_ref(&key));
    assert!(wrong.contains("random bits are u8, u32 or u64, not f32"), "{wrong}");
    let wrong = refusal(Random::FoldIn, &[key.clone(), Type::of(DType::U64, &[2])]);
    assert!(wrong.contains("the second operand must be u64[], a number for each key"), "{wrong}");
    let wrong = refusal(Random::Permutation { n: 1 << 31 }, std::slice::from_ref(&key));
    assert!(wrong.contains("n = 2147483648 does not fit i32"), "{wrong}");
    let wrong = refusal(Random::Split { shape: [1 << 62].as_slice().into() }, &[key]);
    assert!(wrong.contains("too many elements"), "{wrong}");
}

#[test]
fn batches_of_keys_are_loops_over_keys() {
    let key = vector(&[1u32, 2, 3, 4, 5, 6, 7, 8]);
    let children = call(Random::Split { shape: [3].as_slice().into() }, &[key]).remove(0);
    assert_eq!(children.shape(), [3, 8]);
    let all = call(bits(DType::U8, &[5]), std::slice::from_ref(&children)).remove(0);
    for i in 0..3 {
        let child = vector(&children.slice::<u32>()[8 * i..8 * i + 8]);
        let own = call(bits(DType::U8, &[5]), &[child]);
        assert_eq!(own[0].slice::<u8>(), &all.slice::<u8>()[5 * i..5 * i + 5]);
    }
}
