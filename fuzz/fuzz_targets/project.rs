//! Metadata files as people write them: any text is compiled or refused.
//!
//! The first byte chooses what kind of file it claims to be.

#![no_main]

use landfall_metadata::{Component, KeyPrefixes, compile, parts, sfdx_project};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 6] = [
    "objects/Ship__c/Ship__c.object-meta.xml",
    "objects/Ship__c/fields/Flag__c.field-meta.xml",
    "objects/Low_Ink__e/Low_Ink__e.object-meta.xml",
    "objects/Account/fields/Flag__c.field-meta.xml",
    "globalValueSets/Flags.globalValueSet-meta.xml",
    "platformEventChannelMembers/M.platformEventChannelMember-meta.xml",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text).into_owned();
    let _ = sfdx_project("sfdx-project.json", &text);
    let component = Component {
        path: PATHS[usize::from(*choice) % PATHS.len()].to_owned(),
        content: text,
    };
    let _ = compile(
        Vec::new(),
        Vec::new(),
        &parts(&[component]),
        &mut KeyPrefixes::default(),
    );
});
