//! NumPy's indexing, and updates that give a new array.

use super::axes::axis_in;
use super::creation::zeros_of;
use super::index::{IntoIndex, Item, Items, Span, vector};
use super::operand::{
    IntoOperand, Operand, arrays_of, broadcast_shapes, elementwise, expand, full_beside, ill_typed,
    refuse,
};
use super::picking::wrapped;
use super::{elementwise::select, joining::concat};
use crate::array::{Array, bind, bind_in};
use crate::error::{fail, ok};
use crate::trace::In;
use pullback_ir::error::{Fault, fault};
use pullback_ir::prim::Prim;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::rev::Rev;
use pullback_ir::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use pullback_ir::prim::slice::Slice;
use pullback_ir::shape::show;
use pullback_ir::{Axes, DType, Lit, Shape};
use smallvec::SmallVec;

/// The box that is a whole array. An index cuts it down where it stays: moving short lists that have just been
/// written costs more than writing them.
fn whole(shape: &[usize]) -> Box<Slice> {
    let mut slice =
        Box::new(Slice { start: Axes::new(), limit: Axes::new(), strides: Axes::new() });
    for &n in shape {
        slice.start.push(0);
        slice.limit.push(n);
        slice.strides.push(1);
    }
    slice
}

/// An index fitted to the axes of an array: what follows the slice, which takes the box with steps that contains
/// what is picked.
struct Plan {
    /// Axes that are run through from their end.
    reversed: Axes,
    /// Axes that go away because one position of them is picked.
    single: Axes,
    /// Computed positions: axes of what is left after the single ones, ascending, with their indices.
    computed: Vec<(usize, Array)>,
    /// Where the axes of the computed positions stand in the result, before new axes.
    place: usize,
    /// New axes, as numbered in the result.
    new: Axes,
}

impl Plan {
    /// The plan for an index. It cuts the slice, which is [`whole`], down to the box.
    #[inline]
    #[track_caller]
    fn of(op: &str, x: &Array, items: &[Item], slice: &mut Slice) -> Plan {
        let mut plan = Plan {
            reversed: Axes::new(),
            single: Axes::new(),
            computed: Vec::new(),
            place: 0,
            new: Axes::new(),
        };
        let fitted = match items.iter().any(is_mask) {
            true => unmask(x, items).and_then(|items| plan.fit(slice, op, x, &items)),
            false => plan.fit(slice, op, x, items),
        };
        if let Err(rule) = fitted {
            refuse(op, &[x], rule);
        }
        plan
    }

    #[track_caller]
    fn fit(&mut self, slice: &mut Slice, op: &str, x: &Array, items: &[Item]) -> Result<(), Fault> {
        let rank = x.ndim();
        let used = items.iter().filter(|i| !matches!(i, Item::Ellipsis | Item::NewAxis)).count();
        if used > rank {
            return Err(fault!("{used} indices are too many for {rank} axes"));
        }
        let has_arrays = items.iter().any(|i| matches!(i, Item::Array(_)));
        // Beside arrays an integer counts as an array of rank 0 for where their axes go.
        let is_advanced = |i: &Item| has_arrays && matches!(i, Item::Array(_) | Item::At(_));
        let first = items.iter().position(is_advanced);
        let last = items.iter().rposition(is_advanced);
        let together = first.zip(last).is_none_or(|(a, b)| items[a..=b].iter().all(is_advanced));
        let common = broadcast_shapes(items.iter().filter_map(|i| match i {
            Item::Array(a) => Some(a.shape()),
            _ => None,
        }));
        let common = common.map_err(|f| fault!("the index arrays do not fit together: {f}"))?;

        let mut axis = 0; // in the operand
        let mut out = if has_arrays && !together { common.len() } else { 0 }; // in the result
        let mut old = 0; // axes of the result that are no new ones and stand before the computed ones
        let mut ellipsis = false;
        for (i, item) in items.iter().enumerate() {
            if Some(i) == first && together {
                self.place = old;
                out += common.len();
            }
            match item {
                Item::NewAxis => {
                    self.new.push(out);
                    out += 1;
                }
                Item::Ellipsis => {
                    if std::mem::replace(&mut ellipsis, true) {
                        return Err(fault!("an index has one `Ellipsis`"));
                    }
                    let whole = rank - used;
                    axis += whole;
                    out += whole;
                    old += whole;
                }
                Item::At(at) => {
                    let n = x.shape()[axis];
                    let at = axis_in(*at, n).map_err(|_| {
                        fault!("the index {at} is out of range for axis {axis} of size {n}")
                    })?;
                    slice.start[axis] = at;
                    slice.limit[axis] = at + 1;
                    self.single.push(axis);
                    axis += 1;
                }
                Item::Span(span) => {
                    self.restrict(slice, axis, *span);
                    axis += 1;
                    out += 1;
                    old += 1;
                }
                Item::Array(a) => {
                    let n = x.shape()[axis];
                    if n == 0 && !common.contains(&0) {
                        return Err(fault!(
                            "axis {axis} is empty, so no position of it can be read"
                        ));
                    }
                    self.computed.push((axis - self.single.len(), wrapped(op, x, a, n)));
                    axis += 1;
                }
            }
        }
        Ok(())
    }

