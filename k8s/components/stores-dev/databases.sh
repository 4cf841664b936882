#!/bin/sh
# A database and a role for each service, both named like it; the role enters no other database.
# Run after every start of the server, which it waits for: made once, passwords set each time.
set -eu
cd /run/secrets/postgres # a file for each role
PGPASSWORD=$(cat postgres)
export PGPASSWORD PGHOST=127.0.0.1 PGUSER=postgres

until psql -qc 'SELECT' postgres >/dev/null 2>&1; do sleep 0.5; done

for name in *-svc; do
	psql -qv ON_ERROR_STOP=1 -v name="$name" postgres <<-'SQL'
		\set password `cat :name`
		SELECT format('CREATE ROLE %I LOGIN', :'name')
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
		ALTER ROLE :"name" PASSWORD :'password';
		SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
			WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
		REVOKE ALL ON DATABASE :"name", postgres, template1 FROM PUBLIC;
	SQL
done
