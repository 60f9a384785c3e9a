//! Einstein summation.

use super::linear::batched;
use super::operand::{broadcast_shapes, expand};
use crate::array::Array;
use crate::error::{Error, fail};
use pullback_ir::error::{Fault, fault};
use pullback_ir::shape::show;
use pullback_ir::types::show_types;
use pullback_ir::{Axes, Shape, Type};
use std::borrow::Borrow;

/// The name of an axis: a letter, or an axis of `...` counted from its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Label {
    Letter(char),
    Unnamed(usize),
}

/// The letters of one operand or of the result; `dots` is where `...` stands among them.
#[derive(Clone, Debug)]
struct Term {
    letters: Vec<char>,
    dots: Option<usize>,
}

/// An array with a name for each axis.
struct Named {
    array: Array,
    labels: Vec<Label>,
}

/// Sums products of arrays over axes that are named by letters: axes that the result lacks are summed, as NumPy's `einsum` does.
///
/// `einsum("ij,jk->ik", [&a, &b])` names the axes of each operand with letters. An axis that the result
/// lacks is summed; a letter that an operand has twice takes its diagonal; `...` stands for axes that
/// are not named, which broadcast. Without `->` the result has the letters that occur once, in
/// alphabetical order, behind the axes of `...`. Operands are contracted from left to right, two at a
/// time, each pair by one `dot_general`.
///
/// ```
/// # use pullback_array::{array, einsum, ones};
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(einsum("ij,jk->ik", [&a, &a]).to_vec::<f64>(), [7.0, 10.0, 15.0, 22.0]);
/// assert_eq!(einsum("ii", [&a]).item::<f64>(), 5.0);
/// assert_eq!(einsum("ij->ji", [&a]).to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
/// let (q, k) = (ones::<f32>([2, 5, 3]), ones::<f32>([2, 7, 3]));
/// assert_eq!(einsum("...qd,...kd->...qk", [&q, &k]).shape(), [2, 5, 7]);
/// ```
///
/// # Panics
/// If the text is malformed, does not fit the operands, or sizes or dtypes differ; the message repeats
/// the subscripts.
#[track_caller]
pub fn einsum<A: Borrow<Array>>(subscripts: &str, operands: impl IntoIterator<Item = A>) -> Array {
    let operands: Vec<Array> = operands.into_iter().map(|a| a.borrow().clone()).collect();
    let refuse = |rule: Fault| -> ! {
        let types: Vec<Type> = operands.iter().map(Array::ty).collect();
        fail(Error::msg(format!(
            "`einsum(\"{subscripts}\")` cannot take {}: {rule}",
            show_types(&types)
        )))
    };
    let (named, output) = match read(subscripts, &operands) {
        Ok(parts) => parts,
        Err(rule) => refuse(rule),
    };
    contract_all(named, &output)
}

/// The operands with their axes named, unnamed ones broadcast, and the names of the result's axes.
#[track_caller]
fn read(subscripts: &str, operands: &[Array]) -> Result<(Vec<Named>, Vec<Label>), Fault> {
    let (inputs, output) = match subscripts.split_once("->") {
        Some((inputs, output)) => (inputs, Some(parse_term(output)?)),
        None => (subscripts, None),
    };
    let terms = inputs.split(',').map(parse_term).collect::<Result<Vec<Term>, Fault>>()?;
    if terms.len() != operands.len() {
        return Err(fault!("the subscripts name {} operands, not {}", terms.len(), operands.len()));
    }
    if let Some(other) = operands.iter().find(|a| a.dtype() != operands[0].dtype()) {
        return Err(fault!(
            "the dtypes {} and {} differ: convert one with `.cast(..)`",
            operands[0].dtype(),
            other.dtype()
        ));
    }
    // The axes of `...` broadcast; their number may differ.
    let mut unnamed: Vec<Shape> = Vec::new();
    for (term, x) in terms.iter().zip(operands) {
        let n = term.letters.len();
        if n > x.ndim() || (n < x.ndim() && term.dots.is_none()) {
            return Err(fault!(
                "`{}` names {n} axes of an operand that has {}{}",
                show_term(term),
                x.ndim(),
                if n < x.ndim() { ": `...` stands for the others" } else { "" }
            ));
        }
        let at = term.dots.unwrap_or(0);
        unnamed.push(Shape::from_slice(&x.shape()[at..at + x.ndim() - n]));
    }
    let common = broadcast_shapes(unnamed.iter().map(|s| &s[..]))
        .map_err(|f| fault!("the axes of `...` do not broadcast: {f}"))?;
    let mut named = Vec::new();
    let mut sizes: Vec<(char, usize)> = Vec::new();
    for ((term, x), unnamed) in terms.iter().zip(operands).zip(&unnamed) {
        let at = term.dots.unwrap_or(0);
        let mut shape = Shape::from_slice(x.shape());
        shape[at..at + unnamed.len()].copy_from_slice(&common[common.len() - unnamed.len()..]);
        let mut labels: Vec<Label> = term.letters.iter().map(|&c| Label::Letter(c)).collect();
        for i in 0..unnamed.len() {
            labels.insert(at + i, Label::Unnamed(unnamed.len() - i));
        }
        for (label, &n) in labels.iter().zip(x.shape()) {
            let Label::Letter(c) = *label else { continue };
            match sizes.iter().find(|(known, _)| *known == c) {
                None => sizes.push((c, n)),
                Some(&(_, m)) if m == n => {}
                Some(&(_, m)) => {
                    return Err(fault!("the axes named `{c}` have the sizes {m} and {n}"));
                }
            }
        }
        named.push(Named { array: expand(x, &shape), labels });
    }
    let output = output.map_or_else(|| Ok(implicit(&terms)), |o| check_output(o, &sizes))?;
    if output.dots.is_none() && !common.is_empty() {
        return Err(fault!(
            "the result lacks the axes of `...`, {}: write `...` behind `->` too",
            show(&common)
        ));
    }
    let mut labels: Vec<Label> = output.letters.iter().map(|&c| Label::Letter(c)).collect();
    for i in 0..common.len() {
        labels.insert(output.dots.unwrap_or(0) + i, Label::Unnamed(common.len() - i));
    }
    Ok((named, labels))
}