    /// Cuts an axis down to a range, clipped to the axis as NumPy does.
    fn restrict(&mut self, slice: &mut Slice, axis: usize, span: Span) {
        let n = slice.limit[axis] as i64;
        let clip = |i: i64, low: i64, high: i64| {
            let i = if i < 0 { i.saturating_add(n) } else { i };
            i.clamp(low, high)
        };
        let step = span.step;
        if step > 0 {
            let start = span.start.map_or(0, |i| clip(i, 0, n));
            let stop = span.stop.map_or(n, |i| clip(i, 0, n)).max(start);
            slice.start[axis] = start as usize;
            slice.limit[axis] = stop as usize;
            slice.strides[axis] = if stop > start { step.min(n) as usize } else { 1 };
            return;
        }
        // Downwards from start: the same positions upwards from the last one, reversed.
        let start = span.start.map_or(n - 1, |i| clip(i, -1, n - 1));
        let stop = span.stop.map_or(-1, |i| clip(i, -1, n - 1));
        let step = step.unsigned_abs().min(n.max(1) as u64) as i64;
        let count = if start > stop { (start - stop - 1) / step + 1 } else { 0 };
        self.reversed.push(axis);
        if count == 0 {
            slice.start[axis] = 0;
            slice.limit[axis] = 0;
            return;
        }
        slice.start[axis] = (start - (count - 1) * step) as usize;
        slice.limit[axis] = start as usize + 1;
        slice.strides[axis] = step as usize;
    }

    /// The box, its reversed axes turned round, without single axes.
    #[track_caller]
    fn cut(&self, x: &Array, slice: Box<Slice>) -> Array {
        let cut = match is_whole(&slice, x) {
            true => x.clone(),
            false => bind(Prim::Slice(slice), &[x]),
        };
        let turned = self.turned(cut);
        if self.single.is_empty() { turned } else { turned.squeeze(&self.single[..]) }
    }

    #[track_caller]
    fn turned(&self, y: Array) -> Array {
        match self.reversed.is_empty() {
            true => y,
            false => bind(Rev { dimensions: self.reversed.clone() }, &[&y]),
        }
    }

