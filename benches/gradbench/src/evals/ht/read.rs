//! The input of ht.

use super::{Model, Points};
use crate::input::{Fields, Numbers, index_array};
use pullback::prelude::*;
use serde_json::Value;

pub(super) struct Input {
    pub(super) theta: Vec<f64>,
    pub(super) us: Numbers,
    pub(super) points: Numbers,
    /// Three vertices a point.
    pub(super) corners: Vec<usize>,
    pub(super) base_relatives: Numbers,
    pub(super) inverse_base_absolutes: Numbers,
    /// Homogeneous.
    pub(super) base_positions: Numbers,
    pub(super) weights: Numbers,
    pub(super) parents: Vec<Option<usize>>,
    pub(super) is_mirrored: bool,
}

impl Input {
    pub(super) fn read(input: &Value) -> Result<Input, String> {
        let fields = Fields::of(input)?;
        let theta = fields.numbers("theta", &[26])?.data;
        let (us, [n, _]) = fields.any("us")?;
        fields.numbers("us", &[n, 2])?;
        let data = fields.inner("data")?;
        let model = data.inner("model")?;
        // The last joint of the fifth finger is bone 20.
        let bones = model.count("bone_count", 21..=1 << 10)?;
        let (base_positions, [v, width]) = model.any("base_positions")?;
        if !(3..=4).contains(&width) {
            return Err(format!("`base_positions` has the shape {:?}", base_positions.shape));
        }
        let homogeneous = (0..v).flat_map(|v| {
            let p = base_positions.row(v);
            [p[0], p[1], p[2], p.get(3).copied().unwrap_or(1.0)]
        });
        let homogeneous = Numbers { data: homogeneous.collect(), shape: vec![v, 4] };
        let (_, [t, _]) = model.any("triangles")?;
        let vertices = model.indices("triangles", &[t, 3], v)?;
        let correspondences = data.indices("correspondences", &[n], t)?;
        let corners = correspondences.iter().flat_map(|&c| vertices[3 * c..3 * c + 3].to_vec());
        Ok(Input {
            theta,
            us,
            points: data.numbers("points", &[n, 3])?,
            corners: corners.collect(),
            base_relatives: model.numbers("base_relatives", &[bones, 4, 4])?,
            inverse_base_absolutes: model.numbers("inverse_base_absolutes", &[bones, 4, 4])?,
            base_positions: homogeneous,
            weights: model.numbers("weights", &[v, bones])?,
            parents: parents(&model.numbers("parents", &[bones])?.data)?,
            is_mirrored: model.truth("is_mirrored")?,
        })
    }

    pub(super) fn arrays(&self) -> (Array, Points, Model) {
        let points = Points {
            points: self.points.array(),
            corners: index_array(&self.corners, &self.points.shape),
            us: self.us.array(),
        };
        let model = Model {
            base_relatives: self.base_relatives.array(),
            inverse_base_absolutes: self.inverse_base_absolutes.array(),
            base_positions: self.base_positions.array(),
            weights: self.weights.array(),
            parents: self.parents.clone(),
            is_mirrored: self.is_mirrored,
        };
        (Array::from(&self.theta), points, model)
    }
}

/// Parents by bone; −1 for none.
fn parents(numbers: &[f64]) -> Result<Vec<Option<usize>>, String> {
    let parent = |(bone, &x): (usize, &f64)| match x {
        -1.0 => Ok(None),
        _ if x >= 0.0 && x < bone as f64 && x.fract() == 0.0 => Ok(Some(x as usize)),
        _ => Err(format!(
            "`parents` has {x} for bone {bone}, which is neither −1 nor an earlier bone"
        )),
    };
    numbers.iter().enumerate().map(parent).collect()
}
