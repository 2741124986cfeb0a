//! The domain reader, from outside: whole documents in, everything it says about them out.
//!
//! `documents/*.xml` are read, and what is read is compared with the `.facts` beside each.

mod documents;
mod properties;
mod refused;
mod schema;
