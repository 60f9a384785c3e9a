//! The IDX reader of examples/mnist: the committed subset, and files that are wrong in every way.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::idx::{Dataset, Fault, Half, IdxError, Kind, load};

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// A folder of its own for one test, empty.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mnist_files").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// An IDX file with a true or a forged header.
fn idx(kind: u8, axes: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, axes.len() as u8];
    bytes.extend(axes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three images of 2 × 4 pixels.
fn good_images() -> Vec<u8> {
    idx(8, &[3, 2, 4], &(0..24).collect::<Vec<u8>>())
}

fn good_labels() -> Vec<u8> {
    idx(8, &[3], &[7, 0, 9])
}

/// Writes both files and loads them.
fn load_files(dir: &Path, images: &[u8], labels: &[u8]) -> Result<Dataset, IdxError> {
    fs::write(dir.join(IMAGES), images).unwrap();
    fs::write(dir.join(LABELS), labels).unwrap();
    load(dir, Half::Train)
}

/// The error of loading these files, after checking that it names the right file.
fn fault(dir: &Path, images: &[u8], labels: &[u8], in_file: &str) -> IdxError {
    let error = load_files(dir, images, labels).unwrap_err();
    assert_eq!(error.path, dir.join(in_file), "{error}");
    let text = error.to_string();
    assert!(text.contains(in_file) && text.contains(&format!("byte {}", error.offset)), "{text}");
    error
}

#[test]
fn the_committed_subset_loads() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist");
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();

    let train = load(&dir, Half::Train).unwrap();
    assert_eq!((train.len, train.rows, train.cols), (10_000, 28, 28));
    assert_eq!(train.images.len(), 10_000 * 28 * 28);
    assert_eq!(train.labels[..5], [5, 0, 4, 1, 9]);
    // The sums were taken with awk and Python when the subset was made.
    assert_eq!((sum(&train.images), sum(&train.labels)), (262_146_600, 44_368));

    let test = load(&dir, Half::Test).unwrap();
    assert_eq!((test.len, test.rows, test.cols), (2_000, 28, 28));
    assert_eq!(test.labels[..5], [7, 2, 1, 0, 4]);
    assert_eq!((sum(&test.images), sum(&test.labels)), (48_335_026, 8_841));
}

#[test]
fn plain_gzipped_and_dotted_files_load() {
    let dir = folder("plain");
    let plain = load_files(&dir, &good_images(), &good_labels()).unwrap();
    assert_eq!((plain.len, plain.rows, plain.cols), (3, 2, 4));
    assert_eq!(plain.images, (0..24).collect::<Vec<u8>>());
    assert_eq!(plain.labels, [7, 0, 9]);

    let dir = folder("gzipped");
    fs::write(dir.join(IMAGES).with_extension("gz"), gzip(&good_images())).unwrap();
    fs::write(dir.join("train-labels.idx1-ubyte"), good_labels()).unwrap();
    assert_eq!(load(&dir, Half::Train).unwrap(), plain);

    // The content tells whether a file is gzip'd, not its name.
    let dir = folder("misnamed");
    assert_eq!(load_files(&dir, &gzip(&good_images()), &good_labels()).unwrap(), plain);
}

#[test]
fn every_truncation_is_an_error_at_the_end_of_the_data() {
    let dir = folder("truncated");
    let (images, labels) = (good_images(), good_labels());
    for cut in 0..images.len() {
        let error = fault(&dir, &images[..cut], &labels, IMAGES);
        assert_eq!(error.offset, cut as u64);
        assert!(matches!(error.fault, Fault::Truncated { .. }), "{error}");
        // The same data under a sound gzip stream.
        let error = fault(&dir, &gzip(&images[..cut]), &labels, IMAGES);
        assert_eq!((error.offset, error.unpacked), (cut as u64, true));
        assert!(matches!(error.fault, Fault::Truncated { .. }), "{error}");
    }
    for cut in 0..labels.len() {
        let error = fault(&dir, &images, &labels[..cut], LABELS);
        assert_eq!(error.offset, cut as u64);
        assert!(matches!(error.fault, Fault::Truncated { .. }), "{error}");
    }
    let error = fault(&dir, &images[..images.len() - 5], &labels, IMAGES);
    assert!(matches!(error.fault, Fault::Truncated { missing: 5 }), "{error}");
}

#[test]
fn every_truncation_of_a_gzip_stream_is_an_error() {
    let dir = folder("truncated_gzip");
    let packed = gzip(&good_images());
    for cut in 1..packed.len() {
        let error = fault(&dir, &packed[..cut], &good_labels(), IMAGES);
        assert!(matches!(error.fault, Fault::Gzip(_)), "{cut}: {error}");
    }
}

#[test]
fn damage_to_a_gzip_stream_is_an_error_or_harmless() {
    let dir = folder("corrupt_gzip");
    let packed = gzip(&good_images());
    let whole = load_files(&dir, &packed, &good_labels()).unwrap();
    for at in 0..packed.len() {
        for bit in 0..8 {
            let mut damaged = packed.clone();
            damaged[at] ^= 1 << bit;
            // Bits of the time stamp and of the padding may differ; the data may not.
            if let Ok(data) = load_files(&dir, &damaged, &good_labels()) {
                assert_eq!(data, whole, "bit {bit} of byte {at}");
            }
        }
    }
    // The last eight bytes are the checksum and the length.
    let mut damaged = packed.clone();
    damaged[packed.len() - 8] ^= 1;
    let error = fault(&dir, &damaged, &good_labels(), IMAGES);
    assert!(matches!(error.fault, Fault::Gzip(_)), "{error}");
    assert!(error.to_string().contains("corrupt gzip"), "{error}");
}

