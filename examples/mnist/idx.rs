//! Reads MNIST-like sets: images and labels in the IDX format, gzip'd or plain.
//!
//! An IDX file is a header of big-endian words followed by the elements, row-major:
//!
//! ```text
//! byte 0..2   zero
//! byte 2      element type (0x08 = unsigned byte)
//! byte 3      rank
//! byte 4..    one u32 per axis: the count, then the shape of one item
//! ```
//!
//! The header is not trusted. Data is read until it ends, never into a buffer whose size a header
//! chose, so a forged count costs an error and no memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// The element type of every MNIST file, an unsigned byte.
const UNSIGNED_BYTE: u8 = 0x08;

/// The most elements one file may hold. The complete MNIST set has 47 million; the bound keeps a
/// small gzip file that unpacks to very much from filling the memory.
const MAX_ELEMENTS: u64 = 1 << 30;

/// Which half of a set to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// The training images, in files whose names begin with `train`.
    Train,
    /// The test images, in files whose names begin with `t10k`.
    Test,
}

/// Images and their labels, in the order of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dataset {
    /// The height of an image in pixels.
    pub(crate) rows: usize,
    /// The width of an image in pixels.
    pub(crate) cols: usize,
    /// The grey values, 0 to 255, `len × rows × cols` of them, row-major.
    pub(crate) images: Vec<u8>,
    /// One digit, 0 to 9, for each image.
    pub(crate) labels: Vec<u8>,
    /// The number of images, at least one.
    pub(crate) len: usize,
}

/// What is wrong with a file, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}, byte {offset}{}: {fault}", .path.display(), if *.unpacked { " of the unpacked data" } else { "" })]
pub(crate) struct IdxError {
    /// The file.
    pub(crate) path: PathBuf,
    /// The offset of the first byte that is wrong or missing, counted after unpacking.
    pub(crate) offset: u64,
    /// Whether the file is gzip'd, so that `offset` is not an offset in the file itself.
    pub(crate) unpacked: bool,
    /// What is wrong there.
    pub(crate) fault: Fault,
}

/// The ways in which a file can be wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The file cannot be opened or read.
    #[error("cannot read: {0}")]
    Io(io::Error),
    /// The gzip stream is damaged, cut short or followed by something else.
    #[error("corrupt gzip stream: {0}")]
    Gzip(io::Error),
    /// The first two bytes are not zero.
    #[error("not an IDX file: found {found:#04x}, an IDX file begins with two zero bytes")]
    Magic {
        /// The byte found.
        found: u8,
    },
    /// The elements are not unsigned bytes.
    #[error("element type {found:#04x}, expected {UNSIGNED_BYTE:#04x} (unsigned byte)")]
    ElementType {
        /// The type code found.
        found: u8,
    },
    /// The array has another rank, as when images and labels are swapped.
    #[error("rank {found}, expected {expected} for {kind}")]
    Rank {
        /// The rank found.
        found: u8,
        /// The rank that this kind of file has.
        expected: u8,
        /// What the file should hold.
        kind: Kind,
    },
    /// An axis has size zero.
    #[error("an axis of size 0, so the file holds no elements")]
    Empty,
    /// The header promises more than this reader accepts.
    #[error("the header promises {elements} elements, more than the limit of {MAX_ELEMENTS}")]
    TooLarge {
        /// The number of elements promised.
        elements: u128,
    },
    /// The data ends too early.
    #[error("truncated: {missing} more bytes expected")]
    Truncated {
        /// The number of bytes that are missing.
        missing: u64,
    },
    /// The data goes on after the last element.
    #[error("trailing bytes after the last element")]
    Trailing,
    /// The two files of a half have different counts.
    #[error("{labels} labels for {images} images in {}", .images_path.display())]
    CountMismatch {
        /// The count of the labels file.
        labels: usize,
        /// The count of the images file.
        images: usize,
        /// The images file.
        images_path: PathBuf,
    },
    /// A label is not a digit.
    #[error("label {found}, expected 0 to 9")]
    Label {
        /// The label found.
        found: u8,
    },
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Images, an array of rank 3.
    Images,
    /// Labels, an array of rank 1.
    Labels,
}

impl Kind {
    fn rank(self) -> u8 {
        match self {
            Kind::Images => 3,
            Kind::Labels => 1,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Images => "images",
            Kind::Labels => "labels",
        })
    }
}

/// Loads one half of the set in `dir`: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or
/// `t10k-…`, each with or without `.gz`. The names with a dot in place of the second dash
/// (`train-images.idx3-ubyte`) are found too. Whether a file is gzip'd is read from its content.
///
/// # Errors
///
/// Every fault of a file is an [`IdxError`] that names the file and the offset: missing, truncated,
/// mislabelled or oversized files, trailing bytes, counts that disagree, labels above 9.
pub(crate) fn load(dir: &Path, half: Half) -> Result<Dataset, IdxError> {
    let images = Idx::read(find(dir, half, Kind::Images), Kind::Images)?;
    let labels = Idx::read(find(dir, half, Kind::Labels), Kind::Labels)?;
    let len = images.axes[0];
    if labels.axes[0] != len {
        let fault = Fault::CountMismatch {
            labels: labels.axes[0],
            images: len,
            images_path: images.source.path,
        };
        return Err(labels.source.error(4, fault));
    }
    if let Some(at) = labels.elements.iter().position(|&label| label > 9) {
        let fault = Fault::Label { found: labels.elements[at] };
        return Err(labels.source.error(header_len(Kind::Labels) + at as u64, fault));
    }
    Ok(Dataset {
        rows: images.axes[1],
        cols: images.axes[2],
        images: images.elements,
        labels: labels.elements,
        len,
    })
}

