//! The operation of a request, which is the element in the body of its envelope, and the headers.
//!
//! Source: "SOAP Headers" (SOAP API Developer Guide).

use landfall_model::SoapFault;
use landfall_xml::{Element, Limits, beginning, parse};

/// A request as it was sent.
#[derive(Debug)]
pub struct Envelope {
    /// What is called, with its arguments.
    pub operation: Element,
    headers: Vec<Element>,
}

impl Envelope {
    /// Reads a request.
    ///
    /// # Errors
    /// [`SoapFault::EnvelopeInvalid`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SoapFault> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| invalid("Invalid byte of a UTF-8 sequence.".to_owned()))?;
        let root =
            parse(text, Limits::METADATA_REQUEST).map_err(|error| invalid(error.to_string()))?;
        if root.name != "Envelope" {
            return Err(invalid(format!(
                "The request is no SOAP envelope, but {}.",
                root.name
            )));
        }
        Self::of(root).ok_or_else(|| invalid("The SOAP body is empty.".to_owned()))
    }

    /// Reads the beginning of a request: the headers, and the operation without its arguments. None if the operation is not
    /// in it, or it is no envelope up to there.
    pub fn beginning(bytes: &[u8]) -> Option<Self> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // A character may be cut in two.
            Err(error) => std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?,
        };
        let root = beginning(text, Limits::REQUEST, |open| {
            open.next() == Some("Envelope") && open.next() == Some("Body") && open.next().is_some()
        });
        Self::of(root?)
    }

    fn of(root: Element) -> Option<Self> {
        let (mut headers, mut operation) = (Vec::new(), None);
        for part in root.children {
            match part.name.as_str() {
                "Header" => headers.extend(part.children),
                "Body" => operation = operation.or_else(|| part.children.into_iter().next()),
                _ => {}
            }
        }
        let operation = operation?;
        Some(Self { operation, headers })
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&Element> {
        self.headers.iter().find(|header| header.name == name)
    }

    /// A text in a header; none if it is empty.
    pub fn option(&self, header: &str, name: &str) -> Option<&str> {
        let value = self.header(header)?.value(name)?;
        (!value.is_empty()).then_some(value)
    }
}

fn invalid(reason: String) -> SoapFault {
    SoapFault::EnvelopeInvalid { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_the_operation_are_found_whatever_their_prefixes() {
        let envelope = Envelope::parse(
            b"<e:Envelope xmlns:e='x'><e:Header><u:SessionHeader><u:sessionId> T </u:sessionId></u:SessionHeader>\
              <CallOptions><client/></CallOptions></e:Header><e:Body><n:logout/></e:Body></e:Envelope>",
        )
        .expect("an envelope");
        assert_eq!(envelope.operation.name, "logout");
        assert_eq!(envelope.option("SessionHeader", "sessionId"), Some("T"));
        assert_eq!(envelope.option("CallOptions", "client"), None);
    }

    #[test]
    fn the_beginning_has_the_headers_and_the_name_of_the_operation() {
        let whole = "<e:Envelope xmlns:e='x'><e:Header><SessionHeader><sessionId>T</sessionId></SessionHeader></e:Header>\
             <!-- Body --><e:Body><n:create><n:sObjects><Name>é";
        let operation = whole.find("<n:create>").expect("it is there") + "<n:create>".len();
        for end in 0..=whole.len() {
            let beginning = Envelope::beginning(&whole.as_bytes()[..end]);
            assert_eq!(beginning.is_some(), end >= operation, "{end}");
            if let Some(beginning) = beginning {
                assert_eq!(beginning.operation.name, "create");
                assert_eq!(beginning.option("SessionHeader", "sessionId"), Some("T"));
            }
        }
        for none in [
            "<a><Body><c>",
            "<Envelope><Body></Body><c>",
            "<Envelope><Body>&x;<c>",
        ] {
            assert!(Envelope::beginning(none.as_bytes()).is_none(), "{none}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for bytes in [
            &b""[..],
            b"\xff",
            b"{}",
            b"<a/>",
            b"<Envelope/>",
            b"<Envelope><Body/></Envelope>",
        ] {
            assert!(
                matches!(
                    Envelope::parse(bytes),
                    Err(SoapFault::EnvelopeInvalid { .. })
                ),
                "{bytes:?}"
            );
        }
    }
}
