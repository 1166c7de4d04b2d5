//! The spelling of `ManagedSetupFault`.

use landfall_model::ManagedSetupFault;
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;

use crate::rest::RestError;

/// Source: "`ManagedEventSubscription`" (Tooling API Developer Guide) and recorded responses.
pub(super) fn spell(fault: &ManagedSetupFault) -> RestError {
    match fault {
        ManagedSetupFault::NameMalformed => RestError::save(
            "INVALID_INPUT",
            "The DeveloperName field can only contain underscores and alphanumeric characters. It must be unique, begin \
             with a letter, not include spaces, not end with an underscore, and not contain two consecutive underscores.",
            [],
        ),
        ManagedSetupFault::NameTaken { name } => RestError::save(
            "DUPLICATE_DEVELOPER_NAME",
            format!(
                "The name \"{name}\" is already used on component type: Managed Event Subscription. Please rename \
                 existing component."
            ),
            [],
        ),
        ManagedSetupFault::NameFixed => RestError::save(
            "INVALID_INPUT",
            "The DeveloperName field can't be changed",
            [],
        ),
        ManagedSetupFault::TopicInvalid => {
            RestError::save("INVALID_INPUT", "The topicName field is invalid", [])
        }
        ManagedSetupFault::StateInvalid => RestError::save(
            "INVALID_INPUT",
            "You can create a managed event subscription state field only to RUN or STOP",
            [],
        ),
        ManagedSetupFault::TooMany => RestError::save(
            "LIMIT_EXCEEDED",
            format!(
                "The org has the maximum number of managed event subscriptions: {MANAGED_SUBSCRIPTIONS_MAX}"
            ),
            [],
        ),
    }
}
