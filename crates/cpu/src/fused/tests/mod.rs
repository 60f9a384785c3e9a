//! Every executor against plain scalar evaluation, and so against each other.

mod every_op;
mod long;
mod programs;
mod rules;
mod scalar;

use super::code::{Code, Executor, Rows};
use super::line::{Line, Step};
use pullback_ir::DType;

/// Around the widths of vectors, fold lanes and tiles.
const SIZES: [usize; 17] = [0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 511, 513, 1000];

/// Random numbers, the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// What elements are drawn from.
#[derive(Clone, Copy, Debug)]
enum Elements {
    /// Special values half of the time.
    All,
    /// No NaN and no infinity, which would be all that long folds and deep programs see.
    Finite,
    /// Zeros of both signs; 0 and 1 for integers.
    Zeros,
    /// Finite numbers of one sign: what stands for lanes that do not exist must not win.
    Negative,
    Positive,
}

impl Elements {
    const ALL: [Elements; 5] =
        [Elements::All, Elements::Finite, Elements::Zeros, Elements::Negative, Elements::Positive];

    fn draw(self, dtype: DType, random: &mut Random) -> u64 {
        let high = 1 << (8 * dtype.size() - 1);
        let exponent = match dtype {
            DType::F16 => 0x7c00,
            DType::BF16 => 0x7f80,
            DType::F32 => 0x7f80_0000,
            DType::F64 => 0x7ff << 52,
            _ => 0,
        };
        let x = element(dtype, random);
        let special = exponent != 0 && x & exponent == exponent;
        let finite = if special { x & !(exponent >> 1 & exponent) } else { x };
        match self {
            _ if dtype == DType::Bool => x,
            Elements::All => x,
            Elements::Finite => finite,
            Elements::Zeros if exponent != 0 => random.pick(&[0, high]),
            Elements::Zeros => x & 1,
            Elements::Negative => finite | high | 1,
            Elements::Positive => finite & !high | 1,
        }
    }
}

/// An element of a dtype: special values half of the time.
fn element(dtype: DType, random: &mut Random) -> u64 {
    let any = random.bits();
    let special = any & 1 == 0;
    match dtype {
        DType::Bool => any >> 1 & 1,
        DType::F64 if special => random
            .pick(&[
                0.0,
                -0.0,
                1.0,
                -1.0,
                0.5,
                1.5,
                2.5,
                -2.5,
                1e-310,
                -5e-324,
                1e300,
                -1e300,
                4.2e9,
                9.3e18,
                -9.3e18,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                3.7,
                65519.0,
                65520.0,
                1e-6,
            ])
            .to_bits(),
        DType::F32 if special => random
            .pick(&[
                0.0,
                -0.0,
                1.0,
                -1.0,
                0.5,
                1.5,
                2.5,
                -2.5,
                1e-40,
                -1e-45,
                1e38,
                -3e38,
                2.2e9,
                -2.2e9,
                3.7,
                2147483648.0,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::NAN,
                65519.0,
                65520.0,
                6e-8,
            ])
            .to_bits()
            .into(),
        DType::F64 => (((any >> 11) as f64 / (1u64 << 50) as f64) - 4.0).to_bits(),
        DType::F32 => (((any >> 40) as f32 / (1 << 21) as f32) - 4.0).to_bits().into(),
        DType::F16 if special => {
            random.pick(&[0, 0x8000, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 1])
        }
        DType::BF16 if special => {
            random.pick(&[0, 0x8000, 0x3f80, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 1])
        }
        DType::F16 | DType::BF16 => 0x3000 | any >> 20 & 0x8fff,
        _ if special => {
            let wide = 1u64 << (8 * dtype.size() - 1);
            let at = [0, 1, 2, 7, 8, 31, 32, 33, 63, 64, 65, u64::MAX, wide, wide - 1, wide | 1];
            random.pick(&at)
        }
        _ => any >> random.below(60),
    }
}

/// What a line runs on.
#[derive(Clone)]
struct Memory {
    /// Bytes; words only for their alignment.
    buffers: Vec<Vec<u64>>,
    /// For each argument its buffer, the first byte and the bytes from row to row.
    places: Vec<(usize, usize, isize)>,
    n: usize,
    rows: usize,
}

impl Memory {
    /// Random inputs. Some outputs are inputs' arrays where `in_place` says so; rows do not always touch,
    /// and arrays begin anywhere.
    fn new(line: &Line, n: usize, rows: usize, in_place: bool, random: &mut Random) -> Memory {
        let elements = random.pick(&Elements::ALL);
        let mut memory = Memory { buffers: Vec::new(), places: Vec::new(), n, rows };
        let mut taken = vec![false; line.args.len()];
        for (i, arg) in line.args.iter().enumerate() {
            let like = |j: &usize| {
                let other = line.args[*j];
                !other.out && !taken[*j] && other.step == Step::Next && other.dtype == arg.dtype
            };
            if in_place
                && arg.out
                && arg.step == Step::Next
                && let Some(j) = (0..i).find(like)
            {
                taken[j] = true;
                memory.places.push(memory.places[j]);
                continue;
            }
            let size = arg.dtype.size();
            let row = match arg.step {
                Step::Same if !arg.out && random.below(2) == 0 => 0,
                Step::Same => size,
                Step::Next => (n + random.below(4)) * size,
            };
            let first = random.below(5) * size;
            let bytes = first + row * rows + n * size + 64;
            let mut buffer = vec![0u64; bytes.div_ceil(8)];
            for k in 0..bytes / size {
                let x = elements.draw(arg.dtype, random).to_le_bytes();
                raw(&mut buffer)[k * size..(k + 1) * size].copy_from_slice(&x[..size]);
            }
            memory.places.push((memory.buffers.len(), first, row as isize));
            memory.buffers.push(buffer);
        }
        memory
    }

