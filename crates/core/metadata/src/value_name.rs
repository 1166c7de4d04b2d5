//! Names of picklist values in record types, which files have percent-encoded.
//!
//! Source: record types of public projects; the vendor's guides are silent.

/// The name that `Affiliate%2FPartner` stands for. A percent sign that begins no code is one.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let encoded = match (first, after) {
            (b'%', [high, low, behind @ ..]) => code(*high, *low).map(|byte| (byte, behind)),
            _ => None,
        };
        let (byte, behind) = encoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn code(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn codes_are_the_characters_that_they_stand_for() {
        for (text, name) in [
            ("Affiliate%2FPartner", "Affiliate/Partner"),
            ("Don%27t %28yet%29", "Don't (yet)"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("5%zz", "5%zz"),
            ("%FF", "%FF"),
        ] {
            assert_eq!(decoded(text), name);
        }
    }
}
