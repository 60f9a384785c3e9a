//! Random numbers that depend on a seed alone.

use pullback_ir::prim::Domain;
use pullback_ir::{DType, Element, Type, Value, dispatch};

/// A small generator, SplitMix64. Tests draw from this one rather than from the library's keys, so
/// that they do not rest on what they test.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of a list; `None` of an empty one.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { Some(&items[self.below(items.len())]) }
    }

    /// An array of this type with elements from a domain.
    pub fn value(&mut self, ty: &Type, domain: Domain) -> Value {
        let (dtype, n) = (ty.dtype(), ty.numel());
        let xs: Vec<f64> = match domain {
            Domain::AnyBits => {
                return dispatch!(dtype, T => Value::new(
                    ty.shape(),
                    (0..n).map(|_| <T as Element>::from_bits(self.bits())).collect::<Vec<T>>(),
                ));
            }
            Domain::Range(lo, hi) if dtype.is_float() => {
                (0..n).map(|_| lo + (hi - lo) * self.unit()).collect()
            }
            Domain::Range(lo, hi) => {
                let (lo, hi) = integers(dtype, lo, hi);
                (0..n).map(|_| lo + (self.unit() * (hi - lo + 1.0)).floor()).collect()
            }
            Domain::Bits => (0..n).map(|_| (self.bits() & 1) as f64).collect(),
            Domain::Distinct => {
                let (step, offset) = if dtype.is_float() { (0.1, 0.03) } else { (1.0, 0.0) };
                let first = if dtype.is_unsigned() { 0.0 } else { -((n / 2) as f64) };
                let mut xs: Vec<f64> = (0..n).map(|i| (first + i as f64) * step + offset).collect();
                for i in (1..n).rev() {
                    xs.swap(i, self.below(i + 1));
                }
                xs
            }
        };
        Value::from_f64s(dtype, ty.shape(), &xs)
    }

    /// A tangent or cotangent of this type.
    pub fn tangent(&mut self, ty: &Type) -> Value {
        self.value(ty, Domain::Range(-1.0, 1.0))
    }
}

/// The integers of a dtype in an interval, of which there is at least one.
pub(crate) fn integers(dtype: DType, lo: f64, hi: f64) -> (f64, f64) {
    let lo = lo.ceil().max(if dtype.is_unsigned() || dtype == DType::Bool { 0.0 } else { -128.0 });
    let hi = hi.floor().min(if dtype == DType::Bool { 1.0 } else { 127.0 });
    (lo.min(hi.max(0.0)), hi.max(lo))
}
