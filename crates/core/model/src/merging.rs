//! Why records cannot become one, or a lead cannot become an account, a contact and an opportunity.

/// Why a merge is refused.
///
/// Source: `merge()` (SOAP API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeFault {
    /// No record to merge into another, or too many.
    VictimsInvalid {
        /// How many are taken.
        most: usize,
    },
    /// A record is to be merged into itself, or twice.
    VictimRepeated,
    /// A record would be its own ancestor.
    Cyclical,
}

/// Why a conversion is refused.
///
/// Source: `convertLead()` (SOAP API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversionFault {
    /// The lead has become other records already, and does not change any more.
    Converted,
    /// Not the status of a converted lead.
    StatusInvalid {
        /// The one given.
        status: String,
    },
    /// A contact without the account that it belongs to.
    AccountMissing,
    /// The contact belongs to another account.
    AccountOfContact,
    /// An opportunity is named where none is wanted.
    OpportunityUnwanted,
    /// Both a new opportunity and an existing one are named.
    OpportunityTwice,
    /// The source of a new contact is to be overwritten.
    ContactMissing,
    /// The owner is no user.
    OwnerInvalid,
    /// More leads than one call converts.
    LeadsTooMany {
        /// How many are taken.
        most: usize,
    },
}
