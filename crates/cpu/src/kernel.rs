//! Elementwise kernels: loops over arrays whose element types are erased.
//!
//! A row of the IR's tables becomes one loop a dtype, from arrays to an array that overlaps none of
//! them. Scalars, writing in place and threads are the driver's business ([`crate::elementwise`]), so
//! that each row costs one loop and not six.

use crate::math;
use crate::simd::wide;
use pullback_ir::half::{bf16, f16};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::unary::Unary;
use pullback_ir::scalar::{ConvertTo, IntScalar, OrdScalar, RealScalar};
use pullback_ir::{DType, Element, Prim, dispatch};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A loop over `n` elements.
///
/// # Safety
/// The first `arity` pointers point to `n` elements of the operands' dtypes, `out` to room for `n` of
/// the result's, which overlaps no operand.
type Loop = unsafe fn(ins: [*const u8; 3], out: *mut u8, n: usize, param: u64);

/// An elementwise function on arrays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    run: Loop,
    /// Numbers that the loop needs beside its operands, e.g. an exponent.
    param: u64,
    /// The number of operands.
    pub(crate) arity: usize,
    /// Their dtypes.
    pub(crate) ins: [DType; 3],
    /// The result's dtype.
    pub(crate) out: DType,
}

impl Kernel {
    /// Runs the loop.
    ///
    /// # Safety
    /// As [`Loop`] says.
    #[inline]
    pub(crate) unsafe fn run(&self, ins: [*const u8; 3], out: *mut u8, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { (self.run)(ins, out, n, self.param) }
    }

    fn with_param(self, param: u64) -> Kernel {
        Kernel { param, ..self }
    }

    /// The kernel of a function that captures nothing; `param` is passed on to it.
    fn of1<X: Element, Z: Element, F: Fn(X, u64) -> Z + Copy>(_: F) -> Kernel {
        unsafe fn run<X: Element, Z: Element, F: Fn(X, u64) -> Z + Copy>(
            ins: [*const u8; 3],
            out: *mut u8,
            n: usize,
            param: u64,
        ) {
            let f = conjure::<F>();
            // SAFETY: the caller promises `n` elements behind each pointer, without overlap.
            let (x, out) = unsafe { (elements::<X>(ins[0], n), room::<Z>(out, n)) };
            wide(|| loop1(f, x, out, param));
        }
        Kernel { run: run::<X, Z, F>, param: 0, arity: 1, ins: [X::DTYPE; 3], out: Z::DTYPE }
    }

    fn of2<X: Element, Z: Element, F: Fn(X, X) -> Z + Copy>(_: F) -> Kernel {
        unsafe fn run<X: Element, Z: Element, F: Fn(X, X) -> Z + Copy>(
            ins: [*const u8; 3],
            out: *mut u8,
            n: usize,
            _: u64,
        ) {
            let f = conjure::<F>();
            // SAFETY: the caller promises `n` elements behind each pointer, without overlap.
            let (x, y, out) =
                unsafe { (elements::<X>(ins[0], n), elements::<X>(ins[1], n), room::<Z>(out, n)) };
            wide(|| loop2(f, x, y, out));
        }
        Kernel { run: run::<X, Z, F>, param: 0, arity: 2, ins: [X::DTYPE; 3], out: Z::DTYPE }
    }

    fn of3<P: Copy, X: Copy, F: Fn(P, X, X) -> X + Copy>(_: F, ins: [DType; 3]) -> Kernel {
        unsafe fn run<P: Copy, X: Copy, F: Fn(P, X, X) -> X + Copy>(
            ins: [*const u8; 3],
            out: *mut u8,
            n: usize,
            _: u64,
        ) {
            let f = conjure::<F>();
            // SAFETY: the caller promises `n` elements behind each pointer, without overlap.
            let (p, x, y, out) = unsafe {
                (
                    elements::<P>(ins[0], n),
                    elements::<X>(ins[1], n),
                    elements::<X>(ins[2], n),
                    room::<X>(out, n),
                )
            };
            wide(|| loop3(f, p, x, y, out));
        }
        Kernel { run: run::<P, X, F>, param: 0, arity: 3, ins, out: ins[2] }
    }
}

