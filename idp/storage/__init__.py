"""The database: schema, engines, repositories and the two named committers. The only importer of SQLAlchemy and drivers."""
