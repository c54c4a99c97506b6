//! Vector databases: items with their uncertainty in Qdrant and PostgreSQL.
