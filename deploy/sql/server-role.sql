-- What the server's own database role needs, and nothing more: it need not own the tables.
-- SPDX-License-Identifier: MIT
--
-- As the owner, after `confiture coordinate init --db-url …` and after each upgrade:
--     psql -v role=confiture_server -f server-role.sql "$DATABASE_URL"
--
-- The log is append-only for this role: events can be read and added, not changed or removed. It
-- reads credentials and cannot make any.
GRANT USAGE ON SCHEMA confiture TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA confiture TO :"role";
GRANT INSERT ON confiture.event TO :"role";
GRANT INSERT, UPDATE ON confiture.project, confiture.intent, confiture.conflict,
	confiture.base_schema, confiture.inbox TO :"role";
GRANT INSERT, DELETE ON confiture.request TO :"role";
GRANT INSERT, UPDATE, DELETE ON confiture.lease TO :"role";
-- MigrationService:
GRANT INSERT, UPDATE ON confiture.target, confiture.operation, confiture.version_counter TO :"role";
GRANT INSERT ON confiture.operation_progress, confiture.reserved_version TO :"role";
-- Confirmed reads, where commits wait for a standby:
GRANT UPDATE ON confiture.barrier TO :"role";
