//! Which allocations an org has, by their names in `/limits`.
//!
//! Those for events of either kind of streaming are shown together, as the sample does. Those of an add-on for monthly events
//! are not: there is none.
//! Clients: tap-salesforce divides by the `Max` of `DailyBulkApiBatches`; some read all of the sample.
//! Source: the sample of "List Org Limits" (REST API Developer Guide).

use Counted::{By, Clients, Unused};
use Meter::{Delivered, Generic, Published, PushTopics, Requests};
use landfall_engine::usage::Meter;

/// What an allocation is counted by.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    /// Nothing here is counted: what there is of it in a Developer Edition org.
    Unused(u64),
    /// A meter.
    By(Meter),
    /// The Streaming API clients at this moment.
    Clients,
}

/// An allocation, and the versions that show it: first and last.
pub(super) struct Allocation {
    pub(super) name: &'static str,
    pub(super) counted: Counted,
    since: u16,
    until: u16,
}

impl Allocation {
    pub(super) const fn is_shown(&self, version: u16) -> bool {
        self.since <= version && version <= self.until
    }

    const fn since(mut self, version: u16) -> Self {
        self.since = version;
        self
    }

    const fn until(mut self, version: u16) -> Self {
        self.until = version;
        self
    }
}

const fn shown(name: &'static str, counted: Counted) -> Allocation {
    Allocation {
        name,
        counted,
        since: 0,
        until: u16::MAX,
    }
}

/// All of them but that of permission sets, which has another form.
pub(super) const ALL: &[Allocation] = &[
    shown("ActiveScratchOrgs", Unused(3)),
    shown("AnalyticsExternalDataSizeMB", Unused(40_960)),
    shown("ConcurrentAsyncGetReportInstances", Unused(200)),
    shown("ConcurrentEinsteinDataInsightsStoryCreation", Unused(5)),
    shown("ConcurrentEinsteinDiscoveryStoryCreation", Unused(2)),
    shown("ConcurrentSyncReportRuns", Unused(20)),
    shown("DailyAnalyticsDataflowJobExecutions", Unused(60)),
    shown("DailyAnalyticsUploadedFilesSizeMB", Unused(51_200)),
    shown("DailyApiRequests", By(Requests)),
    shown("DailyAsyncApexExecutions", Unused(250_000)),
    shown("DailyAsyncApexTests", Unused(500)),
    shown("DailyBulkApiBatches", Unused(15_000)).since(49),
    shown("DailyBulkApiRequests", Unused(15_000)).until(48),
    shown("DailyBulkV2QueryFileStorageMB", Unused(976_562)).since(47),
    shown("DailyBulkV2QueryJobs", Unused(10_000)).since(47),
    shown("DailyDeliveredPlatformEvents", By(Delivered)),
    shown("DailyDurableGenericStreamingApiEvents", By(Generic)).since(37),
    shown("DailyDurableStreamingApiEvents", By(PushTopics)).since(37),
    shown("DailyEinsteinDataInsightsStoryCreation", Unused(1_000)),
    shown("DailyEinsteinDiscoveryPredictAPICalls", Unused(50_000)),
    shown("DailyEinsteinDiscoveryPredictionsByCDC", Unused(5_000_000)),
    shown("DailyEinsteinDiscoveryStoryCreation", Unused(100)),
    shown("DailyFunctionsApiCallLimit", Unused(235_000)),
    shown("DailyGenericStreamingApiEvents", By(Generic)),
    shown("DailyScratchOrgs", Unused(6)),
    shown("DailyStandardVolumePlatformEvents", Unused(10_000)),
    shown("DailyStreamingApiEvents", By(PushTopics)),
    shown("DailyWorkflowEmails", Unused(100_000)),
    shown("DataStorageMB", Unused(1_024)),
    shown("DurableStreamingApiConcurrentClients", Clients).since(37),
    shown("FileStorageMB", Unused(1_024)),
    shown("HourlyAsyncReportRuns", Unused(1_200)),
    shown("HourlyDashboardRefreshes", Unused(200)),
    shown("HourlyDashboardResults", Unused(5_000)),
    shown("HourlyDashboardStatuses", Unused(999_999_999)),
    shown("HourlyLongTermIdMapping", Unused(100_000)),
    shown("HourlyManagedContentPublicRequests", Unused(50_000)),
    shown("HourlyODataCallout", Unused(20_000)),
    shown("HourlyPublishedPlatformEvents", By(Published)),
    shown("HourlyPublishedStandardVolumePlatformEvents", Unused(1_000)),
    shown("HourlyShortTermIdMapping", Unused(100_000)),
    shown("HourlySyncReportRuns", Unused(500)),
    shown("HourlyTimeBasedWorkflow", Unused(1_000)),
    shown("MassEmail", Unused(5_000)),
    shown("MonthlyEinsteinDiscoveryStoryCreation", Unused(500)),
    shown("Package2VersionCreates", Unused(6)),
    shown("Package2VersionCreatesWithoutValidation", Unused(500)),
    shown("PlatformEventTriggersWithParallelProcessing", Unused(5)),
    shown("PrivateConnectOutboundCalloutHourlyLimitMB", Unused(0)),
    shown("SingleEmail", Unused(5_000)),
    shown("StreamingApiConcurrentClients", Clients),
];
