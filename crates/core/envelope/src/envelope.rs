//! The operation of a request, which is the element in the body of its envelope, and the headers.
//!
//! Source: "SOAP Headers" (SOAP API Developer Guide).

use landfall_model::{Fault, SoapFault};
use landfall_xml::{Element, Limits, parse};

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
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
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
        let (mut headers, mut operation) = (Vec::new(), None);
        for part in root.children {
            match part.name.as_str() {
                "Header" => headers.extend(part.children),
                "Body" => operation = operation.or_else(|| part.children.into_iter().next()),
                _ => {}
            }
        }
        match operation {
            Some(operation) => Ok(Self { operation, headers }),
            None => Err(invalid("The SOAP body is empty.".to_owned())),
        }
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

fn invalid(reason: String) -> Fault {
    Fault::Soap(SoapFault::EnvelopeInvalid { reason })
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
                    Err(Fault::Soap(SoapFault::EnvelopeInvalid { .. }))
                ),
                "{bytes:?}"
            );
        }
    }
}
