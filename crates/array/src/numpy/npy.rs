//! The `.npy` format: one array in a file, with a header that is a Python dictionary.
//!
//! ```text
//! bytes 0–5   \x93NUMPY
//! byte  6, 7  version: 1.0, 2.0 or 3.0
//! then        length of the header, u16 (version 1) or u32, little-endian
//! then        {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, spaces, newline
//! then        the elements
//! ```
//!
//! The format is described in NumPy's documentation, `numpy.lib.format`. The header is not trusted:
//! its length and the element count are checked against what is there before memory is taken. The
//! reader is written here, and not taken from a crate, because it has to name the offset of a fault and
//! must not recurse into nested headers.

use crate::array::Array;
use crate::error::Error;
use pullback_ir::half::{bf16, f16};
use pullback_ir::shape::{checked_numel, numel};
use pullback_ir::{DType, Element, Shape, Value};
use std::io::Read;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// NumPy refuses longer headers too, unless it is told otherwise.
const MAX_HEADER: usize = 10_000;

/// How much is read at a time: memory grows with what has arrived, not with what a header promises.
const CHUNK: usize = 1 << 20;

/// A fault at an offset from the start of the file.
pub(crate) struct At {
    pub(crate) offset: u64,
    pub(crate) what: String,
}

fn fault(offset: usize, what: impl Into<String>) -> At {
    At { offset: offset as u64, what: what.into() }
}

/// The element types that a header can name, as Rust types of this size and byte order.
struct Descr {
    dtype: DType,
    big_endian: bool,
}

fn descr(text: &str) -> Result<Descr, String> {
    let (order, kind) = match text.split_at_checked(1) {
        Some((order @ ("<" | ">" | "|" | "="), kind)) => (order, kind),
        _ => ("=", text),
    };
    let dtype = match kind {
        "b1" | "?" => DType::Bool,
        "u1" => DType::U8,
        "i1" => DType::I8,
        "i4" => DType::I32,
        "u4" => DType::U32,
        "i8" => DType::I64,
        "u8" => DType::U64,
        "f2" => DType::F16,
        "f4" => DType::F32,
        "f8" => DType::F64,
        _ => {
            let known =
                "bool, uint8, int8, int32, uint32, int64, uint64, float16, float32 and float64";
            return Err(format!(
                "elements of type '{text}' are not supported, but {known} are: convert with \
                 `x.astype(..)` before saving (bfloat16 has no type of its own in this format)"
            ));
        }
    };
    Ok(Descr { dtype, big_endian: order == ">" })
}

fn descr_of(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "|b1",
        DType::U8 => "|u1",
        DType::I8 => "|i1",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::BF16 => return None,
    })
}

/// What a header says.
struct Header {
    descr: Descr,
    fortran_order: bool,
    shape: Shape,
}

/// A reader of the header's dictionary: two strings, a truth value and a tuple of numbers.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the text begins in the file.
    base: usize,
}

impl<'a> Text<'a> {
    fn fault(&self, what: impl Into<String>) -> At {
        fault(self.base + self.at, what)
    }

    fn skip_spaces(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Takes a character if it comes next.
    fn take(&mut self, c: u8) -> bool {
        self.skip_spaces();
        let there = self.bytes.get(self.at) == Some(&c);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, c: u8) -> Result<(), At> {
        match self.take(c) {
            true => Ok(()),
            false => Err(self.fault(format!("the header lacks a `{}`", c as char))),
        }
    }

    fn string(&mut self) -> Result<&'a str, At> {
        self.skip_spaces();
        let quote = match self.bytes.get(self.at) {
            Some(&q @ (b'\'' | b'"')) => q,
            _ => return Err(self.fault("the header lacks a string")),
        };
        let rest = &self.bytes[self.at + 1..];
        let end = rest.iter().position(|&b| b == quote);
        let text = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        let text = text.ok_or_else(|| self.fault("a string in the header does not end"))?;
        self.at += text.len() + 2;
        Ok(text)
    }

