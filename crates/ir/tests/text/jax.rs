//! The forms in which versions of JAX print, one by one: what they are read as.

use crate::{assert_law, read};

/// What a text is read as.
#[track_caller]
fn read_as(source: &str) -> String {
    let jaxpr = read(source);
    assert_law(&jaxpr);
    jaxpr.to_string()
}

#[test]
fn axes_of_size_1_broadcast() {
    let text = "\
{ lambda ; a:f64[2,3] b:f64[2,1] c:f64[1,3] d:f64[]. let
    e:f64[2,3] = sub a b
    f:f64[2,3] = mul b c
    g:bool[2,3] = lt f e
    h:f64[2,3] = max -inf:f64[] e
    i:f64[2,3] = add d h
  in (g, i) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[2,3] b:f64[2,1] c:f64[1,3] d:f64[]. let
        e:f64[2,3] = broadcast_in_dim[broadcast_dimensions=(0, 1) shape=(2, 3)] b
        f:f64[2,3] = sub a e
        g:f64[2,3] = broadcast_in_dim[broadcast_dimensions=(0, 1) shape=(2, 3)] b
        h:f64[2,3] = broadcast_in_dim[broadcast_dimensions=(0, 1) shape=(2, 3)] c
        i:f64[2,3] = mul g h
        j:bool[2,3] = lt i f
        k:f64[2,3] = max -inf:f64[] f
        l:f64[2,3] = add d k
      in (j, l) }
    ");
}

#[test]
fn the_shape_of_a_broadcast_stands_in_its_binder() {
    let text = "\
{ lambda ; a:f64[3]. let
    b:f64[2,3] = broadcast_in_dim 0.0:f64[]
    c:f64[1,3] = broadcast_in_dim[broadcast_dimensions=(np.int64(1),)] a
    d:f64[2,3] = broadcast_in_dim[
      broadcast_dimensions=(0, 1)
      shape=(2, 3)
      sharding=None
    ] c
  in (b, d) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[3]. let
        b:f64[2,3] = broadcast_in_dim[shape=(2, 3)] 0.0:f64[]
        c:f64[1,3] = broadcast_in_dim[broadcast_dimensions=(1,) shape=(1, 3)] a
        d:f64[2,3] = broadcast_in_dim[broadcast_dimensions=(0, 1) shape=(2, 3)] c
      in (b, d) }
    ");
}

#[test]
fn an_inner_jaxpr_takes_names_of_the_outer_one() {
    let text = "\
{ lambda ; a:f64[3]. let
    b:f64[3] = jit[name=f jaxpr={ lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }] a
    c:f64[3] = pjit[
      donated_invars=(False,)
      inline=False
      jaxpr={ lambda ; b:f64[3]. let a:f64[3] = cos b; c:f64[3] = mul a b in (c,) }
      keep_unused=False
      name=<lambda>
    ] b
  in (c,) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[3]. let
        b:f64[3] = jit[name=f jaxpr={ lambda ; a:f64[3]. let b:f64[3] = sin a in (b,) }] a
        c:f64[3] = jit[
          name=<lambda>
          jaxpr={ lambda ; a:f64[3]. let b:f64[3] = cos a; c:f64[3] = mul b a in (c,) }
        ] b
      in (c,) }
    ");
}

#[test]
fn jaxprs_in_front_refer_to_each_other() {
    let text = "\
let lambda = { lambda ; a:f64[]. let
    b:f64[] = jit[name=f jaxpr=f] a
    c:f64[] = jit[name=f jaxpr=f] b
  in (c,) } in
let f = { lambda ; a:f64[]. let b:f64[] = sin a in (b,) } in
{ lambda ; d:f64[]. let e:f64[] = jit[name=<lambda> jaxpr=lambda] d in (e,) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[]. let
        b:f64[] = jit[
          name=<lambda>
          jaxpr={ lambda ; a:f64[]. let
              b:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }] a
              c:f64[] = jit[name=f jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }] b
            in (c,) }
        ] a
      in (b,) }
    ");
}

#[test]
fn constants_become_inputs() {
    let text = "{ lambda a:f64[3] b:i64[]; c:f64[3]. let d:f64[3] = mul a c in (d, b) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[3] b:i64[] c:f64[3]. let
        d:f64[3] = mul a c
      in (d, b) }
    ");
}

#[test]
fn words_of_the_grammar_as_names() {
    let text = "\
{ lambda ; a:f64[] in:f64[]. let
    let:f64[] = add a in
    nan:f64[] = add let nan:f64[]
    inf:f64[] = mul nan inf
    lambda:f64[] = mul inf:f64[]
      nan:f64[]
  in (let, nan, in, nan:f64[], inf:f64[], lambda) }";
    // The 221st name is `in`, the 8,802nd `nan`; JAX does not leave them out.
    let text = text.replace("mul nan inf", "mul nan in");
    insta::assert_snapshot!(read_as(&text), @r"
    { lambda ; a:f64[] b:f64[]. let
        c:f64[] = add a b
        d:f64[] = add c nan:f64[]
        _:f64[] = mul d b
        e:f64[] = mul inf:f64[] nan:f64[]
      in (c, d, b, nan:f64[], inf:f64[], e) }
    ");
}