    /// Lets some inputs be the same in all rows, and says which.
    fn hold_still(&mut self, line: &Line, random: &mut Random) -> Box<[bool]> {
        let shared = |i: usize| self.places.iter().filter(|p| p.0 == self.places[i].0).count() > 1;
        let free: Vec<usize> =
            (0..line.args.len()).filter(|&i| !line.args[i].out && !shared(i)).collect();
        for i in free {
            if random.below(2) == 0 {
                self.places[i].2 = 0;
            }
        }
        self.places.iter().map(|p| p.2 == 0).collect()
    }

    fn run(&mut self, code: &Code) {
        let base: Vec<*mut u8> = self.buffers.iter_mut().map(|b| b.as_mut_ptr().cast()).collect();
        let ptrs: Vec<_> = self.places.iter().map(|p| base[p.0].wrapping_add(p.1)).collect();
        let steps: Vec<_> = self.places.iter().map(|p| p.2).collect();
        // SAFETY: `new` has made room for all elements of all rows; only arrays of one dtype at one place
        // are shared.
        unsafe { code.run(&ptrs, &steps, self.n, self.rows) };
    }

    /// Element `j` of an argument in a row.
    fn element(&self, dtype: DType, arg: usize, row: usize, j: usize) -> u64 {
        let (buffer, first, step) = self.places[arg];
        let at = first + row * step as usize + j * dtype.size();
        let mut x = [0; 8];
        x[..dtype.size()].copy_from_slice(&bytes(&self.buffers[buffer])[at..at + dtype.size()]);
        u64::from_le_bytes(x)
    }

    fn set(&mut self, dtype: DType, arg: usize, row: usize, j: usize, x: u64) {
        let (buffer, first, step) = self.places[arg];
        let at = first + row * step as usize + j * dtype.size();
        raw(&mut self.buffers[buffer])[at..at + dtype.size()]
            .copy_from_slice(&x.to_le_bytes()[..dtype.size()]);
    }

    /// Makes all NaNs of outputs one: which one arithmetic gives is left open.
    fn canonical(&mut self, line: &Line) {
        for (i, arg) in line.args.iter().enumerate().filter(|(_, arg)| arg.out) {
            let nan = match arg.dtype {
                DType::F16 => (0x7c00, 0x7fff, 0x7e00),
                DType::BF16 => (0x7f80, 0x7fff, 0x7fc0),
                DType::F32 => (0x7f80_0000, 0x7fff_ffff, 0x7fc0_0000),
                DType::F64 => (0x7ff0 << 48, u64::MAX >> 1, 0x7ff8 << 48),
                _ => continue,
            };
            let n = if arg.step == Step::Same { 1 } else { self.n };
            for (row, j) in (0..self.rows).flat_map(|row| (0..n).map(move |j| (row, j))) {
                if self.element(arg.dtype, i, row, j) & nan.1 > nan.0 {
                    self.set(arg.dtype, i, row, j, nan.2);
                }
            }
        }
    }
}

fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: words are bytes.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), words.len() * 8) }
}

fn raw(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: words are bytes.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len() * 8) }
}

/// All executors of a line that there are here.
fn executors(line: &Line) -> Vec<(String, Code)> {
    executors_for(line, None)
}

/// The same, made for certain rows.
fn executors_for(line: &Line, rows: Option<&Rows>) -> Vec<(String, Code)> {
    let mut codes = vec![("tile".to_owned(), Code::new(line.clone(), Executor::Tile, false))];
    #[cfg(all(target_arch = "x86_64", unix))]
    for isa in crate::native::Isa::available() {
        for streams in [false, true] {
            let code = Code::of_isa(line.clone(), isa, streams, rows.cloned());
            codes.extend(code.map(|code| (format!("{isa:?}, streams: {streams}"), code)));
        }
    }
    codes
}

/// Runs all executors on the same memory and compares all bytes with plain evaluation.
fn check(line: &Line, codes: &[(String, Code)], memory: &Memory) {
    let mut expected = memory.clone();
    scalar::run(line, &mut expected);
    expected.canonical(line);
    for (name, code) in codes {
        let mut found = memory.clone();
        found.run(code);
        found.canonical(line);
        if found.buffers == expected.buffers {
            continue;
        }
        let (n, rows) = (memory.n, memory.rows);
        for (i, arg) in line.args.iter().enumerate().filter(|(_, arg)| arg.out) {
            let size = if arg.step == Step::Same { 1 } else { n };
            for (row, j) in (0..rows).flat_map(|row| (0..size).map(move |j| (row, j))) {
                let (x, y) =
                    (found.element(arg.dtype, i, row, j), expected.element(arg.dtype, i, row, j));
                assert_eq!(
                    format!("{x:#x}"),
                    format!("{y:#x}"),
                    "{name}: a{i} at {j} of row {row}, {rows} × {n}\n{line}"
                );
            }
        }
        panic!("{name} wrote outside of its outputs, {rows} × {n}\n{line}");
    }
}

/// [`check`] for all sizes, with and without writing in place.
fn check_sizes(line: &Line, random: &mut Random) {
    let codes = executors(line);
    for (k, &n) in SIZES.iter().enumerate() {
        let memory = Memory::new(line, n, k % 4, random.below(2) == 0, random);
        check(line, &codes, &memory);
    }
}
