-- Pairs that people wrote, of kinds that trials do not draw: build/tests/corpus_cross tests/corpus/written.sql
-- The sections ext and ext2 need PostgreSQL's contrib extensions.
-- SPDX-License-Identifier: MIT

--- base op
CREATE TABLE t (a int, b text);
CREATE FUNCTION eq1(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION eq2(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT length($1) = length($2)';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = eq1);
CREATE OPERATOR !! (RIGHTARG = int, FUNCTION = abs);
--- pairs
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| DROP OPERATOR === (int, int)
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| COMMENT ON OPERATOR === (int, int) IS 'x'
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2)
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| CREATE OPERATOR === (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = int8eq)
COMMENT ON OPERATOR === (int, int) IS 'x' ||| COMMENT ON OPERATOR === (int, int) IS 'y'
DROP OPERATOR === (int, int) ||| COMMENT ON OPERATOR === (int, int) IS 'x'
DROP OPERATOR === (int, int) ||| DROP OPERATOR === (integer, int4)
DROP OPERATOR === (int, int) ||| CREATE VIEW v AS SELECT a === a AS x FROM t
DROP OPERATOR === (int, int) ||| ALTER OPERATOR === (int, int) OWNER TO somebody
DROP OPERATOR === (int, int) ||| DROP FUNCTION eq1(int, int)
DROP OPERATOR !! (NONE, int) ||| COMMENT ON OPERATOR !! (NONE, int) IS 'x'
CREATE OPERATOR !! (RIGHTARG = bigint, FUNCTION = abs) ||| DROP OPERATOR !! (NONE, int)
DROP FUNCTION eq1(int, int) CASCADE ||| COMMENT ON OPERATOR === (int, int) IS 'x'
CREATE OPERATOR <<< (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| DROP FUNCTION eq2(text, text)
CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2) ||| CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq2, COMMUTATOR = ===)

--- base rettab
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c varchar(10));
CREATE FUNCTION got() RETURNS TABLE (id int, a int) LANGUAGE sql AS 'SELECT id, a FROM t';
--- pairs
CREATE FUNCTION f() RETURNS TABLE (id int, a int) LANGUAGE sql AS 'SELECT id, a FROM t' ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f() RETURNS TABLE (id int, a int) LANGUAGE sql AS 'SELECT id, a FROM t' ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f() RETURNS TABLE (id int, c text) LANGUAGE sql AS 'SELECT id, c FROM t' ||| ALTER TABLE t ALTER c TYPE text
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE sql AS 'SELECT a FROM t' ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t LIMIT 1' ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT a FROM t LIMIT 1' ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t' ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t' ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f() RETURNS TABLE (id int, a int) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT t.id, t.a FROM t; END $$ ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f() RETURNS TABLE (id int, a int) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT t.id, t.a FROM t; END $$ ||| ALTER TABLE t ALTER b TYPE varchar
CREATE FUNCTION f(p int) RETURNS int LANGUAGE sql AS 'SELECT id FROM t WHERE a = p' ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f(p int) RETURNS int LANGUAGE sql AS 'SELECT id FROM t WHERE a = p' ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f(p int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE r int; BEGIN SELECT id INTO r FROM t WHERE t.a = p; RETURN r; END $$ ||| ALTER TABLE t ALTER a TYPE text
CREATE FUNCTION f() RETURNS TABLE (id int, a int) LANGUAGE sql AS 'SELECT id, a FROM t' ||| ALTER TABLE t DROP a
CREATE OR REPLACE FUNCTION got() RETURNS TABLE (id int, a int) LANGUAGE sql AS 'SELECT id, a FROM t WHERE a > 0' ||| ALTER TABLE t ALTER a TYPE bigint
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END ||| ALTER TABLE t ALTER a TYPE bigint

--- base plins
CREATE TABLE t (id int, a int, b text);
CREATE TABLE log (id serial, at timestamptz, what text);
--- pairs
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 2, 'x'); END $$ ||| ALTER TABLE t DROP b
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 2); END $$ ||| ALTER TABLE t DROP b
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (id, a) VALUES (1, 2); END $$ ||| ALTER TABLE t DROP b
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t SELECT 1, 2, 'x'; END $$ ||| ALTER TABLE t DROP b
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (1, 2, 'x') $$ ||| ALTER TABLE t DROP b
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1, now(), 'x'); RETURN NEW; END $$; CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f() ||| ALTER TABLE log DROP what
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (id, a) VALUES (1, 2); END $$ ||| ALTER TABLE t ALTER b SET NOT NULL
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1, 2, 'x'); END $$ ||| ALTER TABLE t ADD c int
INSERT INTO t SELECT 1, 2, 'x' ||| ALTER TABLE t DROP b
INSERT INTO t SELECT 1, 2 ||| ALTER TABLE t DROP b

