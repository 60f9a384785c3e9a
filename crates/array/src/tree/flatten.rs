//! The two passes over a tree: leaves out, leaves in.

use crate::array::Array;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};

/// The structure of a tree without its leaves, as a sequence of numbers: variants, lengths and static
/// values. Two trees with equal structures and leaf types run the same program.
pub type Structure = SmallVec<[u64; 8]>;

/// Collects the leaves and the structure of a tree.
#[derive(Default)]
pub struct Flatten<'a> {
    leaves: SmallVec<[&'a Array; 8]>,
    structure: Structure,
    keys: SmallVec<[usize; 2]>,
    paths: Option<Paths>,
}

/// Field paths of leaves: `layers[2].w`.
#[derive(Default)]
pub struct Paths {
    current: String,
    all: Vec<String>,
}

impl<'a> Flatten<'a> {
    /// The leaves of a tree.
    pub fn of<T: super::Tree>(tree: &'a T) -> Flatten<'a> {
        let mut f = Flatten::default();
        tree.flatten(&mut f);
        f
    }

    /// An empty collection that records paths.
    pub fn recording_paths() -> Flatten<'a> {
        Flatten { paths: Some(Paths::default()), ..Flatten::default() }
    }

    /// The leaves of a tree, with their paths.
    pub fn with_paths<T: super::Tree>(tree: &'a T) -> Flatten<'a> {
        let mut f = Flatten::recording_paths();
        tree.flatten(&mut f);
        f
    }

    /// Adds a leaf.
    pub fn leaf(&mut self, array: &'a Array) {
        self.leaves.push(array);
        if let Some(p) = &mut self.paths {
            p.all.push(p.current.clone());
        }
    }

    /// Adds the array behind a key, which is a leaf that no derivative may reach.
    pub(crate) fn key(&mut self, array: &'a Array) {
        self.keys.push(self.leaves.len());
        self.leaf(array);
    }

    /// Adds a number to the structure: a variant, a length.
    pub fn tag(&mut self, n: u64) {
        self.structure.push(n);
    }

    /// Adds a static value to the structure: all that it feeds to a hasher, so that two values count
    /// as the same only if they hash the same bytes.
    pub fn fixed<T: Hash + ?Sized>(&mut self, value: &T) {
        struct Record<'s>(&'s mut Structure);
        impl Hasher for Record<'_> {
            fn write(&mut self, bytes: &[u8]) {
                self.0.push(bytes.len() as u64);
                for chunk in bytes.chunks(8) {
                    let mut word = [0u8; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    self.0.push(u64::from_le_bytes(word));
                }
            }
            fn finish(&self) -> u64 {
                0
            }
        }
        value.hash(&mut Record(&mut self.structure));
    }

    /// Visits a named field.
    pub fn field<T: super::Tree>(&mut self, name: &str, value: &'a T) {
        self.named(name, |out| value.flatten(out));
    }

    /// Visits whatever `visit` visits under the name of a field.
    #[doc(hidden)]
    pub fn named(&mut self, name: &str, visit: impl FnOnce(&mut Self)) {
        self.at(
            |path| {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            },
            visit,
        );
    }

    /// Visits an element.
    pub fn element<T: super::Tree>(&mut self, index: impl std::fmt::Display, value: &'a T) {
        self.at(|path| path.push_str(&format!("[{index}]")), |out| value.flatten(out));
    }

    fn at(&mut self, extend: impl FnOnce(&mut String), visit: impl FnOnce(&mut Self)) {
        let before = self.paths.as_ref().map(|p| p.current.len());
        if let Some(p) = &mut self.paths {
            extend(&mut p.current);
        }
        visit(self);
        if let (Some(p), Some(n)) = (&mut self.paths, before) {
            p.current.truncate(n);
        }
    }

    /// The leaves so far.
    pub fn leaves(&self) -> &[&'a Array] {
        &self.leaves
    }

    /// The structure so far.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// The paths of the leaves, if they were asked for.
    pub fn paths(&self) -> &[String] {
        self.paths.as_ref().map_or(&[], |p| &p.all)
    }

    /// Positions of leaves that are keys.
    pub fn keys(&self) -> &[usize] {
        &self.keys
    }

    /// The leaves as owned arrays.
    pub fn to_arrays(&self) -> Vec<Array> {
        self.leaves.iter().map(|&a| a.clone()).collect()
    }
}

/// Leaves on their way back into a tree.
pub struct Leaves(std::vec::IntoIter<Array>);

impl Leaves {
    /// From arrays in the order of [`Flatten::leaves`].
    /// Not public: whoever could choose the leaves could make a key twice.
    pub(crate) fn new(arrays: Vec<Array>) -> Leaves {
        Leaves(arrays.into_iter())
    }

    /// The next leaf.
    ///
    /// # Panics
    /// If there are fewer leaves than the tree has: a fault of a `Tree` written by hand.
    #[allow(clippy::should_implement_trait)] // Not an iterator: running out is a fault.
    pub fn next(&mut self) -> Array {
        self.0.next().expect("a tree takes back as many leaves as it gave")
    }
}
