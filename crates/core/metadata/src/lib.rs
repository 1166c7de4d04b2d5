//! An org's definitions from the files of a Salesforce DX project.
//!
//! Owns what a project's metadata means: which objects, fields, platform events, channels and subscriptions it
//! defines, and what is wrong with it, by file and line. It deliberately reads no files (the caller does), keeps
//! nothing (key prefixes are in a [`KeyPrefixes`] that the caller keeps), and knows neither records nor protocols.
//! Start reading at [`compile`]; `gather` puts files together, `field` and `object` are the middle of it.
//!
//! Source: "Metadata Types" (Metadata API Developer Guide).

mod absent;
mod blank;
mod channel;
mod channel_file;
mod compile;
mod compound;
mod connected_app;
mod custom_metadata;
mod custom_setting;
mod event;
mod event_object;
mod field;
mod field_type;
mod formulas;
mod gather;
mod gone;
mod group;
mod history;
mod ignored;
mod label;
mod lenient;
mod lookup_filter;
mod names;
mod namespace;
mod node;
mod number_format;
mod object;
mod order;
mod org_features;
mod origin;
mod other_type;
mod part;
mod permission_set;
mod person_account;
mod prefix;
mod problem;
mod project;
mod read;
mod record_type;
mod reference;
mod render;
mod replacement;
mod roll_up;
mod scratch;
mod settings;
mod span;
mod unite;
mod validation_rule;
mod value_name;
mod value_set;
mod xml;

use landfall_formula::Formulas;
use landfall_model::{EntityDefinition, EntityName, FieldName, PlatformEventDefinition};

pub use channel::{
    Channel, ChannelMember, ChannelType, ManagedSubscription, ReplayFrom, is_on_channel,
};
pub use channel_file::MemberText;
pub use connected_app::ConnectedApp;
pub use custom_metadata::{CustomMetadataRecord, full_name as custom_metadata_name};
pub use event_object::event_object;
pub use formulas::DefaultFormula;
pub use gone::Gone;
pub use group::Group;
pub use ignored::Ignored;
pub use lenient::as_cli_reads;
pub use lookup_filter::LookupFilter;
pub use names::is_developer_name;
pub use namespace::Namespace;
pub use node::{Node, NodeContent};
pub use order::declaration_order;
pub use org_features::{
    NamedFeature, features_component, features_part, named_features, objects_of_part,
    settings_file, settings_that_are_on,
};
pub use origin::{Origin, OriginPattern, is_loopback};
pub use other_type::OtherType;
pub use part::{Part, Piece, parts};
pub use permission_set::{Granted, RecordTypeVisibility, profile_name};
pub use person_account::{has_person_accounts, person_account_type};
pub use prefix::KeyPrefixes;
pub use problem::Problem;
pub use project::{Kind, Project, project_components, sfdx_project};
pub use record_type::{BusinessProcess, RecordType};
pub use render::{custom_metadata_file, means_the_same, metadata_file};
pub use replacement::Replacements;
pub use roll_up::{Comparison, ComputedField, RollUp, RollUpFilter, RollUpOperation};
pub use scratch::{ScratchDefinition, scratch_definition};
pub use settings::Settings;
pub use unite::{deployed_over, united};
pub use validation_rule::ValidationRule;

/// One file of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its path, which says what it declares and where problems are.
    pub path: String,
    /// What is in it.
    pub content: String,
}

/// Where the counter of an auto number begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartingNumber {
    /// The object.
    pub entity: EntityName,
    /// The field.
    pub field: FieldName,
    /// The first number.
    pub number: u64,
}

/// All that a project defines, on top of the shipped objects.
#[derive(Clone, Debug, Default)]
pub struct Org {
    /// All objects, the shipped ones with what the project adds to them.
    pub entities: Vec<EntityDefinition>,
    /// Platform events.
    pub platform_events: Vec<PlatformEventDefinition>,
    /// Custom channels.
    pub channels: Vec<Channel>,
    /// What is on the channels.
    pub members: Vec<ChannelMember>,
    /// Subscriptions whose position the service keeps.
    pub managed_subscriptions: Vec<ManagedSubscription>,
    /// What permission sets and profiles grant.
    pub granted: Vec<Granted>,
    /// Clients that may ask for tokens.
    pub connected_apps: Vec<ConnectedApp>,
    /// The CORS allowlist.
    pub cors_origins: Vec<OriginPattern>,
    /// What is switched on.
    pub settings: Settings,
    /// Record types.
    pub record_types: Vec<RecordType>,
    /// Records of custom metadata types.
    pub custom_metadata: Vec<CustomMetadataRecord>,
    /// What the records of some types pass.
    pub business_processes: Vec<BusinessProcess>,
    /// Queues and public groups.
    pub groups: Vec<Group>,
    /// The formula fields, checked.
    pub formulas: Formulas,
    /// Defaults that are computed at each create.
    pub defaults: Vec<DefaultFormula>,
    /// Active validation rules, by object and name.
    pub validation_rules: Vec<ValidationRule>,
    /// The filters of lookups that saves have to meet.
    pub lookup_filters: Vec<LookupFilter>,
    /// How roll-up summary fields come about, each after those that it is computed from.
    pub roll_ups: Vec<RollUp>,
    /// Auto numbers that do not begin with 1.
    pub starting_numbers: Vec<StartingNumber>,
    /// What was left out of a project that can be used all the same.
    pub warnings: Vec<Problem>,
    /// What an org refuses and a project is used in spite of, most of it without that: a change of single components is
    /// refused for it.
    pub inapplicable: Vec<Problem>,
}

/// The definitions of an org that has the shipped objects and events and the components of a project.
///
/// The order of the components does not matter. Custom fields come by their positions, then by
/// [`declaration_order`].
/// New objects and events are given key prefixes in `prefixes`, which is left as it was if there are problems.
///
/// # Errors
/// All that keeps the project from being used, sorted by file and line. Beyond
/// [`landfall_model::limits::METADATA_PROBLEMS_MAX`] they are counted.
pub fn compile(
    standard: Vec<EntityDefinition>,
    events: Vec<PlatformEventDefinition>,
    parts: &[Part],
    prefixes: &mut KeyPrefixes,
) -> Result<Org, Vec<Problem>> {
    compile::compile(standard, events, parts, prefixes)
}
