//! The workloads by group, in the order in which they are measured.

use crate::workload::Build;
use crate::{compile, data, kernel, model, overhead, product};

pub(crate) const GROUPS: [(&str, &[&str]); 6] = [
    (
        "kernel",
        &[
            "axpby_1e6",
            "axpby_1e7",
            "axpby_f64_1e7",
            "gelu_1e6",
            "gelu_1e7",
            "blackscholes_1e6",
            "blackscholes_f64_1e6",
            "blackscholes_vmapgrad_1e5",
            "softmax_1e4x1024",
            "logsumexp_1e4x1024",
            "layernorm_1e4x1024",
            "layernorm_grad_1e4x1024",
            "meanvar_axis0",
            "meanvar_axis1",
            "sum_1e7",
            "max_1e7",
            "where_tanh_1e6",
            "sin_1e6",
            "pow_1e6",
            "lgamma_1e6",
            "erfinv_1e6",
        ],
    ),
    (
        "product",
        &[
            "matmul_32",
            "matmul_64",
            "matmul_128",
            "matmul_256",
            "matmul_512",
            "matmul_1024",
            "matmul_2048",
            "matmul_f64_256",
            "matmul_f64_1024",
            "matvec_1024",
            "vecmat_4096",
            "batched_64x32",
            "tn_1024",
            "nt_1024",
            "bf16_512",
        ],
    ),
    (
        "model",
        &[
            "mlp_step_784_512_256_10_b64",
            "mnist_epoch_sgd",
            "mnist_epoch_adam",
            "attention_fwd_8x128x256h4",
            "attention_grad_8x128x256h4",
            "transformer_step_2x128x256",
            "per_example_grads_mlp",
            "hessian_rosenbrock_100",
            "hessian_mlp",
            "hvp_mlp",
        ],
    ),
    (
        "data",
        &[
            "sort_1e6",
            "argsort_1e6",
            "topk100_1e6",
            "cumsum_1e7",
            "cumsum_axis1",
            "argmax_1e7",
            "transpose_1e4x1e3",
            "gather_1e6",
            "embedding_2e4x128",
            "embedding_grad_2e4x128",
            "scatter_add_1e6",
            "bits_1e7",
            "uniform_1e7",
            "normal_1e7",
            "permutation_1e6",
        ],
    ),
    (
        "overhead",
        &[
            "eager_add_8",
            "eager_sin_8",
            "eager_slice",
            "eager_grad_8",
            "jit_call_8",
            "jit_call_10in_10out",
        ],
    ),
    (
        "compile",
        &["compile_tiny", "compile_mlp_grad", "compile_transformer_grad", "compile_chain_1e4"],
    ),
];

/// How a workload is made ready.
pub(crate) fn find(name: &str) -> Option<Build> {
    [kernel::find, product::find, model::find, data::find, overhead::find, compile::find]
        .iter()
        .find_map(|find| find(name))
}

/// `[{"group": .., "names": [..]}, ..]`, for the driver.
pub(crate) fn as_json() -> serde_json::Value {
    GROUPS
        .iter()
        .map(|(group, names)| serde_json::json!({ "group": group, "names": names }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_known_once() {
        let names: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len());
        for name in names {
            assert!(find(name).is_some(), "{name} has no workload");
        }
        assert!(find("no_such_workload").is_none());
    }
}