--- base seqowner
CREATE TABLE t (id int, a int);
CREATE TABLE u (id int);
CREATE SEQUENCE s;
CREATE SEQUENCE s2 OWNED BY t.id;
--- pairs
ALTER SEQUENCE s OWNED BY t.id ||| ALTER TABLE t OWNER TO somebody
ALTER SEQUENCE s OWNED BY t.id ||| ALTER TABLE u OWNER TO somebody
ALTER SEQUENCE s OWNED BY t.id ||| ALTER SEQUENCE s OWNER TO somebody
ALTER SEQUENCE s OWNED BY t.id ||| ALTER TABLE t OWNER TO somebody; ALTER SEQUENCE s OWNER TO somebody
ALTER SEQUENCE s OWNED BY NONE ||| ALTER TABLE t OWNER TO somebody
ALTER SEQUENCE s2 OWNED BY NONE ||| ALTER TABLE t OWNER TO somebody
ALTER SEQUENCE s2 OWNER TO somebody ||| ALTER TABLE t OWNER TO somebody
ALTER SEQUENCE s OWNED BY t.id ||| ALTER SEQUENCE s OWNED BY t.a
CREATE SEQUENCE q OWNED BY t.id ||| ALTER TABLE t OWNER TO somebody
ALTER SEQUENCE s2 OWNED BY u.id ||| ALTER TABLE t OWNER TO somebody

--- base notnull
CREATE TABLE t (id int PRIMARY KEY, a int, b text DEFAULT 'x', c int);
INSERT INTO t VALUES (1, 1, 'x', 1);
--- pairs
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t (id, a) VALUES (2, NULL)
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t (id) VALUES (2)
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t VALUES (2)
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t VALUES (2, NULL, 'y')
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t VALUES (2, 5, 'y')
ALTER TABLE t ALTER b SET NOT NULL ||| INSERT INTO t (id, a, c) VALUES (2, 5, 6)
ALTER TABLE t ALTER b SET NOT NULL ||| INSERT INTO t (id, b) VALUES (2, NULL)
ALTER TABLE t ALTER b SET NOT NULL ||| INSERT INTO t (id, b) VALUES (2, DEFAULT)
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t (id, a) VALUES (2, DEFAULT)
ALTER TABLE t ALTER a SET NOT NULL ||| UPDATE t SET a = NULL WHERE id = 1
ALTER TABLE t ALTER a SET NOT NULL ||| UPDATE t SET a = NULL
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t (id, a) SELECT 2, NULL
ALTER TABLE t ALTER a SET NOT NULL ||| INSERT INTO t DEFAULT VALUES
ALTER TABLE t ADD COLUMN d int NOT NULL DEFAULT 1 ||| INSERT INTO t (id, a) VALUES (2, 3)
ALTER TABLE t ADD CHECK (a IS NOT NULL) ||| INSERT INTO t (id) VALUES (2)
ALTER TABLE t ADD CHECK (a IS NOT NULL) ||| INSERT INTO t (id, a) VALUES (2, NULL)
ALTER TABLE t ADD CHECK (a > 0) ||| INSERT INTO t (id, a) VALUES (2, -5)
ALTER TABLE t ADD CHECK (b IN ('x', 'y')) ||| INSERT INTO t (id, b) VALUES (2, 'z')
ALTER TABLE t ADD CHECK (b IN ('x', 'y')) ||| INSERT INTO t (id, b) VALUES (2, 'y')

--- base part
CREATE TABLE p (id int, ts date NOT NULL, a int) PARTITION BY RANGE (ts);
CREATE TABLE p_2020 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE p_2021 PARTITION OF p FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE p_new (id int, ts date NOT NULL, a int);
--- pairs
ALTER TABLE p_2020 RENAME TO p_old ||| ALTER TABLE p DETACH PARTITION p_2020
ALTER TABLE p_2020 RENAME TO p_old ||| DROP TABLE p_2020
ALTER TABLE p_2020 RENAME TO p_old ||| CREATE INDEX i ON p_2020 (a)
ALTER TABLE p_2020 RENAME TO p_old ||| CREATE INDEX i ON p (a)
ALTER TABLE p_2020 RENAME TO p_old ||| INSERT INTO p_2020 VALUES (1, '2020-05-05', 1)
ALTER TABLE p_2020 RENAME TO p_old ||| CREATE TABLE p_2020 PARTITION OF p FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')
ALTER TABLE p_new RENAME TO p_2022 ||| ALTER TABLE p ATTACH PARTITION p_new FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')
ALTER TABLE p_2020 RENAME TO p_old ||| ALTER TABLE p ADD COLUMN n text
ALTER TABLE p_2020 RENAME TO p_old ||| ALTER TABLE p RENAME COLUMN a TO aa
ALTER TABLE p_2020 RENAME TO p_old ||| ALTER TABLE p RENAME TO events
ALTER TABLE p DETACH PARTITION p_2020 ||| ALTER TABLE p RENAME TO events
ALTER TABLE p ATTACH PARTITION p_new FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') ||| ALTER TABLE p RENAME TO events
ALTER TABLE p_2020 RENAME TO p_old ||| ALTER TABLE p_2021 RENAME TO p_2020
ALTER TABLE p DETACH PARTITION p_2020 ||| CREATE INDEX i ON p (a)
ALTER TABLE p DETACH PARTITION p_2020 ||| INSERT INTO p VALUES (1, '2020-05-05', 1)
ALTER TABLE p_2020 RENAME TO p_old ||| INSERT INTO p VALUES (1, '2020-05-05', 1)
ALTER TABLE p DETACH PARTITION p_2020; DROP TABLE p_2020 ||| ALTER TABLE p ADD COLUMN n text

