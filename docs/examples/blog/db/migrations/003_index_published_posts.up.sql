-- CONCURRENTLY keeps writers going while the index is built; PostgreSQL refuses it inside a
-- transaction, so this migration runs statement by statement.
CREATE INDEX CONCURRENTLY posts_published_idx ON posts (published_at DESC)
    WHERE state = 'published';
