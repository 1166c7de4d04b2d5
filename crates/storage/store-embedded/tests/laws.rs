//! The laws of a store hold for the embedded one.

mod place;

use landfall_store::laws::LAWS;
use place::Folder;

#[test]
fn every_law_holds() {
    for law in LAWS {
        let begun = std::time::Instant::now();
        (law.check)(&Folder::new());
        println!("{:>8.1?}  {}", begun.elapsed(), law.name);
    }
}