fn parse_term(text: &str) -> Result<Term, Fault> {
    let mut term = Term { letters: Vec::new(), dots: None };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("...") {
            if term.dots.replace(term.letters.len()).is_some() {
                return Err(fault!("`{text}` has `...` twice"));
            }
            rest = behind;
        } else if c.is_ascii_alphabetic() {
            term.letters.push(c);
            rest = &rest[1..];
        } else {
            return Err(fault!(
                "`{c}` is no name of an axis: axes are named by the letters a–z and A–Z"
            ));
        }
    }
    Ok(term)
}

fn show_term(term: &Term) -> String {
    let mut text: String = term.letters.iter().collect();
    if let Some(at) = term.dots {
        text.insert_str(at, "...");
    }
    text
}

/// The result where the text does not say it: what occurs once, behind `...`.
fn implicit(terms: &[Term]) -> Term {
    let all: Vec<char> = terms.iter().flat_map(|t| t.letters.iter().copied()).collect();
    let once = |c: &char| all.iter().filter(|d| *d == c).count() == 1;
    let mut letters: Vec<char> = all.iter().copied().filter(once).collect();
    letters.sort_unstable();
    Term { letters, dots: terms.iter().any(|t| t.dots.is_some()).then_some(0) }
}

fn check_output(output: Term, sizes: &[(char, usize)]) -> Result<Term, Fault> {
    for (i, c) in output.letters.iter().enumerate() {
        if !sizes.iter().any(|(known, _)| known == c) {
            return Err(fault!("no operand has the axis `{c}` of the result"));
        }
        if output.letters[..i].contains(c) {
            return Err(fault!("the result has the axis `{c}` twice"));
        }
    }
    Ok(output)
}

/// Contracts the operands from left to right.
#[track_caller]
fn contract_all(operands: Vec<Named>, output: &[Label]) -> Array {
    let mut rest = operands.into_iter().map(diagonals).collect::<Vec<Named>>().into_iter();
    let Some(mut done) = rest.next() else { fail(Error::msg("`einsum` of no arrays")) };
    loop {
        let needed =
            |l: &Label| output.contains(l) || rest.as_slice().iter().any(|n| n.labels.contains(l));
        done = sum_out(done, needed);
        let Some(next) = rest.next() else { break };
        let needed =
            |l: &Label| output.contains(l) || rest.as_slice().iter().any(|n| n.labels.contains(l));
        let next = sum_out(next, |l| needed(l) || done.labels.contains(l));
        done = product(&done, &next, needed);
    }
    let permutation = output.iter().filter_map(|l| done.labels.iter().position(|m| m == l));
    done.array.permuted(permutation.collect())
}

/// Takes the diagonal of axes that share a name.
#[track_caller]
fn diagonals(mut x: Named) -> Named {
    while let Some((a, b)) = repeated(&x.labels) {
        let label = x.labels.remove(b);
        x.labels.remove(a);
        x.labels.push(label);
        x.array = x.array.diagonal_of(0, a, b);
    }
    x
}

fn repeated(labels: &[Label]) -> Option<(usize, usize)> {
    let pairs = labels.iter().enumerate();
    pairs.into_iter().find_map(|(b, l)| labels[..b].iter().position(|m| m == l).map(|a| (a, b)))
}

/// Sums over the axes that nothing else needs.
#[track_caller]
fn sum_out(x: Named, needed: impl Fn(&Label) -> bool) -> Named {
    let gone: Vec<usize> = (0..x.labels.len()).filter(|&i| !needed(&x.labels[i])).collect();
    if gone.is_empty() {
        return x;
    }
    let array = x.array.sum_over(gone);
    Named { array, labels: x.labels.into_iter().filter(needed).collect() }
}

/// The product of two operands, summed over what both have and nothing else needs.
#[track_caller]
fn product(x: &Named, y: &Named, needed: impl Fn(&Label) -> bool) -> Named {
    let mut axes: [Axes; 4] = Default::default();
    let [x_sum, y_sum, x_batch, y_batch] = &mut axes;
    let mut labels: Vec<Label> = Vec::new();
    for (a, label) in x.labels.iter().enumerate() {
        let Some(b) = y.labels.iter().position(|m| m == label) else { continue };
        match needed(label) {
            true => {
                x_batch.push(a);
                y_batch.push(b);
                labels.push(*label);
            }
            false => {
                x_sum.push(a);
                y_sum.push(b);
            }
        }
    }
    labels.extend(x.labels.iter().filter(|l| !y.labels.contains(l)));
    labels.extend(y.labels.iter().filter(|l| !x.labels.contains(l)));
    let array = batched(&x.array, &y.array, (x_sum, y_sum), (x_batch, y_batch));
    Named { array, labels }
}
