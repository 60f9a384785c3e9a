//! What runs programs in this process.

use crate::engine::Engine;
use crate::explain::show_bytes;
use crate::pools;
use pullback_ir::{Error, pool};
use std::fmt;

/// What runs programs in this process, for reports of faults and of times. It prints as a few lines.
#[derive(Clone, Debug)]
pub struct Info {
    /// The engine; the error where `PULLBACK_ENGINE`, `PULLBACK_THREADS` or `PULLBACK_ISA` is wrong.
    pub engine: Result<Engine, Error>,
    /// Whether kernels run as machine code.
    pub machine_code: MachineCode,
    /// The processor's architecture: `x86_64`.
    pub architecture: &'static str,
    /// The vector instructions that the processor has, of those that make a difference here.
    pub features: Vec<&'static str>,
    /// How many threads share work that is started on the calling thread.
    pub threads: usize,
    /// The most bytes that the pool of large arrays keeps.
    pub pool_limit: usize,
    /// Bytes that the pool keeps now, for arrays to come.
    pub pool_held: usize,
    /// Whether this library was built with optimisation. Without, everything but machine code is slow.
    pub optimised: bool,
}

/// Whether kernels run as machine code, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineCode {
    /// They do, in these instructions.
    Runs(&'static str),
    /// The engine interprets its programs.
    NotThisEngine,
    /// There is none for this processor or system; the tile interpreter serves.
    NotThisMachine,
    /// The system gives no executable memory, with its message; the tile interpreter serves.
    Refused(String),
}

/// What runs programs in this process. It starts the threads that it counts.
pub fn info() -> Info {
    let engine = Engine::current();
    let machine_code = match &engine {
        Ok(Engine::Native | Engine::Cpu) => machine_code(),
        _ => MachineCode::NotThisEngine,
    };
    Info {
        engine,
        machine_code,
        architecture: std::env::consts::ARCH,
        features: features(),
        threads: pools::count(),
        pool_limit: pool::limit(),
        pool_held: pool::held(),
        optimised: !cfg!(debug_assertions),
    }
}

#[cfg(all(target_arch = "x86_64", unix))]
fn machine_code() -> MachineCode {
    match (crate::native::Isa::available().next(), crate::native::refusal()) {
        (None, _) => MachineCode::NotThisMachine,
        (_, Some(e)) => MachineCode::Refused(e.to_string()),
        (Some(isa), None) => MachineCode::Runs(isa.name()),
    }
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn machine_code() -> MachineCode {
    MachineCode::NotThisMachine
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    macro_rules! those {
        ($($name:tt)*) => {
            [$(($name, std::arch::is_x86_feature_detected!($name))),*]
        };
    }
    let all = those!["sse4.2" "avx" "avx2" "fma" "f16c" "bmi2" "avx512f" "avx512bw" "avx512dq" "avx512vl"];
    all.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

impl fmt::Display for MachineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MachineCode::Runs(isa) => write!(f, "runs ({isa})"),
            MachineCode::NotThisEngine => f.write_str("not used by this engine"),
            MachineCode::NotThisMachine => {
                f.write_str("none for this processor or system; kernels are interpreted")
            }
            MachineCode::Refused(why) => {
                write!(f, "the system gives no executable memory ({why}); kernels are interpreted")
            }
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.engine {
            Ok(engine) => writeln!(f, "engine        {}", engine.name())?,
            Err(e) => writeln!(f, "engine        none: {e}")?,
        }
        writeln!(f, "machine code  {}", self.machine_code)?;
        writeln!(f, "processor     {} {}", self.architecture, self.features.join(" "))?;
        writeln!(f, "threads       {}", self.threads)?;
        let (held, limit) = (show_bytes(self.pool_held), show_bytes(self.pool_limit));
        write!(f, "memory pool   {held} of at most {limit}")?;
        match self.optimised {
            true => Ok(()),
            false => write!(f, "\nbuild         without optimisation; use --release to measure"),
        }
    }
}
