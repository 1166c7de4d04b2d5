//! `PermissionSetLicense`, of which there are none: every permission is available to every user.
//!
//! Clients: `CumulusCI` reads the keys of the licenses before it assigns them.
//! Source: "`PermissionSetLicense`" (Object Reference). Absent: one field for each permission that a license can bring.

use std::convert::Infallible;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a license.
type Of = Column<Infallible>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::flag("IsDeleted", |none| match *none {}),
    Of::text("DeveloperName", |none| match *none {}),
    Of::text("Language", |none| match *none {}),
    Of::text("MasterLabel", |none| match *none {}),
    Of::moment("CreatedDate", |none| match *none {}),
    Of::id("CreatedById", |none| match *none {}),
    Of::moment("LastModifiedDate", |none| match *none {}),
    Of::id("LastModifiedById", |none| match *none {}),
    Of::moment("SystemModstamp", |none| match *none {}),
    Of::text("PermissionSetLicenseKey", |none| match *none {}),
    Of::number("TotalLicenses", |none| match *none {}),
    Of::choice("Status", &["Active", "Disabled"], |none| match *none {}),
    Of::date("ExpirationDate", |none| match *none {}),
    Of::number("UsedLicenses", |none| match *none {}),
    Of::flag("IsAvailableForIntegrations", |none| match *none {}),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "PermissionSetLicense",
        label: "Permission Set License",
        label_plural: "Permission Set Licenses",
        key_prefix: Some("0PL"),
        since: 31,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |_| Vec::new())
        .of_setup()
        .listed()
}
