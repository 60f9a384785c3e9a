//! Keys.

use crate::array::{Array, bind};
use crate::error::{Error, fail};
use crate::numpy::IntoOperand;
use crate::numpy::operand::Operand;
use crate::tree::{Flatten, Leaves, Tree};
use pullback_ir::prim::random::Random;
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::prim::slice::Slice;
use pullback_ir::{Axes, DType, Shape, Value};
use std::fmt;

/// A key of random numbers, or a batch of keys for `vmap`.
///
/// It is used up by what it is given to: it is neither `Copy` nor `Clone`. The same key gives the same
/// numbers, so a program with the same seed does the same again.
///
/// ```compile_fail
/// use pullback_array::{Key, random::normal};
/// let key = Key::new(0);
/// let x = normal::<f32>(key, [3]);
/// let y = normal::<f32>(key, [3]); // The key is used up: `let [k1, k2] = key.split();` before.
/// ```
pub struct Key(pub(crate) Array);

impl Key {
    /// The key of a seed: the cipher's key whose first word is the lower half of the seed, whose second
    /// word is the upper half, and whose other six words are 0.
    pub fn new(seed: u64) -> Key {
        let mut words = vec![0u32; 8];
        words[0] = seed as u32;
        words[1] = (seed >> 32) as u32;
        Key(Array::from_value(Value::new(Shape::from_slice(&[8]), words)))
    }

    /// The sizes of the leading axes of a batch of keys; empty for one key.
    pub fn batch_shape(&self) -> &[usize] {
        let shape = self.0.shape();
        &shape[..shape.len() - 1]
    }

    /// `N` new keys, independent of each other and of all else that comes from this key:
    /// `let [k1, k2] = key.split();`. Child i is the same for every `N`.
    ///
    /// # Panics
    /// For a batch of keys outside `vmap`.
    #[track_caller]
    pub fn split<const N: usize>(self) -> [Key; N] {
        let children = self.split_n(N);
        std::array::from_fn(|i| {
            let axes = |a: [usize; 2]| Axes::from_slice(&a);
            let (start, limit, strides) = (axes([i, 0]), axes([i + 1, 8]), axes([1, 1]));
            let row = bind(Slice { start, limit, strides }, &[&children.0]);
            Key(bind(Reshape::Reshape { new_sizes: Shape::from_slice(&[8]) }, &[&row]))
        })
    }

    /// A batch of `n` new keys, for `vmap`: the children that `split` gives.
    ///
    /// # Panics
    /// For a batch of keys outside `vmap`.
    #[track_caller]
    pub fn split_n(self, n: usize) -> Key {
        self.one("split");
        Key(bind(Random::Split { shape: Shape::from_slice(&[n]) }, &[&self.0]))
    }

    /// A new key for a number, such as that of a training step. It does not use the key up: foldings of
    /// different numbers are independent of each other, of the key's children and of what is drawn
    /// from it. `data` is a Rust integer or an array of an integer dtype and rank 0, which may be
    /// traced; negative numbers count as two's complement in 64 bits.
    ///
    /// # Panics
    /// If `data` is no integer of 64 bits, or an array with axes; for a batch of keys outside `vmap`.
    #[track_caller]
    pub fn fold_in(&self, data: impl IntoOperand) -> Key {
        self.one("fold_in");
        let data = match data.as_operand() {
            Operand::Array(a) if a.ndim() == 0 && a.dtype().is_int() => a.cast(DType::U64),
            Operand::Scalar(n, _) => match n.integer() {
                Some(n) if i64::try_from(n).is_ok() || u64::try_from(n).is_ok() => {
                    Array::from_value(Value::scalar(n as u64))
                }
                _ => fail(Error::msg(format!("`fold_in` takes an integer of 64 bits, not {n}"))),
            },
            Operand::Array(a) => fail(Error::msg(format!(
                "`fold_in` takes a number: an integer array of rank 0, not {}; for one key for each \
                 element use `vmap`",
                a.ty()
            ))),
        };
        Key(bind(Random::FoldIn, &[&self.0, &data]))
    }

    /// The key's array, if it is one key.
    #[track_caller]
    pub(crate) fn one(&self, op: &str) -> &Array {
        if self.0.ndim() != 1 {
            fail(Error::msg(format!(
                "`{op}` takes one key, and this is a batch of keys of shape {:?}: map over the batch, \
                 `vmap_axes([None, Some(0)], |x: &Array, key: Key| ..)(&x, keys)`",
                self.batch_shape()
            )));
        }
        &self.0
    }
}

/// The type alone: printing a key is no way to use it again.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.ty())
    }
}

impl Tree for Key {
    type Jac<A: Tree> = ();

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.key(&self.0);
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        Key(leaves.next())
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) {
        // The row of this leaf; a key has no derivative.
        rows();
    }
}