    /// The gather of the computed positions out of a cut array of this shape, its index vectors, and
    /// the shape of its result. `None` where nothing is computed.
    #[track_caller]
    fn gather(&self, cut: &[usize]) -> Option<(GatherDims, Shape, Array, Shape)> {
        if self.computed.is_empty() {
            return None;
        }
        let axes: Axes = self.computed.iter().map(|(a, _)| *a).collect();
        let common = ok(broadcast_shapes(self.computed.iter().map(|(_, i)| i.shape())));
        let wide = self.computed.iter().any(|(_, i)| i.dtype() != DType::I32);
        let dtype = if wide { DType::I64 } else { DType::I32 };
        let vectors = self.computed.iter().map(|(_, i)| {
            let i = if wide && axes.len() > 1 { i.cast(dtype) } else { i.clone() };
            expand(&i, &common).expand_dims(-1)
        });
        let vectors = concat(vectors, -1);
        let mut slice_sizes = Shape::from_slice(cut);
        let mut out = Shape::new();
        for (a, &n) in cut.iter().enumerate() {
            match axes.contains(&a) {
                true => slice_sizes[a] = 1,
                false => out.push(n),
            }
        }
        let offset_dims =
            (0..out.len()).map(|i| if i < self.place { i } else { i + common.len() }).collect();
        for (i, &n) in common.iter().enumerate() {
            out.insert(self.place + i, n);
        }
        let dims = GatherDims {
            offset_dims,
            collapsed_slice_dims: axes.clone(),
            start_index_map: axes,
            ..GatherDims::default()
        };
        Some((dims, slice_sizes, vectors, out))
    }

    /// What is picked.
    #[track_caller]
    fn get(&self, x: &Array, slice: Box<Slice>) -> Array {
        let picked = self.read(x, slice, IndexMode::Clip);
        if self.new.is_empty() { picked } else { picked.expand_dims(&self.new[..]) }
    }

    /// What is picked, without new axes.
    #[track_caller]
    fn read(&self, x: &Array, slice: Box<Slice>, mode: IndexMode) -> Array {
        let cut = self.cut(x, slice);
        match self.gather(cut.shape()) {
            None => cut,
            Some((.., out)) if out.contains(&0) => zeros_of(x.dtype(), out),
            Some((dims, slice_sizes, vectors, _)) => {
                bind(Gather { dims, slice_sizes, mode, fill_value: None }, &[&cut, &vectors])
            }
        }
    }

    /// The array with the cut box replaced.
    #[track_caller]
    fn replaced(&self, x: &Array, slice: &Slice, cut: &Array) -> Array {
        // Back to the operand's axes and direction first.
        let mut full = Shape::new();
        let mut sizes = cut.shape().iter();
        for axis in 0..x.ndim() {
            full.push(match self.single.contains(&axis) {
                true => 1,
                false => sizes.next().copied().unwrap_or(1),
            });
        }
        if full.contains(&0) {
            return x.clone();
        }
        let update = self.turned(cut.reshaped(full));
        if slice.strides.iter().all(|&s| s == 1) {
            return x.update_at(&update, &slice.start);
        }
        // With steps: spread out over the operand's shape, and selected where it lands.
        let config: SmallVec<[(i64, i64, i64); 4]> = (0..x.ndim())
            .map(|a| {
                let gaps = slice.strides[a] - 1;
                let n = update.shape()[a];
                let end = slice.start[a] + (n - 1) * (gaps + 1) + 1;
                (slice.start[a] as i64, (x.shape()[a] - end) as i64, gaps as i64)
            })
            .collect();
        let spread = |y: &Array, lit: Lit| {
            bind_in(Pad { config: config.clone() }, &[In::Array(y), In::Lit(lit)])
        };
        let ones = full_beside(&[&update], Lit::new(true), update.shape());
        let lands = spread(&ones, Lit::new(false));
        let values = spread(&update, Lit::from_f64(x.dtype(), 0.0));
        select(lands, values, x)
    }
}

fn is_whole(slice: &Slice, x: &Array) -> bool {
    slice.start.iter().all(|&i| i == 0)
        && slice.limit.iter().eq(x.shape())
        && slice.strides.iter().all(|&s| s == 1)
}

fn is_mask(item: &Item) -> bool {
    matches!(item, Item::Array(a) if a.dtype() == DType::Bool)
}

