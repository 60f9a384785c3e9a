"""Remakes every golden file: python make_golden.py (about two minutes)."""

import make_arrays
import make_elementwise
import make_jax_text
import make_primitives

make_arrays.main()
make_elementwise.main()
make_jax_text.main()
make_primitives.main()