--- base dos
CREATE TABLE t (id int PRIMARY KEY, a int);
CREATE TYPE mood AS ENUM ('sad', 'ok');
--- pairs
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'state') THEN CREATE TYPE state AS ENUM ('a', 'b'); END IF; END $$ ||| CREATE TYPE state AS ENUM ('a', 'b')
DO $$ BEGIN CREATE TYPE state AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN NULL; END $$ ||| CREATE TYPE state AS ENUM ('a', 'c')
DO $$ BEGIN CREATE TYPE state AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN NULL; END $$ ||| DO $$ BEGIN CREATE TYPE state AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN NULL; END $$
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n') THEN ALTER TABLE t ADD COLUMN n int; END IF; END $$ ||| ALTER TABLE t ADD COLUMN n int
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n') THEN ALTER TABLE t ADD COLUMN n int; END IF; END $$ ||| ALTER TABLE t ADD COLUMN n text
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n') THEN ALTER TABLE t ADD COLUMN n int; END IF; END $$ ||| ALTER TABLE t ADD COLUMN IF NOT EXISTS n text
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'n') THEN ALTER TABLE t ADD COLUMN n int; END IF; END $$ ||| ALTER TABLE t ADD COLUMN m int
DO $$ BEGIN IF EXISTS (SELECT 1 FROM t) THEN ALTER TABLE t ADD COLUMN n int; END IF; END $$ ||| ALTER TABLE t ADD COLUMN n int
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'c') THEN ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0); END IF; END $$ ||| ALTER TABLE t DROP COLUMN a
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a') THEN ALTER TABLE t RENAME COLUMN a TO z; END IF; END $$ ||| CREATE INDEX i ON t (a)
DO $$ BEGIN IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a') THEN ALTER TABLE t DROP COLUMN a; END IF; END $$ ||| CREATE INDEX i ON t (a)
DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 't') THEN DROP TABLE t; END IF; END $$ ||| ALTER TABLE t ADD COLUMN n int

--- base exprs
CREATE TABLE t (id int PRIMARY KEY, a text, n int, d timestamptz, j jsonb, v varchar(20), ar text[]);
CREATE INDEX t_lower ON t (lower(v));
CREATE INDEX t_up ON t (upper(a));
--- pairs
CREATE INDEX i ON t (lower(a)) ||| ALTER TABLE t ALTER a TYPE varchar(50)
CREATE INDEX i ON t (lower(a)) ||| ALTER TABLE t ALTER a TYPE int USING a::int
CREATE INDEX i ON t (lower(a)) ||| ALTER TABLE t ALTER a TYPE jsonb USING a::jsonb
CREATE INDEX i ON t (lower(a)) ||| ALTER TABLE t ALTER a TYPE uuid USING a::uuid
CREATE INDEX i ON t ((n + 1)) ||| ALTER TABLE t ALTER n TYPE bigint
CREATE INDEX i ON t ((n + 1)) ||| ALTER TABLE t ALTER n TYPE text
CREATE INDEX i ON t (abs(n)) ||| ALTER TABLE t ALTER n TYPE text
CREATE INDEX i ON t (date_trunc('day', d AT TIME ZONE 'UTC')) ||| ALTER TABLE t ALTER d TYPE timestamp
CREATE INDEX i ON t (date_trunc('day', d AT TIME ZONE 'UTC')) ||| ALTER TABLE t ALTER d TYPE date
CREATE INDEX i ON t ((j ->> 'x')) ||| ALTER TABLE t ALTER j TYPE json USING j::json
CREATE INDEX i ON t ((j ->> 'x')) ||| ALTER TABLE t ALTER j TYPE text
CREATE INDEX i ON t (coalesce(a, '')) ||| ALTER TABLE t ALTER a TYPE int USING a::int
CREATE INDEX i ON t (coalesce(n, 0)) ||| ALTER TABLE t ALTER n TYPE text
CREATE INDEX i ON t (coalesce(n, 0)) ||| ALTER TABLE t ALTER n TYPE bigint
ALTER TABLE t ALTER v TYPE int USING 0 ||| ALTER TABLE t ADD x int
CREATE INDEX i ON t (id) WHERE a <> '' ||| ALTER TABLE t ALTER a TYPE int USING a::int
CREATE INDEX i ON t (id) WHERE n > 0 ||| ALTER TABLE t ALTER n TYPE text
CREATE INDEX i ON t (id) WHERE n IS NOT NULL ||| ALTER TABLE t ALTER n TYPE text
ALTER TABLE t ALTER n SET DEFAULT 0 ||| ALTER TABLE t ALTER n TYPE text
ALTER TABLE t ALTER n SET DEFAULT 0 ||| ALTER TABLE t ALTER n TYPE boolean USING n <> 0
ALTER TABLE t ALTER a SET DEFAULT 'x' ||| ALTER TABLE t ALTER a TYPE int USING a::int
ALTER TABLE t ALTER a SET DEFAULT '5' ||| ALTER TABLE t ALTER a TYPE int USING a::int
ALTER TABLE t ALTER d SET DEFAULT now() ||| ALTER TABLE t ALTER d TYPE date
ALTER TABLE t ALTER d SET DEFAULT now() ||| ALTER TABLE t ALTER d TYPE text
ALTER TABLE t ALTER d SET DEFAULT now() ||| ALTER TABLE t ALTER d TYPE bigint USING extract(epoch from d)
ALTER TABLE t ALTER a SET DEFAULT '' ||| ALTER TABLE t ALTER a TYPE uuid USING a::uuid
ALTER TABLE t ALTER j SET DEFAULT '{}' ||| ALTER TABLE t ALTER j TYPE text
ALTER TABLE t ALTER a SET DEFAULT 'x' ||| ALTER TABLE t ALTER a TYPE varchar(10)
ALTER TABLE t ALTER n SET DEFAULT 0 ||| ALTER TABLE t ALTER n TYPE bigint
ALTER TABLE t ALTER n SET DEFAULT 1 + 1 ||| ALTER TABLE t ALTER n TYPE text
ALTER TABLE t ALTER ar SET DEFAULT '{}' ||| ALTER TABLE t ALTER ar TYPE jsonb USING to_jsonb(ar)
ALTER TABLE t ADD CHECK (length(a) > 0) ||| ALTER TABLE t ALTER a TYPE varchar(50)
ALTER TABLE t ADD CHECK (length(a) > 0) ||| ALTER TABLE t ALTER a TYPE int USING a::int
ALTER TABLE t ADD CHECK (n > 0) ||| ALTER TABLE t ALTER n TYPE numeric(10,2)
ALTER TABLE t ADD CHECK (n > 0) ||| ALTER TABLE t ALTER n TYPE text
ALTER TABLE t ADD CHECK (a IN ('x', 'y')) ||| ALTER TABLE t ALTER a TYPE varchar(5)

