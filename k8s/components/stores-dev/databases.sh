#!/bin/sh
# A database and a role for each service, both named like it; the role enters no other database.
# Run after every start of the server, which it waits for: made once, passwords set each time.
set -eu
export PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD="$POSTGRES_PASSWORD"

until psql -qc 'SELECT' postgres >/dev/null 2>&1; do sleep 0.5; done

make_database() {
	psql -qv ON_ERROR_STOP=1 -v name="$1" -v password="$2" postgres <<-'SQL'
		SELECT format('CREATE ROLE %I LOGIN', :'name')
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
		ALTER ROLE :"name" PASSWORD :'password';
		SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
			WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
		REVOKE ALL ON DATABASE :"name", postgres, template1 FROM PUBLIC;
	SQL
}

make_database order-svc "$ORDER_SVC"
make_database payment-svc "$PAYMENT_SVC"
make_database cafe-svc "$CAFE_SVC"
make_database mypage-svc "$MYPAGE_SVC"