    /// The longest run of letters and digits that comes next.
    fn word(&mut self) -> &'a str {
        self.skip_spaces();
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at += end;
        std::str::from_utf8(&rest[..end]).unwrap_or_default()
    }

    fn shape(&mut self) -> Result<Shape, At> {
        let mut shape = Shape::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            let start = self.at;
            let word = self.word();
            let Ok(n) = word.strip_suffix('L').unwrap_or(word).parse() else {
                self.at = start;
                return Err(self.fault("the header's shape has an entry that is no size"));
            };
            shape.push(n);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        checked_numel(&shape).map_err(|f| self.fault(f.0))?;
        Ok(shape)
    }

    fn header(&mut self) -> Result<Header, At> {
        let (mut found_descr, mut order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key {
                "descr" => {
                    self.skip_spaces();
                    if self.bytes.get(self.at) == Some(&b'[') {
                        return Err(
                            self.fault("records are not supported: save each field by itself")
                        );
                    }
                    let start = self.at;
                    let text = self.string()?;
                    let parsed = descr(text).map_err(|e| fault(self.base + start, e))?;
                    found_descr = Some(parsed);
                }
                "fortran_order" => {
                    order = Some(match self.word() {
                        "True" => true,
                        "False" => false,
                        _ => return Err(self.fault("`fortran_order` is neither True nor False")),
                    });
                }
                "shape" => shape = Some(self.shape()?),
                other => return Err(self.fault(format!("the header has an unknown key `{other}`"))),
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        match (found_descr, order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => {
                Ok(Header { descr, fortran_order, shape })
            }
            _ => Err(self.fault("the header lacks one of 'descr', 'fortran_order' and 'shape'")),
        }
    }
}

/// Reads exactly this much; memory grows as data arrives.
fn read_exactly(from: &mut impl Read, n: usize, offset: usize) -> Result<Vec<u8>, At> {
    let mut bytes = Vec::new();
    while bytes.len() < n {
        let want = (n - bytes.len()).min(CHUNK);
        let got = from
            .by_ref()
            .take(want as u64)
            .read_to_end(&mut bytes)
            .map_err(|e| fault(offset + bytes.len(), format!("cannot be read: {e}")))?;
        if got < want {
            let end = offset + bytes.len();
            return Err(fault(end, format!("ends {} bytes too early", n - bytes.len())));
        }
    }
    Ok(bytes)
}

/// Reads an array; what follows it is left unread.
pub(crate) fn read(from: &mut impl Read) -> Result<Array, At> {
    let start = read_exactly(from, 8, 0)?;
    if &start[..6] != MAGIC {
        return Err(fault(0, "is no .npy file: it does not begin with \\x93NUMPY"));
    }
    let size_bytes = match start[6] {
        1 => 2,
        2 | 3 => 4,
        v => return Err(fault(6, format!("has version {v}.{}; 1 to 3 are known", start[7]))),
    };
    let size = read_exactly(from, size_bytes, 8)?;
    let size = size.iter().rev().fold(0usize, |n, &b| n << 8 | usize::from(b));
    if size > MAX_HEADER {
        return Err(fault(
            8,
            format!("has a header of {size} bytes; more than {MAX_HEADER} are refused"),
        ));
    }
    let base = 8 + size_bytes;
    let text = read_exactly(from, size, base)?;
    let header = Text { bytes: &text, at: 0, base }.header()?;
    let dtype = header.descr.dtype;
    let n = numel(&header.shape) * dtype.size();
    let mut bytes = read_exactly(from, n, base + size)?;
    if header.descr.big_endian {
        bytes.chunks_exact_mut(dtype.size()).for_each(<[u8]>::reverse);
    }
    let mut shape = header.shape;
    if header.fortran_order {
        shape.reverse();
    }
    let x = Array::from_value(decode(dtype, shape, &bytes));
    Ok(if header.fortran_order { x.t() } else { x })
}

/// Little-endian elements as an array.
fn decode(dtype: DType, shape: Shape, bytes: &[u8]) -> Value {
    macro_rules! elements {
        ($t:ty) => {{
            let (words, _) = bytes.as_chunks();
            let mut elements = pullback_cpu::room::<$t>(words.len());
            elements.extend(words.iter().map(|w| <$t>::from_le_bytes(*w)));
            Value::of_last(&shape, <$t>::wrap(elements))
        }};
    }
    match dtype {
        DType::Bool => Value::new(shape, bytes.iter().map(|&b| b != 0).collect()),
        DType::U8 => elements!(u8),
        DType::I8 => elements!(i8),
        DType::I32 => elements!(i32),
        DType::U32 => elements!(u32),
        DType::I64 => elements!(i64),
        DType::U64 => elements!(u64),
        DType::F16 => elements!(f16),
        DType::BF16 => elements!(bf16),
        DType::F32 => elements!(f32),
        DType::F64 => elements!(f64),
    }
}

/// The bytes of a file with an array.
///
/// # Errors
/// The format has no such elements (bf16).
pub(crate) fn encode(x: &Value) -> Result<Vec<u8>, Error> {
    let Some(descr) = descr_of(x.dtype()) else {
        return Err(Error::msg(format!(
            "{} cannot be saved: the .npy format has no bfloat16; save `x.cast(DType::F32)`, which is \
             exact, or the bits, `x.bitcast(..)`",
            x.ty()
        )));
    };
    let sizes: String = x.shape().iter().map(|n| format!("{n}, ")).collect();
    let sizes = match x.shape() {
        [n] => format!("{n},"),
        _ => sizes.trim_end_matches(", ").to_owned(),
    };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Elements begin at a multiple of 64 bytes.
    let unpadded = 10 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let length = u16::try_from(header.len())
        .map_err(|_| Error::msg(format!("{} has too many axes to be saved", x.ty())))?;
    let mut out = Vec::with_capacity(10 + header.len() + x.len() * x.dtype().size());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    macro_rules! elements {
        ($t:ty) => {
            x.slice::<$t>().iter().for_each(|e| out.extend_from_slice(&e.to_le_bytes()))
        };
    }
    match x.dtype() {
        DType::Bool => out.extend(x.slice::<bool>().iter().map(|&b| u8::from(b))),
        DType::U8 => out.extend_from_slice(x.slice::<u8>()),
        DType::I8 => elements!(i8),
        DType::I32 => elements!(i32),
        DType::U32 => elements!(u32),
        DType::I64 => elements!(i64),
        DType::U64 => elements!(u64),
        DType::F16 => elements!(f16),
        DType::BF16 => elements!(bf16),
        DType::F32 => elements!(f32),
        DType::F64 => elements!(f64),
    }
    Ok(out)
}
