//! Saving and loading arrays in NumPy's formats.

use super::npy;
use crate::array::Array;
use crate::error::Error;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Writes an array to a `.npy` file.
///
/// A `.npy` file holds one array, a `.npz` file several by name: a zip archive of `.npy` files, which
/// is read whether or not it is compressed and written uncompressed, as `numpy.savez` does. Elements
/// in Fortran order and in big-endian byte order are read too. bf16 has no type in these formats.
///
/// ```
/// # use pullback_array::{array, load_npy, load_npz, save_npy, save_npz};
/// # let folder = std::env::temp_dir().join(format!("pullback-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let x = array![[1.0f32, 2.0], [3.0, 4.0]];
/// save_npy(folder.join("x.npy"), &x)?;
/// assert_eq!(load_npy(folder.join("x.npy"))?.elements(), x.elements());
///
/// save_npz(folder.join("both.npz"), [("x", &x), ("n", &array![1, 2])])?;
/// let both = load_npz(folder.join("both.npz"))?;
/// assert_eq!(both["n"].to_vec::<i32>(), [1, 2]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The elements are bf16 or not known, or the file cannot be written.
pub fn save_npy(path: impl AsRef<Path>, x: &Array) -> Result<(), Error> {
    let path = path.as_ref();
    let bytes = npy::encode(&x.value()?)?;
    std::fs::write(path, bytes).map_err(|e| named(path, e))
}

/// Reads an array from a `.npy` file.
///
/// # Errors
/// The file cannot be read, is no `.npy` file, is shorter or longer than its header says, or has
/// elements that no dtype matches: the text names file and offset.
pub fn load_npy(path: impl AsRef<Path>) -> Result<Array, Error> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|e| named(path, e))?;
    let mut file = BufReader::new(file);
    let x = npy::read(&mut file).map_err(|f| at(&path.display(), f))?;
    let more = file.read(&mut [0]).map_err(|e| named(path, e))?;
    if more > 0 {
        let offset = file.stream_position().unwrap_or(1) - 1;
        let what = "has more data than its header says".to_owned();
        return Err(at(&path.display(), npy::At { offset, what }));
    }
    Ok(x)
}

/// Writes arrays with their names to a `.npz` file, uncompressed.
///
/// # Errors
/// A name occurs twice, elements are bf16 or not known, or the file cannot be written.
pub fn save_npz<N: AsRef<str>, A: Borrow<Array>>(
    path: impl AsRef<Path>,
    arrays: impl IntoIterator<Item = (N, A)>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let file = File::create(path).map_err(|e| named(path, e))?;
    let mut archive = ZipWriter::new(BufWriter::new(file));
    for (name, x) in arrays {
        let bytes = npy::encode(&x.borrow().value()?)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(u32::try_from(bytes.len()).is_err());
        archive
            .start_file(format!("{}.npy", name.as_ref()), options)
            .map_err(|e| named(path, format!("`{}`: {e}", name.as_ref())))?;
        archive.write_all(&bytes).map_err(|e| named(path, e))?;
    }
    let mut out = archive.finish().map_err(|e| named(path, e))?;
    out.flush().map_err(|e| named(path, e))
}

/// Reads the arrays of a `.npz` file, by name.
///
/// # Errors
/// The file cannot be read or is no zip archive, or one of its arrays is faulty as in [`load_npy`]: the
/// text names file, array and offset.
pub fn load_npz(path: impl AsRef<Path>) -> Result<BTreeMap<String, Array>, Error> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|e| named(path, e))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| named(path, e))?;
    let mut arrays = BTreeMap::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(|e| named(path, e))?;
        let name = entry.name().map_err(|e| named(path, e))?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
        let place = format!("{}: `{name}`", path.display());
        let x = npy::read(&mut entry).map_err(|f| at(&place, f))?;
        // Reading to the end makes the archive compare its checksum.
        let more = std::io::copy(&mut entry.take(1 << 20), &mut std::io::sink());
        match more {
            Ok(0) => {}
            Ok(_) => return Err(Error::msg(format!("{place} has more data than its header says"))),
            Err(e) => return Err(Error::msg(format!("{place} cannot be read: {e}"))),
        }
        arrays.insert(name, x);
    }
    Ok(arrays)
}

fn named(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::msg(format!("{}: {what}", path.display()))
}

fn at(place: &impl std::fmt::Display, fault: npy::At) -> Error {
    Error::msg(format!("{place} {} (at byte {})", fault.what, fault.offset))
}