/// An instance of a function type without captures.
#[inline(always)]
fn conjure<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "kernels are made of functions without captures") };
    // SAFETY: a dangling pointer may be read for a type without bytes, and an instance of the type, which
    // may be copied, was given to the constructor of the kernel.
    unsafe { NonNull::<F>::dangling().read() }
}

/// # Safety
/// `p` points to `n` elements that live as long as the caller uses the slice.
#[inline(always)]
unsafe fn elements<'a, T>(p: *const u8, n: usize) -> &'a [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(p.cast(), n) }
}

/// # Safety
/// `p` points to room for `n` elements that nothing else uses.
#[inline(always)]
unsafe fn room<'a, T>(p: *mut u8, n: usize) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(p.cast(), n) }
}

#[inline(always)]
fn loop1<X: Copy, Z>(f: impl Fn(X, u64) -> Z, x: &[X], out: &mut [MaybeUninit<Z>], param: u64) {
    for (out, &x) in out.iter_mut().zip(x) {
        out.write(f(x, param));
    }
}

#[inline(always)]
fn loop2<X: Copy, Z>(f: impl Fn(X, X) -> Z, x: &[X], y: &[X], out: &mut [MaybeUninit<Z>]) {
    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
        out.write(f(x, y));
    }
}

#[inline(always)]
fn loop3<P: Copy, X: Copy>(
    f: impl Fn(P, X, X) -> X,
    p: &[P],
    x: &[X],
    y: &[X],
    out: &mut [MaybeUninit<X>],
) {
    for (((out, &p), &x), &y) in out.iter_mut().zip(p).zip(x).zip(y) {
        out.write(f(p, x, y));
    }
}

/// Returns the kernel of a table's row if the dtype is of the row's class.
macro_rules! row1 {
    (float $dtype:ident, $f:expr) => {
        dispatch!(float $dtype, T => return Some(unary_of::<T, T, _>($f)), else => ());
    };
    (int $dtype:ident, $f:expr) => {
        dispatch!(int $dtype, T => return Some(unary_of::<T, T, _>($f)), else => ());
    };
    (bool $dtype:ident, $f:expr) => {
        if $dtype == DType::Bool {
            return Some(unary_of::<bool, bool, _>($f));
        }
    };
    (test $dtype:ident, $f:expr) => {
        dispatch!(float $dtype, T => return Some(unary_of::<T, bool, _>($f)), else => ());
    };
}

macro_rules! unary {
    (|$b:ident, $x:ident, $y:ident, $t:ident| $(
        $variant:ident $name:literal [$($class:ident $f:expr),+], ($low:literal, $high:literal), $tangent:expr;
    )*) => {
        fn unary(op: Unary, dtype: DType) -> Option<Kernel> {
            match op { $(Unary::$variant => { $(row1!($class dtype, $f);)+ })* }
            None
        }
    };
}
pullback_ir::for_each_unary!(unary);

/// The kernel of a function that [`math`] has for vectors: the one that fused kernels use, so that an
/// operation gives the same bits alone and in a program.
fn vector(op: Unary, dtype: DType) -> Option<Kernel> {
    unsafe fn run<T: Vectors>(ins: [*const u8; 3], out: *mut u8, n: usize, op: u64) {
        // SAFETY: the caller promises `n` elements behind each pointer, without overlap.
        let (x, out) = unsafe { (elements::<T>(ins[0], n), room::<T>(out, n)) };
        T::apply(Unary::ALL[op as usize], x, out);
    }
    dispatch!(float dtype, T => {
        T::apply(op, &[], &mut []).then_some(Kernel {
            run: run::<T>,
            param: op as u64,
            arity: 1,
            ins: [dtype; 3],
            out: dtype,
        })
    }, else => None)
}

/// The same for functions of two arguments.
fn vector2(op: Binary, dtype: DType) -> Option<Kernel> {
    unsafe fn run<T: Vectors>(ins: [*const u8; 3], out: *mut u8, n: usize, op: u64) {
        // SAFETY: the caller promises `n` elements behind each pointer, without overlap.
        let (x, y, out) =
            unsafe { (elements::<T>(ins[0], n), elements::<T>(ins[1], n), room::<T>(out, n)) };
        T::apply2(Binary::ALL[op as usize], x, y, out);
    }
    dispatch!(float dtype, T => {
        T::apply2(op, &[], &[], &mut []).then_some(Kernel {
            run: run::<T>,
            param: op as u64,
            arity: 2,
            ins: [dtype; 3],
            out: dtype,
        })
    }, else => None)
}

