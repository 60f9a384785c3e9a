//! Views: arrays that are others, read in another order.
//!
//! Broadcasts, reshapes, slices and transposes are not computed where a kernel can read the array
//! behind them with other steps.

use pullback_ir::prim::reshape::Reshape;
use pullback_ir::{Atom, Prim};
use smallvec::SmallVec;

/// Sizes or steps of dimensions.
pub(super) type Dims = SmallVec<[usize; 4]>;
pub(super) type Steps = SmallVec<[isize; 4]>;

/// How the elements of an array lie in another one, in elements.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct View {
    /// The array behind it, contiguous.
    pub(super) base: Atom,
    /// Where the first element is.
    pub(super) offset: usize,
    pub(super) shape: Dims,
    /// Elements between neighbours along each dimension.
    pub(super) steps: Steps,
}

/// The steps of a contiguous array.
pub(super) fn contiguous(shape: &[usize]) -> Steps {
    let mut steps: Steps = SmallVec::from_elem(0, shape.len());
    let mut step = 1isize;
    for (s, &n) in steps.iter_mut().zip(shape).rev() {
        *s = step;
        step *= n as isize;
    }
    steps
}

impl View {
    /// An array as it is.
    pub(super) fn of(base: Atom, shape: &[usize]) -> View {
        View { base, offset: 0, shape: shape.into(), steps: contiguous(shape) }
    }

    /// True if the elements are the base's first ones in their order.
    pub(super) fn is_plain(&self) -> bool {
        let natural = contiguous(&self.shape);
        let same = |((&n, s), t): ((&usize, &isize), &isize)| n == 1 || s == t;
        self.offset == 0 && self.shape.iter().zip(&self.steps).zip(&natural).all(same)
    }

    /// What a primitive that only rearranges makes of the view; `None` for others, and for reshapes
    /// that no steps describe.
    pub(super) fn through(&self, prim: &Prim, shape: &[usize]) -> Option<View> {
        let with =
            |offset, steps| Some(View { base: self.base, offset, shape: shape.into(), steps });
        match prim {
            Prim::BroadcastInDim(p) => {
                let mut steps: Steps = SmallVec::from_elem(0, shape.len());
                for (k, &d) in p.broadcast_dimensions.iter().enumerate() {
                    steps[d] = if self.shape[k] == shape[d] { self.steps[k] } else { 0 };
                }
                with(self.offset, steps)
            }
            Prim::Transpose(p) => {
                with(self.offset, p.permutation.iter().map(|&d| self.steps[d]).collect())
            }
            Prim::Slice(p) => {
                let start = p.start.iter().zip(&self.steps);
                let offset: isize = start.map(|(&at, &s)| at as isize * s).sum();
                let steps = p.strides.iter().zip(&self.steps).map(|(&k, &s)| k as isize * s);
                with((self.offset as isize + offset) as usize, steps.collect())
            }
            Prim::Reshape(
                Reshape::Reshape { .. } | Reshape::Squeeze { .. } | Reshape::ExpandDims { .. },
            ) => with(self.offset, self.steps_under(shape)?),
            _ => None,
        }
    }

    /// The steps under another shape of the same size, if there are such.
    pub(super) fn steps_under(&self, shape: &[usize]) -> Option<Steps> {
        // Both shapes are cut into runs of equal products; within a run the view's dimensions must
        // lie behind each other.
        let mut steps: Steps = SmallVec::from_elem(0, shape.len());
        let (mut i, mut j) = (0, 0);
        while i < self.shape.len() || j < shape.len() {
            let (from, to) = (i, j);
            let (mut a, mut b) = (1usize, 1usize);
            if i < self.shape.len() {
                a = self.shape[i];
                i += 1;
            }
            if j < shape.len() {
                b = shape[j];
                j += 1;
            }
            while a != b {
                if a < b {
                    a *= *self.shape.get(i)?;
                    i += 1;
                } else {
                    b *= *shape.get(j)?;
                    j += 1;
                }
            }
            // The run as one dimension.
            let dims = (from..i).filter(|&d| self.shape[d] != 1);
            let mut step = None;
            let mut inner: Option<isize> = None;
            for d in dims.rev() {
                match inner {
                    None => step = Some(self.steps[d]),
                    Some(expected) if expected == self.steps[d] => {}
                    Some(_) => return None,
                }
                inner = Some(self.steps[d] * self.shape[d] as isize);
            }
            let mut step = step.unwrap_or(0);
            for d in (to..j).rev() {
                steps[d] = step;
                step *= shape[d] as isize;
            }
        }
        Some(steps)
    }
}

/// The coarsest dimensions of which both shapes are products, without those of size 1; `None` if a
/// dimension of one crosses one of the other. Both have the same number of elements, not 0.
pub(super) fn refine(a: &[usize], b: &[usize]) -> Option<Dims> {
    let mut dims = Dims::new();
    let mut left = a.iter().copied().filter(|&n| n != 1);
    let mut right = b.iter().copied().filter(|&n| n != 1);
    let (mut x, mut y) = (left.next(), right.next());
    while let (Some(m), Some(n)) = (x, y) {
        // Outer parts first: of the larger one, what the smaller one takes is its outer factor.
        let (small, large) = (m.min(n), m.max(n));
        if large % small != 0 {
            return None;
        }
        dims.push(small);
        let rest = large / small;
        match m.cmp(&n) {
            std::cmp::Ordering::Equal => (x, y) = (left.next(), right.next()),
            std::cmp::Ordering::Less => (x, y) = (left.next(), Some(rest)),
            std::cmp::Ordering::Greater => (x, y) = (Some(rest), right.next()),
        }
    }
    Some(dims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pullback_ir::Var;

    fn view(shape: &[usize], steps: &[isize]) -> View {
        View { base: Atom::Var(Var(0)), offset: 0, shape: shape.into(), steps: steps.into() }
    }

    #[test]
    fn shapes_refine_each_other() {
        assert_eq!(refine(&[6, 4], &[2, 3, 4]).as_deref(), Some(&[2, 3, 4][..]));
        assert_eq!(refine(&[6, 4], &[24]).as_deref(), Some(&[6, 4][..]));
        assert_eq!(refine(&[2, 1, 3], &[2, 3, 1]).as_deref(), Some(&[2, 3][..]));
        assert_eq!(refine(&[2, 3], &[3, 2]), None);
        assert_eq!(refine(&[], &[1]).as_deref(), Some(&[][..]));
    }

    #[test]
    fn steps_under_another_shape() {
        let steps = |v: View, shape: &[usize]| v.steps_under(shape).map(|s| s.to_vec());
        assert_eq!(steps(view(&[2, 3], &[3, 1]), &[6]), Some(vec![1]));
        assert_eq!(steps(view(&[2, 3], &[1, 2]), &[6]), None);
        assert_eq!(steps(view(&[6, 4], &[4, 1]), &[2, 3, 4]), Some(vec![12, 4, 1]));
        assert_eq!(steps(view(&[2, 3], &[0, 0]), &[3, 2]), Some(vec![0, 0]));
        assert_eq!(steps(view(&[2, 1, 3], &[3, 7, 1]), &[2, 3, 1]), Some(vec![3, 1, 0]));
        assert_eq!(steps(view(&[2, 3], &[0, 1]), &[6]), None);
    }
}