#[test]
fn forged_sizes_are_errors() {
    let dir = folder("forged");
    let labels = good_labels();
    let huge = u32::MAX;
    for axes in [[huge, 28, 28], [huge, huge, huge], [3, huge, huge], [3, 2, huge]] {
        let error = fault(&dir, &idx(8, &axes, &[0; 24]), &labels, IMAGES);
        assert_eq!(error.offset, 4);
        assert!(matches!(error.fault, Fault::TooLarge { .. }), "{error}");
    }
    let error = fault(&dir, &good_images(), &idx(8, &[huge], &[0; 3]), LABELS);
    assert!(matches!(error.fault, Fault::TooLarge { elements: 0xFFFF_FFFF }), "{error}");
    // Within the limit the reader believes the header, but only as far as there is data.
    let error = fault(&dir, &idx(8, &[1 << 20, 28, 28], &[0; 24]), &labels, IMAGES);
    assert_eq!(error.offset, 16 + 24);
    assert!(matches!(error.fault, Fault::Truncated { .. }), "{error}");
}

#[test]
fn axes_of_size_zero_are_errors() {
    let dir = folder("zero");
    for (axes, offset) in [([0, 2, 4], 4), ([3, 0, 4], 8), ([3, 2, 0], 12)] {
        let error = fault(&dir, &idx(8, &axes, &[]), &good_labels(), IMAGES);
        assert_eq!(error.offset, offset);
        assert!(matches!(error.fault, Fault::Empty), "{error}");
    }
}

#[test]
fn wrong_headers_are_errors_at_the_wrong_byte() {
    let dir = folder("header");
    for offset in 0..4 {
        let mut images = good_images();
        images[offset] ^= 0x44;
        let error = fault(&dir, &images, &good_labels(), IMAGES);
        assert_eq!(error.offset, offset as u64);
        assert!(
            match offset {
                0 | 1 => matches!(error.fault, Fault::Magic { found: 0x44 }),
                2 => matches!(error.fault, Fault::ElementType { found: 0x4c }),
                _ => matches!(error.fault, Fault::Rank { found: 0x47, expected: 3, .. }),
            },
            "{error}"
        );
    }
    // 0x0D is the type of an f32, which some sets use.
    let error = fault(&dir, &idx(0x0d, &[3, 2, 4], &[0; 96]), &good_labels(), IMAGES);
    assert!(error.to_string().contains("element type 0x0d"), "{error}");
    let error = fault(&dir, b"<html>not found</html>", &good_labels(), IMAGES);
    assert!(error.to_string().contains("not an IDX file"), "{error}");
}

#[test]
fn swapped_files_are_errors() {
    let dir = folder("swapped");
    let error = fault(&dir, &good_labels(), &good_images(), IMAGES);
    assert_eq!(error.offset, 3);
    assert!(
        matches!(error.fault, Fault::Rank { found: 1, expected: 3, kind: Kind::Images }),
        "{error}"
    );
    let error = fault(&dir, &good_images(), &good_images(), LABELS);
    assert!(
        matches!(error.fault, Fault::Rank { found: 3, expected: 1, kind: Kind::Labels }),
        "{error}"
    );
}

#[test]
fn trailing_bytes_are_errors() {
    let dir = folder("trailing");
    let mut images = good_images();
    images.push(0);
    let error = fault(&dir, &images, &good_labels(), IMAGES);
    assert_eq!(error.offset, 40);
    assert!(matches!(error.fault, Fault::Trailing), "{error}");
    let error = fault(&dir, &gzip(&images), &good_labels(), IMAGES);
    assert!(matches!(error.fault, Fault::Trailing), "{error}");
    // Bytes behind the gzip stream itself.
    let mut packed = gzip(&good_images());
    packed.extend(b"garbage");
    let error = fault(&dir, &packed, &good_labels(), IMAGES);
    assert_eq!(error.offset, 40);
    assert!(matches!(error.fault, Fault::Gzip(_)), "{error}");
}

#[test]
fn counts_that_disagree_are_errors() {
    let dir = folder("counts");
    for labels in [&[7, 0][..], &[7, 0, 9, 1]] {
        let file = idx(8, &[labels.len() as u32], labels);
        let error = fault(&dir, &good_images(), &file, LABELS);
        assert_eq!(error.offset, 4);
        assert!(error.to_string().contains(&format!("{} labels for 3 images", labels.len())));
        assert!(error.to_string().contains(IMAGES), "{error}");
    }
}

#[test]
fn labels_above_nine_are_errors() {
    let dir = folder("labels");
    let error = fault(&dir, &good_images(), &idx(8, &[3], &[0, 9, 10]), LABELS);
    assert_eq!(error.offset, 10);
    assert!(matches!(error.fault, Fault::Label { found: 10 }), "{error}");
}

#[test]
fn missing_and_unreadable_files_are_errors() {
    let dir = folder("missing");
    let error = load(&dir, Half::Test).unwrap_err();
    assert_eq!(error.path, dir.join("t10k-images-idx3-ubyte.gz"));
    assert!(matches!(error.fault, Fault::Io(_)), "{error}");

    fs::write(dir.join(IMAGES), good_images()).unwrap();
    let error = load(&dir, Half::Train).unwrap_err();
    assert_eq!(error.path, dir.join("train-labels-idx1-ubyte.gz"));

    fs::create_dir(dir.join(LABELS)).unwrap();
    let error = load(&dir, Half::Train).unwrap_err();
    assert_eq!(error.path, dir.join(LABELS));
    assert!(matches!(error.fault, Fault::Io(_)), "{error}");
}
