DROP VIEW post_stats;
DROP TABLE comments;
DROP TABLE posts;
DROP TABLE users;
DROP TYPE post_state;
