//! Bulk jobs, deployments, components, and requests of the SOAP APIs.

use landfall_model::{
    BulkFault, ComponentFault, Fault, JobFailure, ManagedSetupFault, MetadataFault, QueryFault,
    SetupFault, SoapFault, UnsupportedQuery,
};

use super::{Subject, entity, explain, fault, field, id, word};

explain! { bulk: BulkFault in "Bulk jobs" as fault;
    "The request for a job cannot be read, or names an object that does not exist or has no bulk jobs."
    do "Send `object`, `operation` and `contentType`; check the name of the object." {
        JobUnreadable,
        ObjectUnknown { name: word("OBJECT") },
        ObjectUnsupported { name: word("OBJECT") },
    }
    "An upsert names no external id field, or one that is none."
    do "Send `externalIdFieldName` with a field that is an external id, or `Id`." {
        ExternalIdMissing { entity: entity() },
        ExternalIdUnknown { field: word("FIELD"), entity: entity() },
    }
    "Hard deleting needs a permission that administrators do not have by default."
    do "Give the user Bulk API Hard Delete." {
        HardDeleteDenied,
    }
    "The query is not one, or is of a kind that the Bulk API does not carry out: compound fields, subqueries, files, aggregates, OFFSET, TYPEOF."
    do "Select the components of compound fields, and the children by a query of their own." {
        QueryRefused { reason: word("REASON") },
        QueryUnsupported(UnsupportedQuery::Compound),
        QueryUnsupported(UnsupportedQuery::Children),
        QueryUnsupported(UnsupportedQuery::Blob),
        QueryUnsupported(UnsupportedQuery::IdList),
        QueryUnsupported(UnsupportedQuery::Aggregate),
        QueryUnsupported(UnsupportedQuery::Offset),
        QueryUnsupported(UnsupportedQuery::TypeOf),
    }
    "The results are read with a page size that is not one, or in another version of the API than the job was made in."
    do "Send a positive `maxRecords`, and keep the version of the path." {
        PageSizeInvalid, VersionDiffers,
    }
    "There is no such job or batch for this user."
    do "Check the id; jobs are deleted after seven days." {
        JobUnknown { id: word("ID") }, BatchUnknown { id: word("ID") },
    }
    "The job is in a state in which this cannot be done: data are uploaded once while it is open, results are there once it has ended."
    do "Wait for `JobComplete`, `Failed` or `Aborted`; make a new job for more data." {
        Closing { state: "STATE" },
        Aborting { state: "STATE" },
        Uploading { state: "STATE" },
        Deleting,
        ResultsEarly,
        BatchUnfinished,
        ContentTwice { job: id() },
    }
    "The batch cannot be read, is of another content type than its job, or is too large."
    do "Send CSV, JSON or XML as the job has it, 10,000 records and 10 MB at most." {
        BatchTypeWrong { expected: "TYPE" },
        BatchUnreadable { reason: word("REASON") },
        BatchTooLarge,
    }
    "The path is not one of the Bulk API."
    do "Correct the path: `/services/async/59.0/job` for the first API, `/services/data/v59.0/jobs` for 2.0." {
        UrlInvalid { path: word("PATH") },
    }
    "The org has used up an allocation of bulk jobs: batches in 24 hours, or stored results."
    do "Wait, or delete jobs whose results are not needed." {
        StorageExceeded, QuotaExceeded,
    }
}

explain! { job: JobFailure in "Bulk jobs" as Subject::Job;
    "The data of the job are not CSV as the job describes it."
    do "Set `lineEnding` and `columnDelimiter` to what the file has, and quote texts with line breaks." {
        LineEnding { expected: "LF" }, Csv { reason: word("REASON") },
    }
    "The header of the data, or the object, does not fit: a column is not a field, is there twice, or the operation takes ids only."
    do "Correct the header row; letter case does not count, spaces do." {
        ObjectUnknown { name: word("OBJECT") },
        FieldUnknown { name: word("FIELD") },
        FieldTwice { name: word("FIELD") },
        OnlyIds { operation: "delete" },
    }
    "The query of the job was refused after the job was made, or its results are too large."
    do "Send the query to `/query` to see the error with its place; split it by a condition." {
        Query(Box::new(Fault::Query(QueryFault::Malformed { reason: word("REASON") }))),
        ResultsTooLarge,
    }
}

