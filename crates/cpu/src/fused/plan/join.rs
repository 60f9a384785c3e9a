//! Elementwise equations: which group they join, at which level, and what they read there.

use super::lines::{readable, spread, spreads_rows, with_line};
use super::{Level, Member, Operand, Place, Planner};
use crate::fused::emit;
use crate::fused::view::refine;
use pullback_ir::shape::numel;
use pullback_ir::{Atom, DType, Eqn, Type, Var};
use smallvec::SmallVec;

/// Views that a group reads at most, so that their lines stay in the first-level cache.
pub(super) const MOST_VIEWS: usize = 20;

/// Members of a group at most, so that code stays small.
pub(super) const MOST_MEMBERS: usize = 160;

impl Planner<'_> {
    /// An elementwise equation.
    pub(super) fn elementwise(&mut self, i: usize, eqn: &Eqn) -> bool {
        let jaxpr = self.jaxpr;
        if eqn.n_outs != 1 || eqn.inputs.is_empty() || eqn.inputs.len() > 3 {
            return false;
        }
        let out = Var(eqn.first_out);
        let Type::Array { shape, .. } = &jaxpr.types()[out.index()] else { return false };
        let mut dtypes: SmallVec<[DType; 3]> = SmallVec::new();
        for &a in &eqn.inputs {
            match a {
                Atom::Lit(l) => dtypes.push(l.dtype()),
                Atom::Var(v) => match &jaxpr.types()[v.index()] {
                    Type::Array { dtype, .. } => dtypes.push(*dtype),
                    Type::Stack(_) => return false,
                },
            }
        }
        let n = numel(shape);
        if n == 0 || !emit::emits(&eqn.prim, &dtypes) {
            return false;
        }
        // Values of rows stay with their group.
        let of_rows = eqn.inputs.iter().find_map(|&a| {
            let view = self.view(a);
            match self.giver(&view)? {
                (g, Level::Row) if view.is_plain() && numel(&view.shape) == n => Some(g),
                _ => None,
            }
        });
        if let Some(g) = of_rows
            && self.joins_rows(g, eqn, shape)
        {
            self.add(g, i, Level::Row, shape);
            self.places[out.index()] = Place::Row(g);
            return true;
        }
        if !self.joins_full(n, &eqn.inputs, shape) {
            self.close_size(n);
        }
        let g = self.group_for(n, refine(shape, &[n]).unwrap_or_default());
        self.add(g, i, Level::Full, shape);
        self.places[out.index()] = Place::Full(g);
        true
    }

    /// True if an equation whose result has one element a row may join.
    fn joins_rows(&mut self, g: u32, eqn: &Eqn, shape: &[usize]) -> bool {
        let Some(line) = self.open[&g].line else { return false };
        let group = &self.open[&g];
        let rows = group.n / line;
        if numel(shape) != rows
            || group.members.len() >= MOST_MEMBERS
            || refine(&group.dims, &with_line(shape, line)).is_none()
        {
            return false;
        }
        eqn.inputs.iter().all(|&a| {
            let view = self.view(a);
            match self.giver(&view) {
                Some((h, Level::Row)) if h == g => view.is_plain() && numel(&view.shape) == rows,
                Some((h, _)) if h == g => false,
                _ => readable(&spread(&view, shape), shape, None),
            }
        })
    }

    /// True if an equation over `n` places may join the open group, if there is one.
    pub(super) fn joins_full(&mut self, n: usize, inputs: &[Atom], shape: &[usize]) -> bool {
        let Some(&g) = self.by_size.get(&n) else { return true };
        let group = &self.open[&g];
        let Some(dims) = refine(&group.dims, shape) else { return false };
        if group.members.len() >= MOST_MEMBERS || group.views.len() >= MOST_VIEWS {
            return false;
        }
        // Reading a value of an open group that reads one of this group's would be a circle.
        inputs.iter().all(|&a| {
            let view = self.view(a);
            match self.giver(&view) {
                Some((h, Level::Full)) if h == g => view.is_plain() && numel(&view.shape) == n,
                Some((h, Level::Row)) if h == g => {
                    group.line.is_some_and(|line| spreads_rows(&spread(&view, shape), &dims, line))
                }
                Some((h, Level::ColFold | Level::RowFold)) if h == g => false,
                _ => true,
            }
        })
    }

    /// Adds a member. Arrays that it cannot read along lines are made, groups that it reads closed.
    pub(super) fn add(&mut self, g: u32, eqn: usize, level: Level, shape: &[usize]) {
        let jaxpr = self.jaxpr;
        let inputs = &jaxpr.eqns()[eqn].inputs;
        let operands = inputs.iter().map(|&a| self.resolve(g, level, shape, a)).collect();
        let Some(group) = self.open.get_mut(&g) else { return };
        let whole = match (level, group.line) {
            (Level::Row, Some(line)) => with_line(shape, line),
            _ => shape.into(),
        };
        group.dims = refine(&group.dims, &whole).unwrap_or_default();
        group.members.push(Member { eqn, level, operands, again: false });
    }

    fn resolve(&mut self, g: u32, level: Level, shape: &[usize], a: Atom) -> Operand {
        let mut view = spread(&self.view(a), shape);
        match (view.base, self.giver(&view)) {
            (Atom::Lit(lit), _) => return Operand::Lit(lit),
            (Atom::Var(v), Some((h, _))) if h == g => return Operand::Inner(v),
            (_, Some((h, _))) => self.close(h),
            _ => {}
        }
        if level != Level::Row {
            if let Some(v) = a.var()
                && !self.open[&g].reads_along(&view, shape)
            {
                self.array(v);
                view = spread(&self.view(a), shape);
            }
            if let Some(group) = self.open.get_mut(&g)
                && !group.views.contains(&view)
            {
                group.views.push(view.clone());
            }
        }
        Operand::View(view)
    }
}
