//! Requests as such: resources, bodies, composites, and the service itself.

use landfall_model::{ManyFault, ReplicationFault, RequestFault, ServiceFault};

use super::{explain, fault, field, word};

explain! { request: RequestFault in "Requests" as fault;
    "The path is not a resource of the API in this version, or what it names does not exist."
    do "Check the path, the version and the names in it. Where Landfall lacks an API that the service has, the answer has the header `Landfall-Unsupported`." {
        ResourceNotFound,
    }
    "The org has no Apex class for this path; Landfall runs no Apex."
    do "Test code that calls Apex REST against an org that has the class." {
        ApexUrlUnmatched,
    }
    "The resource does not have this method."
    do "Use one of those that the text and the header `Allow` list; records are changed by PATCH." {
        MethodNotAllowed { method: word("METHOD"), allowed: "HEAD,GET,POST" },
    }
    "The type of the body is not one that the resource reads."
    do "Send `Content-Type: application/json`, or what the resource documents." {
        MediaTypeUnsupported { media_type: word("TYPE") },
    }
    "A body of several parts lacks the part with the values of the records, or one that a record names."
    do "Send the values first, then a part for each file; see `Insert or Update Blob Data`." {
        PartsInvalid { reason: word("REASON") },
    }
    "The body is larger than the API takes."
    do "Split it; the Bulk API takes large amounts of data." {
        TooLarge,
    }
    "The body is missing, or is not JSON or XML; line and column are in the text."
    do "Correct the body. Numbers and dates are not in quotes and in quotes, respectively." {
        BodyMissing,
        JsonInvalid { reason: word("REASON"), line: 1, column: 1 },
        XmlInvalid { reason: word("REASON") },
    }
    "A parameter or a header has a value that it cannot have."
    do "Correct it." {
        PayloadFormatInvalid { value: word("VALUE") },
        ConditionDateInvalid { header: word("HEADER") },
    }
    "The record changed after the time, or does not have the tag, that the request depends on (`If-Match`, `If-Unmodified-Since`). The answer has no body."
    do "Read the record again, and decide anew." {
        PreconditionFailed,
    }
    "The version of the API is retired or does not exist."
    do "Use a version that `/services/data` lists." {
        VersionUnsupported,
    }
}

explain! { many: ManyFault in "Composite requests and collections" as fault;
    "The request has no records, or more records, parts, levels, types or graphs than one request may have."
    do "Split the request: 200 records in a collection, 25 parts in a composite." {
        RecordsMissing,
        RecordsTooMany { most: 200 },
        ChunksTooMany { most: 10 },
        PartsTooMany { most: 25 },
        HeavyPartsTooMany { most: 5 },
        LevelsTooMany { most: 5 },
        TypesTooMany { most: 5 },
        GraphTooLarge { what: "THINGS", most: 75 },
    }
    "A record does not name its object, or names one that does not exist."
    do "Add `\"attributes\": {\"type\": \"Account\"}` to each record." {
        TypeMissing, TypeUnknown { name: word("OBJECT") },
    }
    "A record to update has no id, one to create has an id, or the id is not one."
    do "Send `Id` in updates only, as 15 or 18 characters." {
        IdMissing, IdInInsert, IdUnreadable { value: word("VALUE") },
    }
    "A record of an upsert lacks the external id, or two records have the same."
    do "Send each external id once." {
        KeyMissing { field: field() }, KeyRepeated { field: field(), value: word("VALUE") },
    }
    "A `referenceId` or `graphId` is missing, malformed or used twice."
    do "Give each part an id of letters, digits and underscores that no other part has." {
        ReferenceIdInvalid { reference: word("REFERENCE") },
        ReferenceIdRepeated,
        ReferenceIdMissing,
        GraphIdInvalid { id: word("GRAPH") },
    }
    "A part sets a header that it has from the whole request."
    do "Set the header of the request." {
        HeaderInherited { name: word("HEADER") },
    }
    "A part was not carried out since another one failed, or refers to what another one did not return."
    do "Read the errors of the other parts: the first one is the cause." {
        ReferenceUnresolved { path: word("PATH"), reference: word("REFERENCE") },
        OthersFailed,
        BatchHalted,
        GraphsHalted,
    }
    "The request uses `allOrNone` with a part that cannot be undone."
    do "Leave `allOrNone` out, or send the part by itself." {
        NotInTransaction,
    }
}

explain! { replication: ReplicationFault in "Replication (getUpdated, getDeleted)" as fault;
    "The period has more changed records than one answer lists."
    do "Ask for shorter periods." {
        TooMany,
    }
    "The period is not one: the end is before the beginning, in the future, or the beginning is more than 30 days ago."
    do "Keep `latestDateCovered`, and begin the next period with it." {
        DateInvalid { reason: "REASON" },
    }
}

explain! { service: ServiceFault in "The service" as fault;
    "The service cannot answer now."
    do "Try again, waiting longer each time; streaming clients resume from their last replay id."
    clients "cometd stops. salesforce-pubsub-api-client emits `error` and `end`, and does not come back."
    rehearse "landfall fault arm unavailable" {
        StoreUnavailable, Busy,
    }
    "An error of the service itself. The number in the text is in its log."
    do "Try again; report it with the number." {
        Internal { error_id: 1 },
    }
}
