INSERT INTO posts (id, author_id, title, content, state, published_at) VALUES
    (1, 1, 'Welcome', 'Welcome to the blog!', 'published', now()),
    (2, 2, 'A draft', 'Not finished yet.', 'draft', NULL);

SELECT setval(pg_get_serial_sequence('posts', 'id'), max(id)) FROM posts;
