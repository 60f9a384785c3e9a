//! Drawing arguments, comparing values.

use pullback_ir::prim::{Domain, Prim, Sample};
use pullback_ir::{Builder, DType, Element, Jaxpr, Type, Value, interp};

/// A small deterministic generator: the laws must not depend on the code under test.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn value(&mut self, ty: &Type, domain: Domain) -> Value {
        let n = ty.numel();
        let dtype = ty.dtype();
        if domain == Domain::AnyBits {
            return pullback_ir::dispatch!(dtype, T => Value::new(
                ty.shape(), (0..n).map(|_| <T as Element>::from_bits(self.bits())).collect::<Vec<T>>()));
        }
        let mut xs: Vec<f64> = match domain {
            Domain::Range(lo, hi) if dtype.is_float() => {
                (0..n).map(|_| lo + (hi - lo) * self.unit()).collect()
            }
            Domain::Range(lo, hi) => {
                let (lo, hi) = (lo.ceil(), hi.floor());
                (0..n).map(|_| lo + (self.unit() * (hi - lo + 1.0)).floor()).collect()
            }
            Domain::Distinct => (0..n)
                .map(|i| {
                    let step = if dtype.is_float() { 0.1 } else { 1.0 };
                    (i as f64 - (n / 2) as f64) * step + if dtype.is_float() { 0.03 } else { 0.0 }
                })
                .map(|x| if dtype.is_unsigned() { x + (n / 2) as f64 } else { x })
                .collect(),
            Domain::Bits | Domain::AnyBits => (0..n).map(|_| (self.bits() & 1) as f64).collect(),
        };
        if domain == Domain::Distinct {
            for i in (1..n).rev() {
                xs.swap(i, (self.bits() % (i as u64 + 1)) as usize);
            }
        }
        Value::from_f64s(dtype, ty.shape(), &xs)
    }

    pub fn args(&mut self, sample: &Sample) -> Vec<Value> {
        sample.args.iter().map(|(t, d)| self.value(t, *d)).collect()
    }

    pub fn tangent(&mut self, ty: &Type) -> Value {
        self.value(ty, Domain::Range(-1.0, 1.0))
    }
}

/// The samples, restricted by `SAMPLE` if that is set.
pub fn samples() -> Vec<Sample> {
    let only = std::env::var("SAMPLE").ok();
    Prim::all_samples()
        .into_iter()
        .filter(|s| only.as_deref().is_none_or(|o| s.prim.name() == o))
        .collect()
}

pub fn types(sample: &Sample) -> Vec<Type> {
    sample.args.iter().map(|(t, _)| t.clone()).collect()
}

pub fn label(sample: &Sample) -> String {
    let types: Vec<String> = sample.args.iter().map(|(t, _)| t.to_string()).collect();
    format!("{}{:?} {}", sample.prim.name(), sample.prim.params(), types.join(" "))
}

/// One equation as a jaxpr.
pub fn single(prim: &Prim, types: &[Type]) -> Jaxpr {
    let (b, ins) = Builder::with_inputs(types);
    let outs = b.bind(prim.clone(), &ins).unwrap();
    b.finish(outs)
}

pub fn run(jaxpr: &Jaxpr, args: &[Value]) -> Vec<Value> {
    interp::eval(jaxpr, args).unwrap_or_else(|e| panic!("{e}\n{jaxpr}"))
}

/// The tolerance that rounding in a dtype asks for.
pub fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 1e-2,
        DType::BF16 => 8e-2,
        DType::F32 => 1e-5,
        _ => 1e-11,
    }
}

/// Compares within a tolerance relative to the larger of 1 and the values.
#[track_caller]
pub fn assert_close(got: &Value, want: &Value, tol: f64, what: &str) {
    assert_eq!(got.ty(), want.ty(), "types: {what}");
    if !got.dtype().is_float() {
        assert!(got.bits_eq(want), "{what}\n got {got:?}\nwant {want:?}");
        return;
    }
    for (i, (g, w)) in got.to_f64s().iter().zip(want.to_f64s()).enumerate() {
        let same = *g == w || (g.is_nan() && w.is_nan());
        assert!(
            same || (g - w).abs() <= tol * w.abs().max(1.0),
            "{what}\nelement {i}: got {g}, want {w}\n got {got:?}\nwant {want:?}"
        );
    }
}

/// Slice `i` of a value along an axis.
pub fn take(v: &Value, axis: usize, i: usize) -> Value {
    let mut shape = v.shape().to_vec();
    let n = shape.remove(axis);
    let inner: usize = v.shape()[axis + 1..].iter().product();
    let outer: usize = v.shape()[..axis].iter().product();
    pullback_ir::dispatch!(v.dtype(), T => {
        let xs = v.slice::<T>();
        let mut out: Vec<T> = Vec::new();
        for o in 0..outer {
            let at = (o * n + i) * inner;
            out.extend_from_slice(&xs[at..at + inner]);
        }
        Value::new(shape.as_slice(), out)
    })
}

/// x + h t.
pub fn moved(x: &Value, t: &Value, h: f64) -> Value {
    let xs: Vec<f64> = x.to_f64s().iter().zip(t.to_f64s()).map(|(x, t)| x + h * t).collect();
    Value::from_f64s(x.dtype(), x.shape(), &xs)
}

/// The central difference of a jaxpr at `args` along `tangents`, one for each float operand: the
/// change of each result, `None` for results that are no floats.
pub fn central_difference(jaxpr: &Jaxpr, args: &[Value], tangents: &[Value]) -> Vec<Option<Value>> {
    // Half the digits of f64 go to the step, half are left.
    let step = 1e-6;
    let at = |h: f64| {
        let mut ts = tangents.iter();
        let move_float = |a: &Value| match a.dtype().is_float() {
            true => moved(a, ts.next().expect("one tangent a float operand"), h),
            false => a.clone(),
        };
        run(jaxpr, &args.iter().map(move_float).collect::<Vec<_>>())
    };
    let slope = |(hi, lo): (Value, Value)| {
        let pairs = hi.to_f64s().into_iter().zip(lo.to_f64s());
        let slopes = pairs.map(|(hi, lo)| (hi - lo) / (2.0 * step)).collect();
        hi.dtype().is_float().then(|| Value::new(hi.shape(), slopes))
    };
    at(step).into_iter().zip(at(-step)).map(slope).collect()
}
