//! The loops of a kernel, and how its arrays move along them.

use super::plan::{Behind, Group, Level, Operand, with_line};
use super::view::{Dims, Steps, View, contiguous, refine};
use smallvec::SmallVec;

/// Loops over places: outer ones, then the line.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Sizes; the last one is the line's.
    pub(super) sizes: Dims,
    /// Dimensions that were joined to each size.
    joined: SmallVec<[usize; 4]>,
    /// The dimensions before joining.
    dims: Dims,
    /// Elements of a line that is reduced.
    line: Option<usize>,
    /// Elements that stay inside where columns are reduced.
    inner: Option<usize>,
}

impl Layout {
    /// The fewest loops for which every array moves by a fixed step along each.
    pub(super) fn new(group: &Group) -> Layout {
        let mut dims =
            if group.dims.is_empty() { Dims::from_slice(&[1]) } else { group.dims.clone() };
        if let Some(Behind { cols, .. }) = group.behind
            && let Some(finer) = refine(&dims, &[group.n / cols, cols])
        {
            dims = finer;
        }
        let mut layout = Layout {
            sizes: Dims::new(),
            joined: SmallVec::new(),
            dims,
            line: group.line,
            inner: group.columns.map(|c| c[2]),
        };
        let views = group.members.iter().flat_map(|m| {
            m.operands.iter().filter_map(move |o| match o {
                Operand::View(v) => Some((v, m.level)),
                Operand::Lit(_) | Operand::Inner(_) => None,
            })
        });
        let steps: Vec<Steps> = views.map(|(v, level)| layout.fine_steps(v, level)).collect();
        let fixed = match (group.line, group.columns, group.behind) {
            (Some(line), ..) => vec![line],
            (None, Some([_, goes, inner]), _) => vec![inner, goes * inner],
            (None, None, Some(behind)) => vec![behind.cols],
            (None, None, None) => Vec::new(),
        };
        // From the innermost dimension outwards, joining what may be joined.
        let mut product = 1;
        for d in (0..layout.dims.len()).rev() {
            let size = layout.dims[d];
            let may_join = !layout.sizes.is_empty()
                && !fixed.contains(&product)
                && steps.iter().all(|s| s[d] == s[d + 1] * layout.dims[d + 1] as isize);
            if may_join {
                layout.sizes[0] *= size;
                layout.joined[0] += 1;
            } else {
                layout.sizes.insert(0, size);
                layout.joined.insert(0, 1);
            }
            product *= size;
        }
        layout
    }

    /// The steps of a view along the dimensions before joining. Those of a row value do not move along
    /// the line.
    fn fine_steps(&self, view: &View, level: Level) -> Steps {
        let view = match (level, self.line) {
            (Level::Row, Some(line)) => {
                let mut steps = view.steps.clone();
                steps.push(0);
                View { shape: with_line(&view.shape, line), steps, ..view.clone() }
            }
            _ => view.clone(),
        };
        // The dimensions are at least as fine as the view's, so there are such steps.
        view.steps_under(&self.dims).unwrap_or_else(|| SmallVec::from_elem(0, self.dims.len()))
    }

    /// The steps of a view along the loops, in elements.
    pub(super) fn steps(&self, view: &View, level: Level) -> Steps {
        let fine = self.fine_steps(view, level);
        let mut at = 0;
        let last = |k: &usize| {
            at += k;
            fine[at - 1]
        };
        self.joined.iter().map(last).collect()
    }

    /// The steps along the loops around the line, in elements, of what stays inside when columns are reduced.
    pub(super) fn inside(&self) -> Steps {
        let inner = self.inner.unwrap_or(1) as isize;
        let steps = contiguous(&self.sizes);
        steps[..steps.len() - 1].iter().map(|&s| if s < inner { s } else { 0 }).collect()
    }

    /// Elements of the line.
    pub(super) fn n(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Sizes of the loops around the line.
    pub(super) fn outer(&self) -> &[usize] {
        &self.sizes[..self.sizes.len() - 1]
    }
}
