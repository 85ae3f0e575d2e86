-- Roles of PostgreSQL (数据库角色). psql -v service_password=… -v backup_password=… -f roles.sql, as a superuser, once.
-- docs/operations/postgresql-and-redis.md says why.
CREATE ROLE mingjian LOGIN PASSWORD :'service_password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT 60;
CREATE ROLE mingjian_backup LOGIN PASSWORD :'backup_password' NOSUPERUSER CREATEDB NOCREATEROLE BYPASSRLS CONNECTION LIMIT 4;
CREATE DATABASE mingjian OWNER mingjian TEMPLATE template0 ENCODING 'UTF8';
REVOKE CONNECT, TEMPORARY ON DATABASE mingjian FROM PUBLIC;
GRANT CONNECT ON DATABASE mingjian TO mingjian_backup;
GRANT pg_read_all_data TO mingjian_backup;
ALTER ROLE mingjian SET idle_session_timeout = '1h';
ALTER ROLE mingjian SET lock_timeout = '30s';
ALTER ROLE mingjian SET search_path = public;
\connect mingjian
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO mingjian;
