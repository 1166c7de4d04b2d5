//! Memory for the bodies of requests in progress: a budget of the whole process, and a smaller one for clients that have not
//! said who they are.

use bytes::Bytes;
use landfall_model::limits::{ANONYMOUS_BODIES_KIB_MAX, BODIES_KIB_MAX};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use crate::encoding::Unreadable;

const KIB: usize = 1024;

/// Bodies of requests with a login. Unit: KiB.
static KNOWN: Semaphore = Semaphore::const_new(BODIES_KIB_MAX);

/// Bodies of requests whose login is still to be read. Unit: KiB.
static ANONYMOUS: Semaphore = Semaphore::const_new(ANONYMOUS_BODIES_KIB_MAX);

/// What one body has of a budget; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    of: &'static Semaphore,
    taken: SemaphorePermit<'static>,
}

impl Share {
    /// Nothing yet, of the budget for clients that are known.
    ///
    /// # Errors
    /// As [`Self::cover`].
    pub fn known() -> Result<Self, Unreadable> {
        Self::of(&KNOWN)
    }

    /// Nothing yet, of the budget for everybody else.
    pub(crate) fn anonymous() -> Result<Self, Unreadable> {
        Self::of(&ANONYMOUS)
    }

    fn of(budget: &'static Semaphore) -> Result<Self, Unreadable> {
        let taken = budget.try_acquire_many(0).map_err(exhausted)?;
        Ok(Self { of: budget, taken })
    }

    /// Takes what is missing for so many bytes.
    ///
    /// # Errors
    /// [`Unreadable::Overloaded`] if all bodies together would need more than there is.
    pub fn cover(&mut self, bytes: usize) -> Result<(), Unreadable> {
        let missing = bytes.div_ceil(KIB).saturating_sub(self.taken.num_permits());
        let missing = u32::try_from(missing).map_err(|_| Unreadable::TooLarge)?;
        self.taken
            .merge(self.of.try_acquire_many(missing).map_err(exhausted)?);
        Ok(())
    }

    /// The bytes, which hold their share as long as there is a copy of them.
    pub fn hold(self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Held {
            bytes,
            _share: self,
        })
    }
}

fn exhausted(_: TryAcquireError) -> Unreadable {
    Unreadable::Overloaded
}

struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lasts_as_long_as_the_last_copy_of_the_bytes() {
        static BUDGET: Semaphore = Semaphore::const_new(3);
        let mut share = Share::of(&BUDGET).expect("nothing is taken");
        share.cover(1).expect("one of three");
        share.cover(2 * KIB).expect("two of three");
        assert_eq!(BUDGET.available_permits(), 1);
        let bytes = share.hold(vec![0; 2 * KIB]);
        let copy = bytes.slice(..1);
        drop(bytes);
        let mut other = Share::of(&BUDGET).expect("nothing is taken");
        assert_eq!(other.cover(2 * KIB), Err(Unreadable::Overloaded));
        drop(copy);
        assert_eq!(other.cover(2 * KIB), Ok(()));
    }
}
