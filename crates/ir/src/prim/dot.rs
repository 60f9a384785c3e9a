//! `dot_general`: products of arrays, summed over contracting axes and mapped over batch axes.
//!
//! ```text
//! c:f32[5,2,4] = dot_general[dimension_numbers=(([2], [1]), ([0], [0]))] a b
//!                                                       where a:f32[5,2,3] and b:f32[5,3,4]
//! ```
//!
//! Contracting axes pair up, and so do batch axes; each pair has one size. The result has the batch
//! axes in the order in which they are listed, then what is left of the left operand, then what is
//! left of the right one. `preferred_element_type` is the dtype of the result, the operands' by
//! default. Products are summed in index order of the contracting axes, in the wider of the two
//! dtypes, and in f32 for f16 and bf16; integers wrap; for bool, product and sum mean and and or. Sums
//! begin with 0; a product without a sum, as an outer one is, is what `mul` gives.
//!
//! The function is bilinear. With x·y = c and cotangent C, the cotangent of x is the product of C and
//! y over y's free axes, with its axes permuted to x's.

use super::typing::{distinct_axes, operands, same_dtype};
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::{Param, as_seq, as_usizes};
use crate::scalar::NumScalar;
use crate::shape::{Axes, Shape, numel, strides};
use smallvec::smallvec;
use std::ops::{BitAnd, BitOr};

/// `dot_general[dimension_numbers=(([1], [0]), ([], [])) preferred_element_type=…] a b`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DotGeneral {
    /// Contracting axes of the left operand.
    pub lhs_contract: Axes,
    /// Contracting axes of the right operand, pairwise.
    pub rhs_contract: Axes,
    /// Batch axes of the left operand.
    pub lhs_batch: Axes,
    /// Batch axes of the right operand, pairwise.
    pub rhs_batch: Axes,
    /// The dtype of the result, in which products are summed; the operands' dtype by default.
    pub preferred: Option<DType>,
}

/// The axes that are neither contracted nor batch axes, ascending.
fn free_axes(rank: usize, contract: &[usize], batch: &[usize]) -> Axes {
    (0..rank).filter(|a| !contract.contains(a) && !batch.contains(a)).collect()
}

impl DotGeneral {
    /// The free axes of the left operand, which has this rank.
    pub fn lhs_free(&self, rank: usize) -> Axes {
        free_axes(rank, &self.lhs_contract, &self.lhs_batch)
    }

    /// The free axes of the right operand, which has this rank.
    pub fn rhs_free(&self, rank: usize) -> Axes {
        free_axes(rank, &self.rhs_contract, &self.rhs_batch)
    }

    /// The dtype in which products are formed and summed, for operands of a dtype.
    pub fn accumulator(&self, operand: DType) -> DType {
        let out = self.preferred.unwrap_or(operand);
        let (x, y) = (operand.accumulator(), out.accumulator());
        if x.is_float() && x.size() > y.size() { x } else { y }
    }

    /// The same product of the operands in the other order; its result has the free axes swapped.
    fn swapped(&self) -> DotGeneral {
        DotGeneral {
            lhs_contract: self.rhs_contract.clone(),
            rhs_contract: self.lhs_contract.clone(),
            lhs_batch: self.rhs_batch.clone(),
            rhs_batch: self.lhs_batch.clone(),
            preferred: self.preferred,
        }
    }

    /// The cotangent of the left operand of type `x`, where the cotangent's axes of the left operand
    /// begin at `ct_x` and those of the right one at `ct_y`.
    fn cotangent(&self, b: &Builder, ct: Atom, x: &Type, y: Atom, ct_y: usize) -> Atom {
        let y_free = self.rhs_free(b.ty(y).rank());
        let ct_free: Axes = (ct_y..ct_y + y_free.len()).collect();
        let ct_batch: Axes = (0..self.lhs_batch.len()).collect();
        let wide = wider(b.ty(ct).dtype(), b.ty(y).dtype());
        let product = b.dot_general(
            b.convert(ct, wide),
            b.convert(y, wide),
            (&ct_free, &y_free),
            (&ct_batch, &self.rhs_batch),
            None,
        );
        // The product has x's batch axes, x's free axes, then x's contracting axes in the order in
        // which their partners stand in y.
        let mut pairs: SmallVec<[(usize, usize); 4]> =
            self.rhs_contract.iter().copied().zip(self.lhs_contract.iter().copied()).collect();
        pairs.sort_unstable();
        let mut axes = self.lhs_batch.clone();
        axes.extend(self.lhs_free(x.rank()));
        axes.extend(pairs.iter().map(|&(_, in_x)| in_x));
        let mut inverse: Axes = smallvec![0; axes.len()];
        for (i, &a) in axes.iter().enumerate() {
            inverse[a] = i;
        }
        b.convert(b.transpose(product, &inverse), x.dtype())
    }
}

