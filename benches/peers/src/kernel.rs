//! Group `kernel`: elementwise programs and reductions, one fused kernel each.

use crate::workload::{Build, Inputs, Run, call};
use pullback::prelude::*;

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "axpby_1e6" | "axpby_1e7" | "axpby_f64_1e7" => |i| binary(i, ["x", "z"], axpby),
        "gelu_1e6" | "gelu_1e7" => gelu,
        "blackscholes_1e6" | "blackscholes_f64_1e6" => blackscholes,
        "blackscholes_vmapgrad_1e5" => greeks,
        "softmax_1e4x1024" => |i| unary(i, |x| x.softmax(-1)),
        "logsumexp_1e4x1024" => |i| unary(i, |x| x.logsumexp_over(-1)),
        "layernorm_1e4x1024" => layernorm,
        "layernorm_grad_1e4x1024" => layernorm_grad,
        "meanvar_axis0" => |i| mean_and_variance(i, 0),
        "meanvar_axis1" => |i| mean_and_variance(i, 1),
        "sum_1e7" => |i| unary(i, Array::sum),
        "max_1e7" => |i| unary(i, Array::max),
        "where_tanh_1e6" => |i| unary(i, |x| select(x.gt(0.0), x.tanh(), x * 0.01)),
        "sin_1e6" => |i| unary(i, Array::sin),
        "pow_1e6" => |i| binary(i, ["x", "y"], |x, y| x.pow(y)),
        "lgamma_1e6" => |i| unary(i, Array::lgamma),
        "erfinv_1e6" => |i| unary(i, Array::erf_inv),
        _ => return None,
    })
}

fn unary(inputs: &Inputs, f: fn(&Array) -> Array) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(f);
    call(move || f(&x))
}

fn binary(inputs: &Inputs, names: [&str; 2], f: fn(&Array, &Array) -> Array) -> Box<dyn Run> {
    let [x, y] = inputs.all(names);
    let f = jit(f);
    call(move || f(&x, &y))
}

fn axpby(x: &Array, z: &Array) -> Array {
    x * 1.5 + z * -0.75 - 0.25
}

/// GELU with a bias before and a residual behind.
fn gelu(inputs: &Inputs) -> Box<dyn Run> {
    let [x, bias, residual] = inputs.all(["x", "bias", "residual"]);
    let f = jit(|x: &Array, bias: &Array, residual: &Array| (x + bias).gelu() + residual);
    call(move || f(&x, &bias, &residual))
}

const RATE: f64 = 0.03;

/// Φ, the distribution function of the normal distribution.
fn normal_cdf(x: &Array) -> Array {
    ((x * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

/// The price of a European call.
fn call_price(spot: &Array, strike: &Array, time: &Array, vol: &Array) -> Array {
    let sd = vol * time.sqrt();
    let d1 = ((spot / strike).log() + (vol * vol * 0.5 + RATE) * time) / &sd;
    let d2 = &d1 - &sd;
    spot * normal_cdf(&d1) - strike * (time * -RATE).exp() * normal_cdf(&d2)
}

/// Call and put, the latter by parity.
fn blackscholes(inputs: &Inputs) -> Box<dyn Run> {
    let [spot, strike, time, vol] = inputs.all(["spot", "strike", "time", "vol"]);
    let f = jit(|spot: &Array, strike: &Array, time: &Array, vol: &Array| {
        let call = call_price(spot, strike, time, vol);
        let put = &call - spot + strike * (time * -RATE).exp();
        (call, put)
    });
    call(move || f(&spot, &strike, &time, &vol))
}

/// Delta and vega of each option.
fn greeks(inputs: &Inputs) -> Box<dyn Run> {
    let [spot, strike, time, vol] = inputs.all(["spot", "strike", "time", "vol"]);
    let f = jit(vmap(grad_wrt((arg::<0>(), arg::<3>()), call_price)));
    call(move || f(&spot, &strike, &time, &vol))
}

/// Rows with mean 0 and variance 1, scaled and shifted.
pub(crate) fn normalize(x: &Array, gamma: &Array, beta: &Array) -> Array {
    let centered = x - x.mean_over(keep(-1));
    let variance = centered.square().mean_over(keep(-1));
    centered * (variance + 1e-5).rsqrt() * gamma + beta
}

fn layernorm(inputs: &Inputs) -> Box<dyn Run> {
    let [x, gamma, beta] = inputs.all(["x", "gamma", "beta"]);
    let f = jit(normalize);
    call(move || f(&x, &gamma, &beta))
}

fn layernorm_grad(inputs: &Inputs) -> Box<dyn Run> {
    let [x, gamma, beta, ct] = inputs.all(["x", "gamma", "beta", "ct"]);
    let loss =
        |x: &Array, gamma: &Array, beta: &Array, ct: &Array| (normalize(x, gamma, beta) * ct).sum();
    let f = jit(grad_wrt((arg::<0>(), arg::<1>(), arg::<2>()), loss));
    call(move || f(&x, &gamma, &beta, &ct))
}

fn mean_and_variance(inputs: &Inputs, axis: i64) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(move |x: &Array| (x.mean_over(axis), x.var_over(axis, 0)));
    call(move || f(&x))
}
