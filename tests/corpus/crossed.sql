-- Changes to cross with each other: build/tests/corpus_cross tests/corpus/crossed.sql
-- SPDX-License-Identifier: MIT

--- base shop
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN amount AS numeric(10,2) CONSTRAINT pos CHECK (VALUE >= 0);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text DEFAULT 'x', age int, m mood DEFAULT 'ok');
CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint REFERENCES users, total amount, status varchar(20), note text);
CREATE INDEX orders_status ON orders (status) WHERE note IS NOT NULL;
CREATE VIEW v_users AS SELECT id, email, age FROM users;
CREATE FUNCTION inc(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
CREATE TABLE ev (ts date NOT NULL, k int, v text) PARTITION BY RANGE (ts);
CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE POLICY pol ON orders USING (user_id > 0);
INSERT INTO users (id, email, name, age) VALUES (1, 'a@x', 'A', 30), (2, 'b@x', 'B', 40);
--- changes
ALTER TABLE users ADD phone text
ALTER TABLE users RENAME name TO full_name
ALTER TABLE users RENAME TO people
ALTER TABLE users SET SCHEMA app
ALTER TABLE users ALTER m SET DEFAULT 'sad'
ALTER TABLE users ADD UNIQUE (name)
ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE
ALTER TABLE users OWNER TO somebody
ALTER TABLE orders ALTER total TYPE numeric
ALTER TABLE orders RENAME status TO state
ALTER TABLE orders ALTER id DROP DEFAULT
CREATE INDEX IF NOT EXISTS orders_status ON orders (status)
CREATE INDEX ON users (inc(age))
CREATE TABLE phone (a int)
CREATE TABLE u_like (LIKE users INCLUDING ALL)
CREATE TEMP TABLE phone AS SELECT id FROM users
ALTER TABLE ev DETACH PARTITION ev_1
CREATE INDEX ON ev (k)
ALTER TABLE ev ADD PRIMARY KEY (ts)
DROP TABLE orders CASCADE
CREATE VIEW v_orders AS SELECT * FROM orders
CREATE OR REPLACE VIEW v_users AS SELECT id, email, age FROM users WHERE age > 1
ALTER VIEW v_users RENAME COLUMN age TO years
ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'
CREATE FUNCTION inc(x int, y int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT x + y'
DROP FUNCTION inc(int)
ALTER POLICY pol ON orders USING (user_id > 1)
GRANT SELECT ON ALL TABLES IN SCHEMA public TO anybody
REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM somebody
DROP OWNED BY somebody
CREATE PUBLICATION pub FOR TABLE users WHERE (id > 0)
INSERT INTO orders (user_id, status) VALUES (1, 'new')
UPDATE users SET age = age + 1
TRUNCATE users CASCADE
