//! Limits of definitions: names, fields, bitmaps.

/// Callback URLs of one connected app. Source: none.
pub const CONNECTED_APP_CALLBACKS_MAX: usize = 100;

/// Length of an object's or field's name before its suffix. Unit: characters.
/// Source: "`CustomObject`" (Metadata API Developer Guide).
pub const API_NAME_CHARACTERS_MAX: usize = 40;

/// Length of the developer name of other components. Unit: characters.
/// Source: "`PlatformEventChannel`" (Tooling API), `DeveloperName`.
pub const DEVELOPER_NAME_CHARACTERS_MAX: usize = 80;

/// Highest starting number of an auto-number field: nine digits. Source: none.
pub const AUTO_NUMBER_START_MAX: u32 = 999_999_999;

/// Master-detail relationships of one object. Source: "Object Relationships Overview" (Salesforce Help).
pub const MASTER_DETAILS_MAX: usize = 2;

/// Length of one picklist value. Unit: characters. Source: "Picklist Limitations" (Salesforce Help).
pub const PICKLIST_VALUE_CHARACTERS_MAX: usize = 255;

/// Hexadecimal digits of a top-level bitmap: four fields a digit. Source: none.
pub const BITMAP_DIGITS_MAX: usize = 1_024;

/// Hexadecimal digits of the bitmap of a compound field. Source: none.
pub const BITMAP_NESTED_DIGITS_MAX: usize = 16;