/// A float with vector math.
trait Vectors: Element {
    /// Applies a function to each element; false if it has no form for vectors.
    fn apply(op: Unary, x: &[Self], out: &mut [MaybeUninit<Self>]) -> bool;
    /// Applies a function to pairs of elements; false if it has no form for vectors.
    fn apply2(op: Binary, x: &[Self], y: &[Self], out: &mut [MaybeUninit<Self>]) -> bool;
}

macro_rules! wide_vectors {
    ($t:ty, $apply:path, $apply2:path) => {
        impl Vectors for $t {
            fn apply(op: Unary, x: &[$t], out: &mut [MaybeUninit<$t>]) -> bool {
                $apply(op, x, out)
            }
            fn apply2(op: Binary, x: &[$t], y: &[$t], out: &mut [MaybeUninit<$t>]) -> bool {
                $apply2(op, x, y, out)
            }
        }
    };
}
wide_vectors!(f32, math::apply_f32, math::apply2_f32);
wide_vectors!(f64, math::apply_f64, math::apply2_f64);

/// Elements of a 16-bit float that are computed in f32 at a time.
const NARROW: usize = 256;

/// 16-bit floats are computed in f32 and rounded.
macro_rules! narrow_vectors {
    ($($t:ty),*) => {$(
        impl Vectors for $t {
            fn apply(op: Unary, x: &[$t], out: &mut [MaybeUninit<$t>]) -> bool {
                let f = |x: &[f32], _: &[f32], out: &mut [MaybeUninit<f32>]| math::apply_f32(op, x, out);
                through_f32(x, x, out, <$t>::to_f32, <$t>::from_f32, f)
            }
            fn apply2(op: Binary, x: &[$t], y: &[$t], out: &mut [MaybeUninit<$t>]) -> bool {
                let f = |x: &[f32], y: &[f32], out: &mut [MaybeUninit<f32>]| math::apply2_f32(op, x, y, out);
                through_f32(x, y, out, <$t>::to_f32, <$t>::from_f32, f)
            }
        }
    )*};
}
narrow_vectors!(f16, bf16);

fn through_f32<T: Copy>(
    x: &[T],
    y: &[T],
    out: &mut [MaybeUninit<T>],
    widen: impl Fn(T) -> f32,
    narrow: impl Fn(f32) -> T,
    f: impl Fn(&[f32], &[f32], &mut [MaybeUninit<f32>]) -> bool,
) -> bool {
    if x.is_empty() {
        return f(&[], &[], &mut []);
    }
    for ((x, y), out) in x.chunks(NARROW).zip(y.chunks(NARROW)).zip(out.chunks_mut(NARROW)) {
        let n = x.len();
        let (mut a, mut b) = ([0f32; NARROW], [0f32; NARROW]);
        a.iter_mut().zip(x).for_each(|(a, &x)| *a = widen(x));
        b.iter_mut().zip(y).for_each(|(b, &y)| *b = widen(y));
        let mut results = [MaybeUninit::uninit(); NARROW];
        if !f(&a[..n], &b[..n], &mut results[..n]) {
            return false;
        }
        for (out, z) in out.iter_mut().zip(&results) {
            // SAFETY: as many results have been written as there are elements.
            out.write(narrow(unsafe { z.assume_init() }));
        }
    }
    true
}

fn unary_of<X: Element, Z: Element, F: Fn(X) -> Z + Copy>(_: F) -> Kernel {
    Kernel::of1::<X, Z, _>(|x, _| conjure::<F>()(x))
}

macro_rules! row2 {
    (float $dtype:ident, $f:expr) => {
        dispatch!(float $dtype, T => return Some(Kernel::of2::<T, T, _>($f)), else => ());
    };
    (int $dtype:ident, $f:expr) => {
        dispatch!(int $dtype, T => return Some(Kernel::of2::<T, T, _>($f)), else => ());
    };
    (bool $dtype:ident, $f:expr) => {
        if $dtype == DType::Bool {
            return Some(Kernel::of2::<bool, bool, _>($f));
        }
    };
}

