//! Closed forms that the rows are compared with, each with its source and known values.

/// The share of arrivals that M/G/c/c turns away with an offered load of `load` servers (Erlang 1917).
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |loss, n| load * loss / (f64::from(n) + load * loss))
}

/// The share of arrivals that wait in M/M/c with an offered load of `load` servers (Erlang 1917).
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let loss = erlang_b(servers, load);
    let busy = load / f64::from(servers);
    loss / (1.0 - busy * (1.0 - loss))
}

#[test]
fn formulas_have_their_known_values() {
    let wait = erlang_c(8, 7.2);
    assert!((wait - 0.70153).abs() < 5e-6, "{wait}");
    assert!((wait / 0.8 - 0.87692).abs() < 1e-5, "{wait}");
    let loss = erlang_b(10, 8.0);
    assert!((loss - 0.1217).abs() < 5e-5, "{loss}");
}
