//! The embedded store, from outside: it keeps the laws of a store, notices damage, and looks after its file.

#[cfg(test)]
mod checking;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod file;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod model;
#[cfg(test)]
mod place;
mod queries;
#[cfg(test)]
mod snapshots;