explain! { metadata: MetadataFault in "Deployments and the Metadata API" as fault;
    "The request is not a deployment: its zip file or its options are missing."
    do "Send a multipart request with `json` and `file`, or the zip file in Base64 in SOAP." {
        ZipMissing, RequestUnreadable,
    }
    "There is no such type of metadata, or not for this call."
    do "Check the name; docs/metadata.md lists the types." {
        TypeUnknown { name: word("TYPE") }, TypeNotForCalls { name: word("TYPE") },
    }
    "The call names more components than it takes."
    do "Send ten components in a call, or a deployment." {
        ComponentsTooMany { max: 10 },
    }
    "The id is not a validation that can be deployed, or the deployment has ended."
    do "Deploy again." {
        ValidationUnknown, DeploymentOver,
    }
    "Too many deployments wait."
    do "Wait until one has ended." {
        DeploymentsTooMany,
    }
    "The user may not deploy."
    do "Give the user Modify Metadata Through Metadata API Functions, or Modify All Data." {
        AccessDenied,
    }
}

explain! { component: ComponentFault in "Deployments and the Metadata API" as Subject::Component;
    "The component has no name, or one that its type cannot have."
    do "Use letters, digits and single underscores, beginning with a letter." {
        NameMissing, NameInvalid { kind: "TYPE", name: word("NAME") },
    }
    "There is such a component already, or none with this name."
    do "Update it instead of creating it, or create it first." {
        Duplicate { kind: "TYPE", name: word("NAME") }, Missing { kind: "TYPE", name: word("NAME") },
    }
    "The component is used by others or is part of the service, or the org refuses it for the reason in the text."
    do "Correct the component, or remove what uses it." {
        Undeletable { reason: word("REASON") }, Invalid { reason: word("REASON") },
    }
    "The component itself was fine: another one of the same call failed."
    do "Correct the components that have another error." {
        RolledBack,
    }
    "The zip file cannot be read, or the service failed."
    do "Check the zip file; `package.xml` is at its root or in its one folder." {
        ZipUnreadable { reason: word("REASON") }, Failed,
    }
}

explain! { setup: SetupFault in "Components as records of the Tooling API" as fault;
    "A field of the component is missing or has a value that it cannot have; the text has the reason."
    do "Correct the record." {
        Invalid { reason: word("REASON") },
        NumberInvalid { reason: word("REASON") },
        FieldMissing { field: "FIELD" },
    }
    "The name is taken, or is not a name."
    do "Choose another name." {
        NameTaken { name: word("NAME"), kind: "TYPE" },
        FieldNameTaken { field: word("FIELD"), object: word("OBJECT") },
        NameInvalid { name: word("NAME") },
        Duplicate { name: word("NAME") },
    }
}

explain! { managed_setup: ManagedSetupFault in "Components as records of the Tooling API" as fault;
    "The managed event subscription has a name, a topic or a state that it cannot have, or there are as many as an org may have."
    do "Correct what the text names; the name cannot be changed later." {
        NameMalformed,
        NameTaken { name: word("NAME") },
        NameFixed,
        TopicInvalid,
        StateInvalid,
        TooMany,
    }
}

explain! { soap: SoapFault in "SOAP requests" as fault;
    "The request is not a SOAP request: it has no header `SOAPAction`, no readable envelope, or a value that its type does not have."
    do "Send the envelope of the WSDL, and `SOAPAction: \"\"`." {
        ActionMissing,
        EnvelopeInvalid { reason: word("REASON") },
        ValueInvalid { value: word("VALUE"), kind: "TYPE" },
    }
    "The service has no such operation in this namespace, or the path names no version."
    do "Use the namespace of the WSDL that the path is for: `/services/Soap/u/59.0` is the Partner WSDL, `/c/` the Enterprise WSDL, `/m/` the Metadata API." {
        OperationUnknown { namespace: "NAMESPACE", name: word("NAME") }, VersionInvalid,
    }
    "A record does not name its object, or is identified by a field that identifies none."
    do "Send `type`, and an external id field that the object has." {
        TypeMissing,
        KeyInvalid { field: word("FIELD"), entity: entity() },
        ReferenceInvalid { field: field() },
    }
}
