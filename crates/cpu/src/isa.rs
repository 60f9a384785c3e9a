//! Which vector instructions are used: the best that the processor has, or, where `PULLBACK_ISA` says so,
//! fewer. Every way to do something that is not plain Rust asks here, so one machine can test all.

use pullback_ir::Error;
use std::env;

/// The environment variable that names the instructions to use at most.
const VARIABLE: &str = "PULLBACK_ISA";

/// Vector instructions beyond those that every x86-64 has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) enum Isa {
    /// AVX2, FMA and F16C.
    Avx2,
    /// The same and AVX-512 F, BW, DQ and VL, and BMI2, which every processor with these has.
    Avx512,
}

impl Isa {
    /// The best that are used.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn best() -> Option<Isa> {
        static BEST: std::sync::OnceLock<Option<Isa>> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| {
            use std::arch::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("fma") && has!("f16c");
            let avx512 =
                has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
            let there = match avx2 {
                true if avx512 && has!("bmi2") => Some(Isa::Avx512),
                _ => avx2.then_some(Isa::Avx2),
            };
            // A wrong name was reported when the engine was chosen.
            configured().unwrap_or(Some(Isa::Avx512)).min(there)
        })
    }

    /// All that are used, the best first.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn available() -> impl DoubleEndedIterator<Item = Isa> {
        [Isa::Avx512, Isa::Avx2].into_iter().filter(|&isa| Some(isa) <= Isa::best())
    }

    #[cfg_attr(not(all(target_arch = "x86_64", unix)), allow(dead_code))]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "AVX-512",
            Isa::Avx2 => "AVX2 and FMA",
        }
    }
}

/// The most that `PULLBACK_ISA` allows.
///
/// # Errors
/// It names nothing that there is.
pub(crate) fn configured() -> Result<Option<Isa>, Error> {
    let Some(name) = env::var_os(VARIABLE) else { return Ok(Some(Isa::Avx512)) };
    match name.to_str() {
        Some("avx512") => Ok(Some(Isa::Avx512)),
        Some("avx2") => Ok(Some(Isa::Avx2)),
        Some("none") => Ok(None),
        _ => Err(Error::msg(format!(
            "the environment variable {VARIABLE}: there are no instructions `{}`, but `avx512`, `avx2` and \
             `none`",
            name.to_string_lossy()
        ))),
    }
}