/// Boolean masks as the positions where they are true.
fn unmask(x: &Array, items: &[Item]) -> Result<Items, Fault> {
    let consumed = |i: &Item| match i {
        Item::Ellipsis | Item::NewAxis => 0,
        Item::Array(a) if a.dtype() == DType::Bool => a.ndim(),
        _ => 1,
    };
    let used: usize = items.iter().map(consumed).sum();
    let whole = x.ndim().saturating_sub(used);
    let mut axis = 0;
    let mut out = Items::new();
    for item in items {
        let at = axis;
        axis += match item {
            Item::Ellipsis => whole,
            _ => consumed(item),
        };
        let mask = match item {
            Item::Array(a) if a.dtype() == DType::Bool => a,
            other => {
                out.push(other.clone());
                continue;
            }
        };
        if mask.ndim() == 0 {
            return Err(fault!(
                "a mask has at least one axis: use `select` for a single condition"
            ));
        }
        let fits = x.shape().get(at..at + mask.ndim()) == Some(mask.shape());
        if !fits {
            return Err(fault!(
                "a mask has the sizes of the axes that it indexes, from axis {at} on, not {}",
                show(mask.shape())
            ));
        }
        let Ok(Some(known)) = mask.known_value() else {
            return Err(fault!(
                "how many elements a mask picks must be known, but the mask {} is traced: use \
                 `select(mask, a, b)`, which keeps the shape",
                mask.ty()
            ));
        };
        let mut positions: Vec<Vec<i64>> = vec![Vec::new(); mask.ndim()];
        for (index, _) in pullback_ir::shape::indices(mask.shape())
            .zip(known.slice::<bool>())
            .filter(|(_, picked)| **picked)
        {
            for (list, &i) in positions.iter_mut().zip(&index) {
                list.push(i as i64);
            }
        }
        out.extend(positions.into_iter().map(|p| Item::Array(vector(p))));
    }
    Ok(out)
}

/// [`Array::get`], once for all kinds of indices.
#[track_caller]
fn get(x: &Array, items: &[Item]) -> Array {
    let mut slice = whole(x.shape());
    Plan::of("get", x, items, &mut slice).get(x, slice)
}

impl Array {
    /// The elements at an index: integers, ranges, `..`, new axes and arrays, see [`IndexItem`](crate::IndexItem).
    ///
    /// An index is written as in NumPy, with Rust's ranges: `x.get((0, .., s(1..5).step(2), NewAxis, &i))`.
    /// Missing axes at the end are whole. Integers and ranges may count from the end; an integer out of
    /// range is an error, ranges are clipped. Integer arrays pick positions: several broadcast together,
    /// their axes take the place of the axes that they index, or come first where other parts stand
    /// between them. A boolean array picks the positions where it is true; its value must be known.
    ///
    /// Computed indices cannot be checked before a program runs. As in JAX, reading out of bounds reads the
    /// nearest element, and updates out of bounds are dropped. Where updates meet at one place, `set`
    /// keeps the last and the others combine them all.
    ///
    /// ```
    /// # use pullback_array::*;
    /// let x = arange(0..12).reshape([3, 4]);
    /// assert_eq!(x.get((1, -1)).item::<i32>(), 7);
    /// assert_eq!(x.get((.., s(..).step(-2))).to_vec::<i32>(), [3, 1, 7, 5, 11, 9]);
    /// assert_eq!(x.get((Ellipsis, NewAxis, 0)).shape(), [3, 1]);
    /// assert_eq!(x.get((array![2, 0], array![[0], [1]])).to_vec::<i32>(), [8, 0, 9, 1]);
    /// assert_eq!(x.get(x.gt(9)).to_vec::<i32>(), [10, 11]);
    ///
    /// assert_eq!(x.at((0, 1..3)).set(-1).get(0).to_vec::<i32>(), [0, -1, -1, 3]);
    /// let counts = zeros::<i32>([3]).at(array![0, 2, 2, 9]).add(1);
    /// assert_eq!(counts.to_vec::<i32>(), [1, 0, 2]);
    /// ```
    ///
    /// # Panics
    /// If there are more indices than axes, an integer is out of range, index arrays do not broadcast
    /// or are no integers, or a mask has another shape or is not known.
    #[track_caller]
    pub fn get(&self, index: impl IntoIndex) -> Array {
        get(self, &index.into_index())
    }

