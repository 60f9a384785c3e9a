//! A key is used once: samplers take it by value.

use pullback::prelude::*;

fn main() {
    let key = Key::new(0);
    let _x = normal::<f32>(key, [3]);
    let _y = normal::<f32>(key, [3]);
}
