//! Blocks of a product that stay in the caches, and the tiles in them.

use super::Kernels;
use super::pack::Strip;
use super::scratch::scratch;
use super::tile::Tile;
use crate::product::{Done, Matrix, Product};
use pullback_ir::scalar::NumScalar;
use std::ops::Range;
use std::ptr::NonNull;

/// Steps along the contracted axis that are summed in registers before they are added to the result. This,
/// and so the order of the sums, depends on sizes alone. A panel of the left operand has 32 KiB of f32 then and
/// stays in the first cache; that of f64 comes from the second, which is fast enough and better than to go
/// through the result twice as often.
const DEPTH: usize = 512;

/// Bytes of the accumulators that are beside one another in a block: the right operand's part has 512 KiB and
/// stays in the second cache, while each panel of the left one goes through all of it.
const ACROSS: usize = 1024;

/// Tiles above one another in a block: the left operand's part has 4 MiB of f32, which come in order.
const TILES: usize = 128;

/// Elements of a part of the result that is finished and still in a cache near to the processor when
/// something else is to work on it: several tiles, as each call has its price.
const PART: usize = 1 << 15;

/// Writes a product, or a part of one, on this thread.
///
/// # Safety
/// As [`product`](crate::product::product); no size is 0, and the kernels are for this processor.
pub(in crate::product) unsafe fn blocks<E: NumScalar>(
    with: &Kernels<E>,
    p: &Product<E>,
    done: Option<&Done<'_>>,
) {
    let [_, k, n] = p.sizes;
    let plan = Plan::new(with, p);
    scratch::<E::Acc, ()>(plan.x_room + plan.y_room, |room| {
        for tiles in steps(plan.tiles, TILES) {
            for deep in steps(k, plan.depth) {
                for cols in steps(n, cols::<E>()) {
                    // SAFETY: the caller's promise; the parts are within the operands and the result, and
                    // the room is as large as the plan asked for.
                    unsafe {
                        let done = done.filter(|_| deep.end == k);
                        plan.block(room, tiles.clone(), deep.clone(), cols, done);
                    }
                }
            }
        }
    });
}

/// Columns of a block.
const fn cols<E: NumScalar>() -> usize {
    ACROSS / size_of::<E::Acc>()
}

/// `0..n` in ranges of `step`.
fn steps(n: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(step).map(move |start| start..n.min(start + step))
}

struct Plan<'a, E: NumScalar> {
    with: &'a Kernels<E>,
    p: &'a Product<E>,
    /// Tiles above one another; their rows differ by one at most, as a low last tile would be slow.
    tiles: usize,
    /// Elements along the contracted axis that are summed in registers, and the steps that they are.
    depth: usize,
    steps: usize,
    /// Columns of a tile.
    width: usize,
    /// Elements side by side in a panel of the left operand.
    height: usize,
    /// Operands that the kernels read as they lie.
    x_direct: Option<Matrix<E::Acc>>,
    y_direct: Option<*const E::Acc>,
    /// The right operand, where the first tiles that read it can make the panels.
    y_copied: Option<*const E::Acc>,
    /// Elements of the packed parts.
    x_room: usize,
    y_room: usize,
}

impl<'a, E: NumScalar> Plan<'a, E> {
    #[inline]
    fn new(with: &'a Kernels<E>, p: &'a Product<E>) -> Self {
        let [m, k, n] = p.sizes;
        let (most, width) = (with.tiles.len(), 2 * with.lanes);
        let tiles = m.div_ceil(most);
        let depth = k.div_ceil(k.div_ceil(DEPTH * with.together)).next_multiple_of(with.together);
        let steps = depth / with.together;
        let height = most.next_multiple_of(8);
        let x_direct = (with.left)(p.x, k).filter(|_| reads_x(p, width));
        let y_direct = (with.same)(p.y.at).filter(|_| reads_y(p, tiles));
        Plan {
            with,
            p,
            tiles,
            depth,
            steps,
            width,
            height,
            x_direct,
            y_direct,
            y_copied: (with.same)(p.y.at).filter(|_| p.y.col == 1),
            x_room: if x_direct.is_some() { 0 } else { tiles.min(TILES) * height * steps },
            y_room: match y_direct {
                Some(_) => 0,
                None => n.min(cols::<E>()).next_multiple_of(width) * steps,
            },
        }
    }

