//! An org of Landfall for tests: started or joined, reset between tests, with its clock and its faults in their hands.
//!
//! ```no_run
//! use landfall_testing::{Org, json};
//!
//! # fn main() -> Result<(), landfall_testing::Error> {
//! let org = Org::open()?;
//! org.arm("client-unknown").method("/meta/connect").run()?;
//! org.rest("POST", "sobjects/Account").json(json!({ "Name": "Acme" })).run()?;
//! org.settle().run()?;
//! let events = org.expect("/data/AccountChangeEvent").run()?;
//! assert_eq!(events[0].data["payload"]["Name"], "Acme");
//! # Ok(())
//! # }
//! ```
//!
//! Each method that ends in a [`Call`] does nothing until [`Call::run`], or `.await` in any async runtime. Start reading at
//! [`Org`].

mod call;
mod error;
mod http;
mod org;
mod process;
mod types;

pub use call::Call;
pub use error::Error;
pub use org::{Clock, Org};
pub use process::Start;
pub use serde_json::{Value, json};
pub use types::*;