/// The dtype that holds both floats.
fn wider(x: DType, y: DType) -> DType {
    match x.size().cmp(&y.size()) {
        _ if x == y => x,
        std::cmp::Ordering::Greater => x,
        std::cmp::Ordering::Less => y,
        std::cmp::Ordering::Equal => DType::F32,
    }
}

impl Primitive for DotGeneral {
    fn names() -> &'static [&'static str] {
        &["dot_general"]
    }

    fn name(&self) -> &str {
        "dot_general"
    }

    fn params(&self) -> Params {
        let list = |axes: &[usize]| Param::List(axes.iter().map(|&a| Param::Int(a as i64)).collect());
        let pair = |x: &[usize], y: &[usize]| Param::Tuple(vec![list(x), list(y)]);
        let numbers = Param::Tuple(vec![
            pair(&self.lhs_contract, &self.rhs_contract),
            pair(&self.lhs_batch, &self.rhs_batch),
        ]);
        let mut params: Params = smallvec![("dimension_numbers", numbers)];
        if let Some(dtype) = self.preferred {
            params.push(("preferred_element_type", Param::DType(dtype)));
        }
        params
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<DotGeneral, Fault> {
        const NAME: &str = "dimension_numbers";
        let pair = |p: &Param| -> Result<(Axes, Axes), Fault> {
            match as_seq(NAME, p)? {
                [x, y] => Ok((as_usizes(NAME, x)?, as_usizes(NAME, y)?)),
                _ => Err(crate::param::wrong(NAME, "pairs of lists of axes", p)),
            }
        };
        let numbers = params.any(NAME)?;
        let [contract, batch] = as_seq(NAME, &numbers)? else {
            return Err(crate::param::wrong(NAME, "(contracting, batch)", &numbers));
        };
        let (lhs_contract, rhs_contract) = pair(contract)?;
        let (lhs_batch, rhs_batch) = pair(batch)?;
        let preferred = params.dtype_opt("preferred_element_type")?;
        params.ignore(&["precision", "out_sharding"]);
        Ok(DotGeneral { lhs_contract, rhs_contract, lhs_batch, rhs_batch, preferred })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x, y] = operands(ins)?;
        same_dtype(ins)?;
        for (what, l, r) in [
            ("contracting", &self.lhs_contract, &self.rhs_contract),
            ("batch", &self.lhs_batch, &self.rhs_batch),
        ] {
            ensure!(
                l.len() == r.len(),
                "the left operand has {} {what} axes, the right one {}",
                l.len(),
                r.len()
            );
        }
        let both = |x: &[usize], y: &[usize]| -> Axes { x.iter().chain(y).copied().collect() };
        let lhs_used = both(&self.lhs_contract, &self.lhs_batch);
        let rhs_used = both(&self.rhs_contract, &self.rhs_batch);
        distinct_axes("contracting or batch axis of the left operand,", &lhs_used, x.rank())?;
        distinct_axes("contracting or batch axis of the right operand,", &rhs_used, y.rank())?;
        for (&l, &r) in lhs_used.iter().zip(&rhs_used) {
            let (n, m) = (x.shape()[l], y.shape()[r]);
            ensure!(n == m, "axis {l} of the left operand has size {n}, its partner, axis {r} of the right one, {m}");
        }
        let dtype = self.preferred.unwrap_or(x.dtype());
        let class = |d: DType| if d.is_float() { 2 } else { u8::from(d.is_int()) };
        ensure!(
            class(dtype) >= class(x.dtype()),
            "products of {} cannot have the element type {dtype}",
            x.dtype()
        );
        let mut shape: Shape = self.lhs_batch.iter().map(|&a| x.shape()[a]).collect();
        shape.extend(self.lhs_free(x.rank()).iter().map(|&a| x.shape()[a]));
        shape.extend(self.rhs_free(y.rank()).iter().map(|&a| y.shape()[a]));
        Ok(smallvec![Type::new(dtype, shape)])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, y) = (&ins[0], &ins[1]);
        let out = self.type_of(&[x.ty().clone(), y.ty().clone()])?;
        let acc = self.accumulator(x.dtype());
        if acc == DType::Bool {
            let shapes = [x.shape(), y.shape()];
            let any = self.sum_of_products(x.slice(), y.slice(), shapes, bool::bitand, bool::bitor);
            return Ok(vec![Value::new(Shape::from_slice(out[0].shape()), any)]);
        }
        let shapes = [x.shape(), y.shape()];
        let (p, q) = (x.converted(acc), y.converted(acc));
        let product = crate::dispatch!(number acc, T => {
            let (p, q): (&[T], &[T]) = (p.slice(), q.slice());
            let sums = self.sum_of_products(p, q, shapes, NumScalar::times, NumScalar::plus);
            Value::new(Shape::from_slice(out[0].shape()), sums)
        }, else => return Err(fault!("bool is handled above")));
        Ok(vec![product.converted(out[0].dtype())])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (x, y) = (primals[0], primals[1]);
        classes::sum_of_terms(self.clone(), b, primals, tangents, |i, t, _| {
            Some(b.op(self.clone(), &if i == 0 { [t, y] } else { [x, t] }))
        })
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None, None]) };
        let n_batch = self.lhs_batch.len();
        match (&operands[0], &operands[1]) {
            (Operand::Linear(x), Operand::Known(y)) => {
                let x_free = self.lhs_free(x.rank()).len();
                Ok(smallvec![Some(self.cotangent(b, ct, x, *y, n_batch + x_free)), None])
            }
            (Operand::Known(x), Operand::Linear(y)) => {
                Ok(smallvec![None, Some(self.swapped().cotangent(b, ct, y, *x, n_batch))])
            }
            (Operand::Known(_), Operand::Known(_)) => Ok(smallvec![None, None]),
            (Operand::Linear(_), Operand::Linear(_)) => classes::not_linear(self.name()),
        }
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let shift = |axes: &[usize], d: Option<usize>| -> Axes {
            axes.iter().map(|&a| a + usize::from(d.is_some_and(|d| a >= d))).collect()
        };
        let (dx, dy) = (batch.dims[0], batch.dims[1]);
        let mut prim = DotGeneral {
            lhs_contract: shift(&self.lhs_contract, dx),
            rhs_contract: shift(&self.rhs_contract, dy),
            lhs_batch: shift(&self.lhs_batch, dx),
            rhs_batch: shift(&self.rhs_batch, dy),
            preferred: self.preferred,
        };
        let n_batch = prim.lhs_batch.len();
        let lhs_free = prim.lhs_free(b.ty(batch.ins[0]).rank());
        let rhs_free = prim.rhs_free(b.ty(batch.ins[1]).rank());
        let position = |free: &[usize], d| free.iter().take_while(|&&a| a != d).count();
        let dim = match (dx, dy) {
            (None, None) => None,
            (Some(dx), Some(dy)) => {
                prim.lhs_batch.insert(0, dx);
                prim.rhs_batch.insert(0, dy);
                Some(0)
            }
            // A batch dimension of one operand only is a free axis.
            (Some(dx), None) => Some(n_batch + position(&lhs_free, dx)),
            (None, Some(dy)) => Some(n_batch + lhs_free.len() + position(&rhs_free, dy)),
        };
        Ok((b.bind(prim, batch.ins)?, smallvec![dim]))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        type Pair<'a> = (&'a [usize], &'a [usize]);
        let sample = |dtype, shapes: Pair<'_>, contract: Pair<'_>, batch: Pair<'_>, preferred| {
            let prim = DotGeneral {
                lhs_contract: contract.0.into(),
                rhs_contract: contract.1.into(),
                lhs_batch: batch.0.into(),
                rhs_batch: batch.1.into(),
                preferred,
            };
            let domain = if dtype == Bool { Domain::Bits } else { Domain::Range(-2.0, 2.0) };
            let args = [shapes.0, shapes.1].map(|s| (Type::of(dtype, s), domain));
            Sample::new(prim, args.to_vec())
        };
        let none: Pair<'_> = (&[], &[]);
        let matmul: Pair<'_> = (&[1], &[0]);
        vec![
            sample(F64, (&[], &[]), none, none, None),
            sample(F64, (&[3], &[3]), (&[0], &[0]), none, None),
            sample(F64, (&[2, 3], &[3, 4]), matmul, none, None),
            sample(F64, (&[3, 2], &[4, 3]), (&[0], &[1]), none, None),
            sample(F64, (&[2], &[3]), none, none, None),
            sample(F64, (&[2, 3], &[]), none, none, None),
            sample(F64, (&[2, 3, 4], &[4, 2, 5]), (&[0, 2], &[1, 0]), none, None),
            sample(F64, (&[5, 2, 3], &[5, 3, 4]), (&[2], &[1]), (&[0], &[0]), None),
            sample(F64, (&[2, 3, 2], &[3, 4, 2]), (&[0], &[2]), (&[1], &[0]), None),
            sample(F64, (&[2, 3, 2, 2], &[2, 3, 2]), (&[3], &[0]), (&[2, 1], &[2, 1]), None),
            sample(F64, (&[2, 3], &[3, 2]), none, (&[0, 1], &[1, 0]), None),
            sample(F64, (&[2, 0], &[0, 3]), matmul, none, None),
            sample(F64, (&[0, 2], &[2, 3]), matmul, none, None),
            sample(F64, (&[1, 2], &[2, 1]), matmul, none, None),
            sample(F32, (&[2, 3], &[3, 2]), matmul, none, Some(F64)),
            sample(F16, (&[2, 3], &[3, 2]), matmul, none, None),
            sample(BF16, (&[2, 3], &[3, 2]), matmul, none, Some(F32)),
            sample(F32, (&[2, 3], &[3, 2]), matmul, none, Some(F16)),
            sample(I8, (&[2, 3], &[3, 2]), matmul, none, Some(I32)),
            sample(U64, (&[2, 3], &[3, 2]), matmul, none, None),
            sample(I32, (&[2, 3], &[3, 2]), matmul, none, Some(F32)),
            sample(Bool, (&[2, 3], &[3, 2]), matmul, none, None),
        ]
    }
}

