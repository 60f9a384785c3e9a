//! Tests of trees and of `derive(Tree)`.

use super::*;
use pullback_ir::Value;
use pullback_macros::Tree;

fn scalar(x: f64) -> Array {
    Array::from_value(Value::scalar(x))
}

#[derive(Tree)]
#[tree(crate = "crate")]
struct Layer {
    w: Array,
    b: Option<Array>,
    #[tree(skip)]
    name: &'static str,
}

#[derive(Tree)]
#[tree(crate = "crate")]
struct Params<T>
where
    T: Clone,
{
    layers: Vec<Layer>,
    r#type: usize,
    head: T,
}

#[derive(Tree)]
#[tree(crate = "crate")]
struct Unit;

#[derive(Tree)]
#[tree(crate = "crate")]
struct Pair<T, const N: usize = 2>(Array, [T; N]);

#[derive(Tree)]
#[tree(crate = "crate")]
struct Tagged<F, T = Array> {
    #[tree(skip)]
    f: F,
    x: T,
}

#[derive(Tree)]
#[tree(crate = "crate")]
enum Shape<T> {
    Nothing,
    Circle(T),
    Square { side: Box<T>, turned: bool },
}

#[derive(Tree)]
#[tree(crate = "crate")]
enum Never {}

fn params() -> Params<(Array, Array)> {
    let layer = |w, b, name| Layer { w: scalar(w), b, name };
    Params {
        layers: vec![layer(1.0, Some(scalar(2.0)), "a"), layer(3.0, None, "b")],
        r#type: 7,
        head: (scalar(4.0), scalar(5.0)),
    }
}

fn numbers<T: Tree>(tree: &T) -> Vec<f64> {
    leaves(tree).iter().map(|a| a.item()).collect()
}

fn structure<T: Tree>(tree: &T) -> Structure {
    Flatten::of(tree).structure().clone()
}

