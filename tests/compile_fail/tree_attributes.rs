// Attributes where they do not belong, and types that are no trees.
use pullback::prelude::*;

#[derive(Tree)]
#[tree(skip)]
struct Whole(Array);

#[derive(Tree)]
struct Unknown {
    #[tree(static)]
    w: Array,
}

#[derive(Tree)]
struct Valued {
    #[tree(skip = true)]
    w: Array,
}

#[derive(Tree)]
struct Bare {
    #[tree]
    w: Array,
}

#[derive(Tree)]
enum Variants {
    #[tree(skip)]
    A(Array),
}

#[derive(Tree)]
struct Borrowed<'a> {
    w: &'a Array,
}

#[derive(Tree)]
union Either {
    a: u32,
    b: i32,
}

fn main() {}
