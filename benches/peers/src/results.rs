//! What a run has measured: `results.json`, and the numbers that follow from it.

use serde_json::Value;
use std::path::Path;

/// The peers, in the order of columns, with their fields in `results.json`.
pub(crate) const PEERS: [(&str, &str); 4] = [
    ("JAX", "jax_ns"),
    ("NumPy", "numpy_ns"),
    ("torch", "torch_ns"),
    ("torch.compile", "torch_compile_ns"),
];

/// One workload with one number of threads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) threads: u64,
    /// Nanoseconds a call; `None` if it failed.
    pub(crate) ours: Option<f64>,
    /// Those of [`PEERS`]; `None` where a peer has no such thing.
    pub(crate) peers: [Option<f64>; 4],
    /// Whether all results agree with the reference.
    pub(crate) agree: bool,
    /// The largest relative difference of our result to the reference; random numbers have none.
    pub(crate) error: Option<f64>,
}

impl Row {
    /// How many times as fast as a peer we are.
    pub(crate) fn ratio(&self, peer: usize) -> Option<f64> {
        Some(self.peers[peer]? / self.ours?)
    }

    /// How many times as fast as the fastest peer we are.
    pub(crate) fn ratio_to_fastest(&self) -> Option<f64> {
        (0..PEERS.len()).filter_map(|peer| self.ratio(peer)).min_by(f64::total_cmp)
    }
}

/// Reads `results.json`.
///
/// # Errors
/// The file cannot be read or has another form: the text names the file, the row and the field.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, String> {
    let named = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    let rows: Vec<Value> = serde_json::from_str(&text).map_err(|e| named(e.to_string()))?;
    let row = |(i, v): (usize, &Value)| {
        row(v)
            .ok_or_else(|| named(format!("row {i} lacks a field or has one of a wrong type: {v}")))
    };
    rows.iter().enumerate().map(row).collect()
}

fn row(v: &Value) -> Option<Row> {
    // A number or null; anything else, and a missing field, is a fault.
    let number = |field: &str| match v.get(field)? {
        Value::Null => Some(None),
        other => other.as_f64().map(Some),
    };
    let mut peers = [None; 4];
    for (peer, (_, field)) in peers.iter_mut().zip(PEERS) {
        *peer = number(field)?;
    }
    Some(Row {
        name: v["name"].as_str()?.to_owned(),
        group: v["group"].as_str()?.to_owned(),
        threads: v["threads"].as_u64()?,
        ours: number("pullback_ns")?,
        peers,
        agree: v["agree"].as_bool()?,
        error: number("error")?,
    })
}

/// The geometric mean of positive numbers, `None` of none. Ratios are averaged so: twice as fast and
/// half as fast make 1, whichever of the two libraries is the unit.
pub(crate) fn geometric_mean(xs: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, n) = xs.into_iter().fold((0.0, 0u32), |(sum, n), x| (sum + x.ln(), n + 1));
    (n > 0).then(|| (sum / f64::from(n)).exp())
}

/// The groups and numbers of threads that occur, in the order of their first rows.
pub(crate) fn sections(rows: &[Row]) -> Vec<(&str, u64)> {
    let mut found: Vec<(&str, u64)> = Vec::new();
    for row in rows {
        let section = (row.group.as_str(), row.threads);
        if !found.contains(&section) {
            found.push(section);
        }
    }
    found
}

/// The rows of a group and a number of threads.
pub(crate) fn section<'a>(
    rows: &'a [Row],
    (group, threads): (&'a str, u64),
) -> impl Iterator<Item = &'a Row> + Clone {
    rows.iter().filter(move |r| r.group == group && r.threads == threads)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(name: &str, ours: Option<f64>, peers: [Option<f64>; 4]) -> Row {
        let (group, threads) = ("kernel".into(), 1);
        Row { name: name.into(), group, threads, ours, peers, agree: true, error: Some(1e-7) }
    }

    #[test]
    fn geometric_means() {
        assert_eq!(geometric_mean([]), None);
        for (xs, expected) in [(&[3.0][..], 3.0), (&[0.5, 2.0, 8.0], 2.0)] {
            let mean = geometric_mean(xs.iter().copied()).expect("there are numbers");
            assert!((mean - expected).abs() < 1e-12, "{mean}");
        }
    }

    #[test]
    fn ratios_leave_out_what_was_not_measured() {
        let row = sample("a", Some(2.0), [Some(4.0), None, Some(3.0), None]);
        assert_eq!(row.ratio(0), Some(2.0));
        assert_eq!(row.ratio(1), None);
        assert_eq!(row.ratio_to_fastest(), Some(1.5));
        assert_eq!(sample("b", None, [Some(4.0); 4]).ratio_to_fastest(), None);
        assert_eq!(sample("c", Some(1.0), [None; 4]).ratio_to_fastest(), None);
    }

    #[test]
    fn rows_are_read_as_they_are_written() {
        let text = r#"{"name": "a", "group": "kernel", "threads": 1, "pullback_ns": 2.0, "jax_ns": 4,
            "numpy_ns": null, "torch_ns": 3.0, "torch_compile_ns": null, "agree": true, "error": 1e-7}"#;
        let v: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(row(&v), Some(sample("a", Some(2.0), [Some(4.0), None, Some(3.0), None])));
        let without = text.replace("\"numpy_ns\": null,", "");
        assert_eq!(row(&serde_json::from_str(&without).expect("JSON")), None);
    }
}