#[test]
fn custom_derivatives_are_calls() {
    let text = "\
{ lambda ; a:f64[2]. let
    b:f64[2] = custom_jvp_call[
      name=relu
      call_jaxpr={ lambda ; c:f64[2]. let d:f64[2] = max c 0.0:f64[] in (d,) }
      jvp=jvp
      symbolic_zeros=False
    ] a
    e:f64[2] = custom_vjp_call[
      name=g
      bwd=<lambda>
      call_jaxpr={ lambda ; c:f64[2]. let d:f64[2] = sin c in (d,) }
      fwd=<function g_fwd at 0x7fe0c1>
      symbolic_zeros=False
    ] b
    f:f64[2] = custom_vjp_call_jaxpr[
      bwd=<function bwd at 0x7f0a>
      fun_jaxpr={ lambda ; c:f64[2]. let d:f64[2] = cos c in (d,) }
      fwd_jaxpr_thunk=<function memoize.<locals>.memoized at 0x7f0a>
      num_consts=0
      out_trees=<function Unhashable.<locals>.f at 0x7f0b>
    ] e
  in (f,) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[2]. let
        b:f64[2] = jit[name=relu jaxpr={ lambda ; a:f64[2]. let b:f64[2] = max a 0.0:f64[] in (b,) }] a
        c:f64[2] = jit[name=g jaxpr={ lambda ; a:f64[2]. let b:f64[2] = sin a in (b,) }] b
        d:f64[2] = jit[
          name=custom_vjp_call_jaxpr
          jaxpr={ lambda ; a:f64[2]. let b:f64[2] = cos a in (b,) }
        ] c
      in (d,) }
    ");
}

#[test]
fn checkpoints() {
    let policies = [
        "None",
        "<function nothing_saveable at 0x7f1a2b>",
        "<function dots_saveable at 0x7f1a2b>",
        "DotsSaveable(only_if_no_batch_dims=False)",
        "SaveOnlyTheseNames(saveable_names=frozenset({'h', 'g'}))",
        "SaveOnlyTheseNames(saveable_names=frozenset())",
        "<function everything_saveable at 0x7f1a2b>",
    ];
    let shown: Vec<String> = ["remat2", "checkpoint", "remat"]
        .iter()
        .cycle()
        .zip(policies)
        .map(|(name, policy)| {
            read_as(&format!(
                "{{ lambda ; a:f64[]. let b:f64[] = {name}[\n  differentiated=True\n  jaxpr={{ \
                 lambda ; c:f64[]. let d:f64[] = sin c in (d,) }}\n  policy={policy}\n  \
                 prevent_cse=True\n] a in (b,) }}"
            ))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=None
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=None
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=dots
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=dots
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=(h, g)
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = checkpoint[
          differentiated=True
          jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }
          policy=()
        ] a
      in (b,) }
    { lambda ; a:f64[]. let
        b:f64[] = jit[name=checkpoint jaxpr={ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }] a
      in (b,) }
    ");
}

#[test]
fn equations_that_are_others_here() {
    let text = "\
{ lambda ; a:f64[2,3] b:f64[3]. let
    c:f64[2,3] d:f64[3] = optimization_barrier a b
    e:f64[3] f:f64[3] = unstack[axis=0] c
    g:f64[3,2] = reshape[dimensions=(1, 0) new_sizes=(3, 2) sharding=None] a
    h:f64[3] = psum[axes=(0,) axis_index_groups=None] a
    i:f64[2,3] = mul[out_dtype=None] a a
    j:i32[2,3] = convert_element_type[new_dtype=<class 'numpy.int32'> weak_type=False] i
    k:f32[2,3] = convert_element_type[new_dtype=dtype('float32') weak_type=True] i
    l:f64[2,3] = exp[accuracy=AccuracyMode.HIGHEST] a
    m:f64[2,3] = exp[accuracy=<jax._src.lax.lax.Tolerance object at 0x7f6f8c>] a
    n:f64[2,3] = pow a 2:i64[]
    o:f64[2,1] _:i32[2,1] = top_k[k=1 operand=None] a
  in (d, e, f, g, h, j, k, l, m, n, o) }";
    insta::assert_snapshot!(read_as(text), @r"
    { lambda ; a:f64[2,3] b:f64[3]. let
        c:f64[1,3] = slice[limit_indices=(1, 3) start_indices=(0, 0) strides=None] a
        d:f64[3] = squeeze[dimensions=(0,)] c
        e:f64[1,3] = slice[limit_indices=(2, 3) start_indices=(1, 0) strides=None] a
        f:f64[3] = squeeze[dimensions=(0,)] e
        g:f64[3,2] = transpose[permutation=(1, 0)] a
        h:f64[3,2] = reshape[dimensions=None new_sizes=(3, 2)] g
        i:f64[3] = reduce_sum[axes=(0,)] a
        j:f64[2,3] = mul a a
        k:i32[2,3] = convert_element_type[new_dtype=int32] j
        l:f32[2,3] = convert_element_type[new_dtype=float32] j
        m:f64[2,3] = exp a
        n:f64[2,3] = exp a
        o:f64[2,3] = pow a 2:i64[]
        p:f64[2,1] _:i32[2,1] = top_k[axis=1 k=1] a
      in (b, d, f, h, i, k, l, m, n, o, p) }
    ");
}
