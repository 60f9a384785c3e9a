//! Running behind a product: on each part of it, when that is finished.

use super::reuse::reusables;
use super::run::{Place, finished};
use super::{Kernel, Pointers, Source};
use crate::memory::{Room, raw};
use crate::operand::{Operand, Values};
use crate::product::Done;
use crate::threads::Shared;
use pullback_ir::{DType, Type};
use std::ops::Range;

impl Kernel {
    /// Runs a kernel of elementwise values whose first input is a product, with lines that are its rows. `ins` are
    /// the other inputs; `compute` writes the product and calls what it is given with finished parts.
    pub(crate) fn run_behind(
        &self,
        ins: &mut [Operand<'_>],
        out_types: &[Type],
        compute: impl FnOnce(*mut u8, &Done<'_>),
    ) -> Values {
        assert!(ins.len() + 1 == self.n_ins);
        let mut bases = Pointers::new();
        bases.push(std::ptr::null_mut());
        bases.extend(ins.iter().map(|x| raw(x.value()).0.cast_mut()));
        let result = self.result_for_product();
        let mut places = self.place_results(ins, out_types, &mut bases, result);
        let mut own = self.own_product().map(|(dtype, n)| Room::new(dtype, n));
        bases[0] = match (&mut own, result.map(|k| &mut places[k])) {
            (Some(room), _) | (None, Some(Place::New(room))) => room.ptr(),
            _ => unreachable!("the product is in a result's place or has its own"),
        };
        let shared = Shared(&bases);
        compute(bases[0], &|rows, cols| self.part(shared.get(), rows, cols));
        finished(places, ins, out_types)
    }

    /// The result in whose place the product is computed.
    fn result_for_product(&self) -> Option<usize> {
        let takes = |&k: &usize| {
            reusables(&self.args, k as u32, self.n, &self.outer).any(|input| input == 0)
        };
        (0..self.n_outs).find(takes)
    }

    /// The product's dtype and size, if it is no result's place.
    fn own_product(&self) -> Option<(DType, usize)> {
        if self.result_for_product().is_some() {
            return None;
        }
        let arg = self.args.iter().find(|a| a.source == Source::In(0));
        arg.map(|a| (a.dtype, self.outer.iter().product::<usize>() * self.n))
    }

    /// Bytes of a product that has memory of its own while the kernel runs behind it.
    pub(crate) fn product_bytes(&self) -> usize {
        self.own_product().map_or(0, |(dtype, n)| dtype.size() * n)
    }

    /// Runs over some rows and columns.
    fn part(&self, bases: &Pointers, rows: Range<usize>, cols: Range<usize>) {
        let stage = self.only_stage();
        assert!(rows.end <= self.outer.iter().product() && cols.end <= self.n);
        self.over_rows(bases, rows, |at, count| {
            // SAFETY: the places are within the arrays, and parts of a product do not meet.
            unsafe { self.line(stage, &stage.code, at, cols.clone(), count) };
        });
    }
}
