//! The Pub/Sub API: gRPC and Avro on the same log (being written).
