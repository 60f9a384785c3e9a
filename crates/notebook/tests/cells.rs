//! Two crates linked to the dynamic library pass a function from one to the other, as cells of a
//! notebook do. The fault that must not come back: with a copy of the library in every cell, a `jit`
//! made in one traced nothing in the next, silently.

use pullback_notebook::prelude::*;

#[test]
fn a_func_from_one_cell_is_traced_in_the_next() {
    let x = Array::from(0.5);
    for f in [pullback_cell_one::make(), pullback_cell_one::make_warm()] {
        let text = pullback_cell_two::text(&f, &x);
        assert!(text.contains("jit[") && text.contains("sin a"), "nothing was traced:\n{text}");
        let second = pullback_cell_two::second(&f);
        let want = 2.0 * 0.5f64.cos() - 0.5 * 0.5f64.sin();
        assert!((second(&x).item::<f64>() - want).abs() < 1e-12);
        assert!((jit(second)(&x).item::<f64>() - want).abs() < 1e-12);
    }
}
