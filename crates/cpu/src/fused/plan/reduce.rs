//! Reductions: along lines, after which a group goes on with values of rows, or along columns, which
//! end it.

use super::lines::readable_by;
use super::{Level, Place, Planner};
use crate::fused::fold;
use crate::fused::stages::MOST_FOLDS;
use crate::fused::view::{Dims, refine};
use pullback_ir::prim::Prim;
use pullback_ir::shape::numel;
use pullback_ir::{Atom, DType, Eqn, Type, Var};

/// How a reduction lies in its operand.
enum Reduction {
    /// Of lines of this many elements.
    Lines(usize),
    Columns([usize; 3]),
}

impl Planner<'_> {
    /// A reduction.
    pub(super) fn reduces(&mut self, i: usize, eqn: &Eqn) -> bool {
        let (Prim::Reduce(p), &[x]) = (&eqn.prim, eqn.inputs.as_slice()) else { return false };
        let (Some(v), Some(dtype)) = (x.var(), self.array_type(x)) else { return false };
        let shape: Dims = self.jaxpr.types()[v.index()].shape().into();
        let (n, out) = (numel(&shape), Var(eqn.first_out));
        let Some(how) = reduction(&shape, &p.axes) else { return false };
        if n == 0 || !fold::folds(p.op, dtype, matches!(how, Reduction::Columns(_))) {
            return false;
        }
        if !(self.joins_full(n, &[x], &shape) && self.may_reduce(n, &how)) {
            self.close_size(n);
        }
        let g = self.group_for(n, refine(&shape, &[n]).unwrap_or_default());
        let Some(group) = self.open.get_mut(&g) else { return false };
        let level = match how {
            Reduction::Lines(line) => {
                group.line = Some(line);
                group.dims = refine(&group.dims, &[n / line, line]).unwrap_or_default();
                Level::RowFold
            }
            Reduction::Columns(parts) => {
                group.columns = Some(parts);
                group.dims = refine(&group.dims, &parts).unwrap_or_default();
                Level::ColFold
            }
        };
        self.add(g, i, level, &shape);
        self.places[out.index()] = match level {
            Level::RowFold => Place::Row(g),
            _ => Place::Column(g),
        };
        true
    }

    fn array_type(&self, a: Atom) -> Option<DType> {
        match &self.jaxpr.types()[a.var()?.index()] {
            Type::Array { dtype, .. } => Some(*dtype),
            Type::Stack(_) => None,
        }
    }

    /// True if the open group of this size, if there is one, can reduce so.
    fn may_reduce(&self, n: usize, how: &Reduction) -> bool {
        let Some(group) = self.by_size.get(&n).map(|g| &self.open[g]) else { return true };
        let folds = group.members.iter().filter(|m| m.level == Level::RowFold).count();
        match *how {
            Reduction::Lines(line) => {
                group.columns.is_none()
                    && folds < MOST_FOLDS
                    && group.line.is_none_or(|l| l == line)
                    && refine(&group.dims, &[n / line, line]).is_some()
                    && group.views.iter().all(|v| readable_by(v, &v.shape, Some(line), None))
            }
            Reduction::Columns(parts) => {
                group.line.is_none()
                    && group.columns.is_none_or(|c| c == parts)
                    && refine(&group.dims, &parts).is_some()
                    && group.views.iter().all(|v| readable_by(v, &v.shape, None, Some(parts)))
            }
        }
    }
}

fn reduction(shape: &[usize], axes: &[usize]) -> Option<Reduction> {
    let mut axes = axes.iter().copied().filter(|&d| shape[d] != 1);
    let first = axes.next()?;
    let mut last = first;
    for d in axes {
        if shape[last + 1..d].iter().any(|&n| n != 1) {
            return None;
        }
        last = d;
    }
    let size = |dims: &[usize]| dims.iter().product::<usize>();
    let (outer, goes, inner) =
        (size(&shape[..first]), size(&shape[first..=last]), size(&shape[last + 1..]));
    Some(if inner == 1 { Reduction::Lines(goes) } else { Reduction::Columns([outer, goes, inner]) })
}
