//! The folder of inputs and goldens: `inputs/EVAL__WORKLOAD.json`, `golden/EVAL__WORKLOAD__FUNCTION.json`.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// An input of an evaluation.
pub(crate) struct Workload {
    pub(crate) eval: String,
    pub(crate) name: String,
    path: PathBuf,
}

/// The workloads of a folder by name. It holds the files itself, or in `inputs` or `gradbench_inputs`.
///
/// # Errors
/// The folder cannot be read or holds no workload.
pub(crate) fn list(data: &Path) -> Result<Vec<Workload>, String> {
    let inputs = ["inputs", "gradbench_inputs"].map(|name| data.join(name));
    let folder = inputs.iter().find(|folder| folder.is_dir()).map_or(data, PathBuf::as_path);
    let named = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parts = name.strip_suffix(".json").and_then(|name| name.split_once("__"));
        if let Some((eval, name)) = parts {
            found.push(Workload { eval: eval.to_owned(), name: name.to_owned(), path });
        }
    }
    // By size, which the digits in the names say best when shorter names come first.
    found.sort_by(|a, b| (&a.eval, a.name.len(), &a.name).cmp(&(&b.eval, b.name.len(), &b.name)));
    match found.is_empty() {
        true => Err(format!("{}: there is no file EVAL__WORKLOAD.json", folder.display())),
        false => Ok(found),
    }
}

impl Workload {
    /// # Errors
    /// The file cannot be read, or is no JSON.
    pub(crate) fn input(&self) -> Result<Value, String> {
        read(&self.path)
    }

    /// What a function should give; `None` if that was not recorded.
    ///
    /// # Errors
    /// As [`Workload::input`].
    pub(crate) fn golden(&self, function: &str) -> Result<Option<Value>, String> {
        let data = self.path.parent().and_then(Path::parent).unwrap_or(Path::new("."));
        let file = format!("{}__{}__{function}.json", self.eval, self.name);
        let paths = ["golden", "gradbench_golden"].map(|folder| data.join(folder).join(&file));
        paths.iter().find(|path| path.exists()).map(|path| read(path)).transpose()
    }
}

fn read(path: &Path) -> Result<Value, String> {
    let named = |e: String| format!("{}: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| named(e.to_string()))
}

/// The largest difference in any array of an output, relative to the array's largest entry.
///
/// # Errors
/// The outputs are of different form: the text says where.
pub(crate) fn difference(got: &Value, golden: &Value) -> Result<f64, String> {
    if let (Some(a), Some(b)) = (got.as_object(), golden.as_object()) {
        if !a.keys().eq(b.keys()) {
            let keys = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
            return Err(format!("has the fields {:?}, not {:?}", keys(a), keys(b)));
        }
        let fields = a
            .iter()
            .zip(b.values())
            .map(|((name, a), b)| difference(a, b).map_err(|e| format!("`{name}` {e}")));
        return fields
            .collect::<Result<Vec<_>, _>>()
            .map(|all| all.into_iter().fold(0.0, f64::max));
    }
    let (mut error, mut largest) = (0.0, 0.0);
    pairs(got, golden, &mut |a, b| {
        // NaN must not get lost in a maximum.
        let difference = (a - b).abs();
        error = if difference.is_nan() { f64::INFINITY } else { f64::max(error, difference) };
        largest = f64::max(largest, b.abs());
    })?;
    Ok(if largest == 0.0 { error } else { error / largest })
}

fn pairs(a: &Value, b: &Value, f: &mut impl FnMut(f64, f64)) -> Result<(), String> {
    if let (Some(a), Some(b)) = (a.as_array(), b.as_array()) {
        if a.len() != b.len() {
            return Err(format!("has {} entries, not {}", a.len(), b.len()));
        }
        return a.iter().zip(b).try_for_each(|(a, b)| pairs(a, b, f));
    }
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return Err(format!("has {a} in place of {b}"));
    };
    f(a, b);
    Ok(())
}
