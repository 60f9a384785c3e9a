//! Group `product`: products of matrices and vectors.

use crate::workload::{Build, Inputs, Run, call};
use pullback::prelude::*;

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "matmul_32" | "matmul_64" | "matmul_128" | "matmul_256" | "matmul_512" | "matmul_1024"
        | "matmul_2048" | "matmul_f64_256" | "matmul_f64_1024" | "matvec_1024" | "vecmat_4096"
        | "batched_64x32" => |i| of(i.all(["a", "b"]), |a, b| a.matmul(b)),
        "tn_1024" => |i| of(i.all(["a", "b"]), |a, b| a.t().matmul(b)),
        "nt_1024" => |i| of(i.all(["a", "b"]), |a, b| a.matmul(b.t())),
        "bf16_512" => bf16,
        _ => return None,
    })
}

fn of([a, b]: [Array; 2], f: fn(&Array, &Array) -> Array) -> Box<dyn Run> {
    let f = jit(f);
    call(move || f(&a, &b))
}

/// bf16 in, bf16 out, sums in f32.
fn bf16(inputs: &Inputs) -> Box<dyn Run> {
    of([inputs.bf16("a"), inputs.bf16("b")], |a, b| a.matmul(b))
}
