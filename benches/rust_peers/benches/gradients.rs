//! `cargo bench`; a name as argument restricts it: `cargo bench -- gmm`.

use criterion::{Criterion, criterion_group, criterion_main};
use pullback_rust_peers::inputs::{Mixture, Network, rosenbrock};
use pullback_rust_peers::{Run, in_burn, in_candle, in_echidna, in_pullback};

fn group(c: &mut Criterion, name: &str, libraries: Vec<(&str, Run)>) {
    let mut group = c.benchmark_group(name);
    for (library, mut run) in libraries {
        group.bench_function(library, |b| b.iter(&mut run));
    }
    group.finish();
}

fn gradients(c: &mut Criterion) {
    let x = rosenbrock();
    let libraries = vec![
        ("pullback", in_pullback::rosenbrock_gradient(&x)),
        ("echidna", in_echidna::rosenbrock_gradient(&x)),
        ("burn", in_burn::rosenbrock_gradient(&x)),
        ("candle", in_candle::rosenbrock_gradient(&x).expect("the shapes fit")),
    ];
    group(c, "rosenbrock_gradient_100", libraries);
    let libraries = vec![
        ("pullback", in_pullback::rosenbrock_hessian(&x)),
        ("echidna", in_echidna::rosenbrock_hessian(&x)),
    ];
    group(c, "rosenbrock_hessian_100", libraries);
    let m = Mixture::new(1000, 10, 5);
    let libraries = vec![
        ("pullback", in_pullback::gmm(&m)),
        ("echidna", in_echidna::gmm(&m)),
        ("burn", in_burn::gmm(&m)),
        ("candle", in_candle::gmm(&m).expect("the shapes fit")),
    ];
    group(c, "gmm_1000x10x5", libraries);
    let net = Network::new(64, [784, 128, 10]);
    let libraries = vec![
        ("pullback", in_pullback::mlp_step(&net)),
        ("burn", in_burn::mlp_step(&net)),
        ("candle", in_candle::mlp_step(&net).expect("the shapes fit")),
    ];
    group(c, "mlp_step_784_128_10_b64", libraries);
}

criterion_group!(benches, gradients);
criterion_main!(benches);
