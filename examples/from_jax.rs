//! A function brought over from JAX as text: what `jax.make_jaxpr` prints is read, differentiated and
//! run here.
//!
//! `cargo run --release --example from_jax`

use pullback::prelude::*;

/// Printed by JAX 0.10.2 for `lambda w, x: jnp.mean(jnp.tanh(x @ w) ** 2)`.
const TEXT: &str = "
{ lambda ; a:f32[3] b:f32[4,3]. let
    c:f32[4] = dot_general[
      dimension_numbers=(([1], [0]), ([], []))
      preferred_element_type=float32
    ] b a
    d:f32[4] = tanh c
    e:f32[4] = integer_pow[y=2] d
    f:f32[] = reduce_sum[axes=(0,) out_sharding=None] e
    g:f32[] = div f 4.0:f32[]
  in (g,) }
";

fn main() {
    let jaxpr = match pullback::ir::text::parse(TEXT) {
        Ok(jaxpr) => jaxpr,
        // A fault in the text is shown under the offending line.
        Err(e) => panic!("{}", pullback::ir::text::explain(TEXT, &e, None)),
    };
    let f = from_jaxpr(&jaxpr);

    let w = array![0.5f32, -0.25, 1.0];
    let x = array![[1.0f32, 2.0, 3.0], [0.0, 1.0, 0.0], [-1.0, 0.5, 0.25], [2.0, 0.0, -1.0]];
    let value = |w: &Array, x: &Array| f(&vec![w.clone(), x.clone()]).swap_remove(0);
    println!("value:    {}", value(&w, &x));
    println!("gradient: {}", grad(value)(&w, &x));
    // The same function, written here.
    let here = |w: &Array, x: &Array| x.dot(w).tanh().square().mean();
    assert!(value(&w, &x).allclose(here(&w, &x), 1e-6, 1e-6).item::<bool>());
    assert!(grad(value)(&w, &x).allclose(grad(here)(&w, &x), 1e-6, 1e-6).item::<bool>());
    println!("the gradient's program:\n{}", make_jaxpr(grad(value))(&w, &x));
}