macro_rules! binary {
    (|$b:ident, $x:ident, $y:ident, $z:ident, $t:ident| $(
        $variant:ident $name:literal [$($class:ident $f:expr),+],
        ($x_low:literal, $x_high:literal), ($y_low:literal, $y_high:literal), $by_x:expr, $by_y:expr;
    )*) => {
        fn binary(op: Binary, dtype: DType) -> Option<Kernel> {
            match op { $(Binary::$variant => { $(row2!($class dtype, $f);)+ })* }
            None
        }
    };
}
pullback_ir::for_each_binary!(binary);

macro_rules! compare {
    ($($variant:ident $name:literal $f:expr;)*) => {
        fn compare(op: Compare, dtype: DType) -> Kernel {
            dispatch!(dtype, T => match op { $(Compare::$variant => Kernel::of2::<T, bool, _>($f),)* })
        }
    };
}
pullback_ir::for_each_compare!(compare);

fn convert(op: Convert, dtype: DType) -> Option<Kernel> {
    match op {
        Convert::ElementType { new_dtype } => {
            Some(dispatch!(dtype, S => dispatch!(new_dtype, T => {
                Kernel::of1::<S, T, _>(|x, _| <S as ConvertTo<T>>::convert_to(x))
            })))
        }
        Convert::Bitcast { .. } => None,
        Convert::ReducePrecision { exponent_bits, mantissa_bits } => {
            let param = u64::from(exponent_bits) << 32 | u64::from(mantissa_bits);
            dispatch!(float dtype, T => Some(Kernel::of1::<T, T, _>(|x, param| {
                RealScalar::reduce_precision(x, (param >> 32) as u32, param as u32)
            }).with_param(param)), else => None)
        }
    }
}

fn integer_pow(y: i32, dtype: DType) -> Option<Kernel> {
    // The common exponents have loops of their own, in which the powers are multiplications in the
    // order of the scalar function.
    macro_rules! float {
        ($($n:literal)*) => {
            match y {
                $($n => dispatch!(float dtype, T => Some(Kernel::of1::<T, T, _>(|x, _| {
                    RealScalar::integer_pow(x, $n)
                })), else => None),)*
                _ => dispatch!(float dtype, T => Some(Kernel::of1::<T, T, _>(|x, n| {
                    RealScalar::integer_pow(x, n as u32 as i32)
                }).with_param(u64::from(y as u32))), else => None),
            }
        };
    }
    if dtype.is_float() {
        return float!(2 3 4 -1 -2);
    }
    dispatch!(int dtype, T => Some(Kernel::of1::<T, T, _>(|x, n| {
        IntScalar::integer_pow(x, n as u32 as i32)
    }).with_param(u64::from(y as u32))), else => None)
}

fn clamp(dtype: DType) -> Kernel {
    dispatch!(dtype, T => {
        let f = |lo: T, x: T, hi: T| OrdScalar::lesser(OrdScalar::greater(x, lo), hi);
        Kernel::of3::<T, T, _>(f, [dtype; 3])
    })
}

/// Chooses by bit patterns, for which only the width counts.
fn select(dtype: DType) -> Kernel {
    fn of<X: Copy>(dtype: DType) -> Kernel {
        let f = |which: bool, x: X, y: X| if which { y } else { x };
        Kernel::of3::<bool, X, _>(f, [DType::Bool, dtype, dtype])
    }
    match dtype.size() {
        1 => of::<u8>(dtype),
        2 => of::<u16>(dtype),
        4 => of::<u32>(dtype),
        _ => of::<u64>(dtype),
    }
}

/// The kernel of a primitive for operands of these dtypes, if it is elementwise and has one.
pub(crate) fn kernel(prim: &Prim, ins: &[DType]) -> Option<Kernel> {
    match prim {
        Prim::Unary(op) => vector(*op, ins[0]).or_else(|| unary(*op, ins[0])),
        Prim::Binary(op) if ins[0] == ins[1] => {
            vector2(*op, ins[0]).or_else(|| binary(*op, ins[0]))
        }
        Prim::Compare(op) => Some(compare(*op, ins[0])),
        Prim::IntegerPow(p) => integer_pow(p.y, ins[0]),
        Prim::Convert(op) => convert(*op, ins[0]),
        Prim::Clamp(_) => Some(clamp(ins[0])),
        Prim::SelectN(_) if ins[0] == DType::Bool => Some(select(ins[1])),
        _ => None,
    }
}