--- base ext
CREATE SCHEMA e;
CREATE TABLE t (id int, a text);
--- pairs
CREATE EXTENSION hstore ||| ALTER TABLE t ADD h hstore
CREATE EXTENSION IF NOT EXISTS hstore ||| CREATE TABLE u (h hstore)
CREATE EXTENSION citext ||| ALTER TABLE t ALTER a TYPE citext
CREATE EXTENSION IF NOT EXISTS citext; ALTER TABLE t ADD x citext ||| CREATE EXTENSION IF NOT EXISTS citext; ALTER TABLE t ADD y citext
CREATE EXTENSION pg_trgm ||| CREATE INDEX i ON t USING gin (a gin_trgm_ops)
CREATE EXTENSION pgcrypto ||| ALTER TABLE t ADD tok bytea DEFAULT gen_random_bytes(8)
CREATE EXTENSION "uuid-ossp" ||| ALTER TABLE t ADD u uuid DEFAULT uuid_generate_v4()
CREATE EXTENSION unaccent ||| CREATE FUNCTION f(x text) RETURNS text LANGUAGE sql AS 'SELECT unaccent(x)'
CREATE EXTENSION hstore SCHEMA e ||| ALTER TABLE t ADD h hstore
CREATE EXTENSION hstore SCHEMA e ||| ALTER TABLE t ADD h e.hstore
CREATE EXTENSION ltree ||| CREATE TABLE u (path ltree)
CREATE EXTENSION btree_gist ||| ALTER TABLE t ADD EXCLUDE USING gist (id WITH =)
CREATE EXTENSION hstore ||| CREATE EXTENSION IF NOT EXISTS hstore
CREATE EXTENSION hstore ||| ALTER TABLE t ADD b int

--- base ext2
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION pg_trgm;
CREATE TABLE t (id int, a text);
--- pairs
DROP EXTENSION hstore ||| ALTER TABLE t ADD h hstore
DROP EXTENSION citext ||| ALTER TABLE t ALTER a TYPE citext
DROP EXTENSION pg_trgm ||| CREATE INDEX i ON t USING gin (a gin_trgm_ops)
ALTER EXTENSION hstore SET SCHEMA pg_catalog ||| ALTER TABLE t ADD h hstore
DROP EXTENSION hstore CASCADE ||| CREATE TABLE u (h hstore)
DROP EXTENSION IF EXISTS hstore ||| ALTER TABLE t ADD b int

