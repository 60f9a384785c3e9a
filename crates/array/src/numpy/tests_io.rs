//! Files of every kind that can go wrong.

use super::npy;
use crate::{Array, DType, array, iota, load_npy, load_npz, save_npy, save_npz, zeros};
use pullback_ir::half::{bf16, f16};
use std::path::PathBuf;

/// A file that is removed at the end.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Temp {
        Temp(std::env::temp_dir().join(format!("pullback-io-{}-{name}", std::process::id())))
    }

    fn with(name: &str, bytes: &[u8]) -> Temp {
        let file = Temp::new(name);
        std::fs::write(&file.0, bytes).expect("a temporary file");
        file
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file_with(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn fault(bytes: &[u8]) -> String {
    match npy::read(&mut &bytes[..]) {
        Ok(x) => format!("no fault: {}", x.ty()),
        Err(f) => format!("{} @{}", f.what, f.offset),
    }
}

#[test]
fn every_dtype_and_rank_comes_back() {
    let file = Temp::new("all.npy");
    let arrays = [
        array![true, false],
        array![[1u8, 2]],
        array![-3i8],
        array![[[i32::MIN]]],
        array![u32::MAX],
        array![i64::MIN, i64::MAX],
        array![u64::MAX],
        Array::from(vec![f16::from_f32(0.1)]),
        array![0.1f32, f32::NEG_INFINITY],
        Array::from(0.1f64),
        zeros::<f64>([0, 3]),
        iota::<f32>(2000).reshape([2, -1]),
    ];
    for x in arrays {
        save_npy(&file.0, &x).expect("it is saved");
        let y = load_npy(&file.0).expect("it is loaded");
        assert_eq!(x.elements(), y.elements());
    }
    let refused = save_npy(&file.0, &Array::from(vec![bf16::ONE])).expect_err("no such type");
    assert!(refused.to_string().contains("cast(DType::F32)"), "{refused}");
}

#[test]
fn fortran_order_big_endian_and_other_versions_are_read() {
    let header = "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }\n";
    let data: Vec<u8> = [1i32, 4, 2, 5, 3, 6].iter().flat_map(|n| n.to_be_bytes()).collect();
    for version in 1..=3 {
        let x = npy::read(&mut &file_with(version, header, &data)[..]).ok().expect("a file");
        assert_eq!((x.shape(), x.to_vec::<i32>()), (&[2, 3][..], vec![1, 2, 3, 4, 5, 6]));
    }
}

#[test]
fn faults_name_the_offset() {
    let good =
        file_with(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", &[0; 12]);
    let with = |header: &str| fault(&file_with(1, header, &[]));
    let faults = [
        fault(b"PK\x03\x04 no array"),
        fault(b"\x93NUM"),
        fault(&[b"\x93NUMPY".as_slice(), &[9, 0, 0, 0]].concat()),
        fault(&good[..40]),
        fault(&good[..good.len() - 5]),
        fault(&[b"\x93NUMPY".as_slice(), &[2, 0, 255, 255, 255, 255]].concat()),
        with("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }"),
        with("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2), }"),
        with("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
        with("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"),
        with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
        with("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }"),
        with("{'descr': '<f4', 'shape': (1,), }"),
        with("{'descr': '<f4"),
        with(&"(".repeat(5000)),
    ];
    insta::assert_snapshot!(faults.join("\n"), @r#"
    is no .npy file: it does not begin with \x93NUMPY @0
    ends 4 bytes too early @4
    has version 9.0; 1 to 3 are known @6
    ends 28 bytes too early @40
    ends 5 bytes too early @75
    has a header of 4294967295 bytes; more than 10000 are refused @8
    ends 399999999996 bytes too early @77
    the shape [18446744073709551615,2] has too many elements @85
    the header's shape has an entry that is no size @61
    elements of type '<c8' are not supported, but bool, uint8, int8, int32, uint32, int64, uint64, float16, float32 and float64 are: convert with `x.astype(..)` before saving (bfloat16 has no type of its own in this format) @20
    records are not supported: save each field by itself @20
    `fortran_order` is neither True nor False @45
    the header lacks one of 'descr', 'fortran_order' and 'shape' @43
    a string in the header does not end @20
    the header lacks a `{` @10
    "#);
}

#[test]
fn no_cut_of_a_file_panics() {
    let good =
        file_with(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", &[0; 12]);
    for n in 0..good.len() {
        assert!(!fault(&good[..n]).starts_with("no fault"), "{n}");
        // Any one byte changed is an array or a fault.
        for b in [0, b'(', b'\'', 255] {
            let mut changed = good.clone();
            changed[n] = b;
            fault(&changed);
        }
    }
}

#[test]
fn faults_name_the_file() {
    let longer = file_with(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", &[1, 2]);
    let file = Temp::with("longer.npy", &longer);
    let text = load_npy(&file.0).expect_err("too long").to_string();
    assert!(text.contains("longer.npy has more data") && text.ends_with("(at byte 68)"), "{text}");
    let text = load_npy("no/such.npy").expect_err("missing").to_string();
    assert!(text.starts_with("no/such.npy: "), "{text}");
}

#[test]
fn archives_come_back_and_their_faults_are_named() {
    let file = Temp::new("two.npz");
    let (x, n) = (array![[1.0f32, 2.0]], array![1, 2, 3]);
    save_npz(&file.0, [("layer/w", &x), ("n", &n)]).expect("it is saved");
    let both = load_npz(&file.0).expect("it is loaded");
    assert_eq!(both.len(), 2);
    assert_eq!(both["layer/w"].elements(), x.elements());
    assert_eq!(both["n"].dtype(), DType::I32);
    assert!(save_npz(&file.0, [("n", &n), ("n", &n)]).is_err());

    save_npz(&file.0, [("n", &n)]).expect("it is saved");
    let good = std::fs::read(&file.0).expect("a file");
    for cut in 0..good.len() {
        let cut = Temp::with("cut.npz", &good[..cut]);
        assert!(load_npz(&cut.0).is_err());
    }
    let mut changed = good.clone();
    let data = good.windows(4).position(|w| w == 3i32.to_le_bytes()).expect("the last element");
    changed[data] ^= 1;
    let bad = Temp::with("bad.npz", &changed);
    let text = load_npz(&bad.0).expect_err("the checksum is wrong").to_string();
    assert!(text.contains("bad.npz: `n`"), "{text}");
}