    /// The rows of a tile.
    #[inline]
    fn rows(&self, tile: usize) -> Range<usize> {
        let m = self.p.sizes[0];
        tile * m / self.tiles..(tile + 1) * m / self.tiles
    }

    /// Adds a block of the product, and calls `done`, if given, with the parts of it. Panels are packed where
    /// they are first needed, and are in the first cache then; where the right operand's rows are contiguous,
    /// the first tiles multiply them as they lie and copy them.
    ///
    /// # Safety
    /// The ranges are within the product, and panels of earlier calls are still in the room.
    unsafe fn block(
        &self,
        room: *mut E::Acc,
        tiles: Range<usize>,
        deep: Range<usize>,
        cols: Range<usize>,
        done: Option<&Done<'_>>,
    ) {
        let (p, with) = (self.p, self.with);
        let [m, _, n] = p.sizes;
        let mut finished = self.rows(tiles.start).start;
        // SAFETY: the caller's promise. Panels and tiles end where the operands and the result do.
        unsafe {
            for tile in tiles.clone() {
                let rows = self.rows(tile);
                let (x, x_row, x_col) = match self.x_direct {
                    Some(x) => (x.from(rows.start, deep.start / with.together).at, x.row, x.col),
                    None => {
                        let panel = room.add((tile - tiles.start) * self.height * self.steps);
                        if cols.start == 0 {
                            (with.pack)(&Strip {
                                from: p.x.at.offset(p.x.offset(rows.start, deep.start)),
                                along: p.x.row,
                                count: m - rows.start,
                                deep: p.x.col,
                                depth: deep.len(),
                                to: panel,
                                width: self.height,
                            });
                        }
                        (panel.cast_const(), 1, self.height as isize)
                    }
                };
                for col in cols.clone().step_by(self.width) {
                    let width = self.width.min(cols.end - col);
                    let vectors = width.div_ceil(with.lanes);
                    let panel = room.wrapping_add(self.x_room + (col - cols.start) * self.steps);
                    let across = vectors * with.lanes;
                    let first = tile == tiles.start;
                    let (y, y_row, copy) = match (self.y_direct, self.y_copied) {
                        (Some(at), _) => (at.offset(p.y.offset(deep.start, col)), p.y.row, None),
                        (None, Some(at)) if first => {
                            let at = at.offset(p.y.offset(deep.start, col));
                            (at, p.y.row, NonNull::new(panel))
                        }
                        _ => {
                            if first {
                                (with.pack)(&Strip {
                                    from: p.y.at.offset(p.y.offset(deep.start, col)),
                                    along: p.y.col,
                                    count: n - col,
                                    deep: p.y.row,
                                    depth: deep.len(),
                                    to: panel,
                                    width: across,
                                });
                            }
                            (panel.cast_const(), across as isize, None)
                        }
                    };
                    with.tiles[rows.len() - 1][vectors - 1](&Tile {
                        k: deep.len().div_ceil(with.together),
                        x,
                        x_row,
                        x_col,
                        y,
                        y_row,
                        copy,
                        out: p.out.add(rows.start * p.out_row + col),
                        out_row: p.out_row,
                        last: width - (vectors - 1) * with.lanes,
                        add: deep.start > 0,
                    });
                }
                if let Some(done) = done
                    && (tile + 1 == tiles.end || (rows.end - finished) * cols.len() >= PART)
                {
                    done(finished..rows.end, cols.clone());
                    finished = rows.end;
                }
            }
        }
    }
}

/// Whether tiles read the left operand as it lies: if it is small, or its rows are near to each other, or
/// it is read by few tiles only. `width` is that of a tile.
fn reads_x<E: NumScalar>(p: &Product<E>, width: usize) -> bool {
    let [m, k, n] = p.sizes;
    let small = m * k * size_of::<E>() <= 32 << 10;
    let near = p.x.col == 1 && p.x.row.unsigned_abs() * size_of::<E>() <= 3200;
    small || near || n <= 2 * width || (p.x.row == 1 && k <= DEPTH && n <= 4 * width)
}

/// Whether tiles read the right operand as it lies: its rows are contiguous, and it is small or there are few
/// tiles to read it.
fn reads_y<E: NumScalar>(p: &Product<E>, tiles: usize) -> bool {
    let [_, k, n] = p.sizes;
    p.y.col == 1 && (tiles <= 6 || k * n * size_of::<E>() <= 128 << 10)
}