--- base registry
CREATE TABLE users (id serial PRIMARY KEY, gh_login varchar NOT NULL, gh_id int NOT NULL, name varchar, email text, created_at timestamp NOT NULL DEFAULT now());
CREATE UNIQUE INDEX users_gh_id ON users (gh_id);
CREATE TABLE crates (id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, downloads int NOT NULL DEFAULT 0, max_version varchar, description text, homepage varchar, updated_at timestamp NOT NULL DEFAULT now(), textsearchable tsvector);
CREATE TABLE versions (id serial PRIMARY KEY, crate_id int NOT NULL REFERENCES crates (id) ON DELETE CASCADE, num varchar NOT NULL, yanked boolean NOT NULL DEFAULT false, published_by int REFERENCES users (id), features jsonb NOT NULL DEFAULT '{}', license varchar, UNIQUE (crate_id, num));
CREATE TABLE keywords (id serial PRIMARY KEY, keyword varchar UNIQUE, crates_cnt int NOT NULL DEFAULT 0);
CREATE TABLE crates_keywords (crate_id int REFERENCES crates, keyword_id int REFERENCES keywords, PRIMARY KEY (crate_id, keyword_id));
CREATE FUNCTION set_updated_at() RETURNS trigger AS $$ BEGIN IF (NEW IS DISTINCT FROM OLD AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at) THEN NEW.updated_at := current_timestamp; END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER touch_crates BEFORE UPDATE ON crates FOR EACH ROW EXECUTE PROCEDURE set_updated_at();
CREATE VIEW recent AS SELECT c.id, c.name, v.num FROM crates c JOIN versions v ON v.crate_id = c.id WHERE NOT v.yanked;
CREATE MATERIALIZED VIEW top AS SELECT id, name, downloads FROM crates WHERE downloads > 10;
CREATE UNIQUE INDEX top_id ON top (id);
INSERT INTO users (gh_login, gh_id, name) VALUES ('alice', 1, 'Alice'), ('bob', 2, NULL);
INSERT INTO crates (name) VALUES ('serde'), ('rand');
--- pairs
ALTER TABLE versions ADD COLUMN crate_size int; UPDATE versions SET crate_size = 0; ALTER TABLE versions ALTER crate_size SET NOT NULL ||| INSERT INTO versions (crate_id, num) VALUES (1, '1.0.0')
ALTER TABLE users ALTER name SET NOT NULL ||| UPDATE users SET name = gh_login WHERE name IS NULL
CREATE UNIQUE INDEX users_lower_login ON users (lower(gh_login)) ||| ALTER TABLE users ALTER gh_login TYPE text
ALTER TABLE users RENAME gh_login TO login ||| CREATE OR REPLACE FUNCTION login_of(u int) RETURNS varchar LANGUAGE sql STABLE AS 'SELECT gh_login FROM users WHERE id = u'
ALTER TABLE crates ADD COLUMN documentation varchar; CREATE INDEX ON crates (documentation) ||| ALTER TABLE crates RENAME COLUMN homepage TO documentation
DROP MATERIALIZED VIEW top; CREATE MATERIALIZED VIEW top AS SELECT id, name, downloads, updated_at FROM crates WHERE downloads > 100 ||| CREATE INDEX top_downloads ON top (downloads DESC)
CREATE OR REPLACE VIEW recent AS SELECT c.id, c.name, v.num, v.license FROM crates c JOIN versions v ON v.crate_id = c.id WHERE NOT v.yanked ||| ALTER TABLE versions RENAME license TO spdx
ALTER TABLE versions ALTER published_by SET NOT NULL ||| ALTER TABLE versions DROP CONSTRAINT versions_published_by_fkey, ADD CONSTRAINT versions_published_by_fkey FOREIGN KEY (published_by) REFERENCES users (id) ON DELETE SET NULL
CREATE TABLE version_downloads (version_id int NOT NULL REFERENCES versions, downloads int NOT NULL, date date NOT NULL DEFAULT current_date, PRIMARY KEY (version_id, date)) ||| ALTER TABLE versions ALTER id TYPE bigint
CREATE TRIGGER kw AFTER INSERT OR DELETE ON crates_keywords FOR EACH ROW EXECUTE FUNCTION set_updated_at() ||| DROP FUNCTION set_updated_at() CASCADE
ALTER TABLE crates DROP COLUMN textsearchable ||| CREATE INDEX crates_search ON crates USING gin (textsearchable)
CREATE FUNCTION reindex_crate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.textsearchable := to_tsvector('english', coalesce(NEW.description, '')); RETURN NEW; END $$; CREATE TRIGGER s BEFORE INSERT OR UPDATE ON crates FOR EACH ROW EXECUTE FUNCTION reindex_crate() ||| ALTER TABLE crates DROP COLUMN textsearchable
CREATE FUNCTION reindex_crate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.textsearchable := to_tsvector('english', coalesce(NEW.description, '')); RETURN NEW; END $$; CREATE TRIGGER s BEFORE INSERT OR UPDATE ON crates FOR EACH ROW EXECUTE FUNCTION reindex_crate() ||| ALTER TABLE crates RENAME COLUMN description TO readme
UPDATE crates SET max_version = '0.0.0' WHERE max_version IS NULL ||| ALTER TABLE crates DROP COLUMN max_version
ALTER TABLE versions ADD CONSTRAINT num_ok CHECK (num <> '') ||| INSERT INTO versions (crate_id, num) VALUES (1, '')
ALTER TABLE keywords ADD COLUMN keyword_canon varchar GENERATED ALWAYS AS (lower(keyword)) STORED ||| ALTER TABLE keywords ALTER keyword TYPE text
INSERT INTO keywords (keyword) VALUES ('web') ||| CREATE UNIQUE INDEX keywords_lower ON keywords (lower(keyword))
DELETE FROM versions WHERE yanked ||| ALTER TABLE versions DROP COLUMN yanked CASCADE
CREATE TABLE api_tokens (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users (id), token bytea NOT NULL UNIQUE) ||| ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE
ALTER TABLE users ADD CONSTRAINT gh_id_unique UNIQUE USING INDEX users_gh_id ||| DROP INDEX users_gh_id
ALTER TABLE users ADD CONSTRAINT gh_id_unique UNIQUE USING INDEX users_gh_id ||| ALTER INDEX users_gh_id RENAME TO users_gh_id_idx
CREATE FUNCTION count_downloads(cid int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT downloads FROM crates WHERE id = cid' ||| ALTER TABLE crates ALTER downloads TYPE bigint
CREATE FUNCTION count_downloads(cid int) RETURNS int LANGUAGE sql STABLE AS 'SELECT downloads FROM crates WHERE id = cid' ||| ALTER TABLE crates ALTER downloads TYPE bigint
ALTER SEQUENCE crates_id_seq AS bigint; ALTER TABLE crates ALTER id TYPE bigint ||| ALTER TABLE crates RENAME TO packages
ALTER TABLE crates RENAME TO packages; CREATE VIEW crates AS SELECT * FROM packages ||| ALTER TABLE crates ADD COLUMN repository varchar
ALTER TABLE crates RENAME TO packages; CREATE VIEW crates AS SELECT * FROM packages ||| CREATE INDEX crates_updated ON crates (updated_at)
ALTER TABLE crates RENAME TO packages; CREATE VIEW crates AS SELECT * FROM packages ||| INSERT INTO crates (name) VALUES ('tokio')

--- base auth
CREATE SCHEMA auth;
CREATE TYPE auth.factor_type AS ENUM ('totp', 'webauthn');
CREATE TABLE auth.users (id uuid PRIMARY KEY, aud varchar(255), email varchar(255), raw_app_meta_data jsonb, is_super_admin bool, created_at timestamptz, phone text DEFAULT NULL);
CREATE INDEX users_instance_email_idx ON auth.users (lower(email));
CREATE TABLE auth.sessions (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE, created_at timestamptz, factor_id uuid);
CREATE TABLE auth.mfa_factors (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users, factor_type auth.factor_type NOT NULL, secret text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
CREATE TABLE public.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner uuid NOT NULL DEFAULT auth.uid(), body text);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON public.notes FOR SELECT USING (owner = auth.uid());
--- pairs
ALTER TYPE auth.factor_type ADD VALUE IF NOT EXISTS 'phone' ||| ALTER TYPE auth.factor_type ADD VALUE IF NOT EXISTS 'sms'
ALTER TYPE auth.factor_type RENAME VALUE 'totp' TO 'otp' ||| INSERT INTO auth.users (id) VALUES ('00000000-0000-0000-0000-000000000001'); INSERT INTO auth.mfa_factors VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', 'totp', 's')
DO $$ BEGIN CREATE TYPE auth.aal_level AS ENUM ('aal1', 'aal2'); EXCEPTION WHEN duplicate_object THEN null; END $$; ALTER TABLE auth.sessions ADD COLUMN IF NOT EXISTS aal auth.aal_level NULL ||| DROP SCHEMA auth CASCADE
CREATE POLICY ins_notes ON notes FOR INSERT WITH CHECK (owner = auth.uid()) ||| DROP FUNCTION auth.uid() CASCADE
CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$ ||| CREATE POLICY ins_notes ON notes FOR INSERT WITH CHECK (owner = auth.uid())
ALTER TABLE auth.users ADD COLUMN confirmed_at timestamptz GENERATED ALWAYS AS (least(created_at, created_at)) STORED ||| ALTER TABLE auth.users ALTER created_at TYPE timestamp
ALTER TABLE auth.users ALTER email TYPE text ||| CREATE UNIQUE INDEX users_email_key ON auth.users (email) WHERE is_super_admin = false
ALTER TABLE auth.users ALTER phone DROP DEFAULT ||| ALTER TABLE auth.users ALTER phone TYPE varchar(15)
ALTER TABLE auth.sessions ADD COLUMN IF NOT EXISTS not_after timestamptz ||| ALTER TABLE auth.sessions ADD COLUMN not_after timestamptz NULL
ALTER TABLE notes ALTER owner DROP DEFAULT ||| DROP FUNCTION auth.uid() CASCADE
ALTER TABLE notes RENAME owner TO user_id ||| ALTER POLICY own_notes ON notes USING (owner = auth.uid() AND body IS NOT NULL)
ALTER SCHEMA auth RENAME TO identity ||| CREATE INDEX sessions_user ON auth.sessions (user_id)
INSERT INTO notes (owner, body) VALUES ('00000000-0000-0000-0000-000000000001', 'x') ||| ALTER TABLE notes ADD CONSTRAINT notes_owner_fkey FOREIGN KEY (owner) REFERENCES auth.users (id)
INSERT INTO notes (id, owner, body) VALUES (1, '00000000-0000-0000-0000-000000000001', 'x') ||| ALTER TABLE notes ALTER id SET GENERATED BY DEFAULT
GRANT SELECT ON notes TO somebody ||| ALTER TABLE notes OWNER TO somebody
REVOKE ALL ON ALL TABLES IN SCHEMA auth FROM somebody ||| GRANT SELECT (id, email) ON auth.users TO somebody
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql AS 'SELECT 1::text' ||| CREATE OR REPLACE FUNCTION auth.role() RETURNS varchar LANGUAGE sql AS 'SELECT ''x''::varchar'
ALTER TABLE auth.users DROP COLUMN aud ||| CREATE FUNCTION audience(u auth.users) RETURNS text LANGUAGE sql STABLE AS 'SELECT u.aud'

--- base ci
CREATE TABLE builds (id serial PRIMARY KEY, name text NOT NULL, status text NOT NULL DEFAULT 'pending', scheduled boolean DEFAULT false NOT NULL, job_id int, engine varchar(16), start_time timestamptz, plan json DEFAULT '{}');
CREATE TABLE build_events (event_id int, build_id int REFERENCES builds (id), type varchar(32) NOT NULL, payload text NOT NULL);
CREATE TABLE team_build_events_1 () INHERITS (build_events);
CREATE TABLE jobs (id serial PRIMARY KEY, name text, config text, tags text[]);
ALTER TABLE builds ADD CONSTRAINT fkey_job FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE;
CREATE INDEX builds_name ON builds (name);
CREATE TABLE workers (name text PRIMARY KEY, addr text, state text NOT NULL, expires timestamptz, CONSTRAINT addr_when_running CHECK (state = 'running' OR addr IS NULL));
INSERT INTO jobs (name) VALUES ('unit');
--- pairs
ALTER TABLE build_events ADD COLUMN version text ||| ALTER TABLE team_build_events_1 ADD COLUMN version text
ALTER TABLE build_events ALTER event_id TYPE bigint ||| CREATE TABLE pipeline_build_events_2 () INHERITS (build_events)
ALTER TABLE build_events RENAME payload TO body ||| CREATE INDEX ON team_build_events_1 (payload)
ALTER TABLE workers DROP CONSTRAINT addr_when_running, ADD CONSTRAINT addr_when_running CHECK ((state <> 'stalled' AND addr IS NOT NULL) OR addr IS NULL) ||| ALTER TABLE workers RENAME COLUMN addr TO address
ALTER TABLE builds RENAME COLUMN engine TO schema ||| CREATE VIEW build_list AS SELECT b.*, j.name AS job FROM builds b JOIN jobs j ON j.id = b.job_id
ALTER TABLE jobs ADD COLUMN status text ||| CREATE VIEW build_list AS SELECT b.id, status FROM builds b JOIN jobs j ON j.id = b.job_id
ALTER TABLE builds ALTER plan TYPE jsonb ||| CREATE INDEX builds_plan ON builds USING gin (plan)
ALTER TABLE builds ALTER plan TYPE jsonb ||| CREATE INDEX builds_plan ON builds ((plan ->> 'id'))
CREATE TYPE build_status AS ENUM ('pending', 'started', 'failed'); ALTER TABLE builds ALTER status DROP DEFAULT, ALTER status TYPE build_status USING status::build_status, ALTER status SET DEFAULT 'pending' ||| INSERT INTO builds (name, status) VALUES ('1', 'aborted')
CREATE TYPE build_status AS ENUM ('pending', 'started', 'failed'); ALTER TABLE builds ALTER status DROP DEFAULT, ALTER status TYPE build_status USING status::build_status, ALTER status SET DEFAULT 'pending' ||| CREATE INDEX running ON builds (id) WHERE status = 'started'
CREATE TYPE build_status AS ENUM ('pending', 'started', 'failed'); ALTER TABLE builds ALTER status DROP DEFAULT, ALTER status TYPE build_status USING status::build_status, ALTER status SET DEFAULT 'pending' ||| ALTER TABLE builds ALTER status SET DEFAULT 'queued'
INSERT INTO builds (name, job_id) VALUES ('1', 1) ||| DELETE FROM jobs WHERE name = 'unit'
DROP INDEX builds_name; CREATE INDEX builds_name ON builds (name, job_id) ||| ALTER TABLE builds DROP COLUMN job_id
ALTER TABLE jobs ADD COLUMN tag_count int GENERATED ALWAYS AS (array_length(tags, 1)) STORED ||| ALTER TABLE jobs ALTER tags SET DEFAULT '{}'

--- base shop2
CREATE TYPE st AS ENUM ('new', 'paid', 'sent');
CREATE TABLE customers (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email text NOT NULL, name text, tier text NOT NULL DEFAULT 'free', created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE orders (id serial PRIMARY KEY, customer_id bigint REFERENCES customers, status st NOT NULL DEFAULT 'new', total numeric(12,2) CHECK (total >= 0), note varchar(200), meta jsonb DEFAULT '{}', placed timestamp);
CREATE TABLE audit (id bigserial PRIMARY KEY, tbl text, op text, row_data jsonb, at timestamptz DEFAULT now());
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (tbl, op, row_data) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW)); RETURN NEW; END $$;
CREATE TRIGGER orders_audit AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_change();
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.placed := now(); RETURN NEW; END $$;
CREATE TRIGGER orders_touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW paid AS SELECT id, customer_id, total FROM orders WHERE status = 'paid';
INSERT INTO customers (email, name) VALUES ('a@x', 'A'), ('b@x', NULL);
INSERT INTO orders (customer_id, total) VALUES (1, 10), (2, 20);
--- pairs
INSERT INTO customers (email) VALUES ('c@x') ||| ALTER TABLE customers ADD CHECK (tier IN ('free', 'pro'))
INSERT INTO customers (email, tier) VALUES ('c@x', 'gold') ||| ALTER TABLE customers ADD CHECK (tier IN ('free', 'pro'))
INSERT INTO customers (email, tier) VALUES ('c@x', 'gold') ||| ALTER TABLE customers ADD CONSTRAINT tier_ok CHECK (tier IN ('free', 'pro')) NOT VALID
INSERT INTO customers (email, name) VALUES ('c@x', 'C') ||| ALTER TABLE customers ADD CHECK (length(name) < 50)
INSERT INTO orders (customer_id, total) VALUES (1, 5) ||| ALTER TABLE orders ADD CONSTRAINT max_total CHECK (total < 1000)
INSERT INTO orders (customer_id, total) VALUES (1, 5000) ||| ALTER TABLE orders ADD CONSTRAINT max_total CHECK (total < 1000)
INSERT INTO orders (customer_id, total) VALUES (1, 5) ||| ALTER TABLE orders ALTER placed SET NOT NULL
INSERT INTO orders (customer_id) VALUES (1) ||| ALTER TABLE orders ALTER total SET DEFAULT 0
INSERT INTO orders (customer_id) VALUES (1) ||| ALTER TABLE orders ALTER total SET NOT NULL
UPDATE orders SET total = 0 WHERE total IS NULL; ALTER TABLE orders ALTER total SET NOT NULL ||| INSERT INTO orders (customer_id, total) VALUES (1, 3)
UPDATE orders SET status = 'sent' WHERE id = 1 ||| ALTER TYPE st ADD VALUE 'lost'
UPDATE orders SET status = 'sent' WHERE id = 1 ||| ALTER TYPE st RENAME VALUE 'sent' TO 'shipped'
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.placed := now(); NEW.note := trim(NEW.note); RETURN NEW; END $$ ||| ALTER TABLE orders DROP COLUMN note
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.placed := now(); RETURN NEW; END $$ ||| ALTER TABLE orders DROP COLUMN note
CREATE OR REPLACE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (tbl, op, row_data) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW)); RETURN NULL; END $$ ||| ALTER TABLE audit DROP COLUMN op
CREATE OR REPLACE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (tbl, op, row_data) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW)); RETURN NULL; END $$ ||| ALTER TABLE orders DROP COLUMN note
CREATE TRIGGER cust_touch BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION log_change() ||| ALTER TABLE customers DROP COLUMN name
CREATE FUNCTION total_of(c bigint) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(total) FROM orders WHERE customer_id = c' ||| ALTER TABLE orders ALTER customer_id TYPE int
CREATE FUNCTION total_of(c bigint) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(total) FROM orders WHERE customer_id = c' ||| ALTER TABLE orders ALTER note TYPE text
CREATE FUNCTION by_note(n text) RETURNS SETOF orders LANGUAGE sql STABLE AS 'SELECT * FROM orders WHERE note = n' ||| ALTER TABLE orders ALTER note TYPE text
CREATE FUNCTION by_note(n text) RETURNS TABLE (id int, note text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT o.id, o.note::text FROM orders o WHERE o.note = n; END $$ ||| ALTER TABLE orders ALTER note TYPE text
CREATE FUNCTION mail(c bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = c' ||| ALTER TABLE customers ALTER email TYPE varchar(320)
CREATE FUNCTION status_of(o int) RETURNS text LANGUAGE sql STABLE AS 'SELECT status::text FROM orders WHERE id = o' ||| ALTER TYPE st ADD VALUE 'lost' AFTER 'sent'
CREATE INDEX ON orders ((meta ->> 'source')) ||| ALTER TABLE orders ALTER meta SET DEFAULT '{"v": 1}'
CREATE INDEX ON customers (lower(email)) ||| ALTER TABLE customers ALTER email TYPE varchar(320)
CREATE INDEX ON orders (date_trunc('month', placed)) ||| ALTER TABLE orders ALTER placed TYPE timestamptz
CREATE INDEX ON orders (placed) ||| ALTER TABLE orders ALTER placed TYPE timestamptz
ALTER TABLE orders ALTER placed SET DEFAULT now() ||| ALTER TABLE orders ALTER placed TYPE timestamptz
ALTER TABLE customers ALTER tier SET DEFAULT 'basic' ||| ALTER TABLE customers ALTER tier TYPE varchar(20)
ALTER TABLE customers OWNER TO somebody ||| ALTER TABLE customers ADD COLUMN phone text
ALTER TABLE orders OWNER TO somebody ||| ALTER SEQUENCE orders_id_seq RESTART WITH 100
ALTER TABLE orders OWNER TO somebody ||| GRANT USAGE ON SEQUENCE orders_id_seq TO anybody
ALTER TABLE orders OWNER TO somebody ||| ALTER TABLE orders OWNER TO anybody
CREATE EXTENSION IF NOT EXISTS pgcrypto ||| ALTER TABLE customers ADD COLUMN token uuid DEFAULT gen_random_uuid()
CREATE EXTENSION IF NOT EXISTS pgcrypto ||| CREATE FUNCTION h(t text) RETURNS text LANGUAGE sql AS $$ SELECT encode(digest(t, 'sha256'), 'hex') $$
CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX cust_trgm ON customers USING gin (name gin_trgm_ops) ||| CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX note_trgm ON orders USING gin (note gin_trgm_ops)
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'tier') THEN CREATE TYPE tier AS ENUM ('free', 'pro'); END IF; END $$ ||| ALTER TABLE customers ADD COLUMN vip boolean
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP UPDATE orders SET note = 'x' WHERE id = r.id; END LOOP; END $$ ||| ALTER TABLE orders ALTER note SET NOT NULL
INSERT INTO audit (tbl, op) VALUES ('orders', 'X') ||| ALTER TABLE audit ALTER tbl SET NOT NULL
INSERT INTO audit (tbl, op) SELECT 'orders', status::text FROM orders ||| ALTER TABLE audit ADD CHECK (op IN ('INSERT', 'UPDATE'))
INSERT INTO customers (id, email) VALUES (10, 'z@x') ON CONFLICT (id) DO UPDATE SET email = excluded.email ||| ALTER TABLE customers ALTER id SET GENERATED ALWAYS
INSERT INTO customers (email) VALUES ('a@x') ON CONFLICT DO NOTHING ||| CREATE UNIQUE INDEX customers_email ON customers (email)
INSERT INTO customers (email) VALUES ('q@x') ||| CREATE UNIQUE INDEX customers_email ON customers (email)
DELETE FROM orders ||| ALTER TABLE orders ADD CHECK (total > 100)
TRUNCATE orders ||| INSERT INTO orders (customer_id, total) VALUES (1, 7)
