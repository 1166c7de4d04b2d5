//! Distances on the earth.

/// The radius of the earth. Unit: kilometres.
pub const EARTH_RADIUS: f64 = 6_371.0;
/// A mile. Unit: kilometres.
pub const MILE: f64 = 1.609_344;

/// How far two places are apart, each latitude and longitude in degrees, by the haversine formula.
///
/// Source: "Location-Based SOQL Queries" (SOQL and SOSL Reference); the radius: none.
pub fn distance(from: (f64, f64), to: (f64, f64), kilometres: bool) -> f64 {
    let half = |left: f64, right: f64| ((right - left).to_radians() / 2.0).sin().powi(2);
    let across = from.0.to_radians().cos() * to.0.to_radians().cos() * half(from.1, to.1);
    let chord = (half(from.0, to.0) + across).clamp(0.0, 1.0);
    let length = 2.0 * EARTH_RADIUS * chord.sqrt().asin();
    if kilometres { length } else { length / MILE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances_come_out() {
        let (paris, london) = ((48.8566, 2.3522), (51.5074, -0.1278));
        assert!((distance(paris, london, true) - 343.5).abs() < 1.0);
        assert!((distance(paris, london, false) - 213.5).abs() < 1.0);
        assert!(distance(paris, paris, true).abs() < 1e-9);
        assert!((distance((0.0, 0.0), (0.0, 180.0), true) - 20_015.0).abs() < 1.0);
    }
}
