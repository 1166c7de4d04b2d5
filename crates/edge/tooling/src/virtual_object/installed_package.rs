//! `InstalledSubscriberPackage` and what it refers to. Packages cannot be installed, so there are no records.
//!
//! Clients: `CumulusCI` and the Salesforce CLI list the installed packages before they deploy.
//! Source: "`InstalledSubscriberPackage`", "`SubscriberPackage`", "`SubscriberPackageVersion`" (Tooling API Developer Guide).

use std::convert::Infallible;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a package, of which there is none.
type Of = Column<Infallible>;

const VERSION: &str = "SubscriberPackageVersion";
const PACKAGE: &str = "SubscriberPackage";

const INSTALLED: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::id("SubscriberPackageId", |none| match *none {}).way(PACKAGE, PACKAGE),
    Of::id("SubscriberPackageVersionId", |none| match *none {}).way(VERSION, VERSION),
    Of::id("MinPackageVersionId", |none| match *none {}),
];

const PACKAGES: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::text("Name", |none| match *none {}).unfiltered(),
    Of::text("Description", |none| match *none {}).unfiltered(),
    Of::text("NamespacePrefix", |none| match *none {}).unfiltered(),
    Of::flag("IsPackageValid", |none| match *none {}).unfiltered(),
];

const VERSIONS: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::id("SubscriberPackageId", |none| match *none {}).unfiltered(),
    Of::text("Name", |none| match *none {}).unfiltered(),
    Of::text("Description", |none| match *none {}).unfiltered(),
    Of::text("PublisherName", |none| match *none {}).unfiltered(),
    Of::number("MajorVersion", |none| match *none {}).unfiltered(),
    Of::number("MinorVersion", |none| match *none {}).unfiltered(),
    Of::number("PatchVersion", |none| match *none {}).unfiltered(),
    Of::number("BuildNumber", |none| match *none {}).unfiltered(),
    Of::choice("ReleaseState", &["Beta", "Released"], |none| match *none {}).unfiltered(),
    Of::flag("IsManaged", |none| match *none {}).unfiltered(),
    Of::flag("IsDeprecated", |none| match *none {}).unfiltered(),
    Of::flag("IsPasswordProtected", |none| match *none {}).unfiltered(),
    Of::flag("IsBeta", |none| match *none {}).unfiltered(),
    Of::flag("IsOrgDependent", |none| match *none {}).unfiltered(),
    Of::flag("IsSecurityReviewed", |none| match *none {}).unfiltered(),
    Of::text("PostInstallUrl", |none| match *none {}).unfiltered(),
    Of::text("ReleaseNotesUrl", |none| match *none {}).unfiltered(),
    Of::text("AppExchangePackageName", |none| match *none {}).unfiltered(),
    Of::text("AppExchangePublisherName", |none| match *none {}).unfiltered(),
    Of::text("AppExchangeDescription", |none| match *none {}).unfiltered(),
    Of::text("AppExchangeLogoUrl", |none| match *none {}).unfiltered(),
    Of::members("Dependencies", |none| match *none {}),
    Of::members("Profiles", |none| match *none {}),
    Of::members("RemoteSiteSettings", |none| match *none {}),
    Of::members("CspTrustedSites", |none| match *none {}),
];

/// The packages of the org.
pub(crate) fn installed() -> VirtualObject {
    let names = (
        "InstalledSubscriberPackage",
        "Installed Subscriber Package",
        "Installed Subscriber Packages",
    );
    none(names, "0A3", INSTALLED)
}

/// Packages.
pub(crate) fn package() -> VirtualObject {
    let names = (PACKAGE, "Subscriber Package", "Subscriber Packages");
    none(names, "033", PACKAGES)
}

/// Versions of packages.
pub(crate) fn version() -> VirtualObject {
    let names = (
        VERSION,
        "Subscriber Package Version",
        "Subscriber Package Versions",
    );
    none(names, "04t", VERSIONS)
}

fn none(
    (name, label, label_plural): (&'static str, &'static str, &'static str),
    key_prefix: &'static str,
    columns: &'static [Of],
) -> VirtualObject {
    let declared = Declared {
        name,
        label,
        label_plural,
        key_prefix: Some(key_prefix),
        since: 41,
        apis: &[Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, columns, |_| Vec::new())
}