    /// The place for an update: `x.at(index).set(values)`. The array itself stays as it is.
    ///
    /// # Panics
    /// As [`Array::get`].
    #[track_caller]
    pub fn at(&self, index: impl IntoIndex) -> At<'_> {
        let mut slice = whole(self.shape());
        let plan = Plan::of("at", self, &index.into_index(), &mut slice);
        At { array: self, slice, plan }
    }
}

/// The place of an update: see [`Array::at`].
pub struct At<'a> {
    array: &'a Array,
    slice: Box<Slice>,
    plan: Plan,
}

impl At<'_> {
    /// The elements there, as [`Array::get`] gives them.
    #[track_caller]
    pub fn get(&self) -> Array {
        self.plan.get(self.array, self.slice.clone())
    }

    /// The array with these values there; they broadcast.
    #[track_caller]
    pub fn set(&self, values: impl IntoOperand) -> Array {
        self.update("set", ScatterOp::Set, None, values.as_operand())
    }

    /// The array with these values added there.
    #[track_caller]
    pub fn add(&self, values: impl IntoOperand) -> Array {
        self.update("add", ScatterOp::Add, Some(Binary::Add), values.as_operand())
    }

    /// The array with these values subtracted there.
    #[track_caller]
    pub fn sub(&self, values: impl IntoOperand) -> Array {
        self.update("sub", ScatterOp::Sub, Some(Binary::Sub), values.as_operand())
    }

    /// The array multiplied by these values there.
    #[track_caller]
    pub fn mul(&self, values: impl IntoOperand) -> Array {
        self.update("mul", ScatterOp::Mul, Some(Binary::Mul), values.as_operand())
    }

    /// The smaller of the array's elements and these values there.
    #[track_caller]
    pub fn min(&self, values: impl IntoOperand) -> Array {
        self.update("min", ScatterOp::Min, Some(Binary::Min), values.as_operand())
    }

    /// The larger of the array's elements and these values there.
    #[track_caller]
    pub fn max(&self, values: impl IntoOperand) -> Array {
        self.update("max", ScatterOp::Max, Some(Binary::Max), values.as_operand())
    }

    #[track_caller]
    fn update(
        &self,
        op: &str,
        scatter: ScatterOp,
        combine: Option<Binary>,
        values: Operand<'_>,
    ) -> Array {
        let (x, plan) = (self.array, &self.plan);
        let name = format!("at(..).{op}");
        let (mut both, _) = arrays_of(&name, &[Operand::Array(x), values]);
        let values = both.swap_remove(1);
        let cut = plan.cut(x, self.slice.clone());
        let gather = plan.gather(cut.shape());
        let target = gather.as_ref().map_or(cut.shape(), |(.., out)| out);
        // The values, in the shape of what is picked, with the new axes taken out again.
        let mut shape = Shape::from_slice(target);
        for &axis in &plan.new {
            shape.insert(axis, 1);
        }
        let fits = broadcast_shapes([values.shape(), &shape]).is_ok_and(|s| s == shape);
        if !fits {
            let rule = fault!("the values do not broadcast to what is picked, {}", show(&shape));
            fail(ill_typed(&name, &[Operand::Array(x), Operand::Array(&values)], rule));
        }
        let values = match values.known_lit() {
            Some(lit) => full_beside(&[x], lit, target),
            None => expand(&values, &shape).squeeze(&plan.new[..]),
        };
        let new = match gather {
            None => match combine {
                None => values,
                Some(prim) => {
                    elementwise(&name, prim, &[Operand::Array(&cut), Operand::Array(&values)])
                }
            },
            Some((.., out)) if out.contains(&0) => cut,
            Some((dims, _, vectors, _)) => {
                let prim = Scatter {
                    op: scatter,
                    dims: ScatterDims::from_gather(&dims),
                    mode: IndexMode::FillOrDrop,
                    unique_indices: false,
                };
                bind(prim, &[&cut, &vectors, &values])
            }
        };
        plan.replaced(x, &self.slice, &new)
    }
}