#[test]
fn leaves_have_paths_and_come_back() {
    let p = params();
    let paths: Vec<String> = leaves_with_paths(&p).into_iter().map(|l| l.0).collect();
    assert_eq!(paths, ["layers[0].w", "layers[0].b", "layers[1].w", "head[0]", "head[1]"]);
    let q = map(|x| scalar(10.0 * x.item::<f64>()), &p);
    assert_eq!(numbers(&q), [10.0, 20.0, 30.0, 40.0, 50.0]);
    assert_eq!((q.layers[1].name, q.r#type), ("b", 7));
    assert_eq!(structure(&p), structure(&q));
    let pair = Pair(scalar(1.0), [Unit, Unit]);
    assert_eq!(leaves_with_paths(&pair)[0].0, "0");
}

#[test]
fn static_values_and_variants_are_structure() {
    let mut q = params();
    q.layers[0].name = "c";
    assert_ne!(structure(&params()), structure(&q));
    let square = |turned| Shape::Square { side: Box::new(scalar(1.0)), turned };
    assert_ne!(structure(&square(true)), structure(&square(false)));
    assert_ne!(structure(&Shape::Circle(scalar(1.0))), structure(&Shape::<Array>::Nothing));
    let Shape::Square { side, turned: true } = map(|_| scalar(2.0), &square(true)) else {
        panic!("the variant is kept")
    };
    assert_eq!(side.item::<f64>(), 2.0);
    assert_eq!(count(&Shape::<Array>::Nothing), 0);
    let _: Option<Never> = None::<Never>.unflatten(&mut Leaves::new(vec![]));
}

#[test]
fn a_parameter_of_skipped_fields_need_not_be_a_tree() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct NoTree(i32);
    let x = Tagged { f: NoTree(3), x: scalar(1.0) };
    let y = map(|x| x.clone(), &x);
    assert!(y.f == NoTree(3));
    assert_eq!(numbers(&y.x), [1.0]);
}

/// A Jacobian of a T by an A with the numbers 0, 1, 2, … in its leaves.
fn jacobian<T: Tree, A: Tree>(of: &T, by: impl Fn() -> A) -> T::Jac<A> {
    let mut next = 0.0;
    let mut row = || {
        let like = by();
        map(
            |_| {
                next += 1.0;
                scalar(next - 1.0)
            },
            &like,
        )
    };
    of.make_jac(&mut row)
}

#[test]
fn jacobians_have_names_to_third_order() {
    let p = params();
    // Five rows of five numbers.
    let h: ParamsJac<(Array, Array), Params<(Array, Array)>> = jacobian(&p, params);
    assert_eq!(h.rows().len(), 5);
    let head: (Params<_>, Params<_>) = h.head();
    assert_eq!(numbers(&head.1), [20.0, 21.0, 22.0, 23.0, 24.0]);
    assert_eq!(head.0.layers[1].w.item::<f64>(), 17.0);
    let layers: Vec<LayerJac<Params<_>>> = h.layers();
    assert_eq!(numbers(&layers[1].w().head), [13.0, 14.0]);
    assert_eq!(numbers(&layers[0].b().unwrap()), [5.0, 6.0, 7.0, 8.0, 9.0]);
    assert!(layers[1].b().is_none());
    let () = h.r#type();

    let third: ParamsJac<_, ParamsJac<_, Params<(Array, Array)>>> = jacobian(&h, params);
    assert_eq!(count(&third), 125);
    // Row 4 (head[1]), in it row 2 (layers[1].w), in it leaf 3 (head[0]).
    assert_eq!(third.head().1.layers()[1].w().head.0.item::<f64>(), 4.0 * 25.0 + 2.0 * 5.0 + 3.0);
    assert_eq!(leaves_with_paths(&third)[0].0, "layers[0].w.layers[0].w.layers[0].w");
    assert_eq!(numbers(&third)[..2], [0.0, 1.0]);

    let pair = jacobian(&Pair(scalar(1.0), [scalar(1.0), scalar(1.0)]), || scalar(0.0));
    assert_eq!((pair._0().item::<f64>(), pair._1()[1].item::<f64>()), (0.0, 2.0));
    let rows: Rows<Shape<Array>, Array> = jacobian(&Shape::Circle(scalar(1.0)), || scalar(0.0));
    assert_eq!(rows.rows().len(), 1);
}

#[test]
fn one_vector_and_back() {
    let vector = |data: Vec<f64>, shape: &[usize]| {
        Array::from_value(Value::new(pullback_ir::Shape::from_slice(shape), data))
    };
    let tree = (vector(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]), vec![scalar(5.0), vector(vec![], &[0])]);
    let (v, unravel) = ravel(&tree);
    assert_eq!((v.shape(), v.to_vec::<f64>()), (&[5usize][..], vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    let back = unravel.clone().call(&v);
    assert_eq!(back.0.shape(), [2, 2]);
    assert_eq!(back.0.to_vec::<f64>(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((back.1[0].item::<f64>(), back.1[1].shape()), (5.0, &[0usize][..]));
    assert_eq!(size(&tree), 5);
    assert_eq!(leaves(&zeros_like(&tree))[0].to_vec::<f64>(), [0.0; 4]);
    assert!(all_finite(&tree).item::<bool>());
    assert!(
        !all_finite(&(tree, scalar(f64::NAN), Array::from_value(Value::scalar(1i32))))
            .item::<bool>()
    );

    let error = crate::error::catching(|| unravel.call(&scalar(1.0))).err().unwrap();
    assert_eq!(error.to_string(), "this tree is made from f64[5], not from f64[]");
    let mixed = (scalar(1.0), vec![Array::from_value(Value::scalar(1f32))]);
    let error = crate::error::catching(|| ravel(&mixed)).err().unwrap();
    assert!(error.to_string().contains("`[1][0]` is f32[] and `[0]` is f64[]"), "{error}");
}
