//! Retrieval with uncertainty over HTTP, and a page to look at it.
