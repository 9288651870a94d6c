-- Users for every environment but production.
INSERT INTO users (id, username, email) VALUES
    (1, 'admin', 'admin@example.com'),
    (2, 'editor', 'editor@example.com'),
    (3, 'reader', 'reader@example.com');

-- Ids were given by hand: go on after them.
SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users;
