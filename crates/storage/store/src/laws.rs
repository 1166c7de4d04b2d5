//! The laws of a store, as checks that every back end runs against itself.
