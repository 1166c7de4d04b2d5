//! Why a text is not a document that is read.

use thiserror::Error;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What can be wrong with a text.
///
/// Source: the messages of Apache Xerces, which clients of the service see, where it has one for the case.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no root element.
    #[error("Premature end of file.")]
    Empty,
    /// Text before the root element.
    #[error("Content is not allowed in prolog.")]
    Prolog,
    /// Text or an element after the root element.
    #[error("The markup in the document following the root element must be well-formed.")]
    Trailing,
    /// An element without an end.
    #[error(
        "The element type \"{name}\" must be terminated by the matching end-tag \"</{name}>\"."
    )]
    Unclosed {
        /// Its name.
        name: String,
    },
    /// A document type, which could define entities.
    #[error("A document type declaration is not allowed.")]
    DocumentType,
    /// An entity other than the five that XML has.
    #[error("The entity \"{name}\" was referenced, but not declared.")]
    Entity {
        /// Its name.
        name: String,
    },
    /// A character that XML does not have, or a number that is none.
    #[error("Character reference \"&{reference}\" is an invalid XML character.")]
    CharacterReference {
        /// As it is written.
        reference: String,
    },
    /// A character that XML does not have.
    #[error(
        "An invalid XML character (Unicode: 0x{code:x}) was found in the element content of the document."
    )]
    Character {
        /// Its code point.
        code: u32,
    },
    /// Attributes that cannot be read.
    #[error("The attributes of the element type \"{name}\" cannot be read: {reason}.")]
    Attributes {
        /// The element.
        name: String,
        /// What is wrong with them.
        reason: String,
    },
    /// Anything else that is not XML.
    #[error("The document is not well-formed XML: {reason}.")]
    Syntax {
        /// What is wrong with it.
        reason: String,
    },
    /// Too many bytes.
    #[error("The document has more than {max} bytes.")]
    Bytes {
        /// The bound.
        max: usize,
    },
    /// Too many elements.
    #[error("The document has more than {max} elements.")]
    Elements {
        /// The bound.
        max: usize,
    },
    /// Elements nested too deeply.
    #[error("Elements are nested deeper than {max} levels.")]
    Depth {
        /// The bound.
        max: usize,
    },
    /// Too many attributes.
    #[error("The element type \"{name}\" has more than {max} attributes.")]
    TooManyAttributes {
        /// The element.
        name: String,
        /// The bound.
        max: usize,
    },
}
