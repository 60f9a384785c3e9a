//! Derived trees as a user's crate sees them: typed Jacobians, compiled steps, keys in structs.

use pullback::prelude::*;

/// What a layer is made of.
#[derive(Tree, Debug)]
pub struct Layer {
    /// Weights.
    pub w: Array,
    /// Biases.
    pub b: Array,
    /// A static field.
    #[tree(skip)]
    pub activation: Activation,
}

/// Chosen when the program is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Activation {
    Tanh,
    None,
}

#[derive(Tree, Debug)]
struct Net {
    layers: Vec<Layer>,
    scale: Array,
}

fn net() -> Net {
    let layer =
        |w: f64, b: f64, activation| Layer { w: array![w, -w], b: Array::from(b), activation };
    Net {
        layers: vec![layer(0.5, 0.25, Activation::Tanh), layer(-1.5, 0.5, Activation::None)],
        scale: Array::from(2.0),
    }
}

fn forward(net: &Net) -> Array {
    let mut x = array![1.0, 2.0];
    for layer in &net.layers {
        x = &layer.w * &x + &layer.b;
        x = match layer.activation {
            Activation::Tanh => x.tanh(),
            Activation::None => x,
        };
    }
    (x * &net.scale).square().sum()
}

#[test]
fn gradients_have_the_type_of_the_parameters() {
    let g: Net = grad(forward)(&net());
    let compiled = jit(grad(forward))(&net());
    assert_eq!(g.layers[0].w.to_vec::<f64>(), compiled.layers[0].w.to_vec::<f64>());
    // ∂(s² x)/∂s = 2 · loss / s.
    let loss = forward(&net()).item::<f64>();
    assert!((g.scale.item::<f64>() - loss).abs() < 1e-12);
}

#[test]
fn hessians_have_the_names_of_the_fields() {
    let h = hessian(forward)(&net());
    let block: Array = h.layers()[0].w().layers[1].b.clone();
    let mirror: Array = h.layers()[1].b().layers[0].w.clone();
    assert_eq!((block.shape(), mirror.shape()), (&[2][..], &[2][..]));
    for (x, y) in block.to_vec::<f64>().iter().zip(mirror.to_vec::<f64>()) {
        assert!((x - y).abs() < 1e-12 * x.abs().max(1.0));
    }
    // Columns of the Hessian by hand: the derivative of ∂f/∂s by w.
    let row = grad(|n: &Net| grad(forward)(n).scale)(&net());
    for (x, y) in h.scale().layers[0].w.to_vec::<f64>().iter().zip(row.layers[0].w.to_vec::<f64>())
    {
        assert!((x - y).abs() < 1e-12 * x.abs().max(1.0));
    }
    let third = jacrev(hessian(forward))(&net());
    assert_eq!(third.layers()[0].w().scale().layers[1].w.shape(), [2, 2]);
    let text = format!("{:?}", h.scale());
    assert!(text.contains("layers") && text.contains("scale"), "{text}");
}

#[test]
fn one_vector_for_a_solver() {
    let (v, back) = tree::ravel(&net());
    assert_eq!(v.shape(), [7]);
    let flat = move |v: &Array| forward(&back.call(v));
    let (g, _) = tree::ravel(&grad(forward)(&net()));
    assert_eq!(grad(flat)(&v).to_vec::<f64>(), g.to_vec::<f64>());
}

/// Parameters that are trees of any kind.
#[derive(Tree, Debug)]
struct Pair<A, B>
where
    A: Send,
{
    first: A,
    second: Option<B>,
}

#[derive(Tree, Debug)]
enum Model {
    Linear { w: Array },
    Constant(Array),
}

#[test]
fn generics_and_enums() {
    let f = |p: &Pair<Model, Vec<Array>>, x: &Array| {
        let y = match &p.first {
            Model::Linear { w } => w * x,
            Model::Constant(c) => c.clone(),
        };
        match &p.second {
            Some(more) => y + &more[0],
            None => y,
        }
    };
    let step = jit(grad(f));
    let x = Array::from(3.0);
    let linear = Pair { first: Model::Linear { w: Array::from(1.0) }, second: None };
    let g = step(&linear, &x);
    assert!(matches!(&g.first, Model::Linear { w } if w.item::<f64>() == 3.0));
    let constant =
        Pair { first: Model::Constant(Array::from(1.0)), second: Some(vec![Array::from(2.0)]) };
    let g = step(&constant, &x);
    assert!(matches!(&g.first, Model::Constant(c) if c.item::<f64>() == 1.0));
    assert_eq!(g.second.unwrap()[0].item::<f64>(), 1.0);
    // The variant and the `Option` are part of what `jit` remembers a program by.
    assert_eq!(step.stats().traces, 2);
    let j = jacfwd(|x: &Array| Pair { first: Model::Constant(x * 2.0), second: Some(x * x) })(&x);
    assert_eq!(j.second().unwrap().item::<f64>(), 6.0);
    assert_eq!(j.first().rows()[0].item::<f64>(), 2.0);
}
