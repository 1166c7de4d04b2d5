//! The grammar as clients use it, its refusals, and what no input may do.

mod grammar;
mod hostile;
mod refusals;
mod searches;
