//! The CPU engine: one equation at a time on host arrays, and whole jaxprs as flat programs.
//!
//! [`execute`] evaluates one primitive; ops on concrete arrays call it directly. [`compile`] turns a
//! jaxpr into an [`Executable`] of fused kernels and library calls with a plan of its memory, in which the
//! buffers of operands that die are written in place. Both go through the [`Engine`] that the
//! environment variable `PULLBACK_ENGINE` names (`reference`, `tile`, `native`, `cpu`); without it that is
//! `cpu`. `PULLBACK_THREADS` says how many threads share work, `PULLBACK_ISA` which vector
//! instructions are used at most. [`info`] tells what runs.
//!
//! Results have the same bits for every number of threads: work is cut into blocks whose sizes depend
//! on the shapes alone, and what the blocks give is combined in their order.

mod caches;
mod crew;
mod dot;
mod elementwise;
mod engine;
mod execute;
mod explain;
mod fused;
mod info;
mod isa;
mod kernel;
mod lower;
pub mod math;
mod memory;
#[cfg(all(target_arch = "x86_64", unix))]
mod native;
mod operand;
mod order;
mod pools;
mod product;
mod profile;
mod program;
mod random;
mod reduce;
mod scan;
mod shape_ops;
mod simd;
mod strided;
mod threads;
mod vectors;
mod windows;

pub use engine::{Engine, compile, execute, execute_one, run};
pub use explain::Memory;
pub use info::{Info, MachineCode, info};
pub use lower::optimised;
pub use memory::room;
pub use operand::{Operand, Values};
pub use pools::with_threads;
pub use profile::{Profile, Timed};
pub use program::Executable;