impl DotGeneral {
    /// The loops: the sum of `times(p, q)` over the contracting axes for each element of the result.
    fn sum_of_products<T: Copy + Default>(
        &self,
        x: &[T],
        y: &[T],
        [x_shape, y_shape]: [&[usize]; 2],
        times: impl Fn(T, T) -> T,
        plus: impl Fn(T, T) -> T,
    ) -> Vec<T> {
        let x_free = offsets(x_shape, &self.lhs_free(x_shape.len()));
        let y_free = offsets(y_shape, &self.rhs_free(y_shape.len()));
        let x_contract = offsets(x_shape, &self.lhs_contract);
        let y_contract = offsets(y_shape, &self.rhs_contract);
        let x_batch = offsets(x_shape, &self.lhs_batch);
        let y_batch = offsets(y_shape, &self.rhs_batch);
        let mut out = Vec::with_capacity(x_batch.len() * x_free.len() * y_free.len());
        for (xb, yb) in x_batch.iter().zip(&y_batch) {
            for xf in &x_free {
                for yf in &y_free {
                    let pairs = x_contract.iter().zip(&y_contract);
                    let mut terms =
                        pairs.map(|(xc, yc)| times(x[xb + xf + xc], y[yb + yf + yc]));
                    out.push(match (terms.len(), terms.next()) {
                        // Nothing is added: a negative zero stays one.
                        (1, Some(term)) => term,
                        (_, first) => first.into_iter().chain(terms).fold(T::default(), &plus),
                    });
                }
            }
        }
        out
    }
}

/// The positions of all indices along some axes, the others being 0, the last axis fastest.
fn offsets(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let sizes: Shape = axes.iter().map(|&a| shape[a]).collect();
    let all = strides(shape);
    let steps: Shape = axes.iter().map(|&a| all[a]).collect();
    let mut found = Vec::with_capacity(numel(&sizes));
    found.extend(crate::shape::indices(&sizes).map(|i| crate::shape::ravel(&i, &steps)));
    found
}
