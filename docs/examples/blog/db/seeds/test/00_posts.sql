-- One post, with values that tests can rely on.
INSERT INTO posts (id, author_id, title, content) VALUES (100, 1, 'Test post', 'Content');
