//! Parameters survive printing and parsing.

use crate::support::*;
use pullback_ir::Prim;
use pullback_ir::param::ParamMap;

#[test]
fn parse_inverts_params() {
    for sample in samples() {
        if !Prim::all_names().contains(&sample.prim.name()) {
            // Users' closures have no text form.
            continue;
        }
        let params = sample.prim.params();
        let mut map =
            ParamMap::new(params.iter().map(|(n, p)| (n.to_string(), p.clone())).collect());
        let back = Prim::parse(sample.prim.name(), &mut map)
            .unwrap()
            .unwrap_or_else(|e| panic!("{}: {e}", label(&sample)));
        assert_eq!(back, sample.prim);
        assert_eq!(map.rest().count(), 0, "{}: parameters left over", label(&sample));
    }
}