/// The path of a file: the first accepted name that exists, or else the published name, so that
/// the error for a missing file tells which name belongs there.
fn find(dir: &Path, half: Half, kind: Kind) -> PathBuf {
    let half = match half {
        Half::Train => "train",
        Half::Test => "t10k",
    };
    let rank = kind.rank();
    let name =
        |separator, ending| dir.join(format!("{half}-{kind}{separator}idx{rank}-ubyte{ending}"));
    [("-", ".gz"), ("-", ""), (".", ".gz"), (".", "")]
        .into_iter()
        .map(|(separator, ending)| name(separator, ending))
        .find(|path| path.exists())
        .unwrap_or_else(|| name("-", ".gz"))
}

/// The number of bytes before the first element.
fn header_len(kind: Kind) -> u64 {
    4 + 4 * u64::from(kind.rank())
}

/// A file that is being read, for the messages.
struct Source {
    path: PathBuf,
    gzip: bool,
}

impl Source {
    fn error(&self, offset: u64, fault: Fault) -> IdxError {
        IdxError { path: self.path.clone(), offset, unpacked: self.gzip, fault }
    }

    fn read_error(&self, offset: u64, error: io::Error) -> IdxError {
        let fault = if self.gzip { Fault::Gzip(error) } else { Fault::Io(error) };
        self.error(offset, fault)
    }

    /// Reads `wanted` bytes that begin at `offset`. The buffer grows with the bytes that arrive;
    /// `wanted` only bounds it.
    fn take(&self, data: &mut dyn Read, offset: u64, wanted: u64) -> Result<Vec<u8>, IdxError> {
        let mut bytes = Vec::new();
        let outcome = data.take(wanted).read_to_end(&mut bytes);
        let got = bytes.len() as u64;
        outcome.map_err(|error| self.read_error(offset + got, error))?;
        if got < wanted {
            return Err(self.error(offset + got, Fault::Truncated { missing: wanted - got }));
        }
        Ok(bytes)
    }
}

/// A file that has been read and whose size agrees with its header.
struct Idx {
    source: Source,
    axes: Vec<usize>,
    elements: Vec<u8>,
}

impl Idx {
    fn read(path: PathBuf, kind: Kind) -> Result<Idx, IdxError> {
        let mut source = Source { path, gzip: false };
        let opened = File::open(&source.path).map(BufReader::new);
        let mut file = opened.map_err(|error| source.read_error(0, error))?;
        let start = file.fill_buf().map_err(|error| source.read_error(0, error))?;
        // An IDX file begins with zeros, so this first byte of a gzip stream tells the two apart
        // even where the stream is cut after it.
        source.gzip = start.first() == Some(&0x1f);
        let mut data: Box<dyn Read> =
            if source.gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };

        let magic = source.take(&mut data, 0, 4)?;
        let kind_rank = kind.rank();
        let header_fault = match magic[..] {
            [0, 0, UNSIGNED_BYTE, rank] if rank == kind_rank => None,
            [0, 0, UNSIGNED_BYTE, found] => {
                Some((3, Fault::Rank { found, expected: kind_rank, kind }))
            }
            [0, 0, found, _] => Some((2, Fault::ElementType { found })),
            [0, found, ..] => Some((1, Fault::Magic { found })),
            _ => Some((0, Fault::Magic { found: magic[0] })),
        };
        if let Some((offset, fault)) = header_fault {
            return Err(source.error(offset, fault));
        }

        let sizes = source.take(&mut data, 4, header_len(kind) - 4)?;
        let axes: Vec<u32> = sizes
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        if let Some(axis) = axes.iter().position(|&size| size == 0) {
            return Err(source.error(4 + 4 * axis as u64, Fault::Empty));
        }
        // Three 32-bit sizes cannot overflow 128 bits.
        let elements: u128 = axes.iter().map(|&size| u128::from(size)).product();
        let wanted = u64::try_from(elements)
            .ok()
            .filter(|&wanted| wanted <= MAX_ELEMENTS)
            .ok_or_else(|| source.error(4, Fault::TooLarge { elements }))?;
        let elements = source.take(&mut data, header_len(kind), wanted)?;

        // Reading on to the end finds trailing bytes, and makes the decoder compare its checksum.
        let end = header_len(kind) + wanted;
        let mut rest = Vec::new();
        data.take(1).read_to_end(&mut rest).map_err(|error| source.read_error(end, error))?;
        if !rest.is_empty() {
            return Err(source.error(end, Fault::Trailing));
        }
        Ok(Idx { source, axes: axes.into_iter().map(|size| size as usize).collect(), elements })
    }
}
